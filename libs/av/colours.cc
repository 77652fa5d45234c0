#include "av/colours.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "av/error.h"
#include "av/shown_pictures.h"

namespace st::av {
namespace {

/// Of larger pictures as many points are looked at.
constexpr int kSideMax = 256;
constexpr std::size_t kChannels = 3;

/// Histograms: exact, and of any number of pictures.
using Levels = std::array<std::array<std::uint64_t, 256>, kChannels>;

class Points {
 public:
    /// Adds those of a picture.
    void look_at(const AVFrame& picture) {
        const int step = (std::max(picture.width, picture.height) + kSideMax - 1) / kSideMax;
        const int width = std::max(1, picture.width / step);
        const int height = std::max(1, picture.height / step);
        scaler_.reset(sws_getCachedContext(scaler_.release(), picture.width, picture.height,
                                           static_cast<AVPixelFormat>(picture.format), width,
                                           height, AV_PIX_FMT_RGB24, SWS_POINT | SWS_ACCURATE_RND,
                                           nullptr, nullptr, nullptr));
        if (!scaler_) throw Error("the pictures cannot be converted to RGB");
        points_.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                       kChannels);
        std::uint8_t* const to[] = {points_.data()};
        const int line[] = {width * static_cast<int>(kChannels)};
        sws_scale(scaler_.get(), picture.data, picture.linesize, 0, picture.height, to, line);
        for (std::size_t i = 0; i < points_.size(); ++i) ++levels_[i % kChannels][points_[i]];
    }
    const Levels& levels() const { return levels_; }

 private:
    ScalerPtr scaler_;
    std::vector<std::uint8_t> points_;
    Levels levels_{};
};

}  // namespace

media::Colours measure_colours(const media::ColoursRequest& wanted, std::span<const int> fds) {
    if (fds.size() != 1) throw Error("no file came with the job");
    ShownPictures pictures(fds, wanted.pixels_max);
    media::Colours out;
    Points points;
    while (const auto shown = pictures.next()) {
        if (out.pictures++ == 0) {
            out.width = static_cast<std::uint32_t>(shown->frame->width);
            out.height = static_cast<std::uint32_t>(shown->frame->height);
        }
        points.look_at(*shown->frame);
    }
    if (out.pictures == 0) throw Error("no picture can be decoded");
    for (std::size_t channel = 0; channel < kChannels; ++channel) {
        const auto& counts = points.levels()[channel];
        double count = 0;
        double sum = 0;
        double squares = 0;
        out.least[channel] = 1;
        for (std::size_t level = 0; level < counts.size(); ++level) {
            if (counts[level] == 0) continue;
            const double value = static_cast<double>(level) / 255;
            const auto times = static_cast<double>(counts[level]);
            count += times;
            sum += times * value;
            squares += times * value * value;
            out.least[channel] = std::min(out.least[channel], value);
            out.most[channel] = value;
        }
        out.mean[channel] = sum / count;
        const double variance = squares / count - out.mean[channel] * out.mean[channel];
        out.deviation[channel] = std::sqrt(std::max(0.0, variance));
    }
    return out;
}

}  // namespace st::av
