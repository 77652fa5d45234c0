#include "av/track_encoder.h"

namespace st::av {

CodecPtr open_track_decoder(const AVStream& stream) {
    const AVCodec* decoder = avcodec_find_decoder(stream.codecpar->codec_id);
    if (decoder == nullptr) {
        throw Error(std::string("no decoder for ") + avcodec_get_name(stream.codecpar->codec_id));
    }
    CodecPtr codec(avcodec_alloc_context3(decoder));
    int result = avcodec_parameters_to_context(codec.get(), stream.codecpar);
    if (result < 0) raise("set up the decoder", result);
    codec->pkt_timebase = stream.time_base;
    codec->thread_count = 1;  // each more holds a picture back
    result = avcodec_open2(codec.get(), decoder, nullptr);
    if (result < 0) raise("open the decoder", result);
    return codec;
}

void take_encoded(AVCodecContext& encoder, const TrackEncoder::Sink& sink) {
    const PacketPtr packet(av_packet_alloc());
    for (;;) {
        const int got = avcodec_receive_packet(&encoder, packet.get());
        if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return;
        if (got < 0) raise("encode", got);
        sink(*packet);
        av_packet_unref(packet.get());
    }
}

}  // namespace st::av
