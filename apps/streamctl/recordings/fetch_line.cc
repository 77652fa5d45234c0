#include "streamctl/recordings/fetch_line.h"

#include <string_view>

namespace st::streamctl {
namespace {

std::string quoted(const std::string& word) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,=";
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
    std::string out = "'";
    for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

/// The program and how it reaches the server.
std::string beginning(const Options& options) {
    std::string line = "streamctl";
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) line += std::string(" ") + name + " " + quoted(value);
    };
    add("-s", options.server);
    add("--token-file", options.token_file);
    add("--cacert", options.ca_file);
    return line + (options.is_insecure ? " --insecure" : "");
}

}  // namespace

std::string stop_line(const Options& options, const std::vector<std::string>& cameras) {
    std::string line = beginning(options) + " stop";
    for (const std::string& camera : cameras) line += " " + quoted(camera);
    return line;
}

std::string fetch_line(const Options& options, const std::vector<std::string>& ids) {
    std::string line = beginning(options) + " get";
    if (options.start.take) {
        line += " --take " + quoted(*options.start.take);
    } else {
        for (const std::string& id : ids) line += " " + quoted(id);
    }
    if (!options.folder.empty()) line += " -o " + quoted(options.folder);
    if (options.align) line += " --align";
    return line;
}

}  // namespace st::streamctl
