#pragma once
/// Camera frames: bytes <-> Frame. Pure: no sockets, files, clocks, logs or threads in here.
/// Spec: docs/camera.md, "Binary messages". Integers are big-endian.
///
///      0  u64  timestamp_ms   camera sensor clock: boot-based, not wall time, not from zero
///      8  u32  seq            0 at every capture start, +1 per message, wraps at 2^32
///     12  u32  payload_bytes  0 is legal
///     16  ...  payload        H.264 Annex B, one encoder output buffer, start codes included
#include <array>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "base/window.h"

namespace st::camera {

constexpr std::size_t kHeaderBytes = 16;
/// Default of limits.frame_bytes, and the most a dump's record may carry after the header.
constexpr std::size_t kPayloadBytesMax = std::size_t{16} << 20;

struct Frame {
    std::uint64_t timestamp_ms = 0;
    std::uint32_t seq = 0;
    Bytes payload;  ///< borrowed from whoever produced the Frame; see there for how long
};

/// Decodes one whole binary message; the payload points into `message`.
/// Error if it is under 16 bytes or payload_bytes != size - 16. Recoverable: drop this frame only.
Result<Frame> decode_frame(Bytes message);

/// The 16 bytes that go before `frame.payload`.
std::array<std::uint8_t, kHeaderBytes> encode_header(const Frame& frame);

/// One message found in a plain dump. The payload may be changed in place.
struct DumpedFrame {
    std::uint64_t offset = 0;  ///< of the message's first header byte in the dump
    std::uint64_t timestamp_ms = 0;
    std::uint32_t seq = 0;
    std::span<std::uint8_t> payload;  ///< valid until the next call of next() or space()
};

/// Cuts messages out of a plain dump: messages back to back. Pull:
///
///     for (;;) {
///         auto frame = reader.next();            // Error | nullopt: more bytes, or the end |
///         frame if (frame && !*frame) { read into reader.space(), then commit(n), or finish() at
///         the end }
///     }
/// One thread.
class FrameReader {
 public:
    /// A frame announcing a larger payload is refused before we make room for it.
    explicit FrameReader(std::size_t payload_bytes_max = kPayloadBytesMax);

    /// Where to read the next bytes into: never empty, at most about 1 MiB unless a frame is
    /// larger.
    std::span<std::uint8_t> space() { return window_.space(); }
    void commit(std::size_t bytes) { window_.commit(bytes); }
    /// No more bytes will come.
    void finish() { finished_ = true; }

    /// The next frame; nullopt = more bytes, please, or (after finish()) the clean end.
    /// An Error (length over the limit, torn tail) names the offset and is final: the plain form
    /// has no marker to resynchronise on. Every frame before it has been returned.
    Result<std::optional<DumpedFrame>> next();

    /// Where the next frame begins; after an Error, where the readable part ends.
    std::uint64_t offset() const { return window_.offset() + returned_; }
    /// Bytes of the unfinished frame that are there.
    std::size_t pending_bytes() { return window_.unread().size() - returned_; }

 private:
    std::size_t payload_bytes_max_;
    Window window_;
    std::size_t returned_ =
        0;  ///< size of the frame next() returned last; consumed by the next call
    bool finished_ = false;
};

}  // namespace st::camera
