#pragma once
/// A short look into an H.264 Annex B buffer: which NAL types come, up to the first picture slice.
/// Never reads a picture's bytes: the first VCL NAL decides and ends the look.
#include <cstddef>
#include <optional>

#include "base/bytes.h"

namespace st::media {

/// How far into a buffer we look for the first VCL NAL: parameter sets and SEI are far smaller.
constexpr std::size_t kPeekBytesMax = 64 * 1024;

struct NalPeek {
    bool sps = false;
    bool pps = false;
    bool vcl = false;             ///< a slice of a picture (types 1 to 5) was seen
    bool idr = false;             ///< ... and it is of type 5
    bool starts_picture = false;  ///< ... and it begins at macroblock 0: not a later slice

    /// Parameter sets and no picture: never counted or timed as one.
    bool is_config_only() const { return (sps || pps) && !vcl; }
    bool starts_idr() const { return idr && starts_picture; }
};

/// Walks the NAL units of an Annex B buffer without start codes and trailing zeros. A buffer that
/// does not begin with a start code (leading zeros allowed) has none.
class NalWalk {
 public:
    explicit NalWalk(Bytes annexb) : bytes_(annexb) { at_ = after_start_code(0); }

    /// The next NAL unit, borrowed from the buffer; nullopt at the end. Never empty.
    std::optional<Bytes> next() {
        while (at_ < bytes_.size()) {
            const std::size_t begin = at_;
            std::size_t end = begin;
            while (end < bytes_.size() && !is_start_code(end)) ++end;
            at_ = end < bytes_.size() ? end + 3 : bytes_.size();
            while (end > begin && bytes_[end - 1] == 0) --end;
            if (end > begin) return bytes_.subspan(begin, end - begin);
        }
        return std::nullopt;
    }

    /// Where the NAL that next() would return begins; size() at the end.
    std::size_t position() const { return at_; }

 private:
    bool is_start_code(std::size_t at) const {
        return at + 3 <= bytes_.size() && bytes_[at] == 0 && bytes_[at + 1] == 0 &&
               bytes_[at + 2] == 1;
    }
    std::size_t after_start_code(std::size_t at) const {
        std::size_t zeros = 0;
        while (at < bytes_.size() && bytes_[at] == 0) ++at, ++zeros;
        return zeros >= 2 && at < bytes_.size() && bytes_[at] == 1 ? at + 1 : bytes_.size();
    }

    Bytes bytes_;
    std::size_t at_ = 0;
};

inline NalPeek peek_nals(Bytes annexb) {
    NalPeek peek;
    const Bytes looked_at =
        annexb.first(annexb.size() < kPeekBytesMax ? annexb.size() : kPeekBytesMax);
    NalWalk walk(looked_at);
    while (walk.position() < looked_at.size()) {
        const std::size_t at = walk.position();
        const int type = looked_at[at] & 0x1F;
        if (type >= 1 && type <= 5) {
            peek.vcl = true;
            peek.idr = type == 5;
            // first_mb_in_slice is ue(v): 0 is the single bit 1.
            peek.starts_picture = at + 1 < annexb.size() && (annexb[at + 1] & 0x80) != 0;
            break;
        }
        if (type == 7) peek.sps = true;
        if (type == 8) peek.pps = true;
        if (!walk.next()) break;
    }
    return peek;
}

}  // namespace st::media
