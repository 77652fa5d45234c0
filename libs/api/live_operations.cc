#include "api/live_operations.h"

#include <algorithm>
#include <map>

#include "api/arguments.h"
#include "api/event_log.h"
#include "api/page.h"
#include "base/clock.h"
#include "base/encodings.h"
#include "capture/cameras.h"
#include "capture/jpeg_snapshot.h"
#include "control/list.h"
#include "control/source_status.h"
#include "control/stream_status.h"
#include "flv/codec_name.h"
#include "live/live.h"
#include "live/sources.h"
#include "media/aac_config.h"
#include "media/avc_config.h"

namespace st::api {
namespace {

using control::ApiError;
using control::ErrorCode;

std::optional<control::VideoFacts> video_of(const hub::StreamStatus& status) {
    if (!status.has_video) return std::nullopt;
    control::VideoFacts facts;
    if (status.flv_video) {
        facts.codec = flv::codec_name(media::Track::video, *status.flv_video);
        return facts;
    }
    facts.codec = "h264";
    if (!status.video) return facts;
    if (const auto config = media::parse_avc_config(status.video->payload.bytes())) {
        if (const auto size = media::picture_size(*config)) {
            facts.width = size->width;
            facts.height = size->height;
        }
    }
    return facts;
}

/// Null if there is none at `path`.
const capture::CameraEntry* camera_at(const capture::Cameras& cameras, std::string_view path) {
    constexpr std::string_view kApp = "/camera/";
    if (!path.starts_with(kApp)) return nullptr;
    return cameras.find(std::string(path.substr(kApp.size())));
}

const capture::CameraEntry* jpeg_camera(const capture::Cameras& cameras, std::string_view path) {
    const capture::CameraEntry* entry = camera_at(cameras, path);
    return entry != nullptr && entry->link->is_jpeg ? entry : nullptr;
}

/// The stream of a camera is read when somebody watches; what the camera sends is known before.
void add_video_of_camera(const capture::Cameras& cameras, control::StreamStatus& stream) {
    if (stream.video || !stream.is_live) return;
    const capture::CameraEntry* entry = camera_at(cameras, stream.path);
    if (entry == nullptr) return;
    const control::CameraStatus camera = cameras.status(*entry);
    if (camera.width) stream.video = control::VideoFacts{camera.codec, camera.width, camera.height};
}

bool is_streaming(camera::State state) {
    return state == camera::State::recording || state == camera::State::previewing ||
           state == camera::State::starting;
}

std::optional<control::AudioFacts> audio_of(const hub::StreamStatus& status) {
    if (!status.has_audio) return std::nullopt;
    control::AudioFacts facts;
    if (status.flv_audio) {
        facts.codec = flv::codec_name(media::Track::audio, *status.flv_audio);
        return facts;
    }
    facts.codec = "aac";
    if (!status.audio) return facts;
    if (const auto config = media::parse_aac_config(status.audio->payload.bytes())) {
        facts.sample_rate = config->sample_rate;
        if (config->channels != 0) facts.channels = config->channels;
    }
    return facts;
}

struct OfViewers {
    std::uint64_t dropped = 0;
    std::uint64_t queue_bytes_max = 0;
};

control::StreamStatus shown(const hub::StreamStatus& status, const OfViewers& viewers) {
    control::StreamStatus out;
    out.path = status.path;
    out.is_live = status.is_live;
    out.is_refused = status.is_refused;
    if (status.is_live) {
        out.protocol = status.publisher.protocol;
        out.peer = status.publisher.peer;
        out.since = rfc3339(status.since_us);
    }
    out.video = video_of(status);
    out.audio = audio_of(status);
    const hub::Rates rates = status.statistics.rates(monotonic_ns());
    out.fps_1s = rates.fps_1s;
    out.fps_10s = rates.fps_10s;
    out.bitrate_1s = rates.bits_per_second_1s;
    out.bitrate_10s = rates.bits_per_second_10s;
    out.key_interval_ms = static_cast<std::uint64_t>(status.statistics.key_interval_ms());
    const std::int64_t now_ns = monotonic_ns();
    if (status.key_ns) {
        out.key_age_ms = static_cast<std::uint64_t>((now_ns - *status.key_ns) / 1'000'000);
    }
    out.unusable = status.unusable;
    if (!status.unusable_why.empty()) out.problem = status.unusable_why;
    const std::string waits = live::key_frame_age(status, now_ns);
    if (!out.problem && !waits.empty()) out.problem = waits;
    out.packets = status.statistics.packets();
    out.bytes = status.statistics.bytes();
    out.clock_jumps = status.jumps;
    out.viewers = status.viewers;
    out.dropped = status.dropped + viewers.dropped;
    out.queue_bytes_max = std::max(status.queue_bytes_max, viewers.queue_bytes_max);
    out.gop_packets = status.gop_packets;
    out.gop_bytes = status.gop_bytes;
    return out;
}

std::map<std::string, OfViewers> by_stream(const hub::Hub& hub) {
    std::map<std::string, OfViewers> sums;
    for (const auto& record : hub.viewers()) {
        OfViewers& sum = sums[record->path];
        sum.dropped += record->dropped.load();
        sum.queue_bytes_max = std::max(sum.queue_bytes_max, record->queue_bytes_max.load());
    }
    return sums;
}

control::ViewerStatus shown(const hub::ViewerRecord& record) {
    control::ViewerStatus viewer;
    viewer.id = record.id;
    viewer.stream = record.path;
    viewer.protocol = record.info.protocol;
    viewer.peer = record.info.peer;
    viewer.since = rfc3339(record.since_us);
    viewer.bytes = record.bytes.load();
    viewer.packets = record.packets.load();
    viewer.dropped = record.dropped.load();
    viewer.cuts = record.cuts.load();
    viewer.queue_bytes = record.queue_bytes.load();
    viewer.queue_bytes_max = record.queue_bytes_max.load();
    return viewer;
}

ApiError no_stream(const std::string& path) {
    return {ErrorCode::not_found, "no stream at " + path, "name"};
}

control::SourceStatus shown(const live::SourceStatus& status) {
    control::SourceStatus out;
    out.path = status.path;
    out.input = status.input;
    out.state = static_cast<control::SourceState>(status.state);
    if (status.pid != 0) out.pid = static_cast<std::uint64_t>(status.pid);
    out.viewers = status.viewers;
    out.restarts = status.restarts;
    out.crashes = status.crashes;
    if (!status.last_error.empty()) out.last_error = status.last_error;
    if (status.since_us != 0) {
        const std::int64_t ms = (wall_us() - status.since_us) / 1000;
        out.uptime_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, ms));
    }
    return out;
}
static_assert(static_cast<int>(live::SourceState::failed) ==
              static_cast<int>(control::SourceState::failed));

}  // namespace

void LiveOperations::list_streams(const control::Call& call, const Operations::Done& done) const {
    auto streams = parts_.live.hub().streams();
    const auto viewers = by_stream(parts_.live.hub());
    std::sort(streams.begin(), streams.end(),
              [](const auto& a, const auto& b) { return a.path < b.path; });
    Page page(call);
    for (const hub::StreamStatus& status : streams) {
        page.add(status.path, [&] {
            const auto found = viewers.find(status.path);
            auto stream = shown(status, found == viewers.end() ? OfViewers{} : found->second);
            add_video_of_camera(parts_.cameras, stream);
            return control::encode(stream);
        });
    }
    done(page.encode());
}

void LiveOperations::get_stream(const std::string& path, const Operations::Done& done) const {
    // First: who leaves now counts once at most.
    const std::optional<hub::StreamStatus> status = parts_.live.hub().status(path);
    if (!status) return done(no_stream(path));
    auto viewers = by_stream(parts_.live.hub());
    auto stream = shown(*status, viewers[path]);
    add_video_of_camera(parts_.cameras, stream);
    done(control::encode(stream));
}

void LiveOperations::kick_publisher(const std::string& path, const std::string& by,
                                    const Operations::Done& done) const {
    if (!parts_.live.hub().kick_publisher(path, by)) return done(no_stream(path));
    done(control::encode_done("stream", path));
}

void LiveOperations::take_snapshot(const std::string& path, std::stop_token asker, bool is_coming,
                                   const Operations::Done& done) {
    const auto answer = [path, done](const Result<std::string>& jpeg) {
        if (!jpeg) return done(to_error(jpeg.error()));
        done(control::encode(control::Snapshot{path, base64_encode(as_bytes(*jpeg))}));
    };
    const capture::CameraEntry* camera = jpeg_camera(parts_.cameras, path);
    if (camera == nullptr) return snapshots_.take(path, std::move(asker), is_coming, answer);
    if (!is_coming && !is_streaming(camera->state)) {
        return answer(Error{"no stream at " + path, 404});
    }
    // Its pictures are JPEGs already.
    capture::JpegSnapshot::take(
        parts_.jpegs, camera->name, parts_.control,
        [&control = parts_.control](std::function<void()> task) { control.post(std::move(task)); },
        answer);
}

void LiveOperations::list_viewers(const control::Call& call, const Operations::Done& done) const {
    Page page(call);
    for (const auto& record : parts_.live.hub().viewers()) {
        std::string key = std::to_string(record->id);
        key.insert(0, 20 - key.size(), '0');  // in the order of the numbers
        page.add(key, [&] { return control::encode(shown(*record)); });
    }
    done(page.encode());
}

void LiveOperations::kick_viewer(std::uint64_t id, const std::string& by,
                                 const Operations::Done& done) const {
    if (!parts_.live.hub().kick_viewer(id, by)) {
        return done(
            ApiError{ErrorCode::not_found, "no viewer has the id " + std::to_string(id), "id"});
    }
    done(control::encode_done("viewer", id));
}

void LiveOperations::list_sources(const control::Call& call, const Operations::Done& done) const {
    Page page(call);
    for (const live::SourceStatus& status : parts_.sources.status()) {
        page.add(status.path, [&] { return control::encode(shown(status)); });
    }
    done(page.encode());
}

void LiveOperations::restart_source(const std::string& path, const std::string& by,
                                    const Operations::Done& done) const {
    if (!parts_.sources.restart(path)) {
        return done(ApiError{ErrorCode::not_found, "no source \"" + path + "\"", "name"});
    }
    parts_.events.add("source.restarted", {{"stream", path}, {"by", by}});
    done(control::encode_done("source", path));
}

}  // namespace st::api
