#include "capture/jpeg_feed.h"

#include <array>
#include <cstdio>

#include "base/clock.h"
#include "base/text.h"
#include "base/when.h"

namespace st::capture {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

}  // namespace

std::string console_line(std::int64_t wall_us, const std::string& source, const std::string& text) {
    return "[" + local_clock(wall_us) + "] [" + source + "] " + shown(text);
}

void JpegFeed::picture(const SharedBuffer& jpeg, std::int64_t now_ns, std::int64_t wall_us) {
    if (ring_) ring_->add(jpeg, wall_us);
    streams_.picture(camera_, jpeg);
    ++total_;
    if (window_ns_ == 0) {
        window_ns_ = now_ns;
        return;
    }
    ++in_window_;
    if (now_ns - window_ns_ < kSecond) return;
    const double seconds = static_cast<double>(now_ns - window_ns_) / kSecond;
    std::array<char, 80> rate{};
    std::snprintf(rate.data(), rate.size(), "FPS: %.2f, %llu pictures in all",
                  static_cast<double>(in_window_) / seconds,
                  static_cast<unsigned long long>(total_));
    streams_.words(camera_, console_line(wall_us, "server", rate.data()));
    window_ns_ = now_ns;
    in_window_ = 0;
}

void JpegFeed::words(const std::string& text, std::int64_t wall_us) {
    streams_.words(camera_, console_line(wall_us, "camera", text));
}

}  // namespace st::capture
