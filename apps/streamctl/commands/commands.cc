#include "streamctl/commands/commands.h"

#include <Poco/Exception.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>

#include "cli/parse.h"
#include "cli/terminal.h"
#include "json/write.h"
#include "streamctl/client/local_server.h"
#include "streamctl/takes/export.h"
#include "streamctl/takes/sync_check.h"

namespace st::streamctl {
std::string read_token(const Options& options, const ServerUrl& server) {
    if (options.token_file.empty()) {
        const char* token = std::getenv("STREAMCTL_TOKEN");
        return token != nullptr && token[0] != '\0' ? token : local_token(server);
    }
    std::ifstream file(options.token_file);
    std::string token;
    if (!file || !std::getline(file, token)) {
        throw Failed(cli::kNoInput, "cannot read a token from " + options.token_file);
    }
    while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
    return token;
}

namespace {

/// help at the prompt: the commands alone, a line for each group.
std::string overview(const CLI::App& app) {
    std::vector<std::pair<std::string, std::string>> groups;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        const std::string& group = command->get_group();
        if (group.empty()) continue;
        auto found = std::ranges::find(groups, group, &std::pair<std::string, std::string>::first);
        if (found == groups.end()) found = groups.insert(groups.end(), {group, ""});
        found->second += (found->second.empty() ? "" : ", ") + command->get_name();
    }
    groups.emplace_back("Prompt", "events on, events off, !COMMAND for the shell, exit");
    std::size_t widest = 0;
    for (const auto& [group, names] : groups) widest = std::max(widest, group.size());
    std::string text;
    for (const auto& [group, names] : groups) {
        text += group + ":" + std::string(widest + 1 - group.size(), ' ') + names + '\n';
    }
    return text + "help COMMAND explains one of them; Tab completes.\n";
}

int show_help(const Options& options) {
    CLI::App app("Control streamd and its cameras", "streamctl");
    Options unused;
    build(app, unused);
    const CLI::App* at = &app;
    for (const std::string& word : options.help_about) {
        const auto found = at->get_subcommands(
            [&](const CLI::App* command) { return command->get_name() == word; });
        if (found.empty()) {
            std::cerr << "streamctl: there is no command " << word << '\n';
            return cli::kUsage;
        }
        at = found.front();
    }
    const bool is_overview = at == &app;
    std::cout << (is_overview && options.is_line ? overview(app) : cli::help_of(*at));
    return cli::kDone;
}

int dispatch(const Options& options, Interrupt* shared, Console& console) {
    const std::string& command = options.command.front();
    if (command == "help") return show_help(options);
    if (command == "push") return run_push(options, shared);
    std::optional<Interrupt> own;
    Interrupt& interrupt = shared != nullptr ? *shared : own.emplace();
    if (command == "__complete") return run_complete(options, interrupt, console);
    ApiClient client = make_client(options, interrupt);
    if (command == "start") return run_start(options, client, console);
    if (command == "stop") return run_stop(options, client, console);
    if (command == "preview") return run_preview(options, client, console);
    if (command == "capture") return run_capture(options, client, interrupt, console);
    if (command == "cameras") return run_cameras(options, client, console);
    if (command == "rename") return run_rename(options, client, console);
    if (command == "kick") return run_kick(options, client, console);
    if (command == "status") return run_status(options, client, console);
    if (command == "config") return run_config(options, client, console);
    if (command == "reload") return run_reload(options, client, console);
    if (command == "token") return run_token(options, client, console);
    if (command == "sign") return run_sign(options, client, console);
    if (command == "hooks") return run_hooks(options, client, console);
    if (command == "open") return run_open(options, client, console);
    if (command == "qr") return run_qr(options, client, interrupt, console);
    if (command == "events") return run_events(options, client, console);
    if (command == "wait") return run_wait(options, client, console);
    if (command == "get") return run_get(options, client, interrupt, console);
    if (command == "archive") return run_archive(options, client, interrupt, console);
    if (command == "picture") return run_picture(options, client, interrupt, console);
    if (const auto code = run_live(options, client, console)) return *code;
    if (command == "takes") return run_takes(options, client, console);
    if (command == "export") return run_export(options, client, interrupt, console);
    if (command == "sync-check") return run_sync_check(options, client, interrupt, console);
    if (command == "take") return run_take(options, client, interrupt, console);
    if (options.command.back() == "delete") return run_delete(options, client, interrupt, console);
    if (options.command.back() == "keep") return run_keep(options, client, console);
    return run_recordings(options, client, console);
}

/// For --json: what failed on this side, in the words that the server has for such things.
control::ErrorCode code_for(cli::ExitCode exit_code) {
    switch (exit_code) {
        case cli::kUsage:
        case cli::kBadInput:
            return control::ErrorCode::bad_request;
        case cli::kNoInput:
            return control::ErrorCode::not_found;
        case cli::kUnreachable:
        case cli::kNoAnswer:
            return control::ErrorCode::unavailable;
        case cli::kCannotCreate:
        case cli::kRefused:
            return control::ErrorCode::conflict;
        case cli::kNotAuthorised:
            return control::ErrorCode::unauthorized;
        default:
            return control::ErrorCode::internal;
    }
}

/// A folder that went away, no memory: the command has failed, and the next one may do.
int say_unexpected(Console& console, const std::string& what) {
    if (console.json()) {
        console.body(encode(control::ApiError{control::ErrorCode::internal, what, {}}));
    }
    console.trouble(what);
    return cli::kIoFailed;
}

}  // namespace

ServerUrl find_server(const Options& options) {
    if (options.server.empty()) return local_server();
    auto server = parse_server_url(options.server);
    if (!server) throw Failed(cli::kUsage, server.error().message);
    if (!server->is_tls) return std::move(*server);
    try {
        server->tls = loop::TlsContext::for_client({options.ca_file, options.is_insecure});
    } catch (const loop::TlsError& error) {
        throw Failed(cli::kNoInput, error.what());
    }
    return std::move(*server);
}

ApiClient make_client(const Options& options, Interrupt& interrupt) {
    const ServerUrl server = find_server(options);
    return {server, [&options, server] { return read_token(options, server); },
            options.timeout.value_or(milliseconds(10'000)), interrupt};
}

control::List whole_list(ApiClient& client, std::string_view method, json::Object params) {
    control::List all;
    for (;;) {
        auto page = understood(control::decode_list(client.ask(method, json::write(params))));
        std::ranges::move(page.items, std::back_inserter(all.items));
        all.is_building = all.is_building || page.is_building;
        if (!page.next) return all;
        params.set("cursor", *page.next);
    }
}

int run_command(const Options& options, Interrupt* shared) {
    return say_failures(options,
                        [&](Console& console) { return dispatch(options, shared, console); });
}

int say_failures(const Options& options, const std::function<int(Console&)>& run) {
    Console console(options);
    int exit_code = cli::kDone;
    try {
        exit_code = run(console);
        console.say_how_to_fetch();
    } catch (const Refused& refused) {
        if (console.json() && !refused.body().empty()) console.body(refused.body());
        console.trouble(refused.what());
        exit_code = refused.exit_code();
    } catch (const Failed& failed) {
        if (console.json() && failed.exit_code() != cli::kInterrupted) {
            console.body(
                encode(control::ApiError{code_for(failed.exit_code()), failed.what(), {}}));
        }
        console.trouble(failed.what());
        exit_code = failed.exit_code();
    } catch (const Poco::Exception& error) {
        exit_code = say_unexpected(console, error.displayText());
    } catch (const std::exception& error) {
        exit_code = say_unexpected(console, error.what());
    }
    cli::flush_output();
    return exit_code;
}

int run_program(int (*run)(int, char**), int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const Poco::Exception& error) {
        std::cerr << "streamctl: " << error.displayText() << '\n';
    } catch (const std::exception& error) {
        std::cerr << "streamctl: " << error.what() << '\n';
    }
    return cli::kIoFailed;
}

}  // namespace st::streamctl
