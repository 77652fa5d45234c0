#include "capture/jpeg_feed.h"

#include <array>
#include <chrono>
#include <cstdio>

#include "base/clock.h"
#include "base/text.h"
#include "base/when.h"

namespace st::capture {
namespace {

constexpr std::chrono::seconds kWindow{1};

}  // namespace

std::string console_line(std::int64_t wall_us, const std::string& source, const std::string& text) {
    return "[" + local_clock(wall_us) + "] [" + source + "] " + shown(text);
}

JpegFeed::JpegFeed(JpegStreams& streams, loop::Timers& timers, std::uint64_t camera,
                   std::shared_ptr<ImageRing> ring)
    : streams_(streams),
      timers_(timers),
      camera_(camera),
      ring_(std::move(ring)),
      window_ns_(timers.clock_ns()) {
    timer_ = timers_.after(kWindow, [this] { tell_rate(); });
}

JpegFeed::~JpegFeed() {
    timers_.cancel(timer_);
    streams_.close(camera_);
}

void JpegFeed::picture(const SharedBuffer& jpeg, std::int64_t wall_us) {
    if (ring_) ring_->add(jpeg, wall_us);
    ++total_;
    ++in_window_;
    streams_.picture(camera_, jpeg);
}

void JpegFeed::tell_rate() {
    timer_ = timers_.after(kWindow, [this] { tell_rate(); });
    const std::int64_t now_ns = timers_.clock_ns();
    const double seconds =
        std::chrono::duration<double>(std::chrono::nanoseconds(now_ns - window_ns_)).count();
    std::array<char, 80> rate{};
    std::snprintf(rate.data(), rate.size(), "FPS: %.2f, %llu pictures in all",
                  static_cast<double>(in_window_) / seconds,
                  static_cast<unsigned long long>(total_));
    window_ns_ = now_ns;
    in_window_ = 0;
    streams_.words(camera_, console_line(wall_us(), "server", rate.data()));
}

void JpegFeed::words(const std::string& text, std::int64_t wall_us) {
    streams_.words(camera_, console_line(wall_us, "camera", text));
}

}  // namespace st::capture
