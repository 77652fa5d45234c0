#include "media/parameter_sets.h"

#include <algorithm>
#include <string>

#include "media/nal.h"

namespace st::media {
namespace {

Error out_of_range(const char* what, std::uint64_t got, std::uint64_t most) {
    return Error{std::string(what) + ' ' + std::to_string(got) + ", at most " +
                 std::to_string(most)};
}

bool has_chroma_fields(std::uint8_t profile) {
    switch (profile) {  // 7.3.2.1.1
        case 44:
        case 83:
        case 86:
        case 100:
        case 110:
        case 118:
        case 122:
        case 128:
        case 134:
        case 135:
        case 138:
        case 139:
        case 244:
            return true;
    }
    return false;
}

void skip_scaling_list(BitReader& in, unsigned size) {
    std::int64_t last = 8;
    std::int64_t next = 8;
    for (unsigned i = 0; i < size && !in.overrun(); ++i) {
        if (next != 0) next = (last + in.se() + 256) % 256;
        if (next != 0) last = next;
    }
}

void skip_scaling_matrix(BitReader& in, unsigned lists) {
    for (unsigned i = 0; i < lists; ++i) {
        if (in.flag()) skip_scaling_list(in, i < 6 ? 16 : 64);
    }
}

void skip_hrd(BitReader& in) {
    const std::uint32_t count = in.ue();
    in.skip(8);
    for (std::uint32_t i = 0; i <= count && i < 32 && !in.overrun(); ++i) {
        in.ue();
        in.ue();
        in.skip(1);
    }
    in.skip(20);
}

void parse_aspect_ratio(BitReader& in, Vui& vui) {
    constexpr std::array<std::array<std::uint8_t, 2>, 17> kRatios = {{{0, 0},
                                                                      {1, 1},
                                                                      {12, 11},
                                                                      {10, 11},
                                                                      {16, 11},
                                                                      {40, 33},
                                                                      {24, 11},
                                                                      {20, 11},
                                                                      {32, 11},
                                                                      {80, 33},
                                                                      {18, 11},
                                                                      {15, 11},
                                                                      {64, 33},
                                                                      {160, 99},
                                                                      {4, 3},
                                                                      {3, 2},
                                                                      {2, 1}}};  // Table E-1
    const std::uint32_t idc = in.bits(8);
    if (idc == 255) {
        vui.sar_width = in.bits(16);
        vui.sar_height = in.bits(16);
    } else if (idc < kRatios.size()) {
        vui.sar_width = kRatios[idc][0];
        vui.sar_height = kRatios[idc][1];
    }
    if (vui.sar_width == 0 || vui.sar_height == 0) vui.sar_width = vui.sar_height = 0;
}

/// Never fails: a VUI that ends early keeps what it said so far, as decoders do.
Vui parse_vui(BitReader& in, std::size_t& restriction_bit) {
    Vui vui;
    if (in.flag()) parse_aspect_ratio(in, vui);
    if (in.flag()) in.skip(1);  // overscan
    if (in.flag()) {
        in.skip(3);
        vui.full_range = in.flag();
        vui.has_colour = in.flag();
        if (vui.has_colour) {
            vui.colour_primaries = static_cast<std::uint8_t>(in.bits(8));
            vui.transfer = static_cast<std::uint8_t>(in.bits(8));
            vui.matrix = static_cast<std::uint8_t>(in.bits(8));
        }
    }
    if (in.flag()) {  // chroma location
        in.ue();
        in.ue();
    }
    if (in.flag()) {
        const std::uint32_t units = in.bits(32);
        const std::uint32_t scale = in.bits(32);
        in.skip(1);
        if (!in.overrun() && units != 0 && scale != 0) {
            vui.num_units_in_tick = units;
            vui.time_scale = scale;
        }
    }
    const bool nal_hrd = in.flag();
    if (nal_hrd) skip_hrd(in);
    const bool vcl_hrd = in.flag();
    if (vcl_hrd) skip_hrd(in);
    if (nal_hrd || vcl_hrd) in.skip(1);
    in.skip(1);  // pic_struct_present
    const std::size_t at = in.position();
    const bool has_restriction = in.flag();
    if (!in.overrun()) restriction_bit = at;
    if (has_restriction) {
        in.skip(1);
        for (int i = 0; i < 4; ++i) in.ue();
        const std::uint32_t reorder = in.ue();
        if (!in.overrun() && reorder <= 16) vui.max_num_reorder_frames = reorder;
    }
    return vui;
}

Result<void> parse_chroma(BitReader& in, Sps& sps) {
    const std::uint32_t chroma = in.ue();
    if (chroma > 3) return out_of_range("chroma_format_idc", chroma, 3);
    sps.chroma_format_idc = static_cast<std::uint8_t>(chroma);
    if (chroma == 3) sps.separate_colour_plane = in.flag();
    const std::uint32_t luma = in.ue();
    const std::uint32_t depth = in.ue();
    if (luma > 6 || depth > 6) return out_of_range("bit depth over 8 by", std::max(luma, depth), 6);
    sps.bit_depth_luma = static_cast<std::uint8_t>(8 + luma);
    sps.bit_depth_chroma = static_cast<std::uint8_t>(8 + depth);
    in.skip(1);
    if (in.flag()) skip_scaling_matrix(in, chroma == 3 ? 12 : 8);
    return {};
}

Result<void> parse_order_count(BitReader& in, Sps& sps) {
    const std::uint32_t frame_num = in.ue();
    if (frame_num > 12) return out_of_range("log2_max_frame_num over 4 by", frame_num, 12);
    sps.log2_max_frame_num = static_cast<std::uint8_t>(4 + frame_num);
    const std::uint32_t type = in.ue();
    if (type > 2) return out_of_range("pic_order_cnt_type", type, 2);
    sps.poc_type = static_cast<std::uint8_t>(type);
    if (type == 0) {
        const std::uint32_t lsb = in.ue();
        if (lsb > 12) return out_of_range("log2_max_pic_order_cnt_lsb over 4 by", lsb, 12);
        sps.log2_max_poc_lsb = static_cast<std::uint8_t>(4 + lsb);
    } else if (type == 1) {
        sps.delta_pic_order_always_zero = in.flag();
        sps.offset_for_non_ref_pic = in.se();
        sps.offset_for_top_to_bottom_field = in.se();
        const std::uint32_t count = in.ue();
        if (count > 255) return out_of_range("num_ref_frames_in_pic_order_cnt_cycle", count, 255);
        for (std::uint32_t i = 0; i < count && !in.overrun(); ++i) {
            sps.offsets_for_ref_frame.push_back(in.se());
        }
    }
    return {};
}

Result<void> parse_size(BitReader& in, Sps& sps) {
    sps.max_num_ref_frames = in.ue();
    if (sps.max_num_ref_frames > 16)
        return out_of_range("max_num_ref_frames", sps.max_num_ref_frames, 16);
    sps.may_leave_out_frame_nums = in.flag();
    const std::uint64_t columns = std::uint64_t{in.ue()} + 1;
    std::uint64_t rows = std::uint64_t{in.ue()} + 1;
    sps.frame_mbs_only = in.flag();
    if (!sps.frame_mbs_only) {
        rows *= 2;
        in.skip(1);  // mb_adaptive_frame_field_flag
    }
    if (std::max(columns, rows) * 16 > kPictureSideMax) {
        return out_of_range("picture side", std::max(columns, rows) * 16, kPictureSideMax);
    }
    sps.coded_width = static_cast<std::uint32_t>(columns * 16);
    sps.coded_height = static_cast<std::uint32_t>(rows * 16);
    in.skip(1);  // direct_8x8_inference
    std::array<std::uint64_t, 4> crop{};
    if (in.flag()) {
        const unsigned chroma = sps.chroma_array_type();
        const unsigned unit_x = chroma == 1 || chroma == 2 ? 2 : 1;
        const unsigned unit_y = (chroma == 1 ? 2 : 1) * (sps.frame_mbs_only ? 1 : 2);
        for (std::size_t i = 0; i < 4; ++i)
            crop[i] = std::uint64_t{in.ue()} * (i < 2 ? unit_x : unit_y);
    }
    if (crop[0] + crop[1] >= sps.coded_width || crop[2] + crop[3] >= sps.coded_height) {
        crop = {};  // decoders ignore a crop that leaves nothing
    }
    for (std::size_t i = 0; i < 4; ++i) sps.crop[i] = static_cast<std::uint32_t>(crop[i]);
    sps.width = sps.coded_width - sps.crop[0] - sps.crop[1];
    sps.height = sps.coded_height - sps.crop[2] - sps.crop[3];
    return {};
}

/// 7.3.2.2, when the picture is cut into slice groups.
Result<void> skip_slice_groups(BitReader& in, std::uint32_t groups) {
    if (groups > 8) return out_of_range("num_slice_groups", groups, 8);
    const std::uint32_t type = in.ue();
    if (type > 6) return out_of_range("slice_group_map_type", type, 6);
    if (type == 0) {
        for (std::uint32_t i = 0; i < groups; ++i) in.ue();
    } else if (type == 2) {
        for (std::uint32_t i = 0; i + 1 < groups; ++i) {
            in.ue();
            in.ue();
        }
    } else if (type >= 3 && type <= 5) {
        in.skip(1);
        in.ue();
    } else if (type == 6) {
        const std::uint64_t count = std::uint64_t{in.ue()} + 1;
        const unsigned bits = groups > 4 ? 3 : groups > 2 ? 2 : 1;
        if (count * bits > in.left()) return Error{"slice group map longer than the parameter set"};
        in.skip(count * bits);
    }
    return {};
}

}  // namespace

Result<Sps> parse_sps(Bytes nal) {
    if (nal.size() > kParameterSetBytesMax)
        return out_of_range("SPS bytes", nal.size(), kParameterSetBytesMax);
    if (nal.size() < 5 || nal_type(nal[0]) != NalType::sps) return Error{"not an SPS"};
    std::vector<std::uint8_t> plain(nal.size() - 1);
    plain.resize(unescape(nal.subspan(1), plain));
    BitReader in(plain);
    Sps sps;
    sps.profile_idc = static_cast<std::uint8_t>(in.bits(8));
    sps.constraint_flags = static_cast<std::uint8_t>(in.bits(8));
    sps.level_idc = static_cast<std::uint8_t>(in.bits(8));
    const std::uint32_t id = in.ue();
    if (id >= kSpsMax) return out_of_range("seq_parameter_set_id", id, kSpsMax - 1);
    sps.id = static_cast<std::uint8_t>(id);
    if (has_chroma_fields(sps.profile_idc)) {
        if (const auto done = parse_chroma(in, sps); !done) return done.error();
    }
    if (const auto done = parse_order_count(in, sps); !done) return done.error();
    if (const auto done = parse_size(in, sps); !done) return done.error();
    const std::size_t vui_bit = in.position();
    const bool has_vui = in.flag();
    if (in.overrun())
        return Error{"SPS ends early, after " + std::to_string(nal.size()) + " bytes"};
    if (has_vui)
        sps.vui = parse_vui(in, sps.restriction_bit);
    else
        sps.vui_bit = vui_bit;
    return sps;
}

Result<Pps> parse_pps(Bytes nal) {
    if (nal.size() > kParameterSetBytesMax)
        return out_of_range("PPS bytes", nal.size(), kParameterSetBytesMax);
    if (nal.size() < 2 || nal_type(nal[0]) != NalType::pps) return Error{"not a PPS"};
    std::vector<std::uint8_t> plain(nal.size() - 1);
    plain.resize(unescape(nal.subspan(1), plain));
    BitReader in(plain);
    Pps pps;
    const std::uint32_t id = in.ue();
    const std::uint32_t sps_id = in.ue();
    if (id >= kPpsMax) return out_of_range("pic_parameter_set_id", id, kPpsMax - 1);
    if (sps_id >= kSpsMax) return out_of_range("seq_parameter_set_id", sps_id, kSpsMax - 1);
    pps.id = static_cast<std::uint8_t>(id);
    pps.sps_id = static_cast<std::uint8_t>(sps_id);
    in.skip(1);  // entropy_coding_mode_flag
    pps.bottom_field_pic_order = in.flag();
    const std::uint64_t groups = std::uint64_t{in.ue()} + 1;
    if (groups > 8) return out_of_range("num_slice_groups", groups, 8);
    if (groups > 1) {
        if (const auto done = skip_slice_groups(in, static_cast<std::uint32_t>(groups)); !done) {
            return done.error();
        }
    }
    const std::uint32_t l0 = in.ue();
    const std::uint32_t l1 = in.ue();
    if (l0 > 31 || l1 > 31) return out_of_range("num_ref_idx_default_active", std::max(l0, l1), 31);
    pps.num_ref_idx_l0 = l0 + 1;
    pps.num_ref_idx_l1 = l1 + 1;
    pps.weighted_pred = in.flag();
    pps.weighted_bipred_idc = static_cast<std::uint8_t>(in.bits(2));
    in.se();
    in.se();
    in.se();
    in.skip(2);
    pps.redundant_pic_cnt_present = in.flag();
    if (in.overrun())
        return Error{"PPS ends early, after " + std::to_string(nal.size()) + " bytes"};
    return pps;
}

Result<ParameterSets::Stored> ParameterSets::store(Bytes nal) {
    while (!nal.empty() && nal.back() == 0) nal = nal.first(nal.size() - 1);
    const auto put = [&](auto& slot, auto parsed) -> Result<Stored> {
        if (slot && std::ranges::equal(slot->bytes, nal)) return Stored::same;
        const std::size_t bytes = bytes_ - (slot ? slot->bytes.size() : 0) + nal.size();
        if (bytes > kParameterSetsBytesMax) {
            return out_of_range("bytes of parameter sets", bytes, kParameterSetsBytesMax);
        }
        bytes_ = bytes;
        ++version_;
        const Stored stored = slot ? Stored::changed : Stored::added;
        using Slot = typename std::remove_reference_t<decltype(slot)>::element_type;
        slot = std::make_unique<Slot>(Slot{std::move(parsed), {nal.begin(), nal.end()}});
        return stored;
    };
    if (!nal.empty() && nal_type(nal[0]) == NalType::sps) {
        auto sps = parse_sps(nal);
        if (!sps) return sps.error();
        const unsigned id = sps->id;
        return put(sps_[id], std::move(*sps));
    }
    auto pps = parse_pps(nal);
    if (!pps) return pps.error();
    const unsigned id = pps->id;
    return put(pps_[id], *pps);
}

Bytes ParameterSets::sps_bytes(unsigned id) const {
    return id < kSpsMax && sps_[id] ? Bytes(sps_[id]->bytes) : Bytes();
}

Bytes ParameterSets::pps_bytes(unsigned id) const {
    return id < kPpsMax && pps_[id] ? Bytes(pps_[id]->bytes) : Bytes();
}

ParameterSets::InForce ParameterSets::in_force(unsigned sps_id) const {
    InForce sets{sps_bytes(sps_id), {}};
    for (unsigned id = 0; id < kPpsMax && sets.pps.size() < 255; ++id) {
        if (pps(id) != nullptr && pps(id)->sps_id == sps_id) sets.pps.push_back(pps_bytes(id));
    }
    return sets;
}

}  // namespace st::media
