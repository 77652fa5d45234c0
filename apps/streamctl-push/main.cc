/// The program behind `streamctl push`, which is given the words that streamctl was given and has
/// found good: streamctl itself links no libav. Not for people.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/exit_codes.h"
#include "cli/parse.h"
#include "cli/terminal.h"
#include "streamctl-push/fleet.h"
#include "streamctl/client/interrupt.h"
#include "streamctl/commands/commands.h"
#include "streamctl/options.h"

namespace st::streamctl {
namespace {

/// A line of a script may say again what the command line said: the last word counts.
void let_last_count(CLI::App& app) {
    for (CLI::Option* option : app.get_options()) {
        if (option->get_items_expected_max() == 1) option->take_last();
    }
    for (CLI::App* command : app.get_subcommands({})) let_last_count(*command);
}

int run(int argc, char** argv) {
    ::signal(SIGPIPE, SIG_IGN);  // a server that goes away must be an error, not our end
    CLI::App app("Control streamd and its cameras", "streamctl");
    Options options;
    build(app, options);
    let_last_count(app);
    if (const auto code = cli::parse(app, argc, argv)) return *code;
    const auto completed = complete(app, options);
    if (!completed || options.command != std::vector<std::string>{"push"}) {
        std::cerr << "streamctl-push is started by streamctl push\n";
        return cli::kUsage;
    }
    const int exit_code = say_failures(options, [&](Console&) {
        Interrupt interrupt;
        // Cameras come by TCP, as others do, unless they are told to take the socket.
        const ServerUrl server = options.server.empty() ? ServerUrl{} : find_server(options);
        return run_fleet(options, server, read_token(options, server), interrupt);
    });
    return cli::finish_output("streamctl", exit_code);
}

}  // namespace
}  // namespace st::streamctl

int main(int argc, char** argv) {
    return st::streamctl::run_program(st::streamctl::run, argc, argv);
}
