/// Text and binary messages of a camera: never a crash, and what we decode we encode to the same.
#include <cstdint>
#include <cstdlib>

#include "camera/frame.h"
#include "camera/message.h"
#include "camera/preroll.h"

namespace {

using namespace st::camera;

void check(bool holds) {
    if (!holds) std::abort();
}

void read_text(std::string_view text) {
    const Message message = decode_message(text);
    if (const auto* capabilities = std::get_if<Capabilities>(&message)) {
        const Message again = decode_message(capabilities->json);
        const bool is_too_long = capabilities->json.size() > kTextBytesMax;
        check(is_too_long || std::get<Capabilities>(again).json == capabilities->json);
    }
    const auto command = decode_command(text);
    if (command && std::holds_alternative<Start>(*command)) {
        const auto& parameters = std::get<Start>(*command).parameters;
        const auto again = decode_command(encode_start(parameters));
        check(again && std::get<Start>(*again).parameters.bitrate_bps == parameters.bitrate_bps);
        check(std::get<Start>(*again).parameters.resolution == parameters.resolution);
    }
}

/// Cuts the input into payloads (length byte, bytes) and holds them.
void hold_messages(st::Bytes input) {
    Preroll preroll;
    std::uint32_t seq = 0;
    std::size_t held = 0;
    while (!input.empty()) {
        const std::size_t size = std::min<std::size_t>(input[0], input.size() - 1);
        const st::Bytes payload = input.subspan(1, size);
        st::Buffer message(encode_header({seq, seq, payload}));
        message.append(payload);
        check(decode_frame(message.bytes()).ok());
        preroll.hold(st::share(std::move(message)), seq * 100'000'000LL,
                     st::media::peek_nals(payload));
        ++held;
        ++seq;
        input = input.subspan(1 + size);
    }
    const std::size_t dropped = preroll.take_dropped();
    const auto taken = preroll.take(seq * 100'000'000LL);
    check(dropped + taken.size() <= held + 1);
    for (const HeldMessage& message : taken) check(decode_frame(message.message->bytes()).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const st::Bytes input(data, size);
    read_text(st::as_text(input));
    (void)decode_frame(input);
    hold_messages(input);
    return 0;
}
