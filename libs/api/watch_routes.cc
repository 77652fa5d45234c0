#include "api/watch_routes.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "api/answers.h"
#include "api/statistics.h"
#include "base/clock.h"
#include "capture/cameras.h"
#include "json/write.h"
#include "live/live.h"
#include "live/parts.h"
#include "notify/hooks.h"
#include "record/recorder.h"
#include "record/room.h"

namespace st::api {
namespace {

using Segments = std::vector<std::string>;

/// Why the server should be given no work; "" if it is ready.
std::string trouble_of(const std::optional<DiskSpace>& disk, bool is_shutting_down) {
    if (is_shutting_down) return "the server is shutting down";
    if (!disk) return "the folder of the recordings cannot be asked for its room";
    if (disk->free_bytes < record::room_to_begin(disk->size_bytes)) {
        return "no room for a recording";
    }
    return {};
}

http::Response ready_response(const std::string& trouble) {
    json::Object answer;
    answer.set("ok", trouble.empty());
    if (!trouble.empty()) answer.set("why", trouble);
    return json_response(json::write(answer), trouble.empty() ? 200 : 503);
}

}  // namespace

std::optional<httpd::Plan> WatchRoutes::plan(const httpd::Request& request) {
    const Segments& segments = request.target.segments;
    std::function<void(const httpd::Reply&)> answer;
    httpd::Plan plan;
    if (segments == Segments{"healthz"}) {
        answer = [](const httpd::Reply& reply) { reply({json_response("{\"ok\":true}"), {}}); };
    } else if (segments == Segments{"readyz"}) {
        answer = [this](const httpd::Reply& reply) { tell_ready(reply); };
    } else if (segments == Segments{"metrics"}) {
        plan.role = auth::Role::control;
        answer = [this](const httpd::Reply& reply) { send_metrics(reply); };
    } else if (segments.size() >= 3 && segments[0] == "api" && segments[1] == "statistics") {
        plan.role = auth::Role::control;
        answer = [this, asked = Segments(segments.begin() + 2, segments.end())](
                     const httpd::Reply& reply) {
            StatisticsInput input;
            input.now_us = wall_us();
            input.now_ns = monotonic_ns();
            input.streams = parts_.live.hub().streams(input.now_ns);
            input.uptime_ms =
                static_cast<std::uint64_t>((input.now_ns - facts_.started_ns) / 1'000'000);
            StatisticsAnswer made = statistics_answer(asked, input);
            reply({json_response(std::move(made.body), made.status), {}});
        };
    } else {
        return std::nullopt;
    }
    if (request.head.method != "GET" && request.head.method != "HEAD") {
        plan.refusal = httpd::method_refusal(request.head.method, "GET, HEAD");
        return plan;
    }
    plan.answer = [answer](const httpd::Request&, const httpd::Reply& reply) { answer(reply); };
    return plan;
}

/// By way of the control loop and the pool: what does not turn any more is not ready.
void WatchRoutes::tell_ready(const httpd::Reply& reply) {
    parts_.control.post([this, reply] {
        parts_.disk_room.ask([this, reply](const std::optional<DiskSpace>& space) {
            reply({ready_response(trouble_of(space, parts_.live_parts.shutting_down)), {}});
        });
    });
}

/// The text is made here: on a pool it would wait for a disk that hangs, of which it is to tell.
void WatchRoutes::send_metrics(const httpd::Reply& reply) {
    parts_.control.post([this, reply] {
        auto made = std::make_shared<MetricsOfParts>(figures());
        for (const auto& [name, entry] : parts_.cameras.all()) {
            if (!entry.is_camera) continue;
            const control::CameraStatus status = parts_.cameras.status(entry);
            const bool is_recording = status.state == control::CameraState::recording;
            made->cameras.push_back({name, std::uint64_t{is_recording}, status.fps_1s,
                                     entry.link->lost, status.bytes, status.clock});
        }
        parts_.disk_room.ask([this, reply, made](const auto& space) {
            made->disk = space;
            reply(metrics(*made));
        });
    });
}

httpd::Answer WatchRoutes::metrics(const MetricsOfParts& made) const {
    return {{200,
             "text/plain; version=0.0.4",
             {},
             prometheus_text(parts_.http_counters, parts_.capture_counters, facts_.busy, made)},
            {}};
}

MetricsOfParts WatchRoutes::figures() const {
    MetricsOfParts figures;
    figures.version = facts_.version;
    figures.started_us = facts_.started_us;
    figures.recorder = parts_.recorder.status();
    figures.segments = parts_.segments.totals();
    figures.publishers = parts_.live.hub().publisher_count();
    figures.viewers = parts_.live.hub().viewer_count();
    figures.hooks = parts_.hooks.status();
    const std::int64_t now_ns = monotonic_ns();
    for (const hub::StreamStatus& stream : parts_.live.hub().streams(now_ns)) {
        if (!stream.is_live) continue;
        figures.streams.push_back({stream.path, stream.viewers, stream.statistics.bytes(),
                                   stream.statistics.rates(now_ns).fps_1s});
    }
    return figures;
}

}  // namespace st::api
