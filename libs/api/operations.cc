#include "api/operations.h"

#include <algorithm>
#include <stdexcept>

#include "api/arguments.h"
#include "api/event_log.h"
#include "api/hook_operations.h"
#include "api/live_operations.h"
#include "api/login.h"
#include "api/page.h"
#include "api/record_operations.h"
#include "api/stored_operations.h"
#include "api/tokens.h"
#include "archive/catalogue.h"
#include "base/clock.h"
#include "base/event_sink.h"
#include "base/text.h"
#include "base/units.h"
#include "capture/cameras.h"
#include "capture/captures.h"
#include "capture/refusals.h"
#include "control/list.h"
#include "control/preview.h"
#include "control/rename.h"
#include "control/start.h"
#include "control/status.h"
#include "control/stop.h"
#include "live/live.h"
#include "record/recorder.h"
#include "takes/takes.h"

namespace st::api {
namespace {

using control::ApiError;
using control::Call;
using control::Decoded;
using control::ErrorCode;
using control::Operation;

/// A case of those that are carried out on the disk: does not compile for another.
constexpr Operation on_disk(Operation operation) {
    for (const StoredOperations::Row& row : kStoredOperations) {
        if (row.operation == operation) return operation;
    }
    throw std::logic_error("not stored");
}

ApiError too_late_to_start() {
    return {ErrorCode::unavailable,
            "the disk did not say in time whether there is such a take: nothing is started",
            {}};
}

}  // namespace

Operations::Operations(Parts& parts, Facts facts)
    : parts_(parts),
      facts_(std::move(facts)),
      hooks_(std::make_unique<HookOperations>(parts)),
      live_(std::make_unique<LiveOperations>(parts)),
      record_(std::make_unique<RecordOperations>(parts.segments)),
      stored_(std::make_unique<StoredOperations>(parts)) {}

Operations::~Operations() = default;

void Operations::call(Call call, Done done, std::stop_token asker) {
    auto shared = std::make_shared<Call>(std::move(call));
    if (const auto* row = find_stored(shared->operation->operation)) {
        parts_.disk.post(row->effort, [this, row, shared, finish = std::move(done), gone = asker] {
            const bool is_look = shared->operation->method == "GET";
            if (is_look && gone.stop_requested()) return;
            finish(stored_->answer(*row, *shared));
        });
        return;
    }
    parts_.control.post([this, shared, finish = std::move(done), asker = std::move(asker)] {
        on_control(*shared, finish, asker);
    });
}

void Operations::list_cameras(const Call& call, const Done& done) {
    Page page(call);
    for (const auto& [name, entry] : parts_.cameras.all()) {
        if (!entry.is_camera) continue;
        page.add(name,
                 [&, &camera = entry] { return control::encode(parts_.cameras.status(camera)); });
    }
    done(page.encode());
}

void Operations::list_events(const Call& call, const Done& done) {
    std::uint64_t since = number_or(call, "since", 0);
    if (const std::string* cursor = call.find("cursor")) {
        const auto last = parse_number(*cursor, ~std::uint64_t{0});
        if (!last) return done(foreign_cursor());
        since = std::max(since, *last);
    }
    const std::uint64_t limit = number_or(call, "limit", control::kListLimitDefault);
    done(control::encode(parts_.events.since(since, limit)));
}

void Operations::on_control(const Call& call, const Done& done, const std::stop_token& asker) {
    switch (call.operation->operation) {
        case Operation::capture_start:
            return start_capture(call, done);
        case Operation::capture_stop: {
            auto request = control::decode_stop_request(call.body);
            if (!request) return done(request.error());
            request->client = call.by(request->client);
            return parts_.captures.stop(*request,
                                        [done](const auto& made) { done(encoded(made)); });
        }
        case Operation::capture_preview: {
            auto request = control::decode_preview_request(call.body);
            if (!request) return done(request.error());
            request->client = call.by(request->client);
            return parts_.captures.previews().preview(
                *request, [done](const auto& made) { done(encoded(made)); });
        }
        case Operation::cameras_list:
            return list_cameras(call, done);
        case Operation::cameras_get:
            return get_camera(call, done);
        case Operation::cameras_kick:
            return kick_camera(call, done);
        case Operation::cameras_rename:
            return rename_camera(call, done);
        case Operation::events_list:
            return list_events(call, done);
        case Operation::streams_list:
            return live_->list_streams(call, done);
        case Operation::streams_get:
            if (is_camera_without_stream(call)) return done(no_stream_of_camera(call));
            return live_->get_stream(path_of(call), done);
        case Operation::streams_kick:
            return live_->kick_publisher(path_of(call), call.client(), done);
        case Operation::streams_snapshot:
            return take_snapshot(call, asker, done);
        case Operation::record_start:
            if (is_camera_without_stream(call)) return done(no_stream_of_camera(call));
            return record_->start(path_of(call), call, done);
        case Operation::record_stop:
            return record_->stop(path_of(call), call, done);
        case Operation::record_list:
            return record_->list(call, done);
        case Operation::record_stop_all:
            return record_->stop_all(call, done);
        case Operation::viewers_list:
            return live_->list_viewers(call, done);
        case Operation::viewers_kick:
            return live_->kick_viewer(number_or(call, "id", 0), call.client(), done);
        case Operation::sources_list:
            return live_->list_sources(call, done);
        case Operation::sources_restart:
            return live_->restart_source(path_of(call), call.client(), done);
        case Operation::server_status:
            return parts_.disk_room.ask([this, done](const auto& space) { done(status(space)); });
        case Operation::server_config:
            return show_config(done);
        case Operation::server_reload:
            return reload(call, done);
        case Operation::login_link:
            parts_.events.add("login.linked", {{"by", call.client()}});
            return done(make_login_link(parts_.sessions));
        case Operation::hooks_list:
            return hooks_->list(done);
        case Operation::hooks_failed:
            return hooks_->list_failed(call, done);
        case Operation::hooks_replay:
            return hooks_->replay(call, done);
        case Operation::hooks_test:
            return hooks_->test(call, done);
        case Operation::tokens_list:
            return parts_.tokens.list(call, done);
        case Operation::tokens_new:
            return parts_.tokens.create(call, done);
        case Operation::tokens_revoke:
            return parts_.tokens.revoke(call, done);
        case Operation::sign:
            return parts_.tokens.sign(call, done);
        case on_disk(Operation::recordings_list):
        case on_disk(Operation::recordings_get):
        case on_disk(Operation::recordings_delete):
        case on_disk(Operation::recordings_keep):
        case on_disk(Operation::takes_list):
        case on_disk(Operation::takes_get):
        case on_disk(Operation::takes_judge):
        case on_disk(Operation::takes_delete):
        case on_disk(Operation::archive_list):
        case on_disk(Operation::record_segments):
        case on_disk(Operation::record_delete_segment):
            return done(ApiError{ErrorCode::internal, "not an operation of the control loop", {}});
    }
}

/// Whether the take is used up stands on the disk. Cameras do not begin after whoever asked has
/// given up waiting for it.
void Operations::start_capture(const Call& call, const Done& done) {
    auto request = control::decode_start_request(call.body);
    if (!request) return done(request.error());
    request->client = call.by(request->client);
    const auto answer = [done](const Decoded<control::StartReply>& made) { done(encoded(made)); };
    if (!request->take || request->append) return parts_.captures.start(*request, false, answer);
    const std::int64_t until_ns =
        monotonic_ns() + std::chrono::nanoseconds(request->timeout).count();
    parts_.disk.post(loop::Effort::quick, [this, answer, until_ns, asked = std::move(*request)] {
        archive::RecordingQuery query;
        query.take = asked.take;
        query.limit = 1;
        bool has_take = false;
        try {
            const archive::RecordingPage page = parts_.catalogue.list(query);
            // What is not known yet has a take.json, unless none of it has ended.
            has_take =
                !page.items.empty() || (page.is_building && parts_.takes.is_described(*asked.take));
        } catch (const std::exception& e) {  // C3: the disk will say it to the recording as well
            parts_.log.warning(std::string("recordings cannot be listed: ") + e.what());
        }
        parts_.control.post([this, answer, until_ns, asked, has_take] {
            if (monotonic_ns() > until_ns) return answer(too_late_to_start());
            parts_.captures.start(asked, has_take, answer);
        });
    });
}

bool Operations::is_camera_without_stream(const Call& call) const {
    if (*call.find("app") != "camera" || parts_.live.hub().status(path_of(call))) return false;
    // A JPEG camera has no stream in the hub, but pictures all the same.
    const capture::CameraEntry* entry = parts_.cameras.find(*call.find("name"));
    return entry == nullptr || !entry->link->is_jpeg;
}

ApiError Operations::no_such_camera(const std::string& name) const {
    return {ErrorCode::not_found, capture::no_such_camera(name, parts_.cameras.all()), "name"};
}

ApiError Operations::no_stream_of_camera(const Call& call) const {
    const std::string& name = *call.find("name");
    if (parts_.cameras.find(name) == nullptr) return no_such_camera(name);
    return {ErrorCode::not_found, name + " is not streaming; start it, or a preview of it", "name"};
}

/// Of a camera that nobody watches it is a look at its preview.
void Operations::take_snapshot(const Call& call, const std::stop_token& asker, const Done& done) {
    const std::string path = path_of(call);
    const auto take = [this, path, call, asker, done](bool is_coming) {
        if (!is_coming && is_camera_without_stream(call)) return done(no_stream_of_camera(call));
        live_->take_snapshot(path, asker, is_coming, done);
    };
    if (*call.find("app") != "camera") return take(false);
    parts_.captures.previews().glance(*call.find("name"), take);
}

void Operations::get_camera(const Call& call, const Done& done) {
    const std::string& name = *call.find("name");
    const capture::CameraEntry* entry = parts_.cameras.find(name);
    if (entry == nullptr) {
        return done(no_such_camera(name));
    }
    done(control::encode(parts_.cameras.status(*entry)));
}

void Operations::kick_camera(const Call& call, const Done& done) {
    const std::string& name = *call.find("name");
    const capture::CameraEntry* entry = parts_.cameras.find(name);
    if (entry == nullptr) {
        return done(no_such_camera(name));
    }
    entry->link->send(capture::Kick{call.client()});
    done(control::encode_done("camera", name));
}

void Operations::rename_camera(const Call& call, const Done& done) {
    const auto request = control::decode_rename_request(call.body);
    if (!request) return done(request.error());
    const std::string* in_path = call.find("name");
    const std::string& camera = in_path != nullptr ? *in_path : request->camera;
    if (in_path != nullptr && !request->camera.empty() && request->camera != camera) {
        return done(
            ApiError{ErrorCode::bad_request, "camera: is not the one in the path", "camera"});
    }
    if (camera.empty()) return done(ApiError{ErrorCode::bad_request, "camera: missing", "camera"});
    done(encoded_done("camera",
                      parts_.cameras.give_name(camera, request->name, call.by(request->client))));
}

void Operations::show_config(const Done& done) const {
    const Configuration& configuration = facts_.configuration;
    if (!configuration.list) return done(ApiError{ErrorCode::unavailable, "no configuration", {}});
    done(control::encode(configuration.list()));
}

void Operations::reload(const Call& call, const Done& done) const {
    const Configuration& configuration = facts_.configuration;
    if (!configuration.reload) {
        return done(ApiError{ErrorCode::unavailable, "nothing to reload; restart instead", {}});
    }
    configuration.reload(call.client(), [done](const auto& made) { done(encoded(made)); });
}

std::string Operations::status(const std::optional<DiskSpace>& disk) const {
    control::ServerStatus status;
    status.version = facts_.version;
    status.started_at = rfc3339(facts_.started_us);
    status.uptime_ms = static_cast<std::uint64_t>((monotonic_ns() - facts_.started_ns) / 1'000'000);
    const capture::Counters& metrics = parts_.capture_counters;
    status.connections = static_cast<std::uint64_t>(parts_.http_counters.connections.load());
    status.cameras_connected = static_cast<std::uint64_t>(metrics.cameras.load());
    status.cameras_recording = static_cast<std::uint64_t>(metrics.cameras_recording.load());
    const record::RecorderStatus recorder = parts_.recorder.status();
    status.sessions_finalising = recorder.finalising;
    status.bytes_per_second = recorder.bytes_per_second;
    status.warn_free_ms = static_cast<std::uint64_t>(parts_.disk_watch->warn_free.count());
    status.frames = metrics.frames_total;
    status.bytes = metrics.frame_bytes_total;
    status.bad = metrics.frames_bad_total;
    status.recordings_path = parts_.recordings_path;
    if (disk) {
        status.disk_free_bytes = disk->free_bytes;
        status.disk_total_bytes = disk->size_bytes;
    }
    status.disk_seconds_left =
        control::disk_seconds_left(status.disk_free_bytes, status.bytes_per_second);
    status.urls = facts_.urls;
    for (std::size_t i = 0; i < facts_.busy.size(); ++i) {
        status.loops.push_back(
            {facts_.connections_of_loop(i), facts_.busy[i]->busy_max_ns.load() / 1000});
    }
    return control::encode(status);
}

}  // namespace st::api
