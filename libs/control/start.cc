#include "control/start.h"

#include "base/name.h"
#include "control/fields.h"

namespace st::control {
namespace {

using json::Object;

constexpr TextTable<StartOutcome, 6> kOutcomes = {{
    {StartOutcome::started, "started"},
    {StartOutcome::already_recording, "already_recording"},
    {StartOutcome::refused, "refused"},
    {StartOutcome::timeout, "timeout"},
    {StartOutcome::disconnected, "disconnected"},
    {StartOutcome::sent, "sent"},
}};

void read_size(ObjectReader& reader, const std::string& key, std::uint32_t min,
               std::optional<Size>& out) {
    const Object* object = reader.object(key);
    if (!object) return;
    ObjectReader fields(*object, reader.path(key));
    Size size;
    for (const char* side : {"width", "height"}) fields.require(side);
    fields.read("width", size.width, {min, kSideMax});
    fields.read("height", size.height, {min, kSideMax});
    fields.refuse_unknown();
    if (fields.failed())
        reader.fail(fields.error());
    else
        out = size;
}

Object to_object(const Size& size) {
    Object object;
    object.set("width", size.width);
    object.set("height", size.height);
    return object;
}

}  // namespace

std::string_view to_text(StartOutcome outcome) { return text_of(kOutcomes, outcome); }

Decoded<StartRequest> decode_start_request(std::string_view body) {
    const auto object = parse_request(body);
    if (!object) return object.error();
    ObjectReader reader(*object);
    StartRequest request;
    StartParameters& parameters = request.parameters;
    read_cameras(reader, request.cameras);
    read_size(reader, "resolution", 16, parameters.resolution);
    read_size(reader, "aspect", 1, parameters.aspect);
    reader.read("bitrate_bps", parameters.bitrate_bps, {1, kBitrateMax});
    reader.read("fps", parameters.fps, {0, kFpsMax});
    reader.read("take", request.take);
    reader.read("wait", request.wait);
    read_timeout(reader, request.timeout);
    reader.refuse_unknown();
    if (request.take && !is_valid_name(*request.take)) {
        reader.fail("take", "not a name (letters, digits, . _ -, at most 64)");
    }
    if (parameters.resolution && parameters.aspect) {
        reader.fail("aspect", "cannot go with resolution, which says the ratio");
    }
    if (reader.failed()) return reader.error();
    return request;
}

std::string encode(const StartRequest& request) {
    Object object;
    const StartParameters& parameters = request.parameters;
    if (!request.cameras.empty()) object.set("cameras", to_array(request.cameras));
    if (parameters.resolution) object.set("resolution", to_object(*parameters.resolution));
    if (parameters.aspect) object.set("aspect", to_object(*parameters.aspect));
    if (parameters.bitrate_bps) object.set("bitrate_bps", *parameters.bitrate_bps);
    if (parameters.fps) object.set("fps", *parameters.fps);
    if (request.take) object.set("take", *request.take);
    object.set("wait", request.wait);
    object.set("timeout_ms", static_cast<std::int64_t>(request.timeout.count()));
    return json::write(object);
}

Decoded<StartReply> decode_start_reply(std::string_view body) {
    return decode_results<StartReply>(body, [](ObjectReader& fields, StartResult& result) {
        read_enum(fields, "outcome", kOutcomes, result.outcome);
        fields.read("error", result.error);
    });
}

std::string encode(const StartReply& reply) {
    json::Array results;
    for (const StartResult& result : reply.results) {
        Object object;
        object.set("camera", result.camera);
        object.set("outcome", std::string(to_text(result.outcome)));
        object.set("session", result.session);
        object.set("error", result.error);
        results.push_back(object);
    }
    return encode_results(reply.ok, results);
}

}  // namespace st::control
