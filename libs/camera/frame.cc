#include "camera/frame.h"

#include <string>

namespace st::camera {
Result<Frame> decode_frame(Bytes message) {
    if (message.size() < kHeaderBytes) {
        return Error{"frame of " + std::to_string(message.size()) +
                     " bytes: shorter than the header of 16"};
    }
    const std::uint32_t payload_bytes = load_be32(message.data() + 12);
    if (payload_bytes != message.size() - kHeaderBytes) {
        return Error{"frame: payload_bytes " + std::to_string(payload_bytes) + ", but " +
                     std::to_string(message.size() - kHeaderBytes) + " bytes follow the header"};
    }
    return Frame{load_be64(message.data()), load_be32(message.data() + 8),
                 message.subspan(kHeaderBytes)};
}

std::array<std::uint8_t, kHeaderBytes> encode_header(const Frame& frame) {
    std::array<std::uint8_t, kHeaderBytes> header{};
    store_be64(header.data(), frame.timestamp_ms);
    store_be32(header.data() + 8, frame.seq);
    store_be32(header.data() + 12, static_cast<std::uint32_t>(frame.payload.size()));
    return header;
}

}  // namespace st::camera
