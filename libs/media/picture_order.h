#pragma once
/// Picture order counts: the order in which a decoder shows pictures. Pure. Spec: ITU-T
/// H.264 8.2.1.
#include <cstdint>

#include "media/slice_header.h"

namespace st::media {

/// Follows the pictures of one stream in decoding order, one call for each picture (or field).
class PictureOrder {
 public:
    /// The order count of the picture `slice` begins: of a frame the smaller one of its two
    /// fields'. Comparable within one coded video sequence only: it begins at an IDR picture or one
    /// with operation 5.
    std::int32_t next(const SliceHeader& slice, const Sps& sps);

 private:
    struct Counts {
        std::int64_t top;
        std::int64_t bottom;
    };
    Counts type0(const SliceHeader& slice, const Sps& sps);
    Counts type1(const SliceHeader& slice, const Sps& sps) const;
    Counts type2(const SliceHeader& slice) const;
    void advance_frame_num(const SliceHeader& slice, const Sps& sps);

    std::int64_t msb_ = 0;  ///< PicOrderCntMsb of the previous reference picture
    std::int64_t lsb_ = 0;
    std::int64_t next_msb_ = 0;  ///< of the current one
    std::int64_t frame_num_ = 0;
    std::int64_t frame_num_offset_ = 0;
};

}  // namespace st::media
