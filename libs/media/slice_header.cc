#include "media/slice_header.h"

#include <algorithm>
#include <string>

#include "media/nal.h"

namespace st::media {
namespace {

/// Enough for 66 reordering commands, 64 weights and 66 marking commands at their longest.
constexpr std::size_t kHeaderBytesMax = 2048;
constexpr std::size_t kUsualHeaderBytes = 64;
constexpr unsigned kCommandsMax = 66;

struct References {
    std::uint32_t l0;
    std::uint32_t l1;
};

References parse_reference_counts(BitReader& in, const SliceHeader& slice, const Pps& pps) {
    References refs{pps.num_ref_idx_l0, pps.num_ref_idx_l1};
    if (in.flag()) {
        refs.l0 = std::min(in.ue(), 31U) + 1;
        if (slice.kind == SliceHeader::Kind::b) refs.l1 = std::min(in.ue(), 31U) + 1;
    }
    return refs;
}

void skip_reordering(BitReader& in, bool is_b) {
    for (int list = 0; list < (is_b ? 2 : 1); ++list) {
        if (!in.flag()) continue;
        for (unsigned i = 0; i < kCommandsMax && !in.overrun(); ++i) {
            if (in.ue() == 3) break;
            in.ue();
        }
    }
}

void skip_weights(BitReader& in, const References& refs, bool is_b, bool has_chroma) {
    in.ue();
    if (has_chroma) in.ue();
    for (int list = 0; list < (is_b ? 2 : 1); ++list) {
        const std::uint32_t count = list == 0 ? refs.l0 : refs.l1;
        for (std::uint32_t i = 0; i < count && !in.overrun(); ++i) {
            if (in.flag()) {
                in.se();
                in.se();
            }
            if (has_chroma && in.flag()) {
                for (int k = 0; k < 4; ++k) in.se();
            }
        }
    }
}

bool parse_marking(BitReader& in) {
    if (!in.flag()) return false;  // sliding window
    for (unsigned i = 0; i < kCommandsMax && !in.overrun(); ++i) {
        const std::uint32_t command = in.ue();
        if (command == 0 || command > 6 || in.overrun()) return false;
        if (command == 5) return true;
        if (command == 3) in.ue();
        in.ue();
    }
    return false;
}

/// What follows the order counts; only to learn whether there is an operation 5.
bool find_mmco5(BitReader& in, const SliceHeader& slice, const Sps& sps, const Pps& pps) {
    const bool is_b = slice.kind == SliceHeader::Kind::b;
    const bool is_p = slice.kind == SliceHeader::Kind::p || slice.kind == SliceHeader::Kind::sp;
    if (is_b) in.skip(1);  // direct_spatial_mv_pred
    if (is_b || is_p) {
        const References refs = parse_reference_counts(in, slice, pps);
        skip_reordering(in, is_b);
        if ((pps.weighted_pred && is_p) || (pps.weighted_bipred_idc == 1 && is_b)) {
            skip_weights(in, refs, is_b, sps.chroma_array_type() != 0);
        }
    }
    return parse_marking(in);
}

Result<SliceHeader> parse(BitReader& in, std::uint8_t first_byte, const ParameterSets& sets) {
    SliceHeader slice;
    slice.ref_idc = nal_ref_idc(first_byte);
    slice.is_idr = nal_type(first_byte) == NalType::idr;
    slice.first_mb = in.ue();
    const std::uint32_t kind = in.ue();
    const std::uint32_t pps_id = in.ue();
    if (in.overrun()) return Error{"slice header ends early", kEndsEarly};
    if (kind > 9 || pps_id >= kPpsMax) return Error{"slice header out of range"};
    slice.kind = static_cast<SliceHeader::Kind>(kind % 5);
    slice.pps_id = static_cast<std::uint8_t>(pps_id);
    const Pps* const pps = sets.pps(pps_id);
    const Sps* const sps = pps != nullptr ? sets.sps(pps->sps_id) : nullptr;
    if (sps == nullptr)
        return Error{"slice refers to PPS " + std::to_string(pps_id), kNoParameterSets};
    slice.sps_id = pps->sps_id;
    if (sps->separate_colour_plane) in.skip(2);
    slice.frame_num = in.bits(sps->log2_max_frame_num);
    if (!sps->frame_mbs_only) {
        slice.is_field = in.flag();
        if (slice.is_field) slice.is_bottom = in.flag();
    }
    if (slice.is_idr) slice.idr_pic_id = in.ue();
    if (sps->poc_type == 0) {
        slice.poc_lsb = in.bits(sps->log2_max_poc_lsb);
        if (pps->bottom_field_pic_order && !slice.is_field) slice.delta_poc_bottom = in.se();
    } else if (sps->poc_type == 1 && !sps->delta_pic_order_always_zero) {
        slice.delta_poc[0] = in.se();
        if (pps->bottom_field_pic_order && !slice.is_field) slice.delta_poc[1] = in.se();
    }
    if (pps->redundant_pic_cnt_present) slice.redundant_pic_cnt = in.ue();
    if (in.overrun()) return Error{"slice header ends early", kEndsEarly};
    if (slice.ref_idc != 0 && !slice.is_idr) slice.has_mmco5 = find_mmco5(in, slice, *sps, *pps);
    return slice;
}

}  // namespace

Result<SliceHeader> parse_slice_header(Bytes nal, const ParameterSets& sets) {
    if (nal.size() < 2) return Error{"slice of one byte", kEndsEarly};
    std::array<std::uint8_t, kHeaderBytesMax> plain;
    for (const std::size_t room : {kUsualHeaderBytes, kHeaderBytesMax}) {
        const std::size_t size = unescape(nal.subspan(1), std::span(plain).first(room));
        BitReader in(Bytes(plain).first(size));
        auto slice = parse(in, nal[0], sets);
        if (!in.overrun() || room == kHeaderBytesMax || nal.size() <= room) return slice;
    }
    return Error{"slice header ends early", kEndsEarly};
}

bool begins_other_picture(const SliceHeader& before, const SliceHeader& slice) {
    return before.frame_num != slice.frame_num || before.pps_id != slice.pps_id ||
           before.sps_id != slice.sps_id || before.is_field != slice.is_field ||
           before.is_bottom != slice.is_bottom || (before.ref_idc == 0) != (slice.ref_idc == 0) ||
           before.is_idr != slice.is_idr ||
           (slice.is_idr && before.idr_pic_id != slice.idr_pic_id) ||
           before.poc_lsb != slice.poc_lsb || before.delta_poc_bottom != slice.delta_poc_bottom ||
           before.delta_poc != slice.delta_poc;
}

}  // namespace st::media
