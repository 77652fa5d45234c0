#include "av/error.h"

extern "C" {
#include <libavutil/error.h>
}

#include <array>
#include <cerrno>

namespace st::av {
namespace {

std::string text_of(const std::string& what, int code) {
    std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
    av_strerror(code, text.data(), text.size());
    return what + ": " + text.data();
}

bool means_no_input(int code) {
    switch (code) {
        case AVERROR(ENOENT):
        case AVERROR(ENODEV):
        case AVERROR(ENXIO):
        case AVERROR(EACCES):
        case AVERROR(EIO):  // a name that cannot be looked up, or a display that is not there
        case AVERROR(ECONNREFUSED):
        case AVERROR(ECONNRESET):
        case AVERROR(EHOSTUNREACH):
        case AVERROR(ENETUNREACH):
        case AVERROR(ETIMEDOUT):
        case AVERROR_HTTP_BAD_REQUEST:
        case AVERROR_HTTP_UNAUTHORIZED:
        case AVERROR_HTTP_FORBIDDEN:
        case AVERROR_HTTP_NOT_FOUND:
        case AVERROR_HTTP_OTHER_4XX:
        case AVERROR_HTTP_SERVER_ERROR:
            return true;
        default:
            return false;
    }
}

}  // namespace

void raise(const std::string& what, int code) { throw Error(text_of(what, code)); }

void raise_open(const std::string& what, int code) {
    if (means_no_input(code)) throw NoInput(text_of(what, code));
    raise(what, code);
}

}  // namespace st::av
