#pragma once
/// A short look into an H.264 Annex B buffer: which NAL types come, up to the first picture slice.
/// Never reads a picture's bytes: the first VCL NAL decides and ends the look.
#include <cstddef>

#include "base/bytes.h"
#include "media/access_unit.h"
#include "media/nal.h"

namespace st::media {

/// How far into a buffer we look for the first VCL NAL: parameter sets and SEI are far smaller.
constexpr std::size_t kPeekBytesMax = 64 * 1024;

struct NalPeek {
    bool unit = false;  ///< it begins with a NAL unit, and not within one
    bool rest = false;  ///< it begins within one
    bool sps = false;
    bool pps = false;
    bool vcl = false;             ///< a slice of a picture (types 1 to 5) was seen
    bool idr = false;             ///< ... and it is of type 5
    bool starts_picture = false;  ///< ... and it begins at macroblock 0: not a later slice
    bool recovery_point = false;  ///< an SEI says that decoding may begin with the next picture

    /// Parameter sets and no picture: never counted or timed as one.
    bool is_config_only() const { return (sps || pps) && !vcl; }
    /// It brings slices, or what may be more of one.
    bool has_picture_bytes() const { return vcl || rest; }
};

/// Where a decoder may begin in a row of messages, as PictureStart::is_entry() has it of pictures:
/// with an IDR picture, and with one behind a recovery point (a stream by intra refresh has no
/// other), also where that came in a message of its own.
class EntryPoints {
 public:
    /// With the picture that the next message, of this `peek`, begins.
    bool begins(const NalPeek& peek) const {
        return peek.starts_picture && (peek.idr || peek.recovery_point || is_announced_);
    }
    /// That message has come.
    void note(const NalPeek& peek) {
        is_announced_ = !peek.vcl && (is_announced_ || peek.recovery_point);
    }

 private:
    bool is_announced_ = false;
};

/// A buffer that does not begin with a start code (leading zeros allowed) has no NAL units.
inline NalPeek peek_nals(Bytes annexb) {
    NalPeek peek;
    const Bytes looked_at =
        annexb.first(annexb.size() < kPeekBytesMax ? annexb.size() : kPeekBytesMax);
    NalWalker walker(looked_at);
    peek.rest = walker.leading_bytes() > 0;
    if (peek.rest) return peek;
    NalSpan nal{};
    while (const auto at = walker.next_begin()) {
        peek.unit = true;
        const int type = looked_at[*at] & 0x1F;
        if (type >= 1 && type <= 5) {
            peek.vcl = true;
            peek.idr = type == 5;
            // first_mb_in_slice is ue(v): 0 is the single bit 1.
            peek.starts_picture = *at + 1 < annexb.size() && (annexb[*at + 1] & 0x80) != 0;
            break;
        }
        if (type == 7) peek.sps = true;
        if (type == 8) peek.pps = true;
        if (!walker.next(nal)) break;
        if (type == 6) {
            const Bytes sei = looked_at.subspan(nal.begin, nal.end - nal.begin);
            peek.recovery_point = peek.recovery_point || has_recovery_point(sei);
        }
    }
    return peek;
}

}  // namespace st::media
