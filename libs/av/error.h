#pragma once
/// What libav refused, in words: "open out.mp4: No such file or directory".
#include <stdexcept>
#include <string>

namespace st::av {

class Error : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

/// "what: <libav's text for code>".
[[noreturn]] void raise(const std::string& what, int code);

}  // namespace st::av
