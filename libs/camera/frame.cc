#include "camera/frame.h"

#include <string>

namespace st::camera {
namespace {

constexpr std::size_t kWindowBytes = std::size_t{1} << 20;

}  // namespace

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

FrameReader::FrameReader(std::size_t payload_bytes_max)
    : payload_bytes_max_(payload_bytes_max), window_(kWindowBytes) {}

Result<std::optional<DumpedFrame>> FrameReader::next() {
    window_.consume(std::exchange(returned_, 0));
    const std::span<std::uint8_t> bytes = window_.unread();
    if (bytes.empty()) return std::optional<DumpedFrame>{};
    std::size_t needed = kHeaderBytes;
    if (bytes.size() >= kHeaderBytes) {
        const std::size_t payload_bytes = load_be32(bytes.data() + 12);
        if (payload_bytes > payload_bytes_max_) {
            return Error{"offset " + std::to_string(window_.offset()) + ": payload_bytes " +
                         std::to_string(payload_bytes) + " over the limit of " +
                         std::to_string(payload_bytes_max_)};
        }
        needed += payload_bytes;
    }
    if (bytes.size() < needed) {
        if (finished_) {
            return Error{"offset " + std::to_string(window_.offset()) + ": torn frame, " +
                         std::to_string(bytes.size()) + " of " + std::to_string(needed) +
                         " bytes are there"};
        }
        window_.require(needed);
        return std::optional<DumpedFrame>{};
    }
    returned_ = needed;
    return std::optional<DumpedFrame>{
        DumpedFrame{window_.offset(), load_be64(bytes.data()), load_be32(bytes.data() + 8),
                    bytes.subspan(kHeaderBytes, needed - kHeaderBytes)}};
}

}  // namespace st::camera
