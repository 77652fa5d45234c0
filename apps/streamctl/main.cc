#include <signal.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/exit_codes.h"
#include "cli/parse.h"
#include "cli/terminal.h"
#include "streamctl/commands/commands.h"
#include "streamctl/console/script.h"
#include "streamctl/options.h"

namespace st::streamctl {
namespace {

int flushed(int exit_code) { return cli::finish_output("streamctl", exit_code); }

/// A folder can be opened as a file, and then reads as if it were empty.
bool is_folder(int fd) {
    struct stat there {};
    return ::fstat(fd, &there) == 0 && S_ISDIR(there.st_mode);
}

int refuse_folder(const std::string& name) {
    std::cerr << "streamctl: " << name << " is a folder, not a file of commands\n";
    return cli::kNoInput;
}

int run_lines(const Options& options) {
    if (!options.script_file.empty() && options.script_file != "-") {
        if (std::filesystem::is_directory(options.script_file)) {
            return refuse_folder(options.script_file);
        }
        std::ifstream file(options.script_file);
        if (!file) {
            std::cerr << "streamctl: " << options.script_file << ": cannot be read\n";
            return cli::kNoInput;
        }
        return run_script(file, options.script_file, options);
    }
    if (is_folder(STDIN_FILENO)) return refuse_folder("standard input");
    const bool is_typed = cli::is_terminal(STDIN_FILENO) && cli::is_terminal(STDOUT_FILENO);
    if (is_typed && options.script_file.empty()) return run_prompt(options);
    return run_script(std::cin, "standard input", options);
}

int run(int argc, char** argv) {
    ::signal(SIGPIPE, SIG_IGN);  // a server that goes away must be an error, not our end
    CLI::App app("Control streamd and its cameras", "streamctl");
    Options options;
    build(app, options);
    options.typed.assign(argv + 1, argv + argc);
    if (const auto code = cli::parse(app, argc, argv)) return *code;
    if (!options.generate.empty()) {
        std::cout << cli::generate(app, manual(), options.generate);
        return flushed(cli::kDone);
    }
    const auto completed = complete(app, options);
    if (!completed) {
        std::cerr << "streamctl: " << completed.error().message << '\n';
        return cli::kUsage;
    }
    if (options.command.empty()) return flushed(run_lines(options));
    if (!options.script_file.empty()) {
        std::cerr << "streamctl: use either --file or a command\n";
        return cli::kUsage;
    }
    return flushed(run_command(options));
}

}  // namespace
}  // namespace st::streamctl

int main(int argc, char** argv) {
    return st::streamctl::run_program(st::streamctl::run, argc, argv);
}
