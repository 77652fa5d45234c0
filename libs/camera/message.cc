#include "camera/message.h"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "base/text.h"
#include "json/read.h"
#include "json/write.h"

namespace st::camera {
namespace {

using json::Object;

/// The object `text` is; none if it is anything else.
std::optional<Object> parse_object(std::string_view text) {
    const auto value = json::read(text, {kTextBytesMax, kTextDepthMax});
    if (!value || value->object() == nullptr) return std::nullopt;
    return *value->object();
}

/// What a camera says for people to read.
std::string shown_text(const Object& object, std::string_view key) {
    return shown(object[key].text_or_empty());
}

std::optional<Size> size_of(const Object& object, std::string_view key) {
    const Object* const size = object[key].object();
    if (size == nullptr) return std::nullopt;
    const auto width = (*size)["width"].integer();
    const auto height = (*size)["height"].integer();
    constexpr std::int64_t kSideMax = 65'535;
    if (!width || !height || *width < 1 || *height < 1 || *width > kSideMax || *height > kSideMax) {
        return std::nullopt;
    }
    return Size{static_cast<std::uint32_t>(*width), static_cast<std::uint32_t>(*height)};
}

std::string encode_size(Size size) {
    return "{\"width\":" + std::to_string(size.width) +
           ",\"height\":" + std::to_string(size.height) + "}";
}

Result<Command> decode_start(const Object& object) {
    const Object* const payload = object["payload"].object();
    if (payload == nullptr) return Error{"start_capture: no payload object"};
    StartParameters parameters;
    constexpr std::int64_t kMega = 1'000'000;
    constexpr std::int64_t kBpsMax = 1'000'000 * kMega;
    if (const auto exact = (*payload)["bitrateBps"].integer()) {
        if (*exact < 1 || *exact > kBpsMax) {
            return Error{"start_capture: bitrateBps " + std::to_string(*exact) +
                         " is not within 1..10^12"};
        }
        parameters.bitrate_bps = static_cast<std::uint64_t>(*exact);
    } else if (const auto mega = (*payload)["bitrate"].integer()) {
        if (*mega < 1 || *mega > kBpsMax / kMega) {
            return Error{"start_capture: bitrate " + std::to_string(*mega) +
                         " is not within 1..1000000 Mbit/s"};
        }
        parameters.bitrate_bps = static_cast<std::uint64_t>(*mega * kMega);
    }
    if (const auto fps = (*payload)["fps"].integer(); fps && *fps > 0) {
        parameters.fps = static_cast<std::uint32_t>(std::min<std::int64_t>(*fps, 100'000));
    }
    parameters.resolution = size_of(*payload, "resolution");
    parameters.aspect = size_of(*payload, "aspectRatio");
    return Command{parameters};
}

}  // namespace

Size reduced(Size size) {
    assert(size.width > 0 && size.height > 0);
    const std::uint32_t divisor = std::gcd(size.width, size.height);
    return {size.width / divisor, size.height / divisor};
}

std::string encode_start(const StartParameters& parameters) {
    constexpr std::uint64_t kMega = 1'000'000;
    const std::uint64_t mega = std::max<std::uint64_t>(
        1, parameters.bitrate_bps / kMega + (parameters.bitrate_bps % kMega >= kMega / 2 ? 1 : 0));
    std::string text = R"({"command":"start_capture","payload":{"format":"h264","bitrate":)" +
                       std::to_string(mega) + ",\"fps\":" + std::to_string(parameters.fps);
    if (parameters.resolution) {
        text += ",\"aspectRatio\":" + encode_size(reduced(*parameters.resolution)) +
                ",\"resolution\":" + encode_size(*parameters.resolution);
    } else if (parameters.aspect) {
        text += ",\"aspectRatio\":" + encode_size(*parameters.aspect);
    }
    return text + ",\"bitrateBps\":" + std::to_string(parameters.bitrate_bps) + "}}";
}

std::string encode_stop() { return R"({"command":"stop_capture"})"; }

std::string encode_warning(std::string_view message) {
    return R"({"status":"warning","message":)" + json::write(message) + "}";
}

Message decode_message(std::string_view text) {
    const auto object = parse_object(text);
    if (!object) return Other{};
    const std::string status = (*object)["status"].text_or_empty();
    if (status == "ready") return Ready{};
    if (status == "capture_started") return CaptureStarted{shown_text(*object, "message")};
    if (status == "capture_stopped") return CaptureStopped{shown_text(*object, "message")};
    if (status == "error") return CameraError{shown_text(*object, "message")};
    if ((*object)["type"].text_or_empty() == "capabilities") {
        const json::Value& warnings = (*object)["warnings"];
        return Capabilities{json::write(json::cleaned(*object, kTextBytesMax)),
                            shown_text(*object, "deviceModel"),
                            warnings.boolean().value_or(warnings.natural().value_or(0) > 0)};
    }
    return Other{};
}

Result<Command> decode_command(std::string_view text) {
    const auto object = parse_object(text);
    if (!object) return Error{"command is not a JSON object: \"" + shown(text) + "\""};
    const std::string command = (*object)["command"].text_or_empty();
    if (command == "stop_capture") return Command{Stop{}};
    if (command == "start_capture") return decode_start(*object);
    return Error{"unknown command \"" + shown(command) +
                 "\", expected start_capture or stop_capture"};
}

std::string encode_status(Status status, std::string_view message) {
    const char* name = "error";
    switch (status) {
        case Status::ready:
            name = "ready";
            break;
        case Status::capture_started:
            name = "capture_started";
            break;
        case Status::capture_stopped:
            name = "capture_stopped";
            break;
        case Status::error:
            break;
    }
    return std::string(R"({"status":")") + name + R"(","message":)" + json::write(message) + "}";
}

std::string encode_capabilities(const CapabilitiesOffer& offer) {
    std::string text = R"({"type":"capabilities","deviceModel":)" +
                       json::write(std::string_view(offer.device_model)) +
                       ",\"sdkInt\":" + std::to_string(offer.sdk_int) + ",\"resolutions\":[";
    for (std::size_t i = 0; i < offer.resolutions.size(); ++i) {
        const OfferedResolution& resolution = offer.resolutions[i];
        if (i > 0) text += ',';
        text += "{\"width\":" + std::to_string(resolution.size.width) +
                ",\"height\":" + std::to_string(resolution.size.height) +
                R"(,"format":"YUV_420_888","lensFacing":)" +
                json::write(std::string_view(resolution.lens_facing)) + "}";
    }
    text += "]";
    if (!offer.resolutions.empty()) {
        text += ",\"imageAnalysisResolution\":" + encode_size(offer.resolutions.front().size);
    }
    return text + "}";
}

}  // namespace st::camera
