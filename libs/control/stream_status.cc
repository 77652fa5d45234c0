#include "control/stream_status.h"

#include "control/fields.h"

namespace st::control {
namespace {

constexpr auto kVideo = [](auto& way, auto& video) {
    field(way, "codec", video.codec);
    field(way, "width", video.width);
    field(way, "height", video.height);
};

constexpr auto kAudio = [](auto& way, auto& audio) {
    field(way, "codec", audio.codec);
    field(way, "sample_rate", audio.sample_rate);
    field(way, "channels", audio.channels);
};

void state_field(json::Object& object, const StreamStatus& status) {
    object.set("state", to_text(status));
}
void state_field(ObjectReader& reader, StreamStatus& status) {
    std::string state;
    reader.require("state");
    reader.read("state", state);
    if (state != "live" && state != "waiting" && state != "refused") {
        reader.fail("state", "expected live, waiting or refused");
    }
    status.is_live = state == "live";
    status.is_refused = state == "refused";
}

constexpr auto kStream = [](auto& way, auto& stream) {
    required(way, "path", stream.path);
    state_field(way, stream);
    field(way, "protocol", stream.protocol);
    field(way, "peer", stream.peer);
    field(way, "since", stream.since);
    object_field(way, "video", stream.video, kVideo);
    object_field(way, "audio", stream.audio, kAudio);
    rounded_field(way, "fps_1s", stream.fps_1s);
    rounded_field(way, "fps_10s", stream.fps_10s);
    field(way, "bitrate_1s", stream.bitrate_1s);
    field(way, "bitrate_10s", stream.bitrate_10s);
    field(way, "key_interval_ms", stream.key_interval_ms);
    field(way, "key_age_ms", stream.key_age_ms);
    field(way, "packets", stream.packets);
    field(way, "bytes", stream.bytes);
    field(way, "unusable", stream.unusable);
    field(way, "problem", stream.problem);
    field(way, "clock_jumps", stream.clock_jumps);
    field(way, "viewers", stream.viewers);
    field(way, "dropped", stream.dropped);
    field(way, "queue_bytes_max", stream.queue_bytes_max);
    field(way, "gop_packets", stream.gop_packets);
    field(way, "gop_bytes", stream.gop_bytes);
};

constexpr auto kViewer = [](auto& way, auto& viewer) {
    required(way, "id", viewer.id);
    required(way, "stream", viewer.stream);
    field(way, "protocol", viewer.protocol);
    field(way, "peer", viewer.peer);
    field(way, "since", viewer.since);
    field(way, "bytes", viewer.bytes);
    field(way, "packets", viewer.packets);
    field(way, "dropped", viewer.dropped);
    field(way, "cuts", viewer.cuts);
    field(way, "queue_bytes", viewer.queue_bytes);
    field(way, "queue_bytes_max", viewer.queue_bytes_max);
};

constexpr auto kSnapshot = [](auto& way, auto& snapshot) {
    field(way, "stream", snapshot.stream);
    fixed_field(way, "content_type", "image/jpeg");
    require(way, "data");
    field(way, "data", snapshot.data, kReplyBytesMax);
};

}  // namespace

const char* to_text(const StreamStatus& status) {
    if (status.is_live) return "live";
    return status.is_refused ? "refused" : "waiting";
}

std::string encode(const StreamStatus& status) { return write_fields(status, kStream); }

Decoded<StreamStatus> decode_stream_status(std::string_view body) {
    return read_fields<StreamStatus>(body, kStream);
}

std::string encode(const ViewerStatus& status) { return write_fields(status, kViewer); }

Decoded<ViewerStatus> decode_viewer_status(std::string_view body) {
    return read_fields<ViewerStatus>(body, kViewer);
}

std::string encode(const Snapshot& snapshot) { return write_fields(snapshot, kSnapshot); }

Decoded<Snapshot> decode_snapshot(std::string_view body) {
    return read_fields<Snapshot>(body, kSnapshot);
}

}  // namespace st::control
