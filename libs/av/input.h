#pragma once
/// Any file, device or URL that libav reads, as H.264 access units: copied, or see av/encode.h.
/// For streamctl push: the input is the user's own, so it is opened in this process.
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "av/error.h"
#include "base/buffer.h"

namespace st::av {

/// One encoder output buffer: an access unit as Annex B, start codes included.
struct EncodedPacket {
    Buffer bytes;
    std::int64_t pts_us = 0;  ///< display time, from 0 near the start; not monotonic with B-frames
    bool is_key = false;
};

/// Packets in decoding order, until the end of the input. One thread.
class PacketReader {
 public:
    virtual ~PacketReader() = default;
    /// False at the end. Throws av::Error if reading, decoding or encoding fails.
    virtual bool next(EncodedPacket& out) = 0;
    /// Parameter sets as Annex B; known once the first packet was read; empty if the stream has
    /// none. They are not repeated at the front of the first packet.
    virtual Bytes configuration() const = 0;
};

struct InputOptions {
    std::string format;     ///< libav's name: "v4l2", "x11grab", "h264"; empty: found out
    std::string size;       ///< asked of a device, "1280x720"; empty: its default
    std::string framerate;  ///< asked of a device, or the rate of a bare .h264; empty: its default
};

struct Demuxer;  ///< libav's handles; only libs/av looks inside
void destroy(Demuxer* demuxer);

/// An opened input and its first video stream. Move-only; one thread at a time.
class Input {
 public:
    /// Opens and looks at the first packets. `stop` becoming true ends a blocking read or open (as
    /// an Error) and must outlive the object. Throws av::Error.
    Input(const std::string& url, const InputOptions& options, const std::atomic<bool>& stop);

    bool is_h264() const;
    /// A device, or a URL that cannot be read twice: it goes at its own pace and cannot be looped.
    bool is_live() const;
    std::uint32_t width() const;
    std::uint32_t height() const;
    /// Nominal pictures per second; 25 if the input does not say.
    double fps() const;
    /// Degrees clockwise by which a player turns the pictures, 0 to 359.
    int rotation() const;
    Demuxer& demuxer() { return *demuxer_; }

 private:
    struct Destroy {
        void operator()(Demuxer* demuxer) const { destroy(demuxer); }
    };
    std::unique_ptr<Demuxer, Destroy> demuxer_;
};

/// Hands on the H.264 packets of `input` unchanged but for the framing (Annex B). A bare .h264 has
/// no times: they come from its picture order counts and fps().
std::unique_ptr<PacketReader> copy_packets(Input input);

/// libav writes to standard error by itself; this makes it silent, or lets warnings through.
/// Process-wide: call it once, from main.
void set_log_verbose(bool verbose);

}  // namespace st::av
