#pragma once
/// Parameter sets and slices written bit by bit, for streams no encoder at hand makes.
#include <cstdint>
#include <string>
#include <vector>

namespace st::media {

class BitWriter {
 public:
    BitWriter& bits(unsigned count, std::uint32_t value) {
        for (unsigned i = count; i-- > 0;) bit((value >> i & 1) != 0);
        return *this;
    }
    BitWriter& ue(std::uint32_t value) {
        const std::uint64_t code = std::uint64_t{value} + 1;
        unsigned length = 0;
        while (code >> (length + 1) != 0) ++length;
        for (unsigned i = 0; i < length; ++i) bit(false);
        for (unsigned i = length + 1; i-- > 0;) bit((code >> i & 1) != 0);
        return *this;
    }
    BitWriter& se(std::int32_t value) {
        return ue(value > 0 ? static_cast<std::uint32_t>(value) * 2 - 1
                            : static_cast<std::uint32_t>(-value) * 2);
    }
    /// rbsp_trailing_bits, then emulation prevention, behind the header byte.
    std::vector<std::uint8_t> nal(std::uint8_t header) const {
        std::vector<bool> all = bits_;
        all.push_back(true);
        while (all.size() % 8 != 0) all.push_back(false);
        std::vector<std::uint8_t> out = {header};
        unsigned zeros = 0;
        for (std::size_t i = 0; i < all.size(); i += 8) {
            std::uint8_t byte = 0;
            for (std::size_t k = 0; k < 8; ++k)
                byte = static_cast<std::uint8_t>(byte << 1 | (all[i + k] ? 1 : 0));
            if (zeros >= 2 && byte <= 3) {
                out.push_back(3);
                zeros = 0;
            }
            zeros = byte == 0 ? zeros + 1 : 0;
            out.push_back(byte);
        }
        return out;
    }

 private:
    void bit(bool value) { bits_.push_back(value); }
    std::vector<bool> bits_;
};

struct SpsSpec {
    std::uint32_t id = 0;
    std::uint32_t profile = 77;
    std::uint32_t poc_type = 0;
    bool frame_mbs_only = true;
    std::uint32_t columns = 20;
    std::uint32_t rows = 15;  ///< of map units
    std::vector<std::int32_t> ref_offsets{};
    std::int32_t non_ref_offset = 0;
    std::int32_t top_to_bottom = 0;
    bool may_leave_out_frame_nums = false;
};

/// log2_max_frame_num 4, log2_max_pic_order_cnt_lsb 6.
inline std::vector<std::uint8_t> make_sps(const SpsSpec& spec) {
    BitWriter out;
    out.bits(8, spec.profile).bits(8, 0).bits(8, 30).ue(spec.id).ue(0).ue(spec.poc_type);
    if (spec.poc_type == 0) out.ue(2);
    if (spec.poc_type == 1) {
        out.bits(1, 0).se(spec.non_ref_offset).se(spec.top_to_bottom);
        out.ue(static_cast<std::uint32_t>(spec.ref_offsets.size()));
        for (const auto offset : spec.ref_offsets) out.se(offset);
    }
    out.ue(4)
        .bits(1, spec.may_leave_out_frame_nums ? 1 : 0)
        .ue(spec.columns - 1)
        .ue(spec.rows - 1)
        .bits(1, spec.frame_mbs_only ? 1 : 0);
    if (!spec.frame_mbs_only) out.bits(1, 0);
    return out.bits(1, 1).bits(1, 0).bits(1, 0).nal(0x67);
}

inline std::vector<std::uint8_t> make_pps(std::uint32_t id = 0, std::uint32_t sps_id = 0) {
    BitWriter out;
    out.ue(id).ue(sps_id).bits(2, 0).ue(0).ue(0).ue(0).bits(3, 0).se(0).se(0).se(0).bits(3, 0);
    return out.nal(0x68);
}

enum class Field { none, top, bottom };

struct SliceSpec {
    bool idr = false;
    std::uint32_t ref_idc = 1;
    std::uint32_t first_mb = 0;
    std::uint32_t kind = 7;  ///< slice_type: 5 P, 6 B, 7 I
    std::uint32_t frame_num = 0;
    std::uint32_t poc_lsb = 0;
    Field field = Field::none;
    std::uint32_t pps_id = 0;
    std::uint32_t idr_pic_id = 0;
    bool mmco5 = false;
    std::int32_t delta_poc = 0;
};

inline std::vector<std::uint8_t> make_slice(const SpsSpec& sps, const SliceSpec& spec) {
    BitWriter out;
    out.ue(spec.first_mb).ue(spec.kind).ue(spec.pps_id).bits(4, spec.frame_num);
    if (!sps.frame_mbs_only) {
        out.bits(1, spec.field != Field::none ? 1 : 0);
        if (spec.field != Field::none) out.bits(1, spec.field == Field::bottom ? 1 : 0);
    }
    if (spec.idr) out.ue(spec.idr_pic_id);
    if (sps.poc_type == 0) out.bits(6, spec.poc_lsb);
    if (sps.poc_type == 1) out.se(spec.delta_poc);
    const std::uint32_t kind = spec.kind % 5;
    if (kind == 1) out.bits(1, 1);
    if (kind == 0 || kind == 1) out.bits(1, 0).bits(1, 0);
    if (kind == 1) out.bits(1, 0);
    if (spec.ref_idc != 0) {
        if (spec.idr) {
            out.bits(2, 0);
        } else if (spec.mmco5) {
            out.bits(1, 1).ue(5).ue(0);
        } else {
            out.bits(1, 0);
        }
    }
    out.bits(16, 0xACE1);  // some slice data
    return out.nal(static_cast<std::uint8_t>(spec.ref_idc << 5 | (spec.idr ? 5 : 1)));
}

}  // namespace st::media
