#include "av/coded_pictures.h"

#include <memory>
#include <string>

#include "av/error.h"
#include "av/handles.h"
#include "av/shown_pictures.h"

extern "C" {
#include <libavcodec/bsf.h>
}

namespace st::av {
namespace {

struct FreeFilter {
    void operator()(AVBSFContext* filter) const { av_bsf_free(&filter); }
};
using FilterPtr = std::unique_ptr<AVBSFContext, FreeFilter>;

FilterPtr annexb_filter(const AVStream& stream) {
    const AVBitStreamFilter* const kind = av_bsf_get_by_name("h264_mp4toannexb");
    AVBSFContext* made = nullptr;
    if (kind == nullptr || av_bsf_alloc(kind, &made) < 0) throw Error("no filter for Annex B");
    FilterPtr filter(made);
    int code = avcodec_parameters_copy(filter->par_in, stream.codecpar);
    filter->time_base_in = stream.time_base;
    if (code >= 0) code = av_bsf_init(filter.get());
    if (code < 0) raise("open", code);
    return filter;
}

/// Whether NAL units of both kinds of parameter sets are in it.
bool has_parameter_sets(std::span<const std::uint8_t> annexb) {
    constexpr unsigned kSps = 7;
    constexpr unsigned kPps = 8;
    bool has_sps = false;
    bool has_pps = false;
    for (std::size_t i = 0; i + 3 < annexb.size(); ++i) {
        if (annexb[i] != 0 || annexb[i + 1] != 0 || annexb[i + 2] != 1) continue;
        const unsigned kind = annexb[i + 3] & 0x1FU;
        has_sps = has_sps || kind == kSps;
        has_pps = has_pps || kind == kPps;
    }
    return has_sps && has_pps;
}

/// The filter leaves out the sets of key frames behind one that brought its own.
void write_picture(const AVPacket& packet, const AVCodecParameters& stream, int out) {
    const std::span<const std::uint8_t> picture(packet.data, static_cast<std::size_t>(packet.size));
    std::span<const std::uint8_t> sets;
    if ((packet.flags & AV_PKT_FLAG_KEY) != 0 && !has_parameter_sets(picture))
        sets = {stream.extradata, static_cast<std::size_t>(stream.extradata_size)};
    const media::CodedPicture head{sets.size() + picture.size(), packet.pts};
    write_all(out, {reinterpret_cast<const std::uint8_t*>(&head), sizeof head});
    write_all(out, sets);
    write_all(out, picture);
}

}  // namespace

void copy_pictures(std::span<const int> fds) {
    if (fds.size() != 2) throw Error("no files came with the job");
    MovieFile file(fds[0]);
    AVStream& stream = file.video_stream();
    if (stream.codecpar->codec_id != AV_CODEC_ID_H264) throw Error("the pictures are not H.264");
    const FilterPtr filter = annexb_filter(stream);
    const PacketPtr packet(av_packet_alloc());
    while (file.read_picture(*packet)) {
        int code = av_bsf_send_packet(filter.get(), packet.get());
        while (code >= 0 && (code = av_bsf_receive_packet(filter.get(), packet.get())) >= 0) {
            write_picture(*packet, *filter->par_out, fds[1]);
            av_packet_unref(packet.get());
        }
        if (code < 0 && code != AVERROR(EAGAIN)) raise("a picture", code);
    }
}

}  // namespace st::av
