#include "capture/captures.h"

#include <algorithm>
#include <tuple>

#include "base/clock.h"
#include "base/text.h"
#include "capture/refusals.h"
#include "capture/stop_results.h"
#include "control/glob.h"

namespace st::capture {
namespace {

using control::StartOutcome;
using control::StopOutcome;

constexpr std::size_t kMeantMax = 10'000;
/// Ended recordings of one start that its stop lists.
constexpr std::size_t kPartsMax = 1000;

/// Before the instant at which cameras begin together each of them knows it.
constexpr std::chrono::milliseconds kStartLead{500};
/// For what a busy server and a network do to the message that says so.
constexpr std::chrono::milliseconds kStartSlack{100};

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
            result.error = "the camera did not say in time that it had started";
            break;
        case CameraAnswer::Kind::disconnected:
            result.outcome = StartOutcome::disconnected;
            break;
        case CameraAnswer::Kind::previewing:
            break;  // no answer to a start
    }
    return result;
}

/// Answers come in any order; people and tests compare lists.
template <class Results>
void sort_by_camera(Results& results) {
    std::sort(results.begin(), results.end(),
              [](const auto& a, const auto& b) { return a.camera < b.camera; });
}

/// Joining a recording is fine when it is the one that was meant.
bool is_ok(const control::StartResult& result) {
    return result.outcome == StartOutcome::started ||
           (result.outcome == StartOutcome::already_recording && !result.error);
}

EventFields opened_fields(const record::Opened& event, const record::SessionStart& start) {
    EventFields fields{{"camera", event.camera}, {"session", event.id}};
    if (start.take) fields.emplace_back("take", *start.take);
    if (start.part > 1) fields.emplace_back("part", std::uint64_t{start.part});
    if (!start.started_by.empty()) fields.emplace_back("started_by", start.started_by);
    return fields;
}

std::uint64_t serial_of(const record::Event& event) {
    return std::visit([](const auto& e) { return e.serial; }, event);
}

}  // namespace

Captures::Captures(const Current<Options>& options, Cameras& cameras, Counters& counters,
                   loop::Timers& timers, EventSink& events)
    : options_(options),
      cameras_(cameras),
      counters_(counters),
      timers_(timers),
      events_(events),
      previews_(options, cameras, timers),
      suspensions_(options, timers) {}

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

/// What a camera records, or is being started for; nullopt: nothing.
std::optional<UnderWay> Captures::under_way(const CameraEntry& entry) const {
    const Tracked* one = find(entry.link->id);
    if (one == nullptr) return std::nullopt;
    UnderWay what;
    if (!one->recordings.empty() && !one->recordings.rbegin()->second.has_ended) {
        const Recording& last = one->recordings.rbegin()->second;
        const record::SessionStart& start = last.session->start();
        what.session = last.id;
        what.take = start.take.value_or("");
        what.by = start.started_by;
        what.since_us = start.started_us;
        what.parameters = start.parameters.value_or(camera::StartParameters{});
        return what;
    }
    if (one->starts.empty()) return std::nullopt;
    const PendingStart& first = starts_.at(*one->starts.begin());
    what.take = first.request.take.value_or("");
    what.by = first.request.client;
    what.parameters = to_camera(first.request.parameters);
    return what;
}

bool Captures::is_take_running(const std::string& take) const {
    const auto is_meant = [&](const auto& one) { return one.second.order.take == take; };
    if (std::any_of(meant_.begin(), meant_.end(), is_meant)) return true;
    const auto is_asked = [&](const auto& one) { return one.second.request.take == take; };
    if (std::any_of(starts_.begin(), starts_.end(), is_asked)) return true;
    return std::any_of(tracked_.begin(), tracked_.end(), [&](const auto& one) {
        return std::any_of(
            one.second.recordings.begin(), one.second.recordings.end(), [&](const auto& at) {
                return !at.second.has_ended && at.second.session->start().take == take;
            });
    });
}

/// Nullopt unless one of them records and all were wanted: then none is started.
std::optional<control::StartReply> Captures::refuse_all(
    const control::StartRequest& request, const std::vector<std::string>& names) const {
    control::StartReply reply;
    reply.ok = false;
    std::string busy;
    for (const std::string& name : names) {
        const auto what = under_way(*cameras_.find(name));
        if (!what) continue;
        auto result = already_recording(name, *what, request, wall_us());
        if (is_ok(result)) continue;
        if (busy.empty()) busy = name;
        reply.results.push_back(std::move(result));
    }
    if (busy.empty()) return std::nullopt;
    for (const std::string& name : names) {
        const bool is_told = std::any_of(reply.results.begin(), reply.results.end(),
                                         [&](const auto& result) { return result.camera == name; });
        if (is_told || !cameras_.find(name)->is_camera) continue;
        reply.results.push_back({name, StartOutcome::refused, std::nullopt,
                                 "not started, because " + busy + " is recording already"});
    }
    sort_by_camera(reply.results);
    return reply;
}

void Captures::start(const control::StartRequest& request, bool has_take, StartDone done) {
    std::vector<std::string> names;
    for (const auto& [name, entry] : cameras_.all()) names.push_back(name);
    if (request.cameras.empty() && names.empty()) return done(no_cameras());
    // All of it is checked before anything is sent.
    const control::Selection selection = control::select_names(request.cameras, names);
    if (!selection.missing.empty()) {
        return done(no_such_cameras(selection.missing, cameras_.all()));
    }
    if (has_take && !request.append && !is_take_running(*request.take)) {
        return done(take_exists(*request.take));
    }
    if (request.all_or_none) {
        if (auto refused = refuse_all(request, selection.matched)) return done(*refused);
    }
    PendingStart pending;
    const std::uint64_t id = next_id_++;
    StartOrder order;
    order.parameters = to_camera(request.parameters);
    order.take = request.take.value_or("");
    order.started_by = request.client;
    order.given = request.parameters.given();
    order.timeout = request.timeout;
    order.request = id;
    order.owner = id;
    order.tag = request.owner;
    order.begin_ns = common_begin_ns(selection.matched);
    for (const std::string& name : selection.matched) {
        const CameraEntry& entry = *cameras_.find(name);
        entry.link->send(order);
        if (entry.is_camera) pending.waiting.emplace(entry.link->id, name);
    }
    if (pending.waiting.empty()) return done(no_cameras());
    pending.id = id;
    pending.request = request;
    pending.done = std::move(done);
    if (!request.wait) return finish_unawaited(std::move(pending));
    for (const auto& [link, name] : pending.waiting) {
        tracked(cameras_.find(link)->link).starts.insert(id);
    }
    pending.timer = timers_.after(request.timeout, [this, id] { time_out_start(id); });
    starts_.emplace(id, std::move(pending));
}

/// The instant at which all cameras of a start begin that can: each knows it kStartLead before.
std::int64_t Captures::common_begin_ns(const std::vector<std::string>& cameras) const {
    std::chrono::nanoseconds on_the_way = kStartSlack;
    for (const std::string& name : cameras) {
        const auto& clock = cameras_.find(name)->clock;
        if (!clock) continue;
        const bool is_asked = clock->standing.method == clock::Method::none;
        const auto its =
            is_asked ? kFirstAnswerPatience + kStartSlack
                     : kStartSlack + std::chrono::microseconds(clock->standing.rtt_us.value_or(0));
        on_the_way = std::max<std::chrono::nanoseconds>(on_the_way, its);
    }
    return timers_.clock_ns() + (std::chrono::nanoseconds(kStartLead) + on_the_way).count();
}

void Captures::finish_unawaited(PendingStart pending) const {
    for (const auto& [link, name] : pending.waiting) {
        control::StartResult result{name, StartOutcome::sent, std::nullopt, std::nullopt};
        const CameraEntry* entry = cameras_.find(link);
        if (entry != nullptr) {
            if (const auto what = under_way(*entry)) {
                result = already_recording(name, *what, pending.request, wall_us());
                if (!is_ok(result)) pending.reply.ok = false;
            }
        }
        pending.reply.results.push_back(std::move(result));
    }
    sort_by_camera(pending.reply.results);
    pending.done(pending.reply);
}

control::StartResult Captures::result_of(const PendingStart& pending, const std::string& name,
                                         const Tracked& one, const CameraAnswer& answer) const {
    // Of two starts at once, the camera belongs to the one that it was started for.
    const bool is_others =
        answer.kind == CameraAnswer::Kind::started && one.asked && one.asked->owner != pending.id;
    if (!is_others && answer.kind != CameraAnswer::Kind::already_recording) {
        return to_result(name, answer);
    }
    UnderWay what;
    what.session = answer.session;
    if (one.asked) {
        what.take = one.asked->take;
        what.by = one.asked->started_by;
        what.parameters = one.asked->parameters;
    }
    what.since_us = wall_us();
    const auto is_it = [&](const auto& at) { return at.second.id == answer.session; };
    const auto found = std::find_if(one.recordings.begin(), one.recordings.end(), is_it);
    if (found != one.recordings.end()) {
        what.since_us = found->second.session->start().started_us;
    }
    return already_recording(name, what, pending.request, wall_us());
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
        control::StartResult result = result_of(pending, waiting.mapped(), one, answer);
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

/// Ends what is meant for the camera and takes what is known of its recordings so far. False:
/// nothing was meant, or something else.
bool Captures::take_meant(const std::string& name, const control::StopRequest& request,
                          PendingStop& pending, StopOrder& order) {
    const auto found = meant_.find(name);
    if (found == meant_.end()) return false;
    if (!request.owner.empty() && found->second.order.tag != request.owner) return false;
    Meant meant = std::move(found->second);
    meant_.erase(found);
    if (!request.owner.empty()) order.owner = meant.order.owner;
    for (control::StopResult& result : meant.ended) {
        pending.reply.results.push_back(std::move(result));
    }
    if (cameras_.find(name) == nullptr) pending.away.insert(name);
    return true;
}

/// Whether the stop means what this connection records or has recorded.
bool Captures::is_wanted(const Tracked& one, const control::StopRequest& request) {
    if (request.owner.empty()) return true;
    return std::any_of(one.recordings.begin(), one.recordings.end(),
                       [&](const auto& at) { return at.second.tag == request.owner; });
}

/// Of a start that has been sent to the camera and is not heard of yet; 0: none that is meant.
std::uint64_t Captures::unheard_start(const Tracked& one,
                                      const control::StopRequest& request) const {
    for (const std::uint64_t id : one.starts) {
        if (starts_.at(id).request.owner == request.owner) return id;
    }
    return 0;
}

std::vector<std::string> Captures::stop_targets(const control::StopRequest& request,
                                                PendingStop& pending) {
    std::vector<std::string> names;
    for (const auto& [name, entry] : cameras_.all()) names.push_back(name);
    // A camera that is gone is still worth waiting for while its files are being made, and one that
    // is to go on when it returns can be told not to.
    std::multimap<std::string, std::uint64_t> gone;
    for (const auto& [link, one] : tracked_) {
        if (one.recordings.empty() || cameras_.find(link) != nullptr) continue;
        gone.emplace(one.name, link);
    }
    for (const auto& [name, link] : gone) names.push_back(name);
    for (const auto& [name, meant] : meant_) names.push_back(name);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    const control::Selection selection = control::select_names(request.cameras, names);
    for (const std::string& name : selection.matched) {
        StopOrder order{request.client, previews_.is_watched(name), 0};
        bool was_meant = take_meant(name, request, pending, order);
        const auto [from, to] = gone.equal_range(name);
        for (auto at = from; at != to; ++at) {
            if (was_meant || is_wanted(tracked_.at(at->second), request)) {
                pending.waiting.emplace(at->second, name);
                suspensions_.stop(at->second, request.client);
            }
        }
        const CameraEntry* entry = cameras_.find(name);
        if (entry == nullptr) continue;
        const Tracked* one = find(entry->link->id);
        const bool is_last = one != nullptr && is_wanted(*one, request);
        if (!was_meant && one != nullptr && !request.owner.empty()) {
            order.owner = unheard_start(*one, request);
            was_meant = order.owner != 0;
        }
        if (was_meant || request.owner.empty()) {
            entry->link->send(order);
            previews_.forget_wish(entry->link->id);
            if (entry->is_camera) pending.waiting.emplace(entry->link->id, name);
        } else if (is_last) {
            pending.waiting.emplace(entry->link->id, name);  // it ended already
        } else {
            control::StopResult result;
            result.camera = name;
            result.outcome = StopOutcome::not_recording;
            pending.reply.results.push_back(std::move(result));
        }
    }
    return selection.missing;
}

void Captures::stop(const control::StopRequest& request, StopDone done) {
    PendingStop pending;
    const std::vector<std::string> missing = stop_targets(request, pending);
    if (pending.waiting.empty() && pending.reply.results.empty() && pending.away.empty()) {
        return done(missing.empty() ? no_cameras() : no_such_cameras(missing, cameras_.all()));
    }
    for (const std::string& name : missing) {
        pending.reply.ok = false;
        control::StopResult result;
        result.camera = name;
        result.outcome = StopOutcome::failed;
        result.error = no_such_camera(name, cameras_.all());
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
    finish_stop(id);
}

/// Puts the recordings of each camera together and says which did not come back.
void Captures::complete(PendingStop& pending) {
    std::vector<control::StopResult>& results = pending.reply.results;
    merge_parts(results);
    for (control::StopResult& result : results) {
        if (result.outcome == StopOutcome::failed) pending.reply.ok = false;
        if (pending.away.erase(result.camera) == 0) continue;
        pending.reply.ok = false;
        result.outcome = StopOutcome::failed;
        if (!result.error) result.error = "the camera lost its connection and has not come back";
    }
    for (const std::string& name : std::exchange(pending.away, {})) {
        control::StopResult result;
        result.camera = name;
        result.outcome = StopOutcome::failed;
        result.error = "the camera lost its connection and has not come back";
        pending.reply.ok = false;
        results.push_back(std::move(result));
    }
    sort_by_camera(results);
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
    complete(pending);
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
    complete(pending);
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

/// One whose recording waits for it says next whether it goes on with that.
void Captures::on(const LinkPtr& link, const Joined&) {
    cameras_.joined(link);
    if (!suspensions_.has(link->name) && !is_being_left(link)) return begin_unasked(link);
    suspensions_.returned(link->name, [this, link] { begin_unasked(link); });
}

/// An earlier connection of that camera records, as far as is known here: what becomes of that is
/// about to be told.
bool Captures::is_being_left(const LinkPtr& by) const {
    return std::any_of(tracked_.begin(), tracked_.end(), [&](const auto& one) {
        const auto& recordings = one.second.recordings;
        return one.first != by->id && one.second.name == by->name && !recordings.empty() &&
               !one.second.has_left;
    });
}

/// Starts it if it is to be started without being asked: because it dropped out of a capture that
/// nobody stopped, or by camera.auto_start.
void Captures::begin_unasked(const LinkPtr& link) {
    const CameraEntry* entry = cameras_.find(link->id);
    if (entry == nullptr || entry->state != camera::State::idle) return;
    if (const auto meant = meant_.find(entry->name); meant != meant_.end()) {
        if (!meant->second.waits_for_room) start_again(link, meant->second);
    } else if (const auto parameters = options_->auto_start) {
        StartOrder order;
        order.parameters = *parameters;
        order.started_by = "camera.auto_start";
        order.owner = next_id_++;
        send_unasked(link, std::move(order));
    } else {
        previews_.joined(*entry);
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
    order.begin_ns.reset();
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
    const bool has_ended = change.state == camera::State::finalising ||
                           change.state == camera::State::idle ||
                           change.state == camera::State::previewing;
    const auto meant = has_ended ? meant_.find(link->name) : meant_.end();
    if (meant == meant_.end()) return;
    if (meant->second.waits_for_room) return start_if_room(link, meant->second);
    meant_.erase(meant);
}

void Captures::on(const LinkPtr& link, const ClockTold& clock) { cameras_.set_clock(link, clock); }

void Captures::on(const LinkPtr& link, const HealthTold& told) {
    cameras_.set_health(link, told.health);
}

void Captures::on(const LinkPtr& link, const StartSent& sent) {
    if (cameras_.find(link->id) == nullptr) return;
    tracked(link).asked = sent.order;
    if (meant_.size() >= kMeantMax && !meant_.contains(link->name)) return;
    Meant& meant = meant_[link->name];
    // Of another start than before: what that one recorded is no part of this.
    if (meant.order.owner != sent.order.owner) meant = Meant{};
    meant.order = sent.order;
    meant.parts = sent.order.part;
    meant.waits_for_room = false;
}

void Captures::on(const LinkPtr& link, const CameraAnswer& answer) {
    switch (answer.kind) {
        case CameraAnswer::Kind::previewing: {
            const CameraEntry* entry = cameras_.find(link->id);
            const bool records = entry != nullptr && (entry->state == camera::State::recording ||
                                                      entry->state == camera::State::starting);
            return previews_.answer(
                link,
                records ? control::PreviewOutcome::recording : control::PreviewOutcome::previewing,
                {});
        }
        case CameraAnswer::Kind::started:
        case CameraAnswer::Kind::already_recording:
            previews_.answer(link, control::PreviewOutcome::recording, {});
            return answer_starts(link, answer);
        case CameraAnswer::Kind::refused:
            if (answer.request == 0) {
                previews_.answer(link, control::PreviewOutcome::refused, answer.error);
            }
            return answer_starts(link, answer);
        case CameraAnswer::Kind::start_timeout:
            previews_.answer(link, control::PreviewOutcome::timeout,
                             "the camera did not say in time that it streams");
            return answer_starts(link, answer);
        case CameraAnswer::Kind::disconnected:
            previews_.answer(link, control::PreviewOutcome::disconnected, answer.error);
            return answer_starts(link, answer);
        case CameraAnswer::Kind::not_recording:
            break;
    }
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

void Captures::on(const LinkPtr& link, const Suspended& suspended) {
    suspensions_.add(link, suspended);
}

void Captures::on(const LinkPtr& link, const ResumeAsked& asked) {
    suspensions_.ask(asked.capture, [this, link](std::optional<Suspensions::Waiting> waiting) {
        if (!waiting) return link->send(Resumed{});
        suspensions_.gone_again(link->name);
        follow(waiting->from, link);
        cameras_.set_recording(link, waiting->what.session);
        link->send(Resumed{std::make_shared<const Suspended>(std::move(waiting->what))});
    });
}

/// What the lost connection recorded, and whoever waits for that, are the new one's.
void Captures::follow(const LinkPtr& from, const LinkPtr& to) {
    from->successor = to;
    auto node = tracked_.extract(from->id);
    if (node.empty()) return;
    Tracked& old = node.mapped();
    Tracked& one = tracked(to);
    one.recordings.merge(old.recordings);
    if (old.asked) one.asked = std::move(old.asked);
    one.is_leaving = one.is_leaving || old.is_leaving;
    for (const std::uint64_t id : old.starts) {
        starts_.at(id).waiting.erase(from->id);
        starts_.at(id).waiting.emplace(to->id, one.name);
        one.starts.insert(id);
    }
    for (const std::uint64_t id : old.stops) {
        PendingStop& pending = stops_.at(id);
        pending.waiting.erase(from->id);
        pending.waiting.emplace(to->id, one.name);
        pending.away.erase(one.name);
        one.stops.insert(id);
    }
}

void Captures::on(const LinkPtr& link, const Left& left) {
    // Another connection may have its name by now.
    if (cameras_.find(link->id) != nullptr) suspensions_.gone_again(link->name);
    EventFields more;
    if (!left.kicked_by.empty()) more.emplace_back("by", left.kicked_by);
    if (left.awaited.count() > 0) {
        more.emplace_back("awaited_ms", static_cast<std::uint64_t>(left.awaited.count()));
    }
    cameras_.left(link, left.reason, more);
    previews_.left(link);
    const auto found = tracked_.find(link->id);
    if (found == tracked_.end()) return;
    Tracked& one = found->second;
    one.has_left = true;
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
    auto link = std::static_pointer_cast<CameraLink>(session->start().owner);
    while (link->successor) link = link->successor;
    std::visit([&](const auto& what) { on(link, session, what); }, event);
}

void Captures::on(const LinkPtr& link, const record::SessionPtr& session,
                  const record::Opened& event) {
    counters_.sessions_opened_total.fetch_add(1);
    events_.add("session.opened", opened_fields(event, session->start()));
    Tracked& one = tracked(link);
    const auto meant = meant_.find(link->name);
    if (meant != meant_.end()) {
        // The recorder goes on in another part by itself when a file is full.
        meant->second.parts = std::max(meant->second.parts, session->start().part);
        if (one.asked && one.asked->owner == meant->second.order.owner) {
            meant->second.sessions.push_back(event.id);
        }
    }
    one.recordings[event.serial] = Recording{session, event.id, one.asked ? one.asked->tag : ""};
    one.untold.reset();
    cameras_.set_recording(link, session);
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
    suspensions_.failed(event.serial);
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
    keep_part(link->name, event.summary);
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

/// A recording that is over although its start is still meant: the stop will list it.
void Captures::keep_part(const std::string& camera, const record::Summary& summary) {
    const auto meant = meant_.find(camera);
    if (meant == meant_.end()) return;
    const auto& ids = meant->second.sessions;
    if (std::find(ids.begin(), ids.end(), summary.id) == ids.end()) return;
    std::vector<control::StopResult>& ended = meant->second.ended;
    if (ended.size() >= kPartsMax) ended.erase(ended.begin());
    ended.push_back(to_result(summary));
}

void Captures::report(const record::Summary& summary, bool failure_told) {
    const bool failed = summary.state == record::RecordingState::failed;
    (failed ? counters_.sessions_failed_total : counters_.sessions_finished_total).fetch_add(1);
    EventFields fields{{"camera", summary.camera},
                       {"session", summary.id},
                       {"state", std::string(record::to_string(summary.state))},
                       {"end_reason", std::string(camera::to_string(summary.end_reason))},
                       {"pictures", std::uint64_t{summary.pictures}}};
    if (summary.take) fields.emplace_back("take", *summary.take);
    if (!summary.started_by.empty()) fields.emplace_back("started_by", summary.started_by);
    if (!summary.stopped_by.empty()) fields.emplace_back("stopped_by", summary.stopped_by);
    const std::vector<control::SessionFile> files = session_files(summary);
    if (!files.empty()) fields.emplace_back("file", files.front().path);
    if (summary.error) fields.emplace_back("error", *summary.error);
    events_.add(failed && !failure_told ? "session.failed" : "session.finished", fields,
                failed ? LogLevel::error : LogLevel::info);
}

}  // namespace st::capture
