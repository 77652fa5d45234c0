#include "camera/message.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <map>
#include <numeric>
#include <set>

#include "base/text.h"
#include "json/read.h"
#include "json/write.h"

namespace st::camera {
namespace {

using json::Object;

/// The object `text` is; none if it is anything else.
std::optional<Object> parse_object(std::string_view text, std::size_t bytes_max = kTextBytesMax,
                                   std::size_t depth_max = kTextDepthMax) {
    const auto value = json::read(text, {bytes_max, depth_max});
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

std::optional<std::uint32_t> id_of(const Object& object) {
    const auto id = object["id"].natural();
    if (!id || *id > UINT32_MAX) return std::nullopt;
    return static_cast<std::uint32_t>(*id);
}

ClockAbilities clock_of(const Object& capabilities) {
    ClockAbilities clock;
    const Object* const told = capabilities["clock"].object();
    if (told == nullptr) return clock;
    if ((*told)["unit"].text_or_empty() == "us") clock.unit = TimeUnit::us;
    clock.has_exchange = (*told)["exchange"].integer() == 1;
    clock.uncertainty_us =
        std::min(kUncertaintyMaxUs, (*told)["uncertainty_us"].natural().value_or(0));
    return clock;
}

/// A share: 0 to 1, else it is none.
std::optional<double> share_of(const Object& object, std::string_view key) {
    const auto share = object[key].real();
    return share && *share >= 0 && *share <= 1 ? share : std::nullopt;
}

/// What a program in any language can hold as a number.
std::optional<std::uint64_t> count_of(const Object& object, std::string_view key) {
    const auto count = object[key].natural();
    return count && *count <= std::uint64_t{1} << 53U ? count : std::nullopt;
}

/// What is kept of capabilities, cleaned. They stand in each recording's session.json, and all of
/// that in lists: of too much the longest members are left out. What the server goes by is short.
std::string kept_capabilities(const Object& object) {
    const json::Value cleaned = json::cleaned(object, kTextBytesMax);
    std::multimap<std::size_t, std::string_view> by_length;
    std::size_t bytes = 0;
    for (const json::Member& member : cleaned.object()->members()) {
        const std::size_t length = member.key.size() + json::write(member.value).size();
        by_length.emplace(length, member.key);
        bytes += length;
    }
    std::set<std::string_view> left_out;
    while (bytes > kCapabilitiesBytesMax) {
        const auto longest = std::prev(by_length.end());
        bytes -= longest->first;
        left_out.insert(longest->second);
        by_length.erase(longest);
    }
    Object kept;
    for (const json::Member& member : cleaned.object()->members()) {
        if (!left_out.contains(member.key)) kept.append(member.key, member.value);
    }
    return json::write(kept);
}

Capabilities capabilities_of(const Object& object, std::string json) {
    Capabilities out;
    out.json = std::move(json);
    out.device_model = shown_text(object, "deviceModel");
    out.clock = clock_of(object);
    out.battery = share_of(object, "battery");
    out.is_paced = object["paced"].boolean().value_or(true);
    out.starts_at = object["start_at"].boolean().value_or(false);
    out.resumes = object["resume"].integer() == 1;
    out.takes_warnings =
        object["warnings"].boolean().value_or(object["warnings"].natural().value_or(0) > 0);
    return out;
}

Message clock_reply_of(const Object& object) {
    const auto id = id_of(object);
    const auto received = object["received"].natural();
    const auto sent = object["sent"].natural();
    if (!id || !received || !sent) return Other{};
    return ClockReply{*id, *received, *sent};
}

Message resume_of(const Object& object) {
    Resume resume{object["capture"].text_or_empty(), 0};
    const auto from = object["from"].natural();
    if (resume.capture.empty() || !from || *from > UINT32_MAX) return Other{};
    resume.from = static_cast<std::uint32_t>(*from);
    return resume;
}

Health health_of(const Object& object) {
    constexpr double kFpsMax = 100'000;
    Health health;
    health.battery = share_of(object, "battery");
    health.is_charging = object["charging"].boolean();
    health.fps = object["fps"].real();
    if (health.fps && !(*health.fps >= 0 && *health.fps <= kFpsMax)) health.fps.reset();
    health.encoder_queue = count_of(object, "encoder_queue");
    health.unsent = count_of(object, "unsent");
    health.unsent_bytes = count_of(object, "unsent_bytes");
    health.lost = count_of(object, "lost");
    health.is_awake = object["awake"].boolean();
    health.is_hidden = object["hidden"].boolean();
    return health;
}

std::optional<ResumedNote> resumed_of(const Object& facts) {
    const auto away = facts["away_us"].natural();
    if (!away) return std::nullopt;
    return ResumedNote{*away, facts["late"].natural().value_or(0)};
}

std::optional<ExchangeNote> exchange_of(const Object& times) {
    const auto sent = times["sent_us"].integer();
    const auto received = times["received_us"].integer();
    const auto replied = times["replied_us"].integer();
    const auto returned = times["returned_us"].integer();
    if (!sent || !received || !replied || !returned) return std::nullopt;
    return ExchangeNote{*sent, *received, *replied, *returned};
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
    parameters.start_at = (*payload)["startAt"].natural();
    return Command{Start{parameters, (*payload)["capture"].text_or_empty()}};
}

Result<Command> decode_received(const Object& object) {
    const Object* const payload = object["payload"].object();
    const auto seq = payload == nullptr ? std::nullopt : (*payload)["seq"].natural();
    if (!seq || *seq > UINT32_MAX) return Error{"received: no seq within 32 bits"};
    return Command{
        Received{(*payload)["capture"].text_or_empty(), static_cast<std::uint32_t>(*seq)}};
}

}  // namespace

Size reduced(Size size) {
    assert(size.width > 0 && size.height > 0);
    const std::uint32_t divisor = std::gcd(size.width, size.height);
    return {size.width / divisor, size.height / divisor};
}

std::string encode_start(const StartParameters& parameters, std::string_view capture) {
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
    text += ",\"bitrateBps\":" + std::to_string(parameters.bitrate_bps);
    if (parameters.start_at) text += ",\"startAt\":" + std::to_string(*parameters.start_at);
    if (!capture.empty()) text += ",\"capture\":" + json::write(capture);
    return text + "}}";
}

std::string encode_clock_request(std::uint32_t id) {
    return R"({"command":"clock","payload":{"id":)" + std::to_string(id) + "}}";
}

std::string encode_received(std::string_view capture, std::uint32_t seq) {
    return R"({"command":"received","payload":{"capture":)" + json::write(capture) +
           ",\"seq\":" + std::to_string(seq) + "}}";
}

std::string encode_warning(std::string_view message) {
    return R"({"status":"warning","message":)" + json::write(message) + "}";
}

std::string encode_stop() { return R"({"command":"stop_capture"})"; }

Message decode_message(std::string_view text) {
    const auto object = parse_object(text);
    if (!object) return Other{};
    const std::string status = (*object)["status"].text_or_empty();
    if (status == "ready") return Ready{};
    if (status == "capture_started") return CaptureStarted{shown_text(*object, "message")};
    if (status == "capture_stopped") return CaptureStopped{shown_text(*object, "message")};
    if (status == "error") return CameraError{shown_text(*object, "message")};
    const std::string type = (*object)["type"].text_or_empty();
    if (type == "capabilities") return capabilities_of(*object, kept_capabilities(*object));
    if (type == "clock") return clock_reply_of(*object);
    if (type == "resume") return resume_of(*object);
    if (type == "health") return health_of(*object);
    return Other{};
}

std::string encode_note(const ExchangeNote& exchange) {
    Object times;
    times.set("sent_us", exchange.sent_us);
    times.set("received_us", exchange.received_us);
    times.set("replied_us", exchange.replied_us);
    times.set("returned_us", exchange.returned_us);
    Object note;
    note.set("clock_exchange", times);
    return json::write(note);
}

std::string encode_note(const ResumedNote& resumed) {
    Object facts;
    facts.set("away_us", resumed.away_us);
    facts.set("late", resumed.late);
    Object note;
    note.set("resumed", facts);
    return json::write(note);
}

std::string encode_capabilities_note(const std::string& capabilities) {
    return R"({"capabilities":)" + capabilities + "}";
}

DumpNote decode_note(std::string_view note) {
    DumpNote out;
    // The capabilities stand in it whole, among other members.
    const auto object = parse_object(note, 4 * kTextBytesMax, kTextDepthMax + 1);
    if (!object) return out;
    out.boot_id = shown((*object)["boot_id"].text_or_empty());
    out.has_jpegs = (*object)["codec"].text_or_empty() == kCodecMjpeg;
    const Object* const capabilities = (*object)["capabilities"].object();
    if (capabilities != nullptr && !capabilities->empty())
        out.capabilities = capabilities_of(*capabilities, {});
    if (const Object* const times = (*object)["clock_exchange"].object())
        out.exchange = exchange_of(*times);
    if (const Object* const facts = (*object)["resumed"].object()) out.resumed = resumed_of(*facts);
    return out;
}

Result<Command> decode_command(std::string_view text) {
    const auto object = parse_object(text);
    if (!object) return Error{"command is not a JSON object: \"" + shown(text) + "\""};
    const std::string command = (*object)["command"].text_or_empty();
    if (command == "stop_capture") return Command{Stop{}};
    if (command == "start_capture") return decode_start(*object);
    if (command == "clock") {
        const Object* const payload = (*object)["payload"].object();
        const auto id = payload != nullptr ? id_of(*payload) : std::nullopt;
        if (!id) return Error{"clock: no payload with an id"};
        return Command{ClockRequest{*id}};
    }
    if (command == "received") return decode_received(*object);
    return Error{"unknown command \"" + shown(command) +
                 "\", expected start_capture, stop_capture, clock or received"};
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
    if (offer.clock) {
        text += std::string(",\"clock\":{\"unit\":\"") +
                (offer.clock->unit == TimeUnit::us ? "us" : "ms") +
                "\",\"exchange\":" + (offer.clock->has_exchange ? "1" : "0");
        if (offer.clock->uncertainty_us > 0)
            text += ",\"uncertainty_us\":" + std::to_string(offer.clock->uncertainty_us);
        text += "}";
    }
    if (!offer.is_paced) text += ",\"paced\":false";
    if (offer.starts_at) text += ",\"start_at\":true";
    if (offer.resumes) text += ",\"resume\":1";
    return text + "}";
}

std::string encode_clock_reply(const ClockReply& reply) {
    return R"({"type":"clock","id":)" + std::to_string(reply.id) +
           ",\"received\":" + std::to_string(reply.received) +
           ",\"sent\":" + std::to_string(reply.sent) + "}";
}

std::string encode_resume(const Resume& resume) {
    return R"({"type":"resume","capture":)" + json::write(std::string_view(resume.capture)) +
           ",\"from\":" + std::to_string(resume.from) + "}";
}

}  // namespace st::camera
