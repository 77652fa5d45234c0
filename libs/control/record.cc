#include "control/record.h"

#include "control/fields.h"

namespace st::control {
namespace {

constexpr std::size_t kStreamsMax = 100'000;

void read_word(ObjectReader& reader, const std::string& key,
               std::initializer_list<std::string_view> words, std::optional<std::string>& out) {
    reader.read(key, out);
    if (reader.failed() || !out) return;
    std::string expected;
    for (const std::string_view word : words) {
        if (*out == word) return;
        expected += (expected.empty() ? "" : ", ") + std::string(word);
    }
    reader.fail(key, "expected one of " + expected);
}

}  // namespace

Decoded<RecordRequest> decode_record_request(std::string_view body) {
    const auto object = parse_request(body);
    if (!object) return object.error();
    ObjectReader reader(*object);
    RecordRequest request;
    read_word(reader, "format", {"mp4", "flv"}, request.format);
    read_word(reader, "tracks", {"all", "video", "audio"}, request.tracks);
    reader.read("segment_duration_ms", request.segment_duration_ms, {1000, kSegmentMsMax});
    reader.read("preroll_ms", request.preroll_ms, {0, kPrerollMsMax});
    reader.read("max_duration_ms", request.max_duration_ms, {0, kSegmentMsMax});
    read_client(reader, request.client);
    reader.refuse_unknown();
    if (reader.failed()) return reader.error();
    return request;
}

std::string encode(const RecordRequest& request, const std::string& stream) {
    json::Object object;
    const std::size_t slash = stream.find('/', 1);
    object.set("app", stream.substr(1, slash - 1));
    object.set("name", stream.substr(slash + 1));
    if (request.format) object.set("format", *request.format);
    if (request.tracks) object.set("tracks", *request.tracks);
    if (request.segment_duration_ms) {
        object.set("segment_duration_ms", *request.segment_duration_ms);
    }
    if (request.preroll_ms) object.set("preroll_ms", *request.preroll_ms);
    if (request.max_duration_ms) object.set("max_duration_ms", *request.max_duration_ms);
    if (!request.client.empty()) object.set("client", request.client);
    return json::write(object);
}

std::string encode(const RecordStatus& status) {
    json::Object object;
    object.set("stream", status.stream);
    object.set("state", status.state);
    object.set("format", status.format);
    object.set("tracks", status.tracks);
    object.set("segment_duration_ms", status.segment_duration_ms);
    object.set("preroll_ms", status.preroll_ms);
    object.set("max_duration_ms", status.max_duration_ms);
    object.set("started_by", status.started_by);
    object.set("started_at", status.started_at);
    object.set("file", status.file);
    object.set("segments", status.segments);
    object.set("pictures", status.pictures);
    object.set("sounds", status.sounds);
    object.set("bytes", status.bytes);
    object.set("duration_ms", status.duration_ms);
    object.set("dropped", status.dropped);
    object.set("problem", status.problem);
    return json::write(object);
}

Decoded<RecordStatus> decode_record_status(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    RecordStatus status;
    reader.require("stream");
    reader.require("state");
    reader.read("stream", status.stream);
    reader.read("state", status.state);
    reader.read("format", status.format);
    reader.read("tracks", status.tracks);
    reader.read("segment_duration_ms", status.segment_duration_ms);
    reader.read("preroll_ms", status.preroll_ms);
    reader.read("max_duration_ms", status.max_duration_ms);
    reader.read("started_by", status.started_by);
    reader.read("started_at", status.started_at);
    reader.read("file", status.file);
    reader.read("segments", status.segments);
    reader.read("pictures", status.pictures);
    reader.read("sounds", status.sounds);
    reader.read("bytes", status.bytes);
    reader.read("duration_ms", status.duration_ms);
    reader.read("dropped", status.dropped);
    reader.read("problem", status.problem);
    if (reader.failed()) return reader.error();
    return status;
}

std::string encode(const StoredSegment& segment) {
    json::Object object;
    object.set("name", segment.name);
    object.set("file", segment.file);
    object.set("url", segment.url);
    object.set("start", segment.start);
    object.set("end", segment.end);
    object.set("duration_ms", segment.duration_ms);
    object.set("bytes", segment.bytes);
    object.set("open", segment.is_open);
    object.set("kept", segment.kept);
    return json::write(object);
}

Decoded<StoredSegment> decode_stored_segment(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    StoredSegment segment;
    reader.require("name");
    reader.require("start");
    reader.read("name", segment.name);
    reader.read("file", segment.file);
    reader.read("url", segment.url);
    reader.read("start", segment.start);
    reader.read("end", segment.end);
    reader.read("duration_ms", segment.duration_ms);
    reader.read("bytes", segment.bytes);
    reader.read("open", segment.is_open);
    reader.read("kept", segment.kept);
    if (reader.failed()) return reader.error();
    return segment;
}

std::string encode_stopped(const std::vector<std::string>& streams) {
    json::Object object;
    object.set("ok", true);
    object.set("streams", to_array(streams));
    return json::write(object);
}

Decoded<std::vector<std::string>> decode_stopped(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    std::vector<std::string> streams;
    reader.require("streams");
    reader.read("streams", streams, kStreamsMax);
    if (reader.failed()) return reader.error();
    return streams;
}

}  // namespace st::control
