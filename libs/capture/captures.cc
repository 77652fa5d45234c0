#include "capture/captures.h"

#include <algorithm>

#include "base/text.h"
#include "control/glob.h"

namespace st::capture {
namespace {

using control::StartOutcome;
using control::StopOutcome;

constexpr std::size_t kMeantMax = 10'000;

control::ApiError no_cameras(const std::vector<std::string>& asked) {
    if (asked.empty()) return {control::ErrorCode::no_cameras, "no camera is connected", {}};
    std::string names;
    for (const std::string& name : asked) names += (names.empty() ? "" : ", ") + name;
    return {control::ErrorCode::no_cameras, "no connected camera matches " + names, "cameras"};
}

control::StartResult to_result(const std::string& camera, const CameraAnswer& answer) {
    control::StartResult result;
    result.camera = camera;
    if (!answer.session.empty()) result.session = answer.session;
    if (!answer.error.empty()) result.error = answer.error;
    switch (answer.kind) {
        case CameraAnswer::Kind::started:
            result.outcome = StartOutcome::started;
            break;
        case CameraAnswer::Kind::already_recording:
            result.outcome = StartOutcome::already_recording;
            break;
        case CameraAnswer::Kind::refused:
        case CameraAnswer::Kind::not_recording:
            result.outcome = StartOutcome::refused;
            break;
        case CameraAnswer::Kind::start_timeout:
            result.outcome = StartOutcome::timeout;
            result.error = "no capture_started from the camera in time";
            break;
        case CameraAnswer::Kind::disconnected:
            result.outcome = StartOutcome::disconnected;
            break;
    }
    return result;
}

control::SessionState to_control(record::RecordingState state) {
    switch (state) {
        case record::RecordingState::recording:
            return control::SessionState::recording;
        case record::RecordingState::finalising:
            return control::SessionState::finalising;
        case record::RecordingState::done:
            return control::SessionState::done;
        case record::RecordingState::failed:
            return control::SessionState::failed;
    }
    return control::SessionState::failed;
}

bool was_answered(const record::Summary& summary) {
    return summary.end_reason != camera::EndReason::stop_timeout;
}

control::StopResult to_result(const record::Summary& summary) {
    control::StopResult result;
    result.state = to_control(summary.state);
    const bool failed = result.state != control::SessionState::done;
    result.outcome = failed ? StopOutcome::failed : StopOutcome::stopped;
    if (!summary.id.empty()) result.session = summary.id;
    result.files = session_files(summary);
    result.seq_missing = summary.seq_missing;
    result.damage_count = summary.damage_count;
    result.undecodable = summary.undecodable;
    result.warnings = summary.warnings;
    if (summary.error) {
        result.error = summary.error;
    } else if (!was_answered(summary)) {
        result.error = "the camera did not answer in time; its recording was closed without it";
    }
    return result;
}

/// Answers come in any order; people and tests compare lists.
template <class Results>
void sort_by_camera(Results& results) {
    std::sort(results.begin(), results.end(),
              [](const auto& a, const auto& b) { return a.camera < b.camera; });
}

bool is_ok(const control::StartResult& result) {
    return result.outcome == StartOutcome::started ||
           (result.outcome == StartOutcome::already_recording && !result.error);
}

std::uint64_t serial_of(const record::Event& event) {
    return std::visit([](const auto& e) { return e.serial; }, event);
}

}  // namespace

camera::StartParameters to_camera(const control::StartParameters& asked) {
    camera::StartParameters parameters;
    if (asked.resolution)
        parameters.resolution = {asked.resolution->width, asked.resolution->height};
    if (asked.aspect) parameters.aspect = {asked.aspect->width, asked.aspect->height};
    if (asked.bitrate_bps) parameters.bitrate_bps = *asked.bitrate_bps;
    if (asked.fps) parameters.fps = *asked.fps;
    return parameters;
}

std::vector<control::SessionFile> session_files(const record::Summary& summary) {
    std::vector<control::SessionFile> files;
    for (const char* kind : {"mp4", "h264", "dump"}) {
        for (const record::RecordedFile& file : summary.files) {
            if (file.kind != kind) continue;
            files.push_back({file.path, "/api/v1/recordings/" + summary.id + "/files/" + file.name,
                             file.bytes, file.duration_ms, file.pictures});
        }
        if (!files.empty()) break;
    }
    return files;
}

Captures::Captures(const Current<Options>& options, Cameras& cameras, Counters& counters,
                   loop::Timers& timers, EventSink& events)
    : options_(options), cameras_(cameras), counters_(counters), timers_(timers), events_(events) {}

// ---- what is tracked ---------------------------------------------------------------------------

Captures::Tracked& Captures::tracked(const LinkPtr& link) {
    Tracked& one = tracked_[link->id];
    one.name = link->name;
    return one;
}

const Captures::Tracked* Captures::find(std::uint64_t link) const {
    const auto found = tracked_.find(link);
    return found == tracked_.end() ? nullptr : &found->second;
}

void Captures::forget_if_idle(std::uint64_t link) {
    const auto found = tracked_.find(link);
    if (found == tracked_.end()) return;
    const Tracked& one = found->second;
    if (!one.recordings.empty() || !one.starts.empty() || !one.stops.empty()) return;
    if (cameras_.find(link) == nullptr && !one.is_leaving) tracked_.erase(found);
}

// ---- start -------------------------------------------------------------------------------------

void Captures::start(const control::StartRequest& request, StartDone done) {
    std::vector<std::string> names;
    for (const auto& [name, entry] : cameras_.all()) names.push_back(name);
    const control::Selection selection = control::select_names(request.cameras, names);
    PendingStart pending;
    const std::uint64_t id = next_id_++;
    StartOrder order;
    order.parameters = to_camera(request.parameters);
    order.take = request.take.value_or("");
    order.given = request.parameters.given();
    order.timeout = request.timeout;
    order.request = id;
    for (const std::string& name : selection.matched) {
        const CameraEntry& entry = *cameras_.find(name);
        entry.link->send(order);
        if (entry.is_camera) pending.waiting.emplace(entry.link->id, name);
    }
    if (pending.waiting.empty()) return done(no_cameras(request.cameras));
    for (const std::string& name : selection.missing) {
        pending.reply.ok = false;
        pending.reply.results.push_back(
            {name, StartOutcome::disconnected, std::nullopt, "no such camera"});
    }
    pending.order = std::move(order);
    pending.done = std::move(done);
    if (!request.wait) return finish_unawaited(std::move(pending));
    for (const auto& [link, name] : pending.waiting) {
        tracked(cameras_.find(link)->link).starts.insert(id);
    }
    pending.timer = timers_.after(request.timeout, [this, id] { time_out_start(id); });
    starts_.emplace(id, std::move(pending));
}

void Captures::finish_unawaited(PendingStart pending) const {
    for (const auto& [link, name] : pending.waiting) {
        control::StartResult result{name, StartOutcome::sent, std::nullopt, std::nullopt};
        const CameraEntry* entry = cameras_.find(link);
        if (entry != nullptr && entry->state == camera::State::recording) {
            result.outcome = StartOutcome::already_recording;
            if (!entry->session.empty()) result.session = entry->session;
        }
        pending.reply.results.push_back(std::move(result));
    }
    sort_by_camera(pending.reply.results);
    pending.done(pending.reply);
}

void Captures::answer_starts(const LinkPtr& link, const CameraAnswer& answer) {
    const auto found = tracked_.find(link->id);
    if (found == tracked_.end()) return;
    Tracked& one = found->second;
    const bool is_for_one = answer.request != 0 && answer.kind != CameraAnswer::Kind::started;
    const std::set<std::uint64_t> ids =
        is_for_one ? std::set<std::uint64_t>{answer.request} : one.starts;
    for (const std::uint64_t id : ids) {
        if (one.starts.erase(id) == 0) continue;
        PendingStart& pending = starts_.at(id);
        const auto waiting = pending.waiting.extract(link->id);
        control::StartResult result = to_result(waiting.mapped(), answer);
        if (result.outcome == StartOutcome::already_recording && pending.order.given && one.asked &&
            one.asked->parameters != pending.order.parameters) {
            result.error = "records with other parameters";
        }
        if (!is_ok(result)) pending.reply.ok = false;
        pending.reply.results.push_back(std::move(result));
        finish_start(id);
    }
    forget_if_idle(link->id);
}

void Captures::finish_start(std::uint64_t id) {
    const auto found = starts_.find(id);
    if (!found->second.waiting.empty()) return;
    PendingStart pending = std::move(found->second);
    starts_.erase(found);
    sort_by_camera(pending.reply.results);
    timers_.cancel(pending.timer);
    pending.done(pending.reply);
}

void Captures::time_out_start(std::uint64_t id) {
    PendingStart& pending = starts_.at(id);
    for (const auto& [link, name] : std::exchange(pending.waiting, {})) {
        pending.reply.ok = false;
        pending.reply.results.push_back(
            to_result(name, {CameraAnswer::Kind::start_timeout, {}, {}, 0}));
        tracked_.at(link).starts.erase(id);
        forget_if_idle(link);
    }
    finish_start(id);
}

// ---- stop --------------------------------------------------------------------------------------

std::vector<std::string> Captures::stop_targets(const control::StopRequest& request,
                                                PendingStop& pending) {
    std::vector<std::string> names;
    for (const auto& [name, entry] : cameras_.all()) names.push_back(name);
    // A camera that is gone is still worth waiting for while its files are being made.
    std::multimap<std::string, std::uint64_t> gone;
    for (const auto& [link, one] : tracked_) {
        if (one.recordings.empty() || cameras_.find(link) != nullptr) continue;
        gone.emplace(one.name, link);
        names.push_back(one.name);
    }
    const control::Selection selection = control::select_names(request.cameras, names);
    for (const std::string& name : selection.matched) {
        if (const CameraEntry* entry = cameras_.find(name)) {
            meant_.erase(name);
            entry->link->send(StopOrder{});
            if (entry->is_camera) pending.waiting.emplace(entry->link->id, name);
        }
        const auto [from, to] = gone.equal_range(name);
        for (auto at = from; at != to; ++at) pending.waiting.emplace(at->second, name);
    }
    return selection.missing;
}

void Captures::stop(const control::StopRequest& request, StopDone done) {
    PendingStop pending;
    if (request.cameras.empty()) meant_.clear();
    for (const std::string& name : request.cameras) meant_.erase(name);
    const std::vector<std::string> missing = stop_targets(request, pending);
    if (pending.waiting.empty()) return done(no_cameras(request.cameras));
    for (const std::string& name : missing) {
        pending.reply.ok = false;
        control::StopResult result;
        result.camera = name;
        result.outcome = StopOutcome::failed;
        result.error = "no such camera";
        pending.reply.results.push_back(std::move(result));
    }
    pending.done = std::move(done);
    if (!request.wait) return finish_unawaited(std::move(pending));
    pending.timeout = request.timeout;
    const std::uint64_t id = next_id_++;
    for (const auto& [link, name] : pending.waiting) {
        Tracked& one = tracked_[link];
        one.name = name;
        one.stops.insert(id);
    }
    stops_.emplace(id, std::move(pending));
    // The camera's own deadline comes first; the request's counts from the finaliser's progress.
    arm_stop(id, options_->stop_timeout + request.timeout);
}

void Captures::finish_unawaited(PendingStop pending) const {
    for (const auto& [link, name] : pending.waiting) {
        control::StopResult result;
        result.camera = name;
        result.outcome = StopOutcome::not_recording;
        const CameraEntry* entry = cameras_.find(link);
        if (entry != nullptr && entry->state != camera::State::idle) {
            result.outcome = StopOutcome::sent;
        }
        if (const Tracked* one = find(link); one != nullptr && !one->recordings.empty()) {
            const Recording& last = one->recordings.rbegin()->second;
            result.outcome = StopOutcome::sent;
            result.session = last.id;
            result.state = last.has_ended ? control::SessionState::finalising
                                          : control::SessionState::recording;
        }
        pending.reply.results.push_back(std::move(result));
    }
    sort_by_camera(pending.reply.results);
    pending.done(pending.reply);
}

void Captures::arm_stop(std::uint64_t id, std::chrono::nanoseconds after) {
    PendingStop& pending = stops_.at(id);
    timers_.cancel(pending.timer);
    pending.timer = timers_.after(after, [this, id] { time_out_stop(id); });
}

std::uint64_t Captures::progress_of(const PendingStop& pending) const {
    std::uint64_t sum = 0;
    for (const auto& [link, name] : pending.waiting) {
        for (const auto& [serial, recording] : tracked_.at(link).recordings) {
            if (!recording.has_ended) continue;
            sum += static_cast<std::uint64_t>(recording.session->last_progress_ns()) +
                   recording.session->progress_bytes();
        }
    }
    return sum;
}

void Captures::time_out_stop(std::uint64_t id) {
    PendingStop& pending = stops_.at(id);
    const std::uint64_t progress = progress_of(pending);
    if (std::exchange(pending.progress_seen, progress) != progress) {
        return arm_stop(id, pending.timeout);
    }
    for (const auto& [link, name] : std::exchange(pending.waiting, {})) {
        control::StopResult result;
        result.camera = name;
        result.outcome = StopOutcome::timeout;
        result.error = "not finished in time; it goes on in the background";
        Tracked& one = tracked_.at(link);
        if (!one.recordings.empty()) {
            const Recording& last = one.recordings.rbegin()->second;
            result.session = last.id;
            result.state = last.has_ended ? control::SessionState::finalising
                                          : control::SessionState::recording;
        }
        pending.reply.ok = false;
        pending.reply.results.push_back(std::move(result));
        one.stops.erase(id);
        forget_if_idle(link);
    }
    finish_stop(id);
}

void Captures::finish_stop(std::uint64_t id) {
    const auto found = stops_.find(id);
    if (!found->second.waiting.empty()) return;
    PendingStop pending = std::move(found->second);
    stops_.erase(found);
    sort_by_camera(pending.reply.results);
    timers_.cancel(pending.timer);
    pending.done(pending.reply);
}

void Captures::answer_stops(const LinkPtr& link, const control::StopResult& result, bool is_fine) {
    const auto found = tracked_.find(link->id);
    if (found == tracked_.end()) return;
    for (const std::uint64_t id : std::exchange(found->second.stops, {})) {
        PendingStop& pending = stops_.at(id);
        control::StopResult its = result;
        its.camera = pending.waiting.extract(link->id).mapped();
        if (!is_fine) pending.reply.ok = false;
        pending.reply.results.push_back(std::move(its));
        finish_stop(id);
    }
    forget_if_idle(link->id);
}

// ---- what connections report -------------------------------------------------------------------

void Captures::on_report(const LinkPtr& link, const FromConnection& message) {
    std::visit([&](const auto& what) { on(link, what); }, message);
}

void Captures::on(const LinkPtr& link, const Alive&) { cameras_.alive(link); }

void Captures::on(const LinkPtr& link, const Described& described) {
    cameras_.set_model(link, described.model);
}

void Captures::on(const LinkPtr&, const Happened& happened) {
    events_.add(happened.type, happened.fields, happened.level);
}

/// Starts it if it is to be started without being asked: because it dropped out of a capture that
/// nobody stopped, or by camera.auto_start.
void Captures::on(const LinkPtr& link, const Joined&) {
    cameras_.joined(link);
    const CameraEntry* entry = cameras_.find(link->id);
    if (entry == nullptr || entry->state != camera::State::idle) return;
    if (const auto meant = meant_.find(entry->name); meant != meant_.end()) {
        if (!meant->second.waits_for_room) start_again(link, meant->second);
    } else if (const auto parameters = options_->auto_start) {
        StartOrder order;
        order.parameters = *parameters;
        send_unasked(link, std::move(order));
    }
}

void Captures::start_again(const LinkPtr& link, Meant& meant) {
    StartOrder order = meant.order;
    order.part = ++meant.parts;
    send_unasked(link, std::move(order));
}

/// A start that no request waits for.
void Captures::send_unasked(const LinkPtr& link, StartOrder order) {
    order.request = 0;
    order.given = false;
    order.timeout = std::chrono::milliseconds(10'000);
    link->send(order);
}

/// The disk has room again: a camera that it stopped is started, if it is done with stopping.
void Captures::start_if_room(const LinkPtr& link, Meant& meant) {
    const CameraEntry* entry = cameras_.find(link->id);
    if (!has_room_ || entry == nullptr) return;
    const bool is_done =
        entry->state == camera::State::idle || entry->state == camera::State::finalising;
    if (!is_done) return;
    meant.waits_for_room = false;
    start_again(link, meant);
}

void Captures::on(const LinkPtr& link, const StateChanged& change) {
    cameras_.set_state(link, change.state, change.session);
    // Ended in good order: only a camera that drops out is started again.
    const bool has_ended =
        change.state == camera::State::finalising || change.state == camera::State::idle;
    const auto meant = has_ended ? meant_.find(link->name) : meant_.end();
    if (meant == meant_.end()) return;
    if (meant->second.waits_for_room) return start_if_room(link, meant->second);
    meant_.erase(meant);
}

void Captures::on(const LinkPtr& link, const StartSent& sent) {
    if (cameras_.find(link->id) == nullptr) return;
    tracked(link).asked = sent.order;
    if (meant_.size() < kMeantMax || meant_.contains(link->name)) {
        meant_[link->name] = Meant{sent.order, sent.order.part, false};
    }
}

void Captures::on(const LinkPtr& link, const CameraAnswer& answer) {
    if (answer.kind != CameraAnswer::Kind::not_recording) return answer_starts(link, answer);
    const auto found = tracked_.find(link->id);
    if (found == tracked_.end() || !found->second.recordings.empty()) return;
    control::StopResult result;
    result.outcome = StopOutcome::not_recording;
    // A camera also says so when nobody asked; the failure is kept for the next who does.
    const bool was_asked = !found->second.stops.empty();
    const bool has_untold = was_asked && found->second.untold;
    if (has_untold) result = *std::exchange(found->second.untold, std::nullopt);
    answer_stops(link, result, !has_untold);
}

void Captures::on(const LinkPtr& link, const Left& left) {
    cameras_.left(link, left.reason);
    const auto found = tracked_.find(link->id);
    if (found == tracked_.end()) return;
    Tracked& one = found->second;
    one.untold.reset();
    if (!one.recordings.empty()) {
        answer_starts(link,
                      {CameraAnswer::Kind::started, one.recordings.rbegin()->second.id, {}, 0});
    } else if (left.has_session) {
        one.is_leaving = true;
    } else {
        answer_starts(link, {CameraAnswer::Kind::disconnected, {}, "the camera disconnected", 0});
    }
    if (!left.has_session) on(link, CameraAnswer{CameraAnswer::Kind::not_recording, {}, {}, 0});
    forget_if_idle(link->id);
}

// ---- what the recorder tells -------------------------------------------------------------------

void Captures::on_event(const record::Event& event, const record::SessionPtr& session) {
    if (const auto* room = std::get_if<record::RoomAgain>(&event)) return on({}, {}, *room);
    if (serial_of(event) == 0 || !session) {  // a recording of an earlier run
        if (const auto* finished = std::get_if<record::Finished>(&event)) {
            report(finished->summary, false);
        }
        return;
    }
    const auto link = std::static_pointer_cast<CameraLink>(session->start().owner);
    std::visit([&](const auto& what) { on(link, session, what); }, event);
}

void Captures::on(const LinkPtr& link, const record::SessionPtr& session,
                  const record::Opened& event) {
    counters_.sessions_opened_total.fetch_add(1);
    events_.add("session.opened", {{"camera", event.camera}, {"session", event.id}});
    // The recorder goes on in another part by itself when a file is full.
    if (const auto meant = meant_.find(link->name); meant != meant_.end()) {
        meant->second.parts = std::max(meant->second.parts, session->start().part);
    }
    Tracked& one = tracked(link);
    one.recordings[event.serial] = Recording{session, event.id};
    one.untold.reset();
    link->send(SessionNews{SessionNews::Kind::opened, event.serial, event.id});
    if (!std::exchange(one.is_leaving, false)) return;
    answer_starts(link, {CameraAnswer::Kind::started, event.id, {}, 0});
}

void Captures::on(const LinkPtr& link, const record::SessionPtr&, const record::Failed& event) {
    for (const char* type : {"server.disk", "session.failed"}) {
        events_.add(type, {{"camera", event.camera}, {"session", event.id}, {"error", event.error}},
                    LogLevel::error);
    }
    // Nobody stopped it: it goes on once there is room.
    if (const auto meant = meant_.find(link->name); meant != meant_.end()) {
        meant->second.waits_for_room = true;
        has_room_ = false;
    }
    link->send(SessionNews{SessionNews::Kind::failed, event.serial, event.error});
}

void Captures::on(const LinkPtr&, const record::SessionPtr&, const record::RoomAgain&) {
    has_room_ = true;
    for (auto& [name, meant] : meant_) {
        if (!meant.waits_for_room) continue;
        const CameraEntry* entry = cameras_.find(name);
        if (entry != nullptr) {
            start_if_room(entry->link, meant);
        } else {
            meant.waits_for_room = false;  // started when it returns
        }
    }
}

void Captures::on(const LinkPtr& link, const record::SessionPtr&, const record::Room& event) {
    link->send(SessionNews{SessionNews::Kind::has_room, event.serial, {}});
}

void Captures::on(const LinkPtr& link, const record::SessionPtr&, const record::Finalising& event) {
    Tracked& one = tracked(link);
    const auto recording = one.recordings.find(event.serial);
    if (recording == one.recordings.end()) return;
    recording->second.has_ended = true;
    for (const std::uint64_t id : one.stops) arm_stop(id, stops_.at(id).timeout);
}

void Captures::on(const LinkPtr& link, const record::SessionPtr& session,
                  const record::Finished& event) {
    report(event.summary, session->failed());
    Tracked& one = tracked(link);
    one.recordings.erase(event.serial);
    link->send(SessionNews{SessionNews::Kind::finished, event.serial, {}});
    if (std::exchange(one.is_leaving, false)) {  // its folder could not be made
        answer_starts(link, {CameraAnswer::Kind::refused, {}, event.summary.error.value_or(""), 0});
    }
    const auto now = tracked_.find(link->id);
    if (now == tracked_.end()) return;
    // The newest one is meant. It may well be finished while an earlier, longer one is not.
    const auto& left = now->second.recordings;
    if (!left.empty() && left.rbegin()->first > event.serial) return;
    const control::StopResult result = to_result(event.summary);
    const bool failed = result.outcome == StopOutcome::failed;
    if (failed && now->second.stops.empty() && cameras_.find(link->id) != nullptr) {
        now->second.untold = result;
    }
    answer_stops(link, result, !failed && was_answered(event.summary));
    forget_if_idle(link->id);
}

void Captures::report(const record::Summary& summary, bool failure_told) {
    const bool failed = summary.state == record::RecordingState::failed;
    (failed ? counters_.sessions_failed_total : counters_.sessions_finished_total).fetch_add(1);
    EventFields fields{{"camera", summary.camera},
                       {"session", summary.id},
                       {"state", std::string(record::to_string(summary.state))},
                       {"end_reason", std::string(camera::to_string(summary.end_reason))},
                       {"pictures", std::uint64_t{summary.pictures}}};
    const std::vector<control::SessionFile> files = session_files(summary);
    if (!files.empty()) fields.emplace_back("file", files.front().path);
    if (summary.error) fields.emplace_back("error", *summary.error);
    events_.add(failed && !failure_told ? "session.failed" : "session.finished", fields,
                failed ? LogLevel::error : LogLevel::info);
}

}  // namespace st::capture
