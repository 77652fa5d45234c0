#include "control/preview.h"

#include "control/fields.h"
#include "control/parameters.h"

namespace st::control {
namespace {

using json::Object;

constexpr TextTable<PreviewOutcome, 7> kOutcomes = {{
    {PreviewOutcome::previewing, "previewing"},
    {PreviewOutcome::recording, "recording"},
    {PreviewOutcome::stopped, "stopped"},
    {PreviewOutcome::refused, "refused"},
    {PreviewOutcome::timeout, "timeout"},
    {PreviewOutcome::disconnected, "disconnected"},
    {PreviewOutcome::sent, "sent"},
}};

}  // namespace

std::string_view to_text(PreviewOutcome outcome) { return text_of(kOutcomes, outcome); }

Decoded<PreviewRequest> decode_preview_request(std::string_view body) {
    const auto object = parse_request(body);
    if (!object) return object.error();
    ObjectReader reader(*object);
    PreviewRequest request;
    read_cameras(reader, request.cameras);
    read_parameters(reader, request.parameters);
    reader.read("stop", request.stop);
    read_asking(reader, request);
    reader.refuse_unknown();
    if (reader.failed()) return reader.error();
    return request;
}

std::string encode(const PreviewRequest& request) {
    Object object;
    if (!request.cameras.empty()) object.set("cameras", to_array(request.cameras));
    set_parameters(object, request.parameters);
    if (request.stop) object.set("stop", true);
    set_asking(object, request);
    return json::write(object);
}

Decoded<PreviewReply> decode_preview_reply(std::string_view body) {
    return decode_results<PreviewReply>(body, [](ObjectReader& fields, PreviewResult& result) {
        read_enum(fields, "outcome", kOutcomes, result.outcome);
        fields.read("error", result.error);
    });
}

std::string encode(const PreviewReply& reply) {
    json::Array results;
    for (const PreviewResult& result : reply.results) {
        Object object;
        object.set("camera", result.camera);
        object.set("outcome", std::string(to_text(result.outcome)));
        object.set("error", result.error);
        results.push_back(object);
    }
    return encode_results(reply.ok, results);
}

}  // namespace st::control
