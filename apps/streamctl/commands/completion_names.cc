#include "streamctl/commands/completion_names.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/parse.h"
#include "control/camera_status.h"
#include "control/configuration.h"
#include "control/event_types.h"
#include "control/json.h"
#include "streamctl/options.h"

namespace st::streamctl {
namespace {

/// For an answer to a completion, which somebody waits for with a finger on the key.
constexpr milliseconds kPatience{1000};
constexpr std::size_t kNamesMax = 1000;

/// Names go into a shell: a server that is not ours must not put commands there.
bool is_harmless(const std::string& name) {
    return !name.empty() && name.front() != '-' &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view("._-/[]*").find(c) != std::string_view::npos;
           });
}

/// The member `name` of each item of a list, a text or a number.
std::vector<std::string> members(const std::string& list, const char* name) {
    std::vector<std::string> out;
    const auto decoded = control::decode_list(list);
    if (!decoded) return out;
    for (const std::string& item : decoded->items) {
        const auto object = control::parse_object(item, control::kReply);
        if (!object) continue;
        const json::Value& value = (*object)[name];
        out.push_back(value.number() != nullptr ? value.number()->text : value.text_or_empty());
    }
    return out;
}

std::vector<std::string> event_names() {
    std::vector<std::string> out;
    for (const std::string_view type : control::event_types()) {
        out.emplace_back(type);
        out.push_back(std::string(type.substr(0, type.find('.'))) + ".*");
    }
    return out;
}

std::vector<std::string> all_command_names() {
    CLI::App app("", "streamctl");
    Options unused;
    build(app, unused);
    return command_names(app);
}

/// The value of an option in a typed line; "" if it is not there.
std::string value_in(const std::vector<std::string>& words, std::string_view option,
                     std::string_view short_option) {
    std::string value;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const bool is_last = i + 1 == words.size();
        if ((words[i] == option || words[i] == short_option) && !is_last) value = words[i + 1];
        if (words[i].starts_with(std::string(option) + "=")) {
            value = words[i].substr(option.size() + 1);
        }
    }
    return value;
}

}  // namespace

std::vector<std::string> names_of(std::string_view kind, const Ask& ask) {
    std::vector<std::string> names;
    if (kind == "cameras") names = members(ask("cameras.list", ""), "name");
    if (kind == "recordings") names = members(ask("recordings.list", ""), "id");
    if (kind == "takes") names = members(ask("takes.list", ""), "take");
    if (kind == "keys") names = members(ask("server.config", ""), "key");
    if (kind == "streams") names = members(ask("streams.list", ""), "path");
    if (kind == "sources") names = members(ask("sources.list", ""), "path");
    if (kind == "tokens") names = members(ask("tokens.list", ""), "name");
    if (kind == "messages") names = members(ask("hooks.failed", ""), "id");
    if (kind == "viewers") names = members(ask("viewers.list", ""), "id");
    if (kind == "events") names = event_names();
    if (kind == "commands") names = all_command_names();
    std::erase_if(names, [](const std::string& name) { return !is_harmless(name); });
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    if (names.size() > kNamesMax) names.resize(kNamesMax);
    return names;
}

int run_complete(const Options& options, Interrupt& interrupt, Console& console) {
    Options wanted = options;
    wanted.timeout = options.timeout.value_or(kPatience);
    // An unfinished line may not split: then it names nothing.
    if (const auto words = cli::split_words(options.complete_line)) {
        const std::string server = value_in(*words, "--server", "-s");
        const std::string token = value_in(*words, "--token-file", "--token-file");
        if (!server.empty()) wanted.server = server;
        if (!token.empty()) wanted.token_file = token;
    }
    try {
        ApiClient client = make_client(wanted, interrupt);
        const auto ask = [&](std::string_view method, std::string_view params) {
            return client.ask(method, params);
        };
        for (const std::string& name : names_of(options.complete_kind, ask)) console.result(name);
    } catch (const Failed&) {
        // The shell has nothing to complete with, and a message would break the typed line.
    }
    return cli::kDone;
}

}  // namespace st::streamctl
