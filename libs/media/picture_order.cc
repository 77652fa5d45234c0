#include "media/picture_order.h"

#include <algorithm>
#include <limits>

namespace st::media {

/// 8.2.1.1
PictureOrder::Counts PictureOrder::type0(const SliceHeader& slice, const Sps& sps) {
    if (slice.is_idr) msb_ = lsb_ = 0;
    const std::int64_t max_lsb = std::int64_t{1} << sps.log2_max_poc_lsb;
    const auto now = static_cast<std::int64_t>(slice.poc_lsb);
    next_msb_ = msb_;
    if (now < lsb_ && lsb_ - now >= max_lsb / 2) {
        next_msb_ += max_lsb;
    } else if (now > lsb_ && now - lsb_ > max_lsb / 2) {
        next_msb_ -= max_lsb;
    }
    const std::int64_t count = next_msb_ + now;
    return {count, slice.is_field ? count : count + slice.delta_poc_bottom};
}

void PictureOrder::advance_frame_num(const SliceHeader& slice, const Sps& sps) {
    if (slice.is_idr) {
        frame_num_offset_ = 0;
    } else if (frame_num_ > static_cast<std::int64_t>(slice.frame_num)) {
        frame_num_offset_ += std::int64_t{1} << sps.log2_max_frame_num;
    }
    frame_num_ = slice.frame_num;
}

/// 8.2.1.2
PictureOrder::Counts PictureOrder::type1(const SliceHeader& slice, const Sps& sps) const {
    const auto cycle = static_cast<std::int64_t>(sps.offsets_for_ref_frame.size());
    std::int64_t abs_frame_num = cycle != 0 ? frame_num_offset_ + frame_num_ : 0;
    if (slice.ref_idc == 0 && abs_frame_num > 0) --abs_frame_num;
    std::int64_t expected = 0;
    if (abs_frame_num > 0) {
        std::int64_t per_cycle = 0;
        for (const std::int32_t offset : sps.offsets_for_ref_frame) per_cycle += offset;
        expected = (abs_frame_num - 1) / cycle * per_cycle;
        const std::int64_t in_cycle = (abs_frame_num - 1) % cycle;
        for (std::int64_t i = 0; i <= in_cycle; ++i) {
            expected += sps.offsets_for_ref_frame[static_cast<std::size_t>(i)];
        }
    }
    if (slice.ref_idc == 0) expected += sps.offset_for_non_ref_pic;
    if (slice.is_field) {
        const std::int64_t bottom =
            expected + sps.offset_for_top_to_bottom_field + slice.delta_poc[0];
        return {expected + slice.delta_poc[0], bottom};
    }
    const std::int64_t top = expected + slice.delta_poc[0];
    return {top, top + sps.offset_for_top_to_bottom_field + slice.delta_poc[1]};
}

/// 8.2.1.3
PictureOrder::Counts PictureOrder::type2(const SliceHeader& slice) const {
    if (slice.is_idr) return {0, 0};
    const std::int64_t count = 2 * (frame_num_offset_ + frame_num_) - (slice.ref_idc == 0 ? 1 : 0);
    return {count, count};
}

std::int32_t PictureOrder::next(const SliceHeader& slice, const Sps& sps) {
    advance_frame_num(slice, sps);
    Counts counts = sps.poc_type == 0   ? type0(slice, sps)
                    : sps.poc_type == 1 ? type1(slice, sps)
                                        : type2(slice);
    if (slice.is_field)
        (slice.is_bottom ? counts.top : counts.bottom) =
            slice.is_bottom ? counts.bottom : counts.top;
    if (slice.has_mmco5) {
        // 8.2.1: after an operation 5 the picture counts as if it were the first of its sequence.
        const std::int64_t least = std::min(counts.top, counts.bottom);
        counts.top -= least;
        counts.bottom -= least;
        frame_num_ = frame_num_offset_ = 0;
        msb_ = 0;
        lsb_ = slice.is_bottom ? 0 : counts.top;
    } else if (slice.ref_idc != 0 && sps.poc_type == 0) {
        msb_ = next_msb_;
        lsb_ = slice.poc_lsb;
    }
    using Limits = std::numeric_limits<std::int32_t>;
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(std::min(counts.top, counts.bottom),
                                                              Limits::min(), Limits::max()));
}

}  // namespace st::media
