#include "commands.h"

#include <cstdlib>
#include <fstream>

#include "cli/parse.h"
#include "cli/terminal.h"
#include "push.h"

namespace st::streamctl {
namespace {

/// From --token-file, else from the environment; never from argv, where everybody could read it.
std::string read_token(const Options& options) {
    if (options.token_file.empty()) {
        const char* token = std::getenv("STREAMCTL_TOKEN");
        return token == nullptr ? "" : token;
    }
    std::ifstream file(options.token_file);
    std::string token;
    if (!file || !std::getline(file, token)) {
        throw Failed(cli::kNoInput, options.token_file + ": no token can be read from it");
    }
    while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
    return token;
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
    std::cout << at->help();
    return cli::kDone;
}

int dispatch(const Options& options, Talk& talk) {
    const std::string& command = options.command.front();
    if (command == "help") return show_help(options);
    Interrupt interrupt;
    if (command == "push") {
        return run_push(options, find_server(options), read_token(options));
    }
    if (command == "__complete") return run_complete(options, interrupt, talk);
    Door door = make_door(options, interrupt);
    if (command == "start") return run_start(options, door, talk);
    if (command == "stop") return run_stop(options, door, talk);
    if (command == "capture") return run_capture(options, door, interrupt, talk);
    if (command == "cameras") return run_cameras(options, door, talk);
    if (command == "kick") return run_kick(options, door, talk);
    if (command == "status") return run_status(options, door, talk);
    if (command == "config") return run_config(options, door, talk);
    if (command == "reload") return run_reload(options, door, talk);
    if (command == "events") return run_events(options, door, talk);
    if (command == "wait") return run_wait(options, door, talk);
    if (command == "get") return run_get(options, door, interrupt, talk);
    if (const auto code = run_live(options, door, talk)) return *code;
    if (options.command.size() > 1) return run_delete(options, door, talk);
    return run_recordings(options, door, talk);
}

/// For --json: what failed on this side, in the words that the server has for such things.
control::ErrorCode code_for(cli::ExitCode exit_code) {
    switch (exit_code) {
        case cli::kUsage:
            return control::ErrorCode::bad_request;
        case cli::kNoInput:
            return control::ErrorCode::not_found;
        case cli::kUnreachable:
        case cli::kNoAnswer:
            return control::ErrorCode::unavailable;
        case cli::kCannotCreate:
            return control::ErrorCode::conflict;
        case cli::kNotAuthorised:
            return control::ErrorCode::unauthorized;
        default:
            return control::ErrorCode::internal;
    }
}

}  // namespace

ServerUrl find_server(const Options& options) {
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

Door make_door(const Options& options, Interrupt& interrupt) {
    return {find_server(options), read_token(options),
            options.timeout.value_or(milliseconds(10'000)), interrupt};
}

void Talk::body(std::string_view body) {
    std::string line(body);
    for (char& c : line) {
        if (c == '\n' || c == '\r') c = ' ';  // JSON has no line break that means anything
    }
    line.erase(line.find_last_not_of(' ') + 1);
    result(line);
}

int run_command(const Options& options) {
    Talk talk(options);
    int exit_code = cli::kDone;
    try {
        exit_code = dispatch(options, talk);
    } catch (const Refused& refused) {
        if (talk.json() && !refused.body().empty()) talk.body(refused.body());
        talk.trouble(refused.what());
        exit_code = refused.exit_code();
    } catch (const Failed& failed) {
        if (talk.json() && failed.exit_code() != cli::kInterrupted) {
            talk.body(encode(control::ApiError{code_for(failed.exit_code()), failed.what(), {}}));
        }
        talk.trouble(failed.what());
        exit_code = failed.exit_code();
    }
    cli::flush_output();
    return exit_code;
}

}  // namespace st::streamctl
