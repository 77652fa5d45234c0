#pragma once
/// FLV: pictures as tags (libs/flv). Times are whole milliseconds there. The pictures before which
/// B-frames are shown would be decoded before 0: they are decoded at 0, all of them, so that every
/// picture is shown at its time.
#include "mp4/picture_writer.h"

namespace st::mux {

class FlvWriter final : public mp4::PictureWriter {
 public:
    explicit FlvWriter(mp4::SampleFile& file) : file_(file) {}

    void begin(const mp4::Track& track) override;
    void picture(std::size_t i, Bytes sample) override;
    void finish() override { file_.flush(); }

 private:
    mp4::SampleFile& file_;
    const mp4::Track* track_ = nullptr;
    bool has_header_ = false;
    std::int64_t base_ticks_ = 0;  ///< display time of this run's first picture in the file
    std::int64_t last_dts_ms_ = 0;
};

/// Display time of sample i in an FLV file, ms; `base_ticks` as above.
std::int64_t flv_shown_ms(const mp4::Samples& samples, std::size_t i, std::int64_t base_ticks);

}  // namespace st::mux
