#pragma once
/// Owners for what libav allocates.
#include <cstdint>
#include <memory>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
}

namespace st::av {

struct CloseInput {
    void operator()(AVFormatContext* p) const { avformat_close_input(&p); }
};
struct FreeCodec {
    void operator()(AVCodecContext* p) const { avcodec_free_context(&p); }
};
struct FreePacket {
    void operator()(AVPacket* p) const { av_packet_free(&p); }
};
struct FreeFrame {
    void operator()(AVFrame* p) const { av_frame_free(&p); }
};
struct FreeScaler {
    void operator()(SwsContext* p) const { sws_freeContext(p); }
};

using InputPtr = std::unique_ptr<AVFormatContext, CloseInput>;
using CodecPtr = std::unique_ptr<AVCodecContext, FreeCodec>;
using PacketPtr = std::unique_ptr<AVPacket, FreePacket>;
using FramePtr = std::unique_ptr<AVFrame, FreeFrame>;
using ScalerPtr = std::unique_ptr<SwsContext, FreeScaler>;

/// A movie file, read through a descriptor: nothing else is ever opened for it.
class MovieFile {
 public:
    /// An MP4 or, if it begins like one, an FLV file. `fd` is borrowed, its offset left alone.
    /// Throws Error.
    explicit MovieFile(int fd);
    MovieFile(const MovieFile&) = delete;
    MovieFile& operator=(const MovieFile&) = delete;

    AVFormatContext& format() { return *format_; }
    /// Its first video stream. Throws Error.
    AVStream& video_stream();
    /// The next packet of that stream, in place of the one in `packet`; false: there is none.
    bool read_picture(AVPacket& packet);

 private:
    struct FreeIo {
        void operator()(AVIOContext* io) const {
            av_freep(&io->buffer);
            avio_context_free(&io);
        }
    };

    static int read(void* self, std::uint8_t* into, int size);
    static std::int64_t seek(void* self, std::int64_t offset, int whence);

    const int fd_;
    std::int64_t at_ = 0;
    std::unique_ptr<AVIOContext, FreeIo> io_;
    InputPtr format_;  ///< last: its end still uses the others
};

}  // namespace st::av
