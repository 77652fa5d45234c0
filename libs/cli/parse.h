#pragma once
/// From argv to filled options, with our exit codes and messages. One CLI::App declaration per
/// program is the only place where an option is described.
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/fwd.h"

namespace st::cli {

/// Gives `app` what all programs share: --help and --version, help as wide as the terminal, at most
/// 80 columns, options of the program accepted after a command. Call it first in build(), before
/// commands are added.
void prepare(CLI::App& app);

/// Parses. nullopt: go on. Else the program ends with that code: 0 after --help or --version
/// (written to `out`), 64 after a mistake (said on `err`, with the nearest option or command).
std::optional<int> parse(CLI::App& app, int argc, const char* const* argv, std::ostream& out,
                         std::ostream& err);
/// The same with std::cout and std::cerr.
std::optional<int> parse(CLI::App& app, int argc, const char* const* argv);
/// One line of a script, already split into words (the program's name is not among them).
std::optional<int> parse(CLI::App& app, std::vector<std::string> words, std::ostream& out,
                         std::ostream& err);

/// The help of a command as --help prints it, under its whole name.
std::string help_of(const CLI::App& command);

/// Splits a line as a shell would: blanks, '...', "...", backslash, and # starting a comment at the
/// beginning of a word. No expansion of any kind. Error: a quote that is not closed.
Result<std::vector<std::string>> split_words(std::string_view line);

}  // namespace st::cli
