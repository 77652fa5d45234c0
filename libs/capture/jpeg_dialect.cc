#include "capture/jpeg_dialect.h"

#include <array>
#include <cstdlib>

#include "camera/frame.h"
#include "media/jpeg.h"

namespace st::capture {
namespace {

struct NamedSize {
    const char* name;
    std::uint32_t width;
    std::uint32_t height;
};
/// Of the esp32-camera driver, those that its sensors share.
constexpr std::array kSizes = {NamedSize{"QQVGA", 160, 120},  NamedSize{"QVGA", 320, 240},
                               NamedSize{"CIF", 400, 296},    NamedSize{"VGA", 640, 480},
                               NamedSize{"SVGA", 800, 600},   NamedSize{"XGA", 1024, 768},
                               NamedSize{"HD", 1280, 720},    NamedSize{"SXGA", 1280, 1024},
                               NamedSize{"UXGA", 1600, 1200}, NamedSize{"QXGA", 2048, 1536}};
/// What the firmware does unasked. 1 to 63, less is better.
constexpr const char* kDefaultSize = "UXGA";
constexpr const char* kDefaultQuality = "12";

}  // namespace

std::string jpeg_start_words(const camera::StartParameters& parameters) {
    const char* name = kDefaultSize;
    if (const auto size = parameters.resolution) {
        std::int64_t nearest = INT64_MAX;
        for (const NamedSize& one : kSizes) {
            const std::int64_t distance = std::abs(std::int64_t{one.width} - size->width) +
                                          std::abs(std::int64_t{one.height} - size->height);
            if (distance >= nearest) continue;
            nearest = distance;
            name = one.name;
        }
    }
    return std::string("start ") + name + " " + kDefaultQuality;
}

JpegDialect::JpegDialect(httpd::WebSocketHandler& camera, loop::Timers& timers, Listeners listeners)
    : camera_(camera), timers_(timers), listeners_(std::move(listeners)) {}

/// The firmware says nothing of itself: it is a camera, whoever connects here.
void JpegDialect::start(Bytes pending) {
    camera_.on_text(R"({"status":"ready","message":"a JPEG camera"})");
    socket_->start(pending);
}

void JpegDialect::send_text(std::string_view text) {
    const auto command = camera::decode_command(text);
    if (!command) return;  // "received" and warnings are for cameras that know them
    if (const auto* start = std::get_if<camera::Start>(&*command)) {
        phase_ = Phase::starting;
        socket_->send_text(jpeg_start_words(start->parameters));
    } else if (std::holds_alternative<camera::Stop>(*command)) {
        if (phase_ != Phase::idle) phase_ = Phase::stopping;
        socket_->send_text("stop");
    }
}

void JpegDialect::on_binary(Buffer message) {
    if (phase_ == Phase::starting) {
        phase_ = Phase::streaming;
        seq_ = 0;
        camera_.on_text(R"({"status":"capture_started"})");
    }
    const auto now_ms = static_cast<std::uint64_t>(timers_.clock_ns() / 1'000'000);
    const auto header = camera::encode_header({now_ms, seq_++, message.bytes()});
    Buffer framed{Bytes(header)};
    framed.append(message.bytes());
    if (media::read_jpeg_size(message.bytes())) listeners_.picture(share(std::move(message)));
    camera_.on_binary(std::move(framed));
}

void JpegDialect::on_text(const std::string& text) {
    listeners_.words(text);
    if (phase_ == Phase::stopping && text.starts_with("ACK:")) {
        phase_ = Phase::idle;
        return camera_.on_text(R"({"status":"capture_stopped"})");
    }
    if (phase_ == Phase::starting && text.starts_with("ERROR:")) {
        phase_ = Phase::idle;
        return camera_.on_text(camera::encode_status(camera::Status::error, text));
    }
    camera_.on_text(text);
}

}  // namespace st::capture
