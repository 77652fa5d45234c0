#pragma once
/// What libav refused, in words: "open out.mp4: No such file or directory".
#include <stdexcept>
#include <string>

namespace st::av {

class Error : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

/// There is no such input, or nobody answers where it should be.
class NoInput final : public Error {
 public:
    using Error::Error;
};

/// "what: <libav's text for code>".
[[noreturn]] void raise(const std::string& what, int code);
/// The same for a failed open: NoInput if that is what `code` means.
[[noreturn]] void raise_open(const std::string& what, int code);

}  // namespace st::av
