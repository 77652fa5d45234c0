// Any body of a request: it is refused with a text, or it survives encoding and decoding unchanged.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "control/start.h"
#include "control/stop.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    if (const auto start = st::control::decode_start_request(body)) {
        const auto again = st::control::decode_start_request(encode(*start));
        if (!again || !(*again == *start)) std::abort();
    } else if (start.error().message.empty()) {
        std::abort();
    }
    if (const auto stop = st::control::decode_stop_request(body)) {
        const auto again = st::control::decode_stop_request(encode(*stop));
        if (!again || !(*again == *stop)) std::abort();
    }
    return 0;
}
