#include "av/thumbnail.h"

#include <cstdio>
#include <memory>
#include <utility>

#include "av/error.h"
#include "av/handles.h"
#include "base/fd.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>
}

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace st::av {
namespace {

constexpr int kPacketsMax =
    300;  ///< an intra-refresh stream shows its first picture only after a while
constexpr int kJpegQuality = 2;  ///< mjpeg's best: 2 of 2..31

struct FreeSws {
    void operator()(SwsContext* p) const { sws_freeContext(p); }
};

CodecPtr open_decoder(const AVStream& stream, const std::string& path) {
    const AVCodec* const codec = avcodec_find_decoder(stream.codecpar->codec_id);
    if (codec == nullptr) throw Error(path + ": no decoder");
    CodecPtr decoder(avcodec_alloc_context3(codec));
    int code = avcodec_parameters_to_context(decoder.get(), stream.codecpar);
    if (code < 0) raise("decode " + path, code);
    decoder->thread_count = 1;
    decoder->max_pixels = kThumbnailPixelsMax;
    decoder->err_recognition |= AV_EF_CAREFUL;
    code = avcodec_open2(decoder.get(), codec, nullptr);
    if (code < 0) raise("decode " + path, code);
    return decoder;
}

bool is_clean(const AVFrame& frame) {
    return frame.decode_error_flags == 0 && (frame.flags & AV_FRAME_FLAG_CORRUPT) == 0;
}

bool receive(AVCodecContext& decoder, FramePtr& frame) {
    frame.reset(av_frame_alloc());
    return avcodec_receive_frame(&decoder, frame.get()) >= 0;
}

/// The first picture without errors; if there is none among the first ones, the first one at all.
FramePtr decode_first(const std::string& path) {
    const InputPtr input = open_pictures(path);
    if (input->nb_streams == 0) {
        const int code = avformat_find_stream_info(input.get(), nullptr);
        if (code < 0) raise("open " + path, code);
    }
    AVStream& stream = video_stream(*input, path);
    const CodecPtr decoder = open_decoder(stream, path);
    const PacketPtr packet(av_packet_alloc());
    FramePtr frame;
    FramePtr flawed;
    bool at_end = false;
    for (int i = 0; i < kPacketsMax && !at_end; ++i) {
        at_end = av_read_frame(input.get(), packet.get()) < 0;
        // Errors of single packets are the stream's; what counts is whether a picture comes out.
        (void)avcodec_send_packet(decoder.get(), at_end ? nullptr : packet.get());
        // A key frame needs no other picture: asking for it at once saves the memory of those
        // behind it.
        if (i == 0 && !at_end) (void)avcodec_send_packet(decoder.get(), nullptr);
        while (receive(*decoder, frame)) {
            if (is_clean(*frame)) return frame;
            if (!flawed) flawed = std::move(frame);
        }
        if (i == 0 && !at_end) {
            avcodec_flush_buffers(decoder.get());
            (void)avcodec_send_packet(decoder.get(), packet.get());
        }
        av_packet_unref(packet.get());
    }
    if (!flawed) throw Error(path + ": no picture can be decoded");
    return flawed;
}

FramePtr to_full_range(const AVFrame& from) {
    FramePtr to(av_frame_alloc());
    to->format = AV_PIX_FMT_YUVJ420P;
    to->width = from.width;
    to->height = from.height;
    to->color_range = AVCOL_RANGE_JPEG;
    to->sample_aspect_ratio = from.sample_aspect_ratio;
    int code = av_frame_get_buffer(to.get(), 0);
    if (code < 0) raise("thumbnail", code);
    const std::unique_ptr<SwsContext, FreeSws> sws(sws_getContext(
        from.width, from.height, static_cast<AVPixelFormat>(from.format), to->width, to->height,
        AV_PIX_FMT_YUVJ420P, SWS_BICUBIC | SWS_ACCURATE_RND, nullptr, nullptr, nullptr));
    if (!sws)
        throw Error("thumbnail: pixel format " + std::to_string(from.format) +
                    " cannot be converted");
    const int* const matrix = sws_getCoefficients(SWS_CS_DEFAULT);
    sws_setColorspaceDetails(sws.get(), matrix, from.color_range == AVCOL_RANGE_JPEG ? 1 : 0,
                             matrix, 1, 0, 1 << 16, 1 << 16);
    code = sws_scale(sws.get(), from.data, from.linesize, 0, from.height, to->data, to->linesize);
    if (code < 0) raise("thumbnail", code);
    return to;
}

PacketPtr encode_jpeg(AVFrame& picture) {
    const AVCodec* const codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    if (codec == nullptr) throw Error("thumbnail: no JPEG encoder");
    const CodecPtr encoder(avcodec_alloc_context3(codec));
    encoder->width = picture.width;
    encoder->height = picture.height;
    encoder->pix_fmt = AV_PIX_FMT_YUVJ420P;
    encoder->color_range = AVCOL_RANGE_JPEG;
    encoder->sample_aspect_ratio = picture.sample_aspect_ratio;
    encoder->time_base = {1, 25};
    encoder->thread_count = 1;
    encoder->flags |= AV_CODEC_FLAG_QSCALE;
    encoder->global_quality = FF_QP2LAMBDA * kJpegQuality;
    picture.quality = encoder->global_quality;
    picture.pts = 0;
    picture.pict_type = AV_PICTURE_TYPE_NONE;
    int code = avcodec_open2(encoder.get(), codec, nullptr);
    if (code < 0) raise("thumbnail", code);
    PacketPtr packet(av_packet_alloc());
    code = avcodec_send_frame(encoder.get(), &picture);
    if (code >= 0) code = avcodec_receive_packet(encoder.get(), packet.get());
    if (code < 0) raise("thumbnail", code);
    return packet;
}

[[noreturn]] void raise_errno(const std::string& what) {
    throw Error(what + ": " + std::strerror(errno));
}

void write_file(const std::string& path, const std::uint8_t* data, std::size_t size) {
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!fd) raise_errno("create " + path);
    while (size > 0) {
        const ssize_t written = ::write(fd.get(), data, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) raise_errno("write " + path);
        data += written;
        size -= static_cast<std::size_t>(written);
    }
    if (::fsync(fd.get()) != 0) raise_errno("sync " + path);
}

}  // namespace

void write_thumbnail(const std::string& mp4, const std::string& jpg) {
    const FramePtr picture = decode_first(mp4);
    const FramePtr converted = to_full_range(*picture);
    const PacketPtr jpeg = encode_jpeg(*converted);
    const std::string part = jpg + ".part";
    try {
        write_file(part, jpeg->data, static_cast<std::size_t>(jpeg->size));
        if (std::rename(part.c_str(), jpg.c_str()) != 0) raise_errno("rename " + part);
    } catch (const Error&) {
        ::unlink(part.c_str());
        throw;
    }
}

void check_first_picture(const std::string& mp4) { decode_first(mp4); }

}  // namespace st::av
