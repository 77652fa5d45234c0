#pragma once
/// Sequence and picture parameter sets. Pure. Spec: ITU-T H.264 7.3.2.1, 7.3.2.2, Annex E.
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace st::media {

constexpr std::size_t kSpsMax = 32;
constexpr std::size_t kPpsMax = 256;
/// Of one: an SPS with all scaling lists and both HRDs has less, and so has a PPS with the largest
/// map of slice groups of a level that has them.
constexpr std::size_t kParameterSetBytesMax = 4'096;
/// Of all that a stream has at once: so much may have to be told again with each key frame.
constexpr std::size_t kParameterSetsBytesMax = 16'384;
constexpr std::uint32_t kPictureSideMax =
    16'888;  ///< level 6.2: sqrt(139264 * 8) macroblocks, in pixels

/// What Annex E adds; each part only if the stream carries it.
struct Vui {
    std::uint32_t sar_width = 0;  ///< 0: not given
    std::uint32_t sar_height = 0;
    bool has_colour = false;  ///< colour_primaries .. matrix are given
    bool full_range = false;
    std::uint8_t colour_primaries = 2;  ///< 2: unspecified
    std::uint8_t transfer = 2;
    std::uint8_t matrix = 2;
    std::uint32_t num_units_in_tick = 0;  ///< 0: no timing given
    std::uint32_t time_scale = 0;
    std::optional<std::uint32_t> max_num_reorder_frames;
};

struct Sps {
    std::uint8_t profile_idc = 0;
    std::uint8_t constraint_flags = 0;  ///< the whole byte; constraint_set0 is its top bit
    std::uint8_t level_idc = 0;
    std::uint8_t id = 0;
    std::uint8_t chroma_format_idc = 1;
    bool separate_colour_plane = false;
    std::uint8_t bit_depth_luma = 8;
    std::uint8_t bit_depth_chroma = 8;
    std::uint8_t log2_max_frame_num = 4;
    std::uint8_t poc_type = 0;
    std::uint8_t log2_max_poc_lsb = 4;
    bool delta_pic_order_always_zero = false;
    std::int32_t offset_for_non_ref_pic = 0;
    std::int32_t offset_for_top_to_bottom_field = 0;
    std::vector<std::int32_t> offsets_for_ref_frame;  ///< at most 255
    std::uint32_t max_num_ref_frames = 0;
    bool may_leave_out_frame_nums = false;  ///< gaps_in_frame_num_value_allowed_flag
    std::uint32_t coded_width = 0;          ///< pixels, whole macroblocks
    std::uint32_t coded_height = 0;
    bool frame_mbs_only = true;
    std::uint32_t width = 0;  ///< as shown, after cropping
    std::uint32_t height = 0;
    std::array<std::uint32_t, 4> crop{};  ///< left, right, top, bottom, in pixels
    Vui vui;
    /// Where vui_parameters_present_flag stands if it is 0, and bitstream_restriction_flag if there
    /// is a whole VUI: bits behind the NAL unit's header, without emulation prevention; else 0.
    std::size_t vui_bit = 0;
    std::size_t restriction_bit = 0;

    /// MaxFrameNum of the spec.
    std::uint32_t frame_nums() const { return std::uint32_t{1} << log2_max_frame_num; }
    /// ChromaArrayType of the spec.
    unsigned chroma_array_type() const { return separate_colour_plane ? 0 : chroma_format_idc; }
    /// Slices of a picture may come in any order (7.3.2.1: profiles 66 without set1, and 88).
    bool may_have_arbitrary_slice_order() const {
        return (profile_idc == 66 && (constraint_flags & 0x40) == 0) || profile_idc == 88;
    }
    /// Pictures of both can go into one MP4 sample description without a player noticing.
    bool same_picture_format(const Sps& other) const {
        return coded_width == other.coded_width && coded_height == other.coded_height &&
               crop == other.crop && chroma_format_idc == other.chroma_format_idc &&
               bit_depth_luma == other.bit_depth_luma && bit_depth_chroma == other.bit_depth_chroma;
    }
};

struct Pps {
    std::uint8_t id = 0;
    std::uint8_t sps_id = 0;
    bool bottom_field_pic_order = false;
    std::uint32_t num_ref_idx_l0 = 1;  ///< default active
    std::uint32_t num_ref_idx_l1 = 1;
    bool weighted_pred = false;
    std::uint8_t weighted_bipred_idc = 0;
    bool redundant_pic_cnt_present = false;
};

/// `nal` begins with its one-byte header and still has its emulation prevention bytes.
/// An Error is about this set only; the text says which field is out of range.
Result<Sps> parse_sps(Bytes nal);
Result<Pps> parse_pps(Bytes nal);

/// The sets in force, by id: their bytes and what they say. A new one with the same id replaces the
/// old.
class ParameterSets {
 public:
    enum class Stored { added, same, changed };

    /// Takes an SPS or PPS. One that cannot be parsed, or with which there would be more than
    /// kParameterSetsBytesMax, changes nothing and is an Error.
    Result<Stored> store(Bytes nal);
    /// Rises whenever one was added or changed.
    std::uint64_t version() const { return version_; }
    std::size_t held_bytes() const { return bytes_; }

    const Sps* sps(unsigned id) const {
        return id < kSpsMax && sps_[id] ? &sps_[id]->parsed : nullptr;
    }
    const Pps* pps(unsigned id) const {
        return id < kPpsMax && pps_[id] ? &pps_[id]->parsed : nullptr;
    }
    /// Bytes as they came, without start code and zeros behind them (7.4.1); empty if there is
    /// none. Valid until store().
    Bytes sps_bytes(unsigned id) const;
    Bytes pps_bytes(unsigned id) const;
    /// What pictures that use this SPS may need. Valid until store().
    struct InForce {
        Bytes sps;               ///< empty: there is none
        std::vector<Bytes> pps;  ///< at most 255, as a decoder configuration has
    };
    InForce in_force(unsigned sps_id) const;

 private:
    template <class T>
    struct Entry {
        T parsed;
        std::vector<std::uint8_t> bytes;
    };
    std::array<std::unique_ptr<Entry<Sps>>, kSpsMax> sps_;
    std::array<std::unique_ptr<Entry<Pps>>, kPpsMax> pps_;
    std::size_t bytes_ = 0;  ///< of all
    std::uint64_t version_ = 0;
};

}  // namespace st::media
