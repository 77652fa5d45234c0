#pragma once
/// Boxes that are alike in all our MP4s, whatever they hold and whether it is fragmented.
/// ISO/IEC 14496-12, 14496-15.
#include <cstdint>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "mp4/boxes.h"
#include "mp4/samples.h"

namespace st::mp4 {

/// A wall clock as MP4 has it; 0: not known.
std::uint64_t seconds_since_1904(std::int64_t wall_us);

/// 14496-12, 6.2.2. `rotate`: degrees clockwise, of a picture of that size.
void write_matrix(Boxes& out, unsigned rotate = 0, std::uint32_t width = 0,
                  std::uint32_t height = 0);
void write_hdlr(Boxes& out, std::string_view type, std::string_view name);
/// dinf: the samples lie in this file.
void write_data_reference(Boxes& out);
/// stsd with an avc1 for each format.
void write_sample_descriptions(Boxes& out, const VideoFormat& first,
                               std::span<const VideoFormat> others = {});
/// The decoder configuration record of 14496-15, 5.3.3.1.
Buffer encode_avcc(const VideoFormat& format);

}  // namespace st::mp4
