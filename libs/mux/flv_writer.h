#pragma once
/// FLV: pictures as tags (libs/flv). Times are whole milliseconds there. The pictures before which
/// B-frames are shown would be decoded before 0: they are decoded from 0 on, a millisecond apart,
/// so that every picture is shown at its time and no two are decoded at once. The metadata have the
/// duration, and the size where the file can be patched.
#include <optional>

#include "mp4/picture_writer.h"

namespace st::mux {

class FlvWriter final : public mp4::PictureWriter {
 public:
    /// `duration_s`: of all pictures. `can_patch`: the file is none that only takes bytes in order.
    FlvWriter(mp4::SampleFile& file, double duration_s, bool can_patch)
        : file_(file), duration_s_(duration_s), can_patch_(can_patch) {}

    void begin(const mp4::Track& track) override;
    void picture(std::size_t i, Bytes sample) override;
    void finish() override;

 private:
    mp4::SampleFile& file_;
    const double duration_s_;
    const bool can_patch_;
    std::optional<std::uint64_t> size_at_;  ///< in the file, of its size
    const mp4::Track* track_ = nullptr;
    bool has_header_ = false;
    std::int64_t base_ticks_ = 0;  ///< display time of this run's first picture in the file
    std::int64_t last_dts_ms_ = -1;
};

/// Display time of sample i in an FLV file, ms; `base_ticks` as above.
std::int64_t flv_shown_ms(const mp4::Samples& samples, std::size_t i, std::int64_t base_ticks);

}  // namespace st::mux
