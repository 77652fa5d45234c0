#pragma once
/// Why a job cannot go on: thrown inside libs/mux, caught at its door (convert.cc) and made an
/// Error.
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace st::mux {

/// Exit codes of interfaces: what a shell is told.
enum class Exit : int {
    bad_input = 65,
    no_input = 66,
    cannot_create = 73,
    io = 74,
    cancelled = 130
};

class Failure : public std::runtime_error {
 public:
    Failure(Exit code, const std::string& what) : std::runtime_error(what), code_(code) {}
    Exit code() const { return code_; }

 private:
    Exit code_;
};

/// "write cam.mp4.part: No space left on device", from errno.
[[noreturn]] inline void fail_errno(Exit code, const std::string& what) {
    const int error = errno;
    throw Failure(code, what + ": " + std::strerror(error));
}

}  // namespace st::mux
