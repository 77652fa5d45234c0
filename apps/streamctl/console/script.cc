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

int run_line(const std::string& line, const Options& defaults, bool& leave) {
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
    return run_command(options);
}

int run_script(std::istream& in, const std::string& name, const Options& defaults) {
    int exit_code = cli::kDone;
    bool leave = false;
    std::string line;
    for (std::size_t number = 1; !leave && std::getline(in, line); ++number) {
        const int code = run_line(line, defaults, leave);
        if (!std::cout) return cli::kIoFailed;
        if (code == cli::kDone) continue;
        std::cerr << "streamctl: " << name << " line " << number << ": exit status " << code
                  << '\n';
        if (exit_code == cli::kDone) exit_code = code;
        if (!defaults.keep_going || code == cli::kInterrupted) break;
    }
    return exit_code;
}

}  // namespace st::streamctl
