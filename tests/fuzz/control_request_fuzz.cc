// Any body of a request: it is refused with a text, or it survives encoding and decoding unchanged.
// Any message to /control: each entry is a request with an id that can be repeated, or refused in
// words that a text message can carry.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "control/json.h"
#include "control/json_rpc.h"
#include "control/start.h"
#include "control/stop.h"

namespace {

void check_message(std::string_view text) {
    using st::control::decode_rpc;
    for (const auto& entry : decode_rpc(text).entries) {
        std::string answer = entry.refusal;
        if (entry.request && entry.request->id) {
            answer = st::control::encode_rpc_result(*entry.request->id, "{}");
        } else if (entry.request) {
            continue;
        }
        if (st::is_utf8(st::as_bytes(text)) && !st::is_utf8(st::as_bytes(answer))) std::abort();
        if (!st::control::parse_object(answer, st::control::kReply)) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    check_message(body);
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
