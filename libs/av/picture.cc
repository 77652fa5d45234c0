#include "av/picture.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "av/error.h"
#include "av/handles.h"

extern "C" {
#include <libavutil/imgutils.h>
}

namespace st::av {
namespace {

constexpr int kPacketsMax =
    300;  ///< an intra-refresh stream shows its first picture only after a while
constexpr int kJpegQuality = 2;  ///< mjpeg's best: 2 of 2..31

bool receive(AVCodecContext& decoder, FramePtr& frame) {
    frame.reset(av_frame_alloc());
    return avcodec_receive_frame(&decoder, frame.get()) >= 0;
}

/// The first picture without errors; if there is none among the first ones, the first one at all.
FramePtr decode_first(MovieFile& file, std::uint64_t pixels_max) {
    AVFormatContext& input = file.format();
    if (input.nb_streams == 0) {
        const int code = avformat_find_stream_info(&input, nullptr);
        if (code < 0) raise("open", code);
    }
    const CodecPtr decoder = open_decoder(*file.video_stream().codecpar, pixels_max);
    const PacketPtr packet(av_packet_alloc());
    FramePtr frame;
    FramePtr flawed;
    bool at_end = false;
    for (int i = 0; i < kPacketsMax && !at_end; ++i) {
        at_end = !file.read_picture(*packet);
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
    }
    if (!flawed) throw Error("no picture can be decoded");
    return flawed;
}

/// Frames come out in the order in which they are shown.
FramePtr decode_shown_at(MovieFile& file, std::chrono::microseconds at, std::uint64_t pixels_max) {
    constexpr AVRational kMicros{1, 1'000'000};
    AVFormatContext& input = file.format();
    if (input.nb_streams == 0) {
        const int code = avformat_find_stream_info(&input, nullptr);
        if (code < 0) raise("open", code);
    }
    const AVStream& stream = file.video_stream();
    const CodecPtr decoder = open_decoder(*stream.codecpar, pixels_max);
    // Of the last pictures behind a recovery point the decoder does not know that they are whole.
    decoder->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
    const PacketPtr packet(av_packet_alloc());
    FramePtr shown;
    FramePtr flawed;  // only if nothing better comes
    FramePtr next;
    // The one shown first need not come out: pictures before a recovery point cannot be decoded.
    std::int64_t first = INT64_MAX;
    for (bool at_end = false; !at_end;) {
        at_end = !file.read_picture(*packet);
        // What an edit list hides is decoded as well.
        const bool is_hidden = (packet->flags & AV_PKT_FLAG_DISCARD) != 0;
        if (!at_end && !is_hidden) first = std::min(first, packet->pts);
        (void)avcodec_send_packet(decoder.get(), at_end ? nullptr : packet.get());
        while (receive(*decoder, next)) {
            const std::int64_t after =
                av_rescale_q(next->best_effort_timestamp - first, stream.time_base, kMicros);
            if (shown && after > at.count()) return shown;
            const bool is_before_recovery = !shown && (next->flags & AV_FRAME_FLAG_CORRUPT) != 0;
            FramePtr& best = is_before_recovery ? flawed : shown;
            if (!best || after <= at.count()) best = std::move(next);
        }
    }
    if (!shown) shown = std::move(flawed);
    if (!shown) throw Error("no picture can be decoded");
    return shown;
}

FramePtr full_range_picture(int width, int height, AVRational aspect) {
    FramePtr picture(av_frame_alloc());
    picture->format = AV_PIX_FMT_YUVJ420P;
    picture->width = width;
    picture->height = height;
    picture->color_range = AVCOL_RANGE_JPEG;
    picture->sample_aspect_ratio = aspect;
    const int code = av_frame_get_buffer(picture.get(), 0);
    if (code < 0) raise("thumbnail", code);
    return picture;
}

using LevelTable = std::array<std::uint8_t, 256>;

/// Video levels to those of a JPEG, rounded as swscale rounds them: `most` and what follows are of
/// its arithmetic, in steps of 1/128.
LevelTable level_table(int most, int factor, int offset, int shift) {
    LevelTable table{};
    for (int level = 0; level < 256; ++level) {
        const int full = (std::min(level << 7, most) * factor - offset) >> shift;
        table.at(static_cast<std::size_t>(level)) =
            static_cast<std::uint8_t>(std::clamp((full + 64) >> 7, 0, 255));
    }
    return table;
}

/// The usual case, for which swscale takes five times as long: the levels differ, and nothing else.
void stretch_levels(const AVFrame& from, AVFrame& to) {
    static const LevelTable kLuma = level_table(30189, 19077, 39057361, 14);
    static const LevelTable kChroma = level_table(30775, 4663, 9289992, 12);
    const bool is_full = from.color_range == AVCOL_RANGE_JPEG;
    for (std::size_t plane = 0; plane < 3; ++plane) {
        const LevelTable& table = plane == 0 ? kLuma : kChroma;
        const int width = plane == 0 ? from.width : (from.width + 1) / 2;
        const int height = plane == 0 ? from.height : (from.height + 1) / 2;
        for (int y = 0; y < height; ++y) {
            const std::uint8_t* const in = from.data[plane] + y * from.linesize[plane];
            std::uint8_t* const out = to.data[plane] + y * to.linesize[plane];
            if (is_full) {
                std::copy_n(in, width, out);
            } else {
                std::transform(in, in + width, out, [&](std::uint8_t v) { return table[v]; });
            }
        }
    }
}

FramePtr to_full_range(const AVFrame& from) {
    FramePtr to = full_range_picture(from.width, from.height, from.sample_aspect_ratio);
    if (from.format == AV_PIX_FMT_YUV420P || from.format == AV_PIX_FMT_YUVJ420P) {
        stretch_levels(from, *to);
        return to;
    }
    const ScalerPtr sws(sws_getContext(
        from.width, from.height, static_cast<AVPixelFormat>(from.format), to->width, to->height,
        AV_PIX_FMT_YUVJ420P, SWS_BICUBIC | SWS_ACCURATE_RND, nullptr, nullptr, nullptr));
    if (!sws)
        throw Error("thumbnail: pixel format " + std::to_string(from.format) +
                    " cannot be converted");
    const int* const matrix = sws_getCoefficients(SWS_CS_DEFAULT);
    sws_setColorspaceDetails(sws.get(), matrix, from.color_range == AVCOL_RANGE_JPEG ? 1 : 0,
                             matrix, 1, 0, 1 << 16, 1 << 16);
    const int code =
        sws_scale(sws.get(), from.data, from.linesize, 0, from.height, to->data, to->linesize);
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

FramePtr to_rgb(const AVFrame& from) {
    FramePtr to(av_frame_alloc());
    to->format = AV_PIX_FMT_RGB24;
    to->width = from.width;
    to->height = from.height;
    to->sample_aspect_ratio = from.sample_aspect_ratio;
    int code = av_frame_get_buffer(to.get(), 0);
    if (code < 0) raise("picture", code);
    const ScalerPtr sws(sws_getContext(
        from.width, from.height, static_cast<AVPixelFormat>(from.format), to->width, to->height,
        AV_PIX_FMT_RGB24, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr, nullptr,
        nullptr));
    if (!sws) {
        throw Error("picture: pixel format " + std::to_string(from.format) +
                    " cannot be converted");
    }
    const bool is_hd = from.colorspace == AVCOL_SPC_BT709;
    const int* const matrix = sws_getCoefficients(is_hd ? SWS_CS_ITU709 : SWS_CS_DEFAULT);
    sws_setColorspaceDetails(sws.get(), matrix, from.color_range == AVCOL_RANGE_JPEG ? 1 : 0,
                             matrix, 1, 0, 1 << 16, 1 << 16);
    code = sws_scale(sws.get(), from.data, from.linesize, 0, from.height, to->data, to->linesize);
    if (code < 0) raise("picture", code);
    return to;
}

PacketPtr encode_png(AVFrame& picture) {
    const AVCodec* const codec = avcodec_find_encoder(AV_CODEC_ID_PNG);
    if (codec == nullptr) throw Error("picture: no PNG encoder");
    const CodecPtr encoder(avcodec_alloc_context3(codec));
    encoder->width = picture.width;
    encoder->height = picture.height;
    encoder->pix_fmt = AV_PIX_FMT_RGB24;
    encoder->sample_aspect_ratio = picture.sample_aspect_ratio;
    encoder->time_base = {1, 25};
    encoder->thread_count = 1;
    picture.pts = 0;
    picture.pict_type = AV_PICTURE_TYPE_NONE;
    int code = avcodec_open2(encoder.get(), codec, nullptr);
    if (code < 0) raise("picture", code);
    PacketPtr packet(av_packet_alloc());
    code = avcodec_send_frame(encoder.get(), &picture);
    if (code >= 0) code = avcodec_receive_packet(encoder.get(), packet.get());
    if (code < 0) raise("picture", code);
    return packet;
}

/// A grey picture of 16 x 16: its parameter sets and the one slice it is made of.
constexpr std::array<std::uint8_t, 49> kGreyPicture = {
    0x00, 0x00, 0x00, 0x01, 0x67, 0x42, 0xC0, 0x0A, 0xD9, 0x1E, 0xC0, 0x44, 0x00,
    0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0x08, 0x3C, 0x48, 0x99, 0x20,
    0x00, 0x00, 0x00, 0x01, 0x68, 0xCB, 0x83, 0xCB, 0x20, 0x00, 0x00, 0x01, 0x65,
    0x88, 0x84, 0x05, 0x7C, 0x98, 0xA0, 0x00, 0x20, 0x5B, 0x80};

}  // namespace

bool is_clean(const AVFrame& picture) {
    return picture.decode_error_flags == 0 && (picture.flags & AV_FRAME_FLAG_CORRUPT) == 0;
}

CodecPtr open_decoder(const AVCodecParameters& stream, std::uint64_t pixels_max) {
    const AVCodec* const codec = avcodec_find_decoder(stream.codec_id);
    if (codec == nullptr) throw Error("no decoder");
    CodecPtr decoder(avcodec_alloc_context3(codec));
    int code = avcodec_parameters_to_context(decoder.get(), &stream);
    if (code < 0) raise("decode", code);
    decoder->thread_count = 1;
    decoder->max_pixels = static_cast<std::int64_t>(std::min(pixels_max, kPixelsMax));
    decoder->err_recognition |= AV_EF_CAREFUL;
    code = avcodec_open2(decoder.get(), codec, nullptr);
    if (code < 0) raise("decode", code);
    return decoder;
}

std::vector<std::uint8_t> decode_first_picture(int fd, std::uint64_t pixels_max, bool wants_jpeg) {
    MovieFile file(fd);
    const FramePtr picture = decode_first(file, pixels_max);
    if (!wants_jpeg) return {};
    const FramePtr converted = to_full_range(*picture);
    const PacketPtr jpeg = encode_jpeg(*converted);
    return {jpeg->data, jpeg->data + jpeg->size};
}

std::vector<std::uint8_t> decode_picture_at(int fd, std::chrono::microseconds at,
                                            std::uint64_t pixels_max, PictureForm form) {
    MovieFile file(fd);
    const FramePtr picture = decode_shown_at(file, at, pixels_max);
    const FramePtr converted =
        form == PictureForm::png ? to_rgb(*picture) : to_full_range(*picture);
    const PacketPtr packet =
        form == PictureForm::png ? encode_png(*converted) : encode_jpeg(*converted);
    return {packet->data, packet->data + packet->size};
}

void warm_up() {
    AVCodecParameters stream{};
    stream.codec_type = AVMEDIA_TYPE_VIDEO;
    stream.codec_id = AV_CODEC_ID_H264;
    const CodecPtr decoder = open_decoder(stream, kPixelsMax);
    const PacketPtr packet(av_packet_alloc());
    if (av_new_packet(packet.get(), static_cast<int>(kGreyPicture.size())) < 0) return;
    std::ranges::copy(kGreyPicture, packet->data);
    (void)avcodec_send_packet(decoder.get(), packet.get());
    (void)avcodec_send_packet(decoder.get(), nullptr);
    FramePtr frame;
    if (!receive(*decoder, frame)) throw Error("warm-up: no picture can be decoded");
    encode_jpeg(*to_full_range(*frame));
}

}  // namespace st::av
