#include "control/stream_status.h"

#include "control/fields.h"

namespace st::control {
namespace {

template <class Way, class Video>
void list_video(Way& way, Video& video) {
    field(way, "codec", video.codec);
    field(way, "width", video.width);
    field(way, "height", video.height);
}

template <class Way, class Audio>
void list_audio(Way& way, Audio& audio) {
    field(way, "codec", audio.codec);
    field(way, "sample_rate", audio.sample_rate);
    field(way, "channels", audio.channels);
}

template <class Way, class Stream>
void list_figures(Way& way, Stream& stream) {
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
}

template <class Way, class Viewer>
void list_viewer(Way& way, Viewer& viewer) {
    field(way, "id", viewer.id);
    field(way, "stream", viewer.stream);
    field(way, "protocol", viewer.protocol);
    field(way, "peer", viewer.peer);
    field(way, "since", viewer.since);
    field(way, "bytes", viewer.bytes);
    field(way, "packets", viewer.packets);
    field(way, "dropped", viewer.dropped);
    field(way, "cuts", viewer.cuts);
    field(way, "queue_bytes", viewer.queue_bytes);
    field(way, "queue_bytes_max", viewer.queue_bytes_max);
}

json::Value encoded(const std::optional<VideoFacts>& video) {
    if (!video) return {};
    json::Object object;
    list_video(object, *video);
    return object;
}

json::Value encoded(const std::optional<AudioFacts>& audio) {
    if (!audio) return {};
    json::Object object;
    list_audio(object, *audio);
    return object;
}

void read_tracks(ObjectReader& reader, StreamStatus& status) {
    if (reader.has("video")) {
        if (const auto object = reader.object("video")) {
            ObjectReader inner(*object, reader.path("video"));
            VideoFacts video;
            list_video(inner, video);
            if (inner.failed()) return reader.fail(inner.error());
            status.video = video;
        }
    }
    if (reader.has("audio")) {
        if (const auto object = reader.object("audio")) {
            ObjectReader inner(*object, reader.path("audio"));
            AudioFacts audio;
            list_audio(inner, audio);
            if (inner.failed()) return reader.fail(inner.error());
            status.audio = audio;
        }
    }
}

}  // namespace

const char* to_text(const StreamStatus& status) {
    if (status.is_live) return "live";
    return status.is_refused ? "refused" : "waiting";
}

std::string encode(const StreamStatus& status) {
    json::Object object;
    object.set("path", status.path);
    object.set("state", to_text(status));
    object.set("protocol", status.protocol);
    object.set("peer", status.peer);
    object.set("since", status.since);
    object.set("video", encoded(status.video));
    object.set("audio", encoded(status.audio));
    object.set("fps_1s", rounded(status.fps_1s));
    object.set("fps_10s", rounded(status.fps_10s));
    list_figures(object, status);
    return json::write(object);
}

Decoded<StreamStatus> decode_stream_status(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    StreamStatus status;
    std::string state;
    reader.require("path");
    reader.require("state");
    reader.read("path", status.path);
    reader.read("state", state);
    if (state != "live" && state != "waiting" && state != "refused") {
        reader.fail("state", "expected live, waiting or refused");
    }
    status.is_live = state == "live";
    status.is_refused = state == "refused";
    reader.read("protocol", status.protocol);
    reader.read("peer", status.peer);
    reader.read("since", status.since);
    read_tracks(reader, status);
    reader.read("fps_1s", status.fps_1s);
    reader.read("fps_10s", status.fps_10s);
    list_figures(reader, status);
    if (reader.failed()) return reader.error();
    return status;
}

std::string encode(const ViewerStatus& status) {
    json::Object object;
    list_viewer(object, status);
    return json::write(object);
}

Decoded<ViewerStatus> decode_viewer_status(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    ViewerStatus status;
    reader.require("id");
    reader.require("stream");
    list_viewer(reader, status);
    if (reader.failed()) return reader.error();
    return status;
}

std::string encode(const Snapshot& snapshot) {
    json::Object object;
    object.set("stream", snapshot.stream);
    object.set("content_type", "image/jpeg");
    object.set("data", snapshot.data);
    return json::write(object);
}

Decoded<Snapshot> decode_snapshot(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    Snapshot snapshot;
    reader.require("data");
    reader.read("stream", snapshot.stream);
    reader.read("data", snapshot.data, kReplyBytesMax);
    if (reader.failed()) return reader.error();
    return snapshot;
}

}  // namespace st::control
