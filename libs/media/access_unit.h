#pragma once
/// Which NAL unit belongs to which picture. Pure. Spec: ITU-T H.264 7.4.1.2.3 and 7.4.1.2.4.
#include <cstdint>
#include <optional>

#include "media/nal.h"
#include "media/picture_order.h"
#include "media/slice_header.h"

namespace st::media {

/// What a NAL unit is to the picture being put together.
enum class Role : std::uint8_t {
    prefix,             ///< goes before the next slice: parameter sets, SEI, delimiter
    first_slice,        ///< begins a picture (a frame, or the first field of one)
    second_field,       ///< begins the second field of the same picture
    slice,              ///< more of the same picture
    suffix,             ///< goes with the picture before it: end of sequence, auxiliary slices
    no_parameter_sets,  ///< a slice nobody can decode yet: its parameter sets have not been seen
    dropped,            ///< filler, SVC and MVC layers, reserved and unspecified types
};

/// The picture that the last first_slice began.
struct PictureStart {
    std::int32_t order = 0;  ///< picture order count
    bool is_idr = false;
    bool is_recovery_point = false;  ///< an SEI before it says decoding may begin here
    bool is_intra = false;           ///< by its first slice
    bool begins_sequence = false;    ///< order counts compare only with pictures from here on
    bool is_reference = false;       ///< others may refer to it
    /// Frame numbers between the reference picture before it and it that no picture had, as far as
    /// numbers that begin anew tell (7.4.3). The same number again is one less than all of them.
    std::uint32_t left_out = 0;
    std::uint8_t sps_id = 0;
    std::uint8_t pps_id = 0;

    /// Whether decoding may begin with it. `at_intra`: also with a picture that refers to no other
    /// and says nothing, because its sender calls it a key frame or the stream has nothing better.
    /// Of messages that are not looked through EntryPoints tells the same (nal_peek.h).
    bool is_entry(bool at_intra = false) const {
        return is_idr || is_recovery_point || (at_intra && is_intra);
    }
};

/// Feed every NAL unit of a stream in order; a field pair is one picture. Frames of any number of
/// slices.
class AccessUnits {
 public:
    /// `nal` without start code. Parameter sets are stored; one that cannot be read is dropped.
    Role feed(Bytes nal);
    /// Whether more of `nal` could make something else of it: a slice that ends within what tells
    /// pictures apart, or a parameter set or SEI, which may end anywhere. False of what is longer
    /// than a parameter set may be.
    bool is_unclear_in_part(Bytes nal) const;

    /// After first_slice. After second_field `order` is the smaller of both.
    const PictureStart& picture() const { return picture_; }
    const ParameterSets& sets() const { return sets_; }
    /// What storing the last parameter set did; nullopt if the last NAL unit was none.
    std::optional<ParameterSets::Stored> stored() const { return stored_; }
    /// Whether the header of the last slice could be read; if not, its role is a guess.
    bool has_read_slice() const { return has_read_slice_; }

 private:
    Role slice(Bytes nal);
    Role begin(const SliceHeader& slice, bool is_recovery_point);
    bool is_second_field(const SliceHeader& slice) const;
    bool repeats_macroblocks(const SliceHeader& slice) const;
    std::uint32_t left_out(const SliceHeader& slice, const Sps& sps) const;

    ParameterSets sets_;
    PictureOrder order_;
    std::optional<SliceHeader> current_;  ///< the last slice of the current picture
    bool has_first_mb_zero_ = false;      ///< of the current field
    bool has_both_fields_ = false;
    bool recovery_point_ = false;  ///< seen in a prefix since the last slice
    bool has_read_slice_ = false;
    std::optional<std::uint32_t> reference_frame_num_;  ///< PrevRefFrameNum of 7.4.3
    PictureStart picture_;
    std::optional<ParameterSets::Stored> stored_;
};

/// Of an SEI NAL unit with a recovery point message (D.1.8): after how many frames the picture is
/// whole. Nullopt: it carries none.
std::optional<std::uint32_t> recovery_frames(Bytes nal);
inline bool has_recovery_point(Bytes nal) { return recovery_frames(nal).has_value(); }

}  // namespace st::media
