#include "media/access_unit.h"

#include <algorithm>
#include <array>
#include <utility>

namespace st::media {

std::optional<std::uint32_t> recovery_frames(Bytes nal) {
    constexpr std::uint32_t kRecoveryPoint = 6;
    constexpr std::size_t kSeiBytesMax =
        512;  // it stands near the front where an encoder writes one
    std::array<std::uint8_t, kSeiBytesMax> plain;
    if (nal.size() < 2) return std::nullopt;
    const std::size_t size = unescape(nal.subspan(1), plain);
    std::size_t at = 0;
    const auto number = [&] {
        std::uint32_t value = 0;
        while (at < size && plain[at] == 0xFF) value += plain[at++];
        return at < size ? value + plain[at++] : value;
    };
    while (at + 2 < size) {
        const std::uint32_t type = number();
        const std::uint32_t bytes = number();
        if (type == kRecoveryPoint && bytes > 0 && at < size) {
            return BitReader(Bytes(plain).subspan(at, size - at)).ue();
        }
        if (bytes > size - std::min(at, size)) return std::nullopt;
        at += bytes;
    }
    return std::nullopt;
}

Role AccessUnits::feed(Bytes nal) {
    stored_.reset();
    if (nal.empty()) return Role::dropped;
    switch (nal_type(nal[0])) {
        case NalType::slice:
        case NalType::partition_a:
        case NalType::idr:
            return slice(nal);
        case NalType::partition_b:
        case NalType::partition_c:
            return current_ ? Role::slice : Role::no_parameter_sets;
        case NalType::sps:
        case NalType::pps: {
            const auto stored = sets_.store(nal);
            if (!stored) return Role::dropped;
            stored_ = *stored;
            return Role::prefix;
        }
        case NalType::sei:
            recovery_point_ = recovery_point_ || has_recovery_point(nal);
            return Role::prefix;
        case NalType::access_unit_delimiter:
        case NalType::sps_extension:
            return Role::prefix;
        case NalType::end_of_sequence:
        case NalType::auxiliary_slice:
            return Role::suffix;
        case NalType::end_of_stream:
        case NalType::filler:
        case NalType::svc_prefix:
        case NalType::subset_sps:
        case NalType::svc_slice:
        case NalType::svc_slice_3d:
            break;
    }
    return Role::dropped;
}

bool AccessUnits::is_unclear_in_part(Bytes nal) const {
    if (nal.empty()) return true;
    if (nal.size() > kParameterSetBytesMax) return false;
    switch (nal_type(nal[0])) {
        case NalType::slice:
        case NalType::partition_a:
        case NalType::idr: {
            const auto header = parse_slice_header(nal, sets_);
            return !header && header.error().code == kEndsEarly;
        }
        case NalType::sei:
        case NalType::sps:
        case NalType::pps:
            return true;
        default:
            return false;
    }
}

bool AccessUnits::is_second_field(const SliceHeader& slice) const {
    return current_ && !has_both_fields_ && current_->is_field && slice.is_field &&
           current_->is_bottom != slice.is_bottom && current_->frame_num == slice.frame_num &&
           (current_->ref_idc == 0) == (slice.ref_idc == 0) && !slice.is_idr;
}

/// The same header again over macroblocks that were there already: a repeated or copied picture.
/// Where slices may come in any order only the very first macroblock tells.
bool AccessUnits::repeats_macroblocks(const SliceHeader& slice) const {
    const Sps* const sps = sets_.sps(slice.sps_id);
    if (sps != nullptr && sps->may_have_arbitrary_slice_order()) {
        return slice.first_mb == 0 && has_first_mb_zero_;
    }
    return slice.first_mb <= current_->first_mb;
}

std::uint32_t AccessUnits::left_out(const SliceHeader& slice, const Sps& sps) const {
    if (slice.is_idr || !reference_frame_num_) return 0;
    return (slice.frame_num - *reference_frame_num_ - 1) % sps.frame_nums();
}

Role AccessUnits::slice(Bytes nal) {
    const bool is_recovery_point = std::exchange(recovery_point_, false);
    const auto header = parse_slice_header(nal, sets_);
    has_read_slice_ = header.ok();
    if (!header) {
        if (header.error().code == kNoParameterSets) return Role::no_parameter_sets;
        return current_ ? Role::slice : Role::no_parameter_sets;
    }
    if (current_ && header->redundant_pic_cnt > 0) return Role::slice;
    const bool is_same =
        current_ && !begins_other_picture(*current_, *header) && !repeats_macroblocks(*header);
    const bool was_zero = is_same && has_first_mb_zero_;
    const Role role = is_same ? Role::slice : begin(*header, is_recovery_point);
    has_first_mb_zero_ = was_zero || header->first_mb == 0;
    current_ = *header;
    return role;
}

Role AccessUnits::begin(const SliceHeader& slice, bool is_recovery_point) {
    const Sps& sps = *sets_.sps(slice.sps_id);
    const bool is_second = is_second_field(slice);
    const std::uint32_t missing = left_out(slice, sps);
    if (slice.ref_idc != 0) reference_frame_num_ = slice.has_mmco5 ? 0 : slice.frame_num;
    const std::int32_t order = order_.next(slice, sps);
    if (is_second) {
        has_both_fields_ = true;
        if (slice.has_mmco5) picture_.begins_sequence = true;
        picture_.order = slice.has_mmco5 ? order : std::min(picture_.order, order);
        return Role::second_field;
    }
    has_both_fields_ = !slice.is_field;
    picture_.order = order;
    picture_.is_idr = slice.is_idr;
    picture_.is_recovery_point = is_recovery_point;
    picture_.is_intra = slice.is_intra();
    picture_.begins_sequence = slice.is_idr || slice.has_mmco5;
    picture_.is_reference = slice.ref_idc != 0;
    picture_.left_out = missing;
    picture_.sps_id = slice.sps_id;
    picture_.pps_id = slice.pps_id;
    return Role::first_slice;
}

}  // namespace st::media
