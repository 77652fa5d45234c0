#include "mux/flv_writer.h"

#include <algorithm>
#include <array>
#include <bit>

#include "clock/timeline.h"
#include "flv/metadata.h"
#include "flv/tag.h"
#include "mp4/track_boxes.h"
#include "mux/failure.h"

namespace st::mux {
namespace {

std::int64_t ms_of(const mp4::Samples& samples, std::int64_t ticks) {
    const std::int64_t per_ms = samples.ticks_per_second / 1000;
    return (ticks + per_ms / 2) / per_ms;
}

void put(mp4::SampleFile& file, const media::Packet& packet) {
    const Buffer tag = flv::encode_tag(packet);
    if (tag.empty())
        throw Failure(Exit::bad_input, "a picture of more than 16 MiB does not fit into FLV");
    file.append_borrowed(tag.bytes());
    file.flush();
}

media::Packet metadata_packet(const mp4::Track& track, double duration_s, bool has_file_size) {
    const media::Sps& sps = track.format.sps;
    flv::StreamFacts facts;
    facts.has_video = true;
    facts.has_audio = false;
    facts.width = sps.width;
    facts.height = sps.height;
    facts.fps = static_cast<double>(track.samples.ticks_per_second) /
                static_cast<double>(track.samples.usual_ticks);
    facts.is_h264 = true;
    facts.duration_s = duration_s;
    facts.has_file_size = has_file_size;
    facts.encoder = "streamd " ST_VERSION;
    media::Packet packet;
    packet.track = media::Track::metadata;
    packet.codec = media::Codec::metadata;
    packet.payload = flv::build_metadata(facts);
    return packet;
}

}  // namespace

std::int64_t flv_shown_ms(const mp4::Samples& samples, std::size_t i, std::int64_t base_ticks) {
    return ms_of(samples, base_ticks + samples.shown(i));
}

void FlvWriter::begin(const mp4::Track& track) {
    track_ = &track;
    base_ticks_ = track.samples.begins_ticks;
    if (!has_header_) file_.append(flv::encode_header(false, true));
    has_header_ = true;
    const media::Packet metadata = metadata_packet(track, duration_s_, can_patch_);
    const auto size_at = flv::file_size_at(metadata.payload.bytes());
    if (size_at && !size_at_) size_at_ = file_.position() + flv::kTagHeaderBytes + *size_at;
    put(file_, metadata);
    media::Packet config;
    config.is_config = true;
    config.is_key = true;
    config.dts_ms = std::max<std::int64_t>(last_dts_ms_, 0);
    config.payload = mp4::encode_avcc(track.format);
    put(file_, config);
}

void FlvWriter::finish() {
    file_.flush();
    if (!size_at_) return;
    const auto bits = std::bit_cast<std::uint64_t>(static_cast<double>(file_.position()));
    std::array<std::uint8_t, 8> bytes{};
    store_be64(bytes.data(), bits);
    file_.patch(*size_at_, bytes);
}

void FlvWriter::picture(std::size_t i, Bytes sample) {
    const mp4::Samples& samples = track_->samples;
    media::Packet packet;
    packet.is_key = samples.picture(i).is_sync;
    const std::int64_t shown = flv_shown_ms(samples, i, base_ticks_);
    last_dts_ms_ =
        std::max(last_dts_ms_ + 1, ms_of(samples, base_ticks_ + samples.decoded(i, track_->depth)));
    packet.dts_ms = last_dts_ms_;
    packet.cts_ms = static_cast<std::int32_t>(shown - packet.dts_ms);
    packet.payload = Buffer(sample);
    put(file_, packet);
}

}  // namespace st::mux
