/// A session after the handshake: the first byte chooses how decisions are taken and how the bytes
/// are cut; what is sent is always whole messages, and no more than a bound for what came.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "rtmp/chunk_reader.h"
#include "rtmp/session.h"

namespace st::rtmp {
namespace {

constexpr SessionLimits kLimits{.chunks = {.media_bytes_max = 200'000,
                                           .other_bytes_max = 5'000,
                                           .chunk_streams_max = 20,
                                           .held_bytes_max = 300'000},
                                .streams_max = 5};

class Peer {
 public:
    explicit Peer(std::uint8_t choices) : session_(7, kLimits), choices_(choices) {}

    void feed(Bytes bytes) {
        session_.feed(bytes);
        for (;;) {
            auto event = session_.next();
            take_output();
            if (!event || !*event) break;
            decide(**event);
            take_output();
        }
        if (session_.held_bytes() > kLimits.chunks.held_bytes_max) std::abort();
    }
    bool is_handshake_done() const { return session_.is_handshake_done(); }

 private:
    void decide(const Event& event) {
        if (std::holds_alternative<Connect>(event)) {
            if ((choices_ & 1) != 0) return session_.refuse_connect("no");
            return session_.accept_connect();
        }
        if (const auto* publish = std::get_if<Publish>(&event)) {
            if ((choices_ & 2) != 0) return session_.refuse_publish(publish->stream_id, "c", "d");
            session_.accept_publish(publish->stream_id);
            if (!session_.is_publishing(publish->stream_id)) std::abort();
        }
        if (const auto* play = std::get_if<Play>(&event)) {
            if ((choices_ & 4) != 0) return session_.refuse_play(play->stream_id);
            session_.accept_play(play->stream_id);
            if ((choices_ & 8) != 0) session_.end_play(play->stream_id, "over");
        }
        if (const auto* media = std::get_if<Media>(&event)) {
            if (!session_.is_publishing(media->stream_id)) std::abort();
            if (media->packet.payload.empty()) std::abort();
        }
    }

    void take_output() {
        const Buffer out = session_.take_output();
        Bytes bytes = out.bytes();
        const std::size_t skipped = std::min(handshake_left_, bytes.size());
        handshake_left_ -= skipped;
        bytes = bytes.subspan(skipped);
        if (bytes.empty()) return;
        if (bytes.size() > 500'000) std::abort();
        reader_.feed(bytes);
        for (;;) {
            const auto message = reader_.next();
            if (!message) std::abort();
            if (!*message) break;
        }
        if (reader_.held_bytes() != 0) std::abort();
    }

    Session session_;
    ChunkReader reader_;
    std::size_t handshake_left_ = 1 + 2 * Handshake::kPartBytes;
    const std::uint8_t choices_;
};

}  // namespace
}  // namespace st::rtmp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace st::rtmp;
    if (size < 2) return 0;
    Peer peer(data[0]);
    if ((data[0] & 0x80) == 0) {
        std::vector<std::uint8_t> hello(1 + 2 * Handshake::kPartBytes, 0);
        hello[0] = 3;
        peer.feed(hello);
        if (!peer.is_handshake_done()) std::abort();
    }
    const std::size_t step = std::size_t{data[1]} * 8 + 1;
    for (st::Bytes rest(data + 2, size - 2); !rest.empty();) {
        const std::size_t piece = std::min(step, rest.size());
        peer.feed(rest.first(piece));
        rest = rest.subspan(piece);
    }
    return 0;
}
