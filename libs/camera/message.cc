#include "camera/message.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/ParseHandler.h>
#include <Poco/JSON/Parser.h>
#include <Poco/JSONString.h>

#include <cassert>
#include <numeric>
#include <set>

namespace st::camera {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Object;

/// Poco keeps the last of two equal keys; two readers of such a message could disagree: refuse it.
class StrictHandler : public Poco::JSON::ParseHandler {
 public:
    void reset() override {
        ParseHandler::reset();
        keys_.clear();
    }
    void startObject() override {
        ParseHandler::startObject();
        keys_.emplace_back();
    }
    void endObject() override {
        ParseHandler::endObject();
        keys_.pop_back();
    }
    void key(const std::string& k) override {
        if (!keys_.back().insert(k).second) throw Poco::SyntaxException("key twice", k);
        ParseHandler::key(k);
    }

 private:
    std::vector<std::set<std::string>> keys_;
};

/// The object `text` is, or null.
Object::Ptr parse_object(std::string_view text) {
    if (text.size() > kTextBytesMax) return {};
    try {
        Poco::JSON::Parser parser(new StrictHandler);
        parser.setDepth(kTextDepthMax);
        const Var value = parser.parse(std::string(text));
        if (value.type() != typeid(Object::Ptr)) return {};
        return value.extract<Object::Ptr>();
    } catch (const Poco::Exception&) {
        return {};  // C2: Poco throws on hostile text; here it is a value
    }
}

std::string text_of(const Object& object, const std::string& key) {
    const Var value = object.get(key);
    return value.isString() ? value.extract<std::string>() : std::string();
}

std::optional<std::int64_t> integer_of(const Object& object, const std::string& key) {
    const Var value = object.get(key);
    if (value.isEmpty() || !value.isInteger() || value.isBoolean()) return std::nullopt;
    try {
        return value.convert<Poco::Int64>();
    } catch (const Poco::Exception&) {
        return std::nullopt;  // an unsigned value above the range
    }
}

Object::Ptr object_of(const Object& object, const std::string& key) {
    const Var value = object.get(key);
    return value.type() == typeid(Object::Ptr) ? value.extract<Object::Ptr>() : Object::Ptr();
}

std::optional<Size> size_of(const Object& object, const std::string& key) {
    const Object::Ptr size = object_of(object, key);
    if (!size) return std::nullopt;
    const auto width = integer_of(*size, "width");
    const auto height = integer_of(*size, "height");
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
    const Object::Ptr payload = object_of(object, "payload");
    if (!payload) return Error{"start_capture: no payload object"};
    StartParameters parameters;
    constexpr std::int64_t kMega = 1'000'000;
    constexpr std::int64_t kBpsMax = 1'000'000 * kMega;
    if (const auto exact = integer_of(*payload, "bitrateBps")) {
        if (*exact < 1 || *exact > kBpsMax) {
            return Error{"start_capture: bitrateBps " + std::to_string(*exact) +
                         " is not within 1..10^12"};
        }
        parameters.bitrate_bps = static_cast<std::uint64_t>(*exact);
    } else if (const auto mega = integer_of(*payload, "bitrate")) {
        if (*mega < 1 || *mega > kBpsMax / kMega) {
            return Error{"start_capture: bitrate " + std::to_string(*mega) +
                         " is not within 1..1000000 Mbit/s"};
        }
        parameters.bitrate_bps = static_cast<std::uint64_t>(*mega * kMega);
    }
    if (const auto fps = integer_of(*payload, "fps"); fps && *fps > 0) {
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

Message decode_message(std::string_view text) {
    const Object::Ptr object = parse_object(text);
    if (!object) return Other{};
    const std::string status = text_of(*object, "status");
    if (status == "ready") return Ready{};
    if (status == "capture_started") return CaptureStarted{text_of(*object, "message")};
    if (status == "capture_stopped") return CaptureStopped{text_of(*object, "message")};
    if (status == "error") return CameraError{text_of(*object, "message")};
    if (text_of(*object, "type") == "capabilities") {
        return Capabilities{std::string(text), text_of(*object, "deviceModel")};
    }
    return Other{};
}

Result<Command> decode_command(std::string_view text) {
    const Object::Ptr object = parse_object(text);
    if (!object)
        return Error{"command is not a JSON object: \"" + std::string(text.substr(0, 80)) + "\""};
    const std::string command = text_of(*object, "command");
    if (command == "stop_capture") return Command{Stop{}};
    if (command == "start_capture") return decode_start(*object);
    return Error{"unknown command \"" + command.substr(0, 80) +
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
    return std::string(R"({"status":")") + name + R"(","message":)" +
           Poco::toJSON(std::string(message), Poco::JSON_WRAP_STRINGS) + "}";
}

std::string encode_capabilities(const CapabilitiesOffer& offer) {
    std::string text = R"({"type":"capabilities","deviceModel":)" +
                       Poco::toJSON(offer.device_model, Poco::JSON_WRAP_STRINGS) +
                       ",\"sdkInt\":" + std::to_string(offer.sdk_int) + ",\"resolutions\":[";
    for (std::size_t i = 0; i < offer.resolutions.size(); ++i) {
        const OfferedResolution& resolution = offer.resolutions[i];
        if (i > 0) text += ',';
        text += "{\"width\":" + std::to_string(resolution.size.width) +
                ",\"height\":" + std::to_string(resolution.size.height) +
                R"(,"format":"YUV_420_888","lensFacing":)" +
                Poco::toJSON(resolution.lens_facing, Poco::JSON_WRAP_STRINGS) + "}";
    }
    text += "]";
    if (!offer.resolutions.empty()) {
        text += ",\"imageAnalysisResolution\":" + encode_size(offer.resolutions.front().size);
    }
    return text + "}";
}

}  // namespace st::camera
