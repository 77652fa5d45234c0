#include "av/error.h"

extern "C" {
#include <libavutil/error.h>
}

#include <array>

namespace st::av {

void raise(const std::string& what, int code) {
    std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
    av_strerror(code, text.data(), text.size());
    throw Error(what + ": " + text.data());
}

}  // namespace st::av
