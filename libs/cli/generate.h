#pragma once
/// Man page and shell completions, written by walking a program's one CLI::App declaration. The
/// output depends on nothing else: no date, no environment. Hidden options and commands (an empty
/// group) are left out.
///
/// A program offers this as the hidden option --generate; the texts are committed below man/ and
/// completions/, and a test compares.
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/fwd.h"

namespace st::cli {

/// A hand-written part. Text: paragraphs separated by blank lines; lines indented by four blanks
/// stay as they are (examples); "TERM :: text" is an entry of a list; `word` is set in bold.
struct ManualPart {
    std::string title;  ///< e.g. "EXAMPLES"
    std::string text;
};

struct Manual {
    int section = 1;
    std::string summary;  ///< what stands behind the name: no capital, no full stop
    std::string description;
    std::vector<ManualPart> parts;      ///< after the options, in this order
    std::vector<std::string> see_also;  ///< "streamd(8)"
    /// Name of a value ("CAMERA") -> what shells complete it with: the lines that
    /// `PROGRAM __complete KIND LINE` prints, where LINE is what is typed before the cursor.
    std::map<std::string, std::string> live;
};

/// In the man pages' headers: set by hand when they change in earnest, so that output is
/// reproducible.
constexpr const char* kManualDate = "2026-11-20";

/// What --generate accepts.
constexpr const char* kGenerateWords = "man|bash|zsh|fish";

/// Declares the hidden --generate WHAT.
CLI::Option* add_generate(CLI::App& app, std::string& what);

/// `what` is man, bash, zsh or fish.
std::string generate(const CLI::App& app, const Manual& manual, std::string_view what);

}  // namespace st::cli
