#include "av/references.h"

#include "media/avc_config.h"

namespace st::av {

References::References(const AVCodecParameters& stream) {
    if (stream.codec_id != AV_CODEC_ID_H264 || stream.extradata_size <= 0) return;
    const Bytes record(stream.extradata, static_cast<std::size_t>(stream.extradata_size));
    const auto config = media::parse_avc_config(record);
    if (!config) return;
    length_bytes_ = config->length_bytes;
    for (const Bytes nal : config->sps) units_.feed(nal);
    for (const Bytes nal : config->pps) units_.feed(nal);
}

/// Frame numbers count reference pictures, but not far: so many of them may be lost that the next
/// number is right by chance, and a lost key frame begins them anew.
bool References::misses(const media::PictureStart& start, std::uint32_t lost) const {
    const media::Sps& sps = *units_.sets().sps(start.sps_id);
    if (start.left_out == 0) return lost > 0 && (!has_others_ || lost >= sps.frame_nums());
    // Some encoders do not count at all, and some leave numbers out that nothing refers to.
    const bool is_same = start.left_out + 1 == sps.frame_nums();
    return lost > 0 || !(is_same || sps.may_leave_out_frame_nums);
}

Standing References::next(const AVPacket& picture, std::uint32_t lost) {
    if (length_bytes_ == 0) return Standing::begins;
    Bytes rest(picture.data, static_cast<std::size_t>(picture.size));
    Standing standing = Standing::goes_on;
    while (rest.size() > length_bytes_) {
        std::size_t bytes = 0;
        for (const std::uint8_t digit : rest.first(length_bytes_)) bytes = bytes << 8 | digit;
        rest = rest.subspan(length_bytes_);
        if (bytes > rest.size()) break;  // the decoder's to judge
        if (units_.feed(rest.first(bytes)) == media::Role::first_slice) {
            const media::PictureStart& start = units_.picture();
            if (start.is_entry()) {
                standing = Standing::begins;
            } else if (misses(start, lost)) {
                standing = Standing::misses;
            }
            has_others_ = has_others_ || !start.is_reference;
        }
        rest = rest.subspan(bytes);
    }
    return standing;
}

}  // namespace st::av
