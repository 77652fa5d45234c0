#pragma once
/// Fragmented MP4 (ISO/IEC 14496-12, 8.8): an index for each key frame and what follows it, so that
/// it can be read as it comes.
///
///     ftyp moov { mvex } | moof { mfhd traf { tfhd tfdt trun } } mdat | moof ... mdat | ...
#include <vector>

#include "mp4/picture_writer.h"

namespace st::mp4 {

class Fragments final : public PictureWriter {
 public:
    explicit Fragments(SampleFile& file) : file_(file) {}

    void begin(const Track& track) override;
    void picture(std::size_t i, Bytes sample) override;
    void finish() override;

 private:
    void write_fragment();

    SampleFile& file_;
    const Track* track_ = nullptr;
    std::size_t first_ = 0;  ///< sample that the pending fragment begins with
    std::vector<std::uint32_t> sizes_;
    std::vector<std::uint8_t> samples_;
    std::uint32_t sequence_ = 0;
};

}  // namespace st::mp4
