#include "streamctl/console/script.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/exit_codes.h"
#include "cli/parse.h"
#include "streamctl/commands/commands.h"

namespace st::streamctl {
namespace {

constexpr std::size_t kLineBytesMax = 64 * 1024;

}  // namespace

int run_line(const std::string& line, const Options& defaults, Interrupt& interrupt, bool& leave) {
    if (line.size() > kLineBytesMax) {
        std::cerr << "streamctl: a line of " << line.size() << " bytes, over the limit of "
                  << kLineBytesMax << '\n';
        return cli::kUsage;
    }
    const auto words = cli::split_words(line);
    if (!words) {
        std::cerr << "streamctl: " << words.error().message << '\n';
        return cli::kUsage;
    }
    if (words->empty()) return cli::kDone;
    if (words->size() == 1 && (words->front() == "exit" || words->front() == "quit")) {
        leave = true;
        return cli::kDone;
    }
    CLI::App app("Control streamd and its cameras", "streamctl");
    Options options = defaults;
    build(app, options);
    options.typed.insert(options.typed.end(), words->begin(), words->end());
    options.is_line = true;
    if (const auto code = cli::parse(app, *words, std::cout, std::cerr)) return *code;
    const auto completed = complete(app, options);
    if (!completed) {
        std::cerr << "streamctl: " << completed.error().message << '\n';
        return cli::kUsage;
    }
    if (options.command.empty()) {
        std::cerr << "streamctl: no command in this line\n";
        return cli::kUsage;
    }
    return run_command(options, &interrupt);
}

namespace {

/// Nothing has to be put in order between two lines: signals end the program there, also while the
/// next line does not come.
bool read_line(std::istream& in, std::string& line) {
    const SignalsPass let_through;
    return static_cast<bool>(std::getline(in, line));
}

}  // namespace

int run_script(std::istream& in, const std::string& name, const Options& defaults) {
    Interrupt interrupt;
    int exit_code = cli::kDone;
    bool leave = false;
    std::string line;
    for (std::size_t number = 1; !leave && read_line(in, line); ++number) {
        int code = run_line(line, defaults, interrupt, leave);
        if (!std::cout) return cli::kIoFailed;
        // Its command may have ended well, as with --until-interrupt.
        if (interrupt.ends_program()) code = cli::kInterrupted;
        if (code == cli::kDone) continue;
        std::cerr << "streamctl: " << name << " line " << number << ": exit status " << code
                  << '\n';
        if (exit_code == cli::kDone) exit_code = code;
        if (!defaults.keep_going || code == cli::kInterrupted) break;
    }
    return exit_code;
}

}  // namespace st::streamctl
