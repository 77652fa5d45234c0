#include "control/start.h"

#include "base/name.h"
#include "control/fields.h"
#include "control/parameters.h"

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

}  // namespace

std::string_view to_text(StartOutcome outcome) { return text_of(kOutcomes, outcome); }

Decoded<StartRequest> decode_start_request(std::string_view body) {
    const auto object = parse_request(body);
    if (!object) return object.error();
    ObjectReader reader(*object);
    StartRequest request;
    StartParameters& parameters = request.parameters;
    read_cameras(reader, request.cameras);
    read_parameters(reader, parameters);
    reader.read("take", request.take);
    reader.read("join", request.join);
    reader.read("append", request.append);
    reader.read("all_or_none", request.all_or_none);
    reader.read("owner", request.owner, kOwnerBytesMax);
    read_asking(reader, request);
    reader.refuse_unknown();
    if (request.take && !is_valid_name(*request.take)) {
        reader.fail("take", "not a name (letters, digits, . _ -, at most 64)");
    }
    if (reader.failed()) return reader.error();
    return request;
}

std::string encode(const StartRequest& request) {
    Object object;
    const StartParameters& parameters = request.parameters;
    if (!request.cameras.empty()) object.set("cameras", to_array(request.cameras));
    set_parameters(object, parameters);
    if (request.take) object.set("take", *request.take);
    if (request.join) object.set("join", true);
    if (request.append) object.set("append", true);
    if (request.all_or_none) object.set("all_or_none", true);
    if (!request.owner.empty()) object.set("owner", request.owner);
    set_asking(object, request);
    return json::write(object);
}

Decoded<StartReply> decode_start_reply(std::string_view body) {
    return decode_results<StartReply>(body, [](ObjectReader& fields, StartResult& result) {
        fields.read("session", result.session);
        read_enum(fields, "outcome", kOutcomes, result.outcome);
        fields.read("error", result.error);
        fields.read("take", result.take);
        fields.read("started_by", result.started_by);
        fields.read("started_at", result.started_at);
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
        if (result.take) object.set("take", *result.take);
        if (result.started_by) object.set("started_by", *result.started_by);
        if (result.started_at) object.set("started_at", *result.started_at);
        results.push_back(object);
    }
    return encode_results(reply.ok, results);
}

}  // namespace st::control
