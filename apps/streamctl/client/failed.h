#pragma once
/// Why a command could not be done.
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "cli/exit_codes.h"

namespace st::streamctl {

/// A message for stderr and the exit code it means.
class Failed : public std::runtime_error {
 public:
    Failed(cli::ExitCode exit_code, const std::string& message)
        : std::runtime_error(message), exit_code_(exit_code) {}
    cli::ExitCode exit_code() const { return exit_code_; }

 private:
    cli::ExitCode exit_code_;
};

/// What the system said of `what`, a path or an attempt: errno, in words.
inline Failed system_failure(cli::ExitCode exit_code, const std::string& what) {
    return {exit_code, what + ": " + std::strerror(errno)};
}

/// Nobody listens where the server was, or is to be.
class Gone final : public Failed {
 public:
    explicit Gone(const std::string& message) : Failed(cli::kUnreachable, message) {}
};

}  // namespace st::streamctl
