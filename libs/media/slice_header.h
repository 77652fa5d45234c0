#pragma once
/// Slice headers, as far as telling pictures apart and ordering them needs. Pure.
/// Spec: ITU-T H.264 7.3.3.
#include <array>
#include <cstdint>

#include "media/parameter_sets.h"

namespace st::media {

struct SliceHeader {
    enum class Kind : std::uint8_t { p, b, i, sp, si };

    std::uint8_t ref_idc = 0;
    bool is_idr = false;
    std::uint32_t first_mb = 0;
    Kind kind = Kind::p;
    std::uint8_t pps_id = 0;
    std::uint8_t sps_id = 0;
    std::uint32_t frame_num = 0;
    bool is_field = false;
    bool is_bottom = false;
    std::uint32_t idr_pic_id = 0;
    std::uint32_t poc_lsb = 0;
    std::int32_t delta_poc_bottom = 0;
    std::array<std::int32_t, 2> delta_poc{};
    std::uint32_t redundant_pic_cnt = 0;
    bool has_mmco5 = false;  ///< memory_management_control_operation 5: order counts begin anew

    bool is_intra() const { return kind == Kind::i || kind == Kind::si; }
};

/// Error::code of a slice whose parameter sets have not been seen.
constexpr int kNoParameterSets = 1;
/// Error::code of one that ends before what tells pictures apart has been read.
constexpr int kEndsEarly = 2;

/// `nal` is of type 1, 2 or 5, with its emulation prevention bytes. Only its first bytes are looked
/// at.
Result<SliceHeader> parse_slice_header(Bytes nal, const ParameterSets& sets);

/// 7.4.1.2.4: does `slice` begin another primary coded picture than the one `before` is part of?
bool begins_other_picture(const SliceHeader& before, const SliceHeader& slice);

}  // namespace st::media
