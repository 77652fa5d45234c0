#pragma once
/// The exit codes of all programs. Scripts rely on them: a value never changes its meaning.
#include <initializer_list>
#include <string>

namespace st::cli {

enum ExitCode : int {
    kDone = 0,
    kRefused = 1,         ///< the server or a camera refused, failed or (a camera) did not answer
    kDamaged = 3,         ///< done, but bytes were damaged or pictures lost
    kUsage = 64,          ///< the command line is wrong
    kBadInput = 65,       ///< input is not what it claims to be
    kNoInput = 66,        ///< no such input
    kUnreachable = 69,    ///< the server cannot be reached, or went away
    kCannotCreate = 73,   ///< output exists or cannot be written
    kIoFailed = 74,       ///< reading or writing failed
    kNoAnswer = 75,       ///< the server gave no answer in time
    kNotAuthorised = 77,  ///< the server asks for a (better) token
    kBadConfig = 78,      ///< the configuration cannot be used
    kInterrupted = 130,   ///< Ctrl-C
};

/// A code with what it means in one program, if that is not what it means everywhere.
struct ExitMeaning {
    ExitMeaning(ExitCode its_code, const char* its_text = nullptr)
        : code(its_code), text(its_text) {}
    ExitCode code;
    const char* text;
};

/// The EXIT STATUS part of a manual: one paragraph for each of `codes`.
std::string exit_status_text(std::initializer_list<ExitMeaning> codes);

}  // namespace st::cli
