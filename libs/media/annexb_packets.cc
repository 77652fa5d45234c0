#include "media/annexb_packets.h"

#include <algorithm>

#include "media/avc_config.h"

namespace st::media {
namespace {

/// A stream that says nothing about reordering, and then reorders, is given this much at most.
constexpr std::size_t kDepthMax = 4;
/// A display time further back than this, or further ahead, is the clock's, not the stream's.
constexpr std::uint64_t kReorderMsMax = 2'000;
constexpr std::uint64_t kGapMsMax = 60'000;

constexpr std::uint8_t kBaseline = 66;

}  // namespace

void AnnexBPackets::restart() {
    has_picture_ = false;
    has_begun_ = false;
    is_first_ = true;
    prefix_ = {};
    picture_ = {};
    config_.clear();  // to be told again
    sets_changed_ = true;
    times_ = {};
    last_dts_ms_.reset();
}

void AnnexBPackets::feed(Bytes annexb, std::uint64_t time_ms, std::vector<Packet>& packets) {
    NalWalker walker(annexb);
    NalSpan span{};
    bool is_first = true;
    bool has_slice = false;
    while (walker.next(span)) {
        const Bytes nal = annexb.subspan(span.begin, span.end - span.begin);
        switch (units_.feed(nal)) {
            case Role::prefix: {
                const NalType type = nal_type(nal[0]);
                if (type == NalType::sps || type == NalType::pps) {
                    if (units_.stored() && *units_.stored() != ParameterSets::Stored::same) {
                        sets_changed_ = true;
                    }
                } else if (type != NalType::access_unit_delimiter &&
                           prefix_.size() + nal.size() < kPrefixBytesMax) {
                    append_with_length(prefix_, nal);
                }
                break;
            }
            case Role::first_slice:
                finish_picture(packets);
                begin_picture(time_ms, packets);
                add_nal(nal);
                has_slice = true;
                break;
            case Role::second_field:
            case Role::slice:
                if (is_first) holds_pictures_ = true;
                add_nal(nal);
                has_slice = true;
                break;
            case Role::suffix:
                add_nal(nal);
                break;
            case Role::no_parameter_sets:
            case Role::dropped:
                break;
        }
        is_first = false;
    }
    if (has_slice && !holds_pictures_ && !is_first_) finish_picture(packets);
}

void AnnexBPackets::flush(std::vector<Packet>& packets) { finish_picture(packets); }

void AnnexBPackets::begin_picture(std::uint64_t time_ms, std::vector<Packet>& packets) {
    const PictureStart& start = units_.picture();
    is_key_ = start.is_entry();
    if (!has_begun_ && !is_key_) {
        prefix_.clear();
        return;
    }
    has_begun_ = true;
    if (sets_changed_ || config_sps_ != start.sps_id) update_config(packets);
    has_picture_ = true;
    time_ms_ = time_ms;
    picture_.clear();
    picture_.append(prefix_.bytes());
    prefix_.clear();
}

void AnnexBPackets::add_nal(Bytes nal) {
    if (!has_picture_ || picture_.size() + nal.size() + 4 > kPictureBytesMax) return;
    append_with_length(picture_, nal);
}

void AnnexBPackets::finish_picture(std::vector<Packet>& packets) {
    if (!has_picture_) return;
    has_picture_ = false;
    is_first_ = false;
    Packet packet;
    packet.is_key = is_key_;
    packet.dts_ms = decoding_time(time_ms_);
    // Unsigned: a hostile clock may stand at either end of its range.
    const auto ahead_ms =
        static_cast<std::int64_t>(time_ms_ - static_cast<std::uint64_t>(packet.dts_ms));
    packet.cts_ms =
        static_cast<std::int32_t>(std::clamp<std::int64_t>(ahead_ms, -8'000'000, 8'000'000));
    packet.payload = Buffer(picture_.bytes());
    picture_.clear();
    packets.push_back(std::move(packet));
}

void AnnexBPackets::update_config(std::vector<Packet>& packets) {
    sets_changed_ = false;
    config_sps_ = units_.picture().sps_id;
    auto made = make_config();
    if (!made) return;
    const Bytes before = config_.bytes();
    const Bytes after = made->bytes();
    if (std::equal(before.begin(), before.end(), after.begin(), after.end())) return;
    config_ = std::move(*made);
    Packet packet;
    packet.is_config = true;
    packet.payload = Buffer(config_.bytes());
    packets.push_back(std::move(packet));
    const Sps* sps = units_.sets().sps(config_sps_);
    depth_ = std::min<std::size_t>(sps->vui.max_num_reorder_frames.value_or(0), 16);
    may_reorder_ =
        !sps->vui.max_num_reorder_frames && sps->profile_idc != kBaseline && sps->poc_type != 2;
}

std::optional<Buffer> AnnexBPackets::make_config() const {
    const ParameterSets& sets = units_.sets();
    const Bytes first = sets.sps_bytes(config_sps_);
    if (sets.sps(config_sps_) == nullptr || first.size() < 4) return std::nullopt;
    std::vector<Bytes> pps_list;
    for (unsigned id = 0; id < kPpsMax && pps_list.size() < 255; ++id) {
        const Pps* pps = sets.pps(id);
        if (pps != nullptr && pps->sps_id == config_sps_) pps_list.push_back(sets.pps_bytes(id));
    }
    if (pps_list.empty()) return std::nullopt;
    return encode_avc_config({&first, 1}, pps_list);
}

/// Of the display times that are known and not yet used as decoding times, the smallest, once as
/// many are known as a decoder holds back; before that, a millisecond apart below the first.
std::int64_t AnnexBPackets::decoding_time(std::uint64_t time_ms) {
    if (may_reorder_ && last_dts_ms_ && static_cast<std::int64_t>(time_ms) < *last_dts_ms_ &&
        newest_ms_ - time_ms < kReorderMsMax && depth_ < kDepthMax) {
        ++depth_;  // it is shown before one that came earlier, and nothing said so
    }
    const bool is_jump =
        last_dts_ms_ && (time_ms + kReorderMsMax < newest_ms_ || time_ms > newest_ms_ + kGapMsMax);
    if (is_jump) {
        times_ = {};
        last_dts_ms_.reset();
    }
    newest_ms_ = is_jump ? time_ms : std::max(newest_ms_, time_ms);
    times_.push(time_ms);
    std::int64_t dts_ms = 0;
    if (times_.size() > depth_) {
        dts_ms = static_cast<std::int64_t>(times_.top());
        times_.pop();
    } else {
        dts_ms = static_cast<std::int64_t>(times_.top() - depth_ + times_.size() - 1);
    }
    if (last_dts_ms_) dts_ms = std::max(dts_ms, *last_dts_ms_);
    last_dts_ms_ = dts_ms;
    return dts_ms;
}

}  // namespace st::media
