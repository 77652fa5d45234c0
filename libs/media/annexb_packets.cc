#include "media/annexb_packets.h"

#include <algorithm>
#include <array>
#include <utility>

#include "media/avc_config.h"

namespace st::media {
namespace {

/// A stream that says nothing about reordering, and then reorders, is given this much at most.
constexpr std::size_t kDepthMax = 4;
/// A display time further back than this, or further ahead, is the clock's, not the stream's.
constexpr std::uint64_t kReorderMsMax = 2'000;
constexpr std::uint64_t kGapMsMax = 60'000;

constexpr std::array<std::uint8_t, 3> kStartCode = {0, 0, 1};
constexpr std::uint8_t kBaseline = 66;
/// After so many pictures in one buffer each, the one that was not is taken for an accident.
constexpr unsigned kWholePictures = 30;

/// False: there is too much already.
bool append_before_picture(Buffer& units, Bytes nal) {
    if (units.size() + nal.size() + 4 > AnnexBPackets::kPrefixBytesMax) return false;
    append_with_length(units, nal);
    return true;
}

bool is_set(Bytes nal) {
    const NalType type = nal_type(nal[0]);
    return type == NalType::sps || type == NalType::pps;
}

bool is_slice(Bytes nal) {
    const NalType type = nal_type(nal[0]);
    return type >= NalType::slice && type <= NalType::idr;
}

}  // namespace

void AnnexBPackets::restart() {
    if (!tail_.nal.empty()) learn_set(tail_.nal.bytes());
    tail_ = {};
    zeros_ = 0;
    ends_in_start_code_ = false;
    has_picture_ = false;
    has_begun_ = false;
    is_first_ = true;
    is_joined_ = false;
    last_unit_ = Place::nowhere;
    prefix_ = {};
    changed_sets_ = {};
    picture_ = {};
    config_.clear();  // to be told again
    sets_changed_ = true;
    has_sets_in_band_ = false;
    times_ = {};
    last_dts_ms_.reset();
}

void AnnexBPackets::feed(Bytes annexb, std::uint64_t time_ms, std::vector<Packet>& packets) {
    const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
    const auto code = std::ranges::find_if_not(annexb, is_zero);
    const auto zeros = static_cast<std::size_t>(code - annexb.begin());
    if (code == annexb.end()) {
        zeros_ += zeros;
        return;
    }
    const auto last = std::find_if_not(annexb.rbegin(), annexb.rend(), is_zero);
    const std::size_t before =
        std::exchange(zeros_, static_cast<std::size_t>(last - annexb.rbegin()));
    const bool follows_code = std::exchange(ends_in_start_code_, false) && before == 0;
    const bool completes_code = zeros < 2 && before + zeros >= 2 && *code == 1;
    if (zeros >= 2 && *code == 1) {
        take_tail(packets);
        feed_units(annexb, time_ms, packets);
    } else if (follows_code || completes_code) {  // it was cut off its unit, or in two
        take_tail(packets);
        Buffer whole;
        whole.append(kStartCode);
        whole.append(completes_code ? annexb.subspan(zeros + 1) : annexb);
        feed_units(whole.bytes(), time_ms, packets);
    } else {
        const Bytes rest = annexb.first(NalWalker(annexb).leading_bytes());
        go_on(before, rest, rest.size() + zeros_ == annexb.size(), packets);
        feed_units(annexb, time_ms, packets);
    }
}

void AnnexBPackets::feed_units(Bytes annexb, std::uint64_t time_ms, std::vector<Packet>& packets) {
    ends_in_start_code_ = annexb.size() >= kStartCode.size() &&
                          std::ranges::equal(annexb.last(kStartCode.size()), kStartCode);
    NalWalker walker(annexb);
    NalSpan span{};
    bool is_first = walker.leading_bytes() == 0;
    bool has_slice = false;
    while (walker.next(span)) {
        const Bytes nal = annexb.subspan(span.begin, span.end - span.begin);
        const bool is_last = !walker.next_begin() && !ends_in_start_code_;
        if (is_last && units_.is_unclear_in_part(nal)) {
            last_unit_ = Place::nowhere;
            tail_ = {Buffer(nal), time_ms, is_first, false};
        } else {
            has_slice = take(nal, time_ms, is_first, packets) || has_slice;
        }
        is_first = false;
    }
    const bool is_clear = tail_.nal.empty() || !is_slice(tail_.nal.bytes());
    if (has_slice && is_clear && !holds_pictures_ && !is_first_) finish_picture(packets);
    if (has_slice && has_begun_) is_first_ = false;
}

/// With the unit that the last buffer ended in, behind zeros that ended it. `is_all`: of a buffer
/// that has no other unit.
void AnnexBPackets::go_on(std::size_t zeros, Bytes rest, bool is_all,
                          std::vector<Packet>& packets) {
    if (tail_.nal.empty()) {
        if (last_unit_ == Place::picture) note_more();
        return grow_last_unit(zeros, rest);
    }
    const std::size_t before = tail_.nal.size();
    if (before + zeros + rest.size() > kPictureBytesMax) {
        tail_ = {};
        return;
    }
    tail_.nal.resize(before + zeros);
    std::fill_n(tail_.nal.data() + before, zeros, std::uint8_t{0});
    tail_.nal.append(rest);
    tail_.is_cut = true;
    if (!is_all || !units_.is_unclear_in_part(tail_.nal.bytes())) take_tail(packets);
}

void AnnexBPackets::take_tail(std::vector<Packet>& packets) {
    if (tail_.nal.empty()) return;
    const Tail tail = std::exchange(tail_, {});
    take(tail.nal.bytes(), tail.time_ms, tail.is_first && !tail.is_cut, packets);
    if (tail.is_cut && last_unit_ == Place::picture) note_more();
}

/// True of a slice. `is_first`: its buffer begins with it.
bool AnnexBPackets::take(Bytes nal, std::uint64_t time_ms, bool is_first,
                         std::vector<Packet>& packets) {
    last_unit_ = Place::nowhere;
    switch (units_.feed(nal)) {
        case Role::prefix:
            take_prefix(nal);
            return false;
        case Role::first_slice:
            finish_picture(packets);
            begin_picture(time_ms, packets);
            add_nal(nal);
            return true;
        case Role::second_field:
        case Role::slice:
            if (is_first) note_more();
            add_nal(nal);
            return true;
        case Role::suffix:
            add_nal(nal);
            return false;
        case Role::no_parameter_sets:
        case Role::dropped:
            break;
    }
    return false;
}

/// Parameter sets go with the configuration, or with the picture that is the first to need them.
void AnnexBPackets::take_prefix(Bytes nal) {
    if (is_set(nal)) {
        if (!units_.stored() || *units_.stored() == ParameterSets::Stored::same) return;
        sets_changed_ = true;
        append_before_picture(changed_sets_, nal);
    } else if (nal_type(nal[0]) != NalType::access_unit_delimiter) {
        last_unit_at_ = prefix_.size();
        if (append_before_picture(prefix_, nal)) last_unit_ = Place::prefix;
    }
}

/// A buffer goes on with a picture that an earlier one began.
void AnnexBPackets::note_more() {
    if (!has_begun_) return;
    holds_pictures_ = true;
    is_joined_ = has_picture_;
    if (has_picture_) return;
    ++unusable_;
    whole_pictures_ = 0;
}

/// One picture that came in several buffers is an accident, two are none.
void AnnexBPackets::note_whole_picture() {
    has_joined_ = std::exchange(is_joined_, false) || has_joined_;
    if (has_joined_ || unusable_ > 1 || ++whole_pictures_ < kWholePictures) return;
    holds_pictures_ = false;
}

void AnnexBPackets::learn(Bytes annexb) {
    NalWalker walker(annexb);
    NalSpan span{};
    while (const auto at = walker.next_begin()) {
        if (is_slice(annexb.subspan(*at)) || !walker.next(span)) return;
        learn_set(annexb.subspan(span.begin, span.end - span.begin));
    }
}

void AnnexBPackets::learn_set(Bytes nal) {
    if (is_set(nal)) units_.feed(nal);
}

void AnnexBPackets::flush(std::vector<Packet>& packets) { finish_picture(packets); }

void AnnexBPackets::begin_picture(std::uint64_t time_ms, std::vector<Packet>& packets) {
    const PictureStart& start = units_.picture();
    is_key_ = start.is_entry();
    const Buffer sets = std::exchange(changed_sets_, {});
    if (!has_begun_ && !is_key_) {
        prefix_.clear();
        return;
    }
    has_begun_ = true;
    has_picture_ = true;
    time_ms_ = time_ms;
    picture_.clear();
    // Another configuration is another beginning: until there is one, sets go with the pictures.
    if (!is_key_) {
        picture_.append(sets.bytes());
        has_sets_in_band_ = has_sets_in_band_ || !sets.empty();
    } else {
        const bool may_be_other = sets_changed_ || config_sps_ != start.sps_id;
        const bool is_told = may_be_other && update_config(packets);
        if (std::exchange(has_sets_in_band_, false) && !is_told) add_sets_in_force();
    }
    picture_.append(prefix_.bytes());
    prefix_.clear();
}

void AnnexBPackets::add_nal(Bytes nal) {
    const bool is_too_much = picture_.size() + nal.size() + 4 > kPictureBytesMax;
    last_unit_ = is_too_much ? Place::nowhere : Place::picture;
    if (!has_picture_ || is_too_much) return;
    last_unit_at_ = picture_.size();
    append_with_length(picture_, nal);
}

/// Where the configuration is again what was told before, and decoders have taken others since: it
/// would be no news to players, and these sets are taken just as those were.
void AnnexBPackets::add_sets_in_force() {
    const ParameterSets::InForce sets = units_.sets().in_force(units_.picture().sps_id);
    append_with_length(picture_, sets.sps);
    for (const Bytes pps : sets.pps) append_with_length(picture_, pps);
}

/// By the rest of it, behind zeros that ended the last buffer. Beyond a limit it is left out.
void AnnexBPackets::grow_last_unit(std::size_t zeros, Bytes rest) {
    const bool is_picture = last_unit_ == Place::picture;
    if (last_unit_ == Place::nowhere || (is_picture && !has_picture_)) return;
    Buffer& units = is_picture ? picture_ : prefix_;
    const std::size_t before = units.size();
    if (before + zeros + rest.size() > (is_picture ? kPictureBytesMax : kPrefixBytesMax)) {
        units.resize(last_unit_at_);
        last_unit_ = Place::nowhere;
        return;
    }
    units.resize(before + zeros);
    std::fill_n(units.data() + before, zeros, std::uint8_t{0});
    units.append(rest);
    store_be32(units.data() + last_unit_at_,
               static_cast<std::uint32_t>(units.size() - last_unit_at_ - 4));
}

void AnnexBPackets::finish_picture(std::vector<Packet>& packets) {
    if (!has_picture_) return;
    has_picture_ = false;
    if (holds_pictures_) note_whole_picture();
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

/// False: it is what was told last.
bool AnnexBPackets::update_config(std::vector<Packet>& packets) {
    sets_changed_ = false;
    config_sps_ = units_.picture().sps_id;
    const ParameterSets::InForce sets = units_.sets().in_force(config_sps_);
    if (sets.sps.size() < 4 || sets.pps.empty()) return false;
    Buffer made = encode_avc_config({&sets.sps, 1}, sets.pps);
    const Bytes before = config_.bytes();
    const Bytes after = made.bytes();
    if (std::equal(before.begin(), before.end(), after.begin(), after.end())) return false;
    config_ = std::move(made);
    Packet packet;
    packet.is_config = true;
    packet.payload = Buffer(config_.bytes());
    packets.push_back(std::move(packet));
    const Sps* sps = units_.sets().sps(config_sps_);
    depth_ = std::min<std::size_t>(sps->vui.max_num_reorder_frames.value_or(0), 16);
    may_reorder_ =
        !sps->vui.max_num_reorder_frames && sps->profile_idc != kBaseline && sps->poc_type != 2;
    return true;
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
