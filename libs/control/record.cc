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

constexpr auto kStatus = [](auto& way, auto& status) {
    required(way, "stream", status.stream);
    required(way, "state", status.state);
    field(way, "format", status.format);
    field(way, "tracks", status.tracks);
    field(way, "segment_duration_ms", status.segment_duration_ms);
    field(way, "preroll_ms", status.preroll_ms);
    field(way, "max_duration_ms", status.max_duration_ms);
    field(way, "started_by", status.started_by);
    field(way, "started_at", status.started_at);
    field(way, "file", status.file);
    field(way, "segments", status.segments);
    field(way, "pictures", status.pictures);
    field(way, "sounds", status.sounds);
    field(way, "bytes", status.bytes);
    field(way, "duration_ms", status.duration_ms);
    field(way, "dropped", status.dropped);
    field(way, "problem", status.problem);
};

constexpr auto kSegment = [](auto& way, auto& segment) {
    required(way, "name", segment.name);
    field(way, "file", segment.file);
    field(way, "url", segment.url);
    required(way, "start", segment.start);
    field(way, "end", segment.end);
    field(way, "duration_ms", segment.duration_ms);
    field(way, "bytes", segment.bytes);
    field(way, "open", segment.is_open);
    field(way, "kept", segment.kept);
};

constexpr auto kStopped = [](auto& way, auto& streams) {
    fixed_field(way, "ok", true);
    require(way, "streams");
    field(way, "streams", streams, kStreamsMax);
};

}  // namespace

Decoded<RecordRequest> decode_record_request(std::string_view body) {
    const auto object = parse_request(body);
    if (!object) return object.error();
    ObjectReader reader(*object);
    RecordRequest request;
    read_word(reader, "format", {"mp4", "flv"}, request.format);
    read_word(reader, "tracks", {"all", "video", "audio"}, request.tracks);
    reader.read("segment_duration_ms", request.segment_duration_ms, {kSegmentMsMin, kSegmentMsMax});
    reader.read("preroll_ms", request.preroll_ms, {0, kPrerollMsMax});
    reader.read("max_duration_ms", request.max_duration_ms, {0, kSegmentMsMax});
    client_field(reader, request.client);
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
    client_field(object, request.client);
    return json::write(object);
}

std::string encode(const RecordStatus& status) { return write_fields(status, kStatus); }

Decoded<RecordStatus> decode_record_status(std::string_view body) {
    return read_fields<RecordStatus>(body, kStatus);
}

std::string encode(const StoredSegment& segment) { return write_fields(segment, kSegment); }

Decoded<StoredSegment> decode_stored_segment(std::string_view body) {
    return read_fields<StoredSegment>(body, kSegment);
}

std::string encode_stopped(const std::vector<std::string>& streams) {
    return write_fields(streams, kStopped);
}

Decoded<std::vector<std::string>> decode_stopped(std::string_view body) {
    return read_fields<std::vector<std::string>>(body, kStopped);
}

}  // namespace st::control
