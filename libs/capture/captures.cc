#include "capture/captures.h"

#include <algorithm>

#include "capture/camera_connection.h"
#include "control/glob.h"

namespace st::capture {
namespace {

using control::StartOutcome;
using control::StopOutcome;

constexpr std::size_t kRememberedMax = 10'000;

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
            if (answer.differs) result.error = "records with other parameters";
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

control::StopResult to_result(const SessionOutcome& outcome) {
    control::StopResult result;
    const bool failed = outcome.state != control::SessionState::done;
    result.outcome = failed ? StopOutcome::failed : StopOutcome::stopped;
    if (!outcome.id.empty()) result.session = outcome.id;
    result.state = outcome.state;
    result.files = outcome.files;
    result.seq_missing = outcome.seq_missing;
    result.damage_count = outcome.damage_count;
    result.warnings = outcome.warnings;
    if (!outcome.error.empty()) {
        result.error = outcome.error;
    } else if (!outcome.was_answered) {
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

Captures::Captures(const Current<Options>& options, Cameras& cameras, loop::EventLoop& control,
                   std::function<std::uint64_t(const std::string&)> progress)
    : options_(options), cameras_(cameras), control_(control), progress_(std::move(progress)) {}

void Captures::start(const control::StartRequest& request, StartDone done) {
    std::vector<std::string> names;
    for (const auto& [name, entry] : cameras_.all()) names.push_back(name);
    const control::Selection selection = control::select_names(request.cameras, names);
    PendingStart pending;
    const std::uint64_t id = next_id_++;
    const Asked asked{to_camera(request.parameters), request.take.value_or("")};
    for (const std::string& name : selection.matched) {
        const CameraEntry& entry = *cameras_.find(name);
        entry.link->post([asked, given = request.parameters.given(), timeout = request.timeout,
                          id](CameraConnection& connection) {
            connection.request_start({asked.parameters, asked.take, given, timeout, id});
        });
        if (entry.is_camera) pending.waiting.emplace(entry.link->id, name);
    }
    if (pending.waiting.empty()) return done(no_cameras(request.cameras));
    for (const std::string& name : selection.missing) {
        pending.reply.ok = false;
        pending.reply.results.push_back(
            {name, StartOutcome::disconnected, std::nullopt, "no such camera"});
    }
    if (!request.wait) return finish_unawaited(std::move(pending), done);
    pending.done = std::move(done);
    pending.timer = control_.after(request.timeout, [this, id] { time_out_start(id); });
    starts_.emplace(id, std::move(pending));
}

void Captures::finish_unawaited(PendingStart pending, const StartDone& done) const {
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
    done(pending.reply);
}

void Captures::finish_unawaited(PendingStop pending, const StopDone& done) const {
    for (const auto& [link, name] : pending.waiting) {
        control::StopResult result;
        result.camera = name;
        result.outcome = StopOutcome::not_recording;
        const CameraEntry* entry = cameras_.find(link);
        if (entry != nullptr && entry->state != camera::State::idle) {
            result.outcome = StopOutcome::sent;
        }
        for (const auto& [id, session] : live_) {
            if (session.link != link) continue;
            result.outcome = StopOutcome::sent;
            result.session = id;
            result.state = session.ended ? control::SessionState::finalising
                                         : control::SessionState::recording;
        }
        pending.reply.results.push_back(std::move(result));
    }
    sort_by_camera(pending.reply.results);
    done(pending.reply);
}

void Captures::start_sent(const LinkPtr& link, const camera::StartParameters& parameters,
                          const std::string& take) {
    if (cameras_.find(link->id) != nullptr) asked_[link->id] = {parameters, take};
}

void Captures::add_result(PendingStart& pending, control::StartResult result) {
    if (!is_ok(result)) pending.reply.ok = false;
    pending.reply.results.push_back(std::move(result));
}

void Captures::finish_start(std::uint64_t id) {
    const auto found = starts_.find(id);
    if (!found->second.waiting.empty()) return;
    PendingStart pending = std::move(found->second);
    starts_.erase(found);
    sort_by_camera(pending.reply.results);
    control_.cancel(pending.timer);
    pending.done(pending.reply);
}

void Captures::time_out_start(std::uint64_t id) {
    const auto found = starts_.find(id);
    if (found == starts_.end()) return;
    PendingStart& pending = found->second;
    for (const auto& [link, name] : pending.waiting) {
        add_result(pending, to_result(name, {CameraAnswer::Kind::start_timeout, {}, {}, false}));
    }
    pending.waiting.clear();
    finish_start(id);
}

std::vector<std::string> Captures::stop_targets(const control::StopRequest& request,
                                                PendingStop& pending) {
    std::vector<std::string> names;
    for (const auto& [name, entry] : cameras_.all()) names.push_back(name);
    // A camera that is gone is still worth waiting for while its files are being made.
    for (const auto& [id, session] : live_) {
        if (cameras_.find(session.link) == nullptr) names.push_back(session.camera);
    }
    const control::Selection selection = control::select_names(request.cameras, names);
    for (const std::string& name : selection.matched) {
        if (const CameraEntry* entry = cameras_.find(name)) {
            was_recording_.erase(name);
            entry->link->post([](CameraConnection& connection) { connection.request_stop(); });
            if (entry->is_camera) pending.waiting.emplace(entry->link->id, name);
        }
        for (const auto& [id, session] : live_) {
            if (session.camera == name && cameras_.find(session.link) == nullptr) {
                pending.waiting.emplace(session.link, name);
            }
        }
    }
    return selection.missing;
}

void Captures::stop(const control::StopRequest& request, StopDone done) {
    PendingStop pending;
    if (request.cameras.empty()) was_recording_.clear();
    for (const std::string& name : request.cameras) was_recording_.erase(name);
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
    if (!request.wait) return finish_unawaited(std::move(pending), done);
    pending.done = std::move(done);
    pending.timeout = request.timeout;
    const std::uint64_t id = next_id_++;
    stops_.emplace(id, std::move(pending));
    // The camera's own deadline comes first; the request's counts from the finaliser's progress.
    arm_stop(id, options_->stop_timeout + request.timeout);
}

void Captures::arm_stop(std::uint64_t id, std::chrono::nanoseconds after) {
    PendingStop& pending = stops_.at(id);
    control_.cancel(pending.timer);
    pending.timer = control_.after(after, [this, id] { time_out_stop(id); });
}

std::uint64_t Captures::progress_of(const PendingStop& pending) const {
    std::uint64_t sum = 0;
    for (const auto& [id, session] : live_) {
        if (session.ended && pending.waiting.contains(session.link)) sum += progress_(id);
    }
    return sum;
}

void Captures::time_out_stop(std::uint64_t id) {
    const auto found = stops_.find(id);
    if (found == stops_.end()) return;
    PendingStop& pending = found->second;
    const std::uint64_t progress = progress_of(pending);
    if (progress != pending.progress_seen) {
        pending.progress_seen = progress;
        return arm_stop(id, pending.timeout);
    }
    for (const auto& [link, name] : pending.waiting) {
        control::StopResult result;
        result.camera = name;
        result.outcome = StopOutcome::timeout;
        result.error = "not finished in time; it goes on in the background";
        for (const auto& [session_id, session] : live_) {
            if (session.link != link) continue;
            result.session = session_id;
            result.state = session.ended ? control::SessionState::finalising
                                         : control::SessionState::recording;
        }
        pending.reply.ok = false;
        pending.reply.results.push_back(std::move(result));
    }
    pending.waiting.clear();
    finish_stop(id);
}

void Captures::finish_stop(std::uint64_t id) {
    const auto found = stops_.find(id);
    if (!found->second.waiting.empty()) return;
    PendingStop pending = std::move(found->second);
    stops_.erase(found);
    sort_by_camera(pending.reply.results);
    control_.cancel(pending.timer);
    pending.done(pending.reply);
}

void Captures::answer(const LinkPtr& link, const CameraAnswer& answer) {
    if (answer.kind != CameraAnswer::Kind::not_recording) return answer_starts(link->id, answer);
    if (has_live_session(link->id)) return;
    control::StopResult result;
    result.outcome = StopOutcome::not_recording;
    // A camera also says so when nobody asked: that takes nothing from whoever asks next.
    const auto untold =
        is_stop_awaited(link->id) ? untold_.extract(link->id) : decltype(untold_)::node_type();
    if (!untold.empty()) result = to_result(untold.mapped());
    answer_stops(link->id, result, untold.empty());
}

void Captures::answer_starts(std::uint64_t link, const CameraAnswer& answer) {
    std::vector<std::uint64_t> touched;
    for (auto& [id, pending] : starts_) {
        const auto waiting = pending.waiting.find(link);
        if (waiting == pending.waiting.end()) continue;
        if (answer.request != 0 && answer.request != id) continue;
        add_result(pending, to_result(waiting->second, answer));
        pending.waiting.erase(waiting);
        touched.push_back(id);
    }
    for (const std::uint64_t id : touched) finish_start(id);
}

void Captures::answer_stops(std::uint64_t link, const control::StopResult& result, bool is_ok) {
    std::vector<std::uint64_t> touched;
    for (auto& [id, pending] : stops_) {
        const auto waiting = pending.waiting.find(link);
        if (waiting == pending.waiting.end()) continue;
        control::StopResult its = result;
        its.camera = waiting->second;
        if (!is_ok) pending.reply.ok = false;
        pending.reply.results.push_back(std::move(its));
        pending.waiting.erase(waiting);
        touched.push_back(id);
    }
    for (const std::uint64_t id : touched) finish_stop(id);
}

void Captures::left(const LinkPtr& link, bool has_session) {
    const auto recorded = std::find_if(
        live_.begin(), live_.end(), [&](const auto& one) { return one.second.link == link->id; });
    if (recorded != live_.end()) {
        answer_starts(link->id, {CameraAnswer::Kind::started, recorded->first, {}, false});
    } else if (has_session) {
        leaving_.insert(link->id);
    } else {
        answer_starts(link->id,
                      {CameraAnswer::Kind::disconnected, {}, "the camera disconnected", false});
    }
    if (!has_session) answer(link, {CameraAnswer::Kind::not_recording, {}, {}, false});
    asked_.erase(link->id);
    untold_.erase(link->id);
}

bool Captures::has_live_session(std::uint64_t link, std::uint64_t from) const {
    for (const auto& [id, session] : live_) {
        if (session.link == link && session.number >= from) return true;
    }
    return false;
}

void Captures::session_opened(std::uint64_t link, const std::string& id,
                              const std::string& camera) {
    live_[id] = LiveSession{link, camera, next_session_++};
    untold_.erase(link);
    if (leaving_.erase(link) > 0) answer_starts(link, {CameraAnswer::Kind::started, id, {}, false});
}

void Captures::session_ended(const std::string& id) {
    const auto live = live_.find(id);
    if (live == live_.end()) return;
    live->second.ended = true;
    for (auto& [stop_id, pending] : stops_) {
        if (pending.waiting.contains(live->second.link)) arm_stop(stop_id, pending.timeout);
    }
}

void Captures::session_finished(std::uint64_t link, const SessionOutcome& outcome) {
    const auto session = live_.extract(outcome.id);
    const std::uint64_t number = session ? session.mapped().number : 0;
    if (leaving_.erase(link) > 0) {  // its folder could not be made
        answer_starts(link, {CameraAnswer::Kind::refused, {}, outcome.error, false});
    }
    // The last one is meant. It may well be done while an earlier, longer one is not.
    if (has_live_session(link, number)) return;
    const bool failed = outcome.state != control::SessionState::done;
    if (failed && !is_stop_awaited(link) && cameras_.find(link) != nullptr) untold_[link] = outcome;
    answer_stops(link, to_result(outcome), !failed && outcome.was_answered);
}

bool Captures::is_stop_awaited(std::uint64_t link) const {
    return std::any_of(stops_.begin(), stops_.end(),
                       [&](const auto& stop) { return stop.second.waiting.contains(link); });
}

std::size_t Captures::finalising() const {
    std::size_t count = 0;
    for (const auto& [id, session] : live_) count += session.ended ? 1 : 0;
    return count;
}

void Captures::auto_start(const CameraEntry& entry) {
    const auto parameters = options_->auto_start;
    if (!parameters || entry.state != camera::State::idle) return;
    Asked asked{*parameters, {}};
    if (const auto before = was_recording_.extract(entry.name)) asked = before.mapped();
    entry.link->post([asked](CameraConnection& connection) {
        connection.request_start(
            {asked.parameters, asked.take, false, std::chrono::milliseconds(10'000), 0});
    });
}

void Captures::remember(const CameraEntry& entry) {
    const auto asked = asked_.extract(entry.link->id);
    if (asked.empty()) return;
    if (was_recording_.size() < kRememberedMax) was_recording_[entry.name] = asked.mapped();
}

}  // namespace st::capture
