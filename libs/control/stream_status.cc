#include "control/stream_status.h"

#include <cmath>

#include "control/fields.h"

namespace st::control {
namespace {

double rounded(double value) { return std::isfinite(value) ? std::round(value * 100) / 100 : 0; }

json::Value encoded(const std::optional<VideoFacts>& video) {
    if (!video) return {};
    json::Object object;
    object.set("codec", video->codec);
    object.set("width", video->width);
    object.set("height", video->height);
    return object;
}

json::Value encoded(const std::optional<AudioFacts>& audio) {
    if (!audio) return {};
    json::Object object;
    object.set("codec", audio->codec);
    object.set("sample_rate", audio->sample_rate);
    object.set("channels", audio->channels);
    return object;
}

void read_tracks(ObjectReader& reader, StreamStatus& status) {
    if (reader.has("video")) {
        if (const auto object = reader.object("video")) {
            ObjectReader inner(*object, reader.path("video"));
            VideoFacts video;
            inner.read("codec", video.codec);
            inner.read("width", video.width);
            inner.read("height", video.height);
            if (inner.failed()) return reader.fail(inner.error());
            status.video = video;
        }
    }
    if (reader.has("audio")) {
        if (const auto object = reader.object("audio")) {
            ObjectReader inner(*object, reader.path("audio"));
            AudioFacts audio;
            inner.read("codec", audio.codec);
            inner.read("sample_rate", audio.sample_rate);
            inner.read("channels", audio.channels);
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
    object.set("bitrate_1s", status.bitrate_1s);
    object.set("bitrate_10s", status.bitrate_10s);
    object.set("key_interval_ms", status.key_interval_ms);
    object.set("key_age_ms", status.key_age_ms);
    object.set("packets", status.packets);
    object.set("bytes", status.bytes);
    object.set("unusable", status.unusable);
    object.set("problem", status.problem);
    object.set("clock_jumps", status.clock_jumps);
    object.set("viewers", status.viewers);
    object.set("dropped", status.dropped);
    object.set("queue_bytes_max", status.queue_bytes_max);
    object.set("gop_packets", status.gop_packets);
    object.set("gop_bytes", status.gop_bytes);
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
    reader.read("bitrate_1s", status.bitrate_1s);
    reader.read("bitrate_10s", status.bitrate_10s);
    reader.read("key_interval_ms", status.key_interval_ms);
    reader.read("key_age_ms", status.key_age_ms);
    reader.read("packets", status.packets);
    reader.read("bytes", status.bytes);
    reader.read("unusable", status.unusable);
    reader.read("problem", status.problem);
    reader.read("clock_jumps", status.clock_jumps);
    reader.read("viewers", status.viewers);
    reader.read("dropped", status.dropped);
    reader.read("queue_bytes_max", status.queue_bytes_max);
    reader.read("gop_packets", status.gop_packets);
    reader.read("gop_bytes", status.gop_bytes);
    if (reader.failed()) return reader.error();
    return status;
}

std::string encode(const ViewerStatus& status) {
    json::Object object;
    object.set("id", status.id);
    object.set("stream", status.stream);
    object.set("protocol", status.protocol);
    object.set("peer", status.peer);
    object.set("since", status.since);
    object.set("bytes", status.bytes);
    object.set("packets", status.packets);
    object.set("dropped", status.dropped);
    object.set("cuts", status.cuts);
    object.set("queue_bytes", status.queue_bytes);
    object.set("queue_bytes_max", status.queue_bytes_max);
    return json::write(object);
}

Decoded<ViewerStatus> decode_viewer_status(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    ViewerStatus status;
    reader.require("id");
    reader.require("stream");
    reader.read("id", status.id);
    reader.read("stream", status.stream);
    reader.read("protocol", status.protocol);
    reader.read("peer", status.peer);
    reader.read("since", status.since);
    reader.read("bytes", status.bytes);
    reader.read("packets", status.packets);
    reader.read("dropped", status.dropped);
    reader.read("cuts", status.cuts);
    reader.read("queue_bytes", status.queue_bytes);
    reader.read("queue_bytes_max", status.queue_bytes_max);
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
