#pragma once
/// Owners for what libav allocates.
#include <memory>
#include <string>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
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

using InputPtr = std::unique_ptr<AVFormatContext, CloseInput>;
using CodecPtr = std::unique_ptr<AVCodecContext, FreeCodec>;
using PacketPtr = std::unique_ptr<AVPacket, FreePacket>;
using FramePtr = std::unique_ptr<AVFrame, FreeFrame>;

/// Opens a local MP4: no network, no other protocol, no other demuxer. Throws Error.
InputPtr open_mp4(const std::string& path);
/// The same of an MP4 or, if it begins like one, an FLV file, whose streams show as it is read.
InputPtr open_pictures(const std::string& path);
/// Its only video stream. Throws Error.
AVStream& video_stream(AVFormatContext& input, const std::string& path);

}  // namespace st::av
