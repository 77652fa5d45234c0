#include "capture/starts.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "control/glob.h"

namespace st::capture {
namespace {

using control::StartOutcome;

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

/// Joining a recording is fine when it is the one that was meant.
bool is_ok(const control::StartResult& result) {
    return result.outcome == StartOutcome::started ||
           (result.outcome == StartOutcome::already_recording && !result.error);
}

}  // namespace

/// What a camera records, or is being started for; nullopt: nothing.
std::optional<UnderWay> Starts::under_way(const CameraEntry& entry) const {
    const Tracked* one = tracking_.find(entry.link->id);
    if (one == nullptr) return std::nullopt;
    UnderWay what;
    if (const Recording* last = one->newest(); last != nullptr && !last->has_ended) {
        const record::SessionStart& start = last->session->start();
        what.session = last->id;
        what.take = start.take.value_or("");
        what.by = start.started_by;
        what.since_us = start.started_us;
        what.parameters = start.parameters.value_or(camera::StartParameters{});
        return what;
    }
    if (one->starts.empty()) return std::nullopt;
    const Waiting& first = starts_.at(*one->starts.begin());
    what.take = first.request.take.value_or("");
    what.by = first.request.client;
    what.parameters = to_camera(first.request.parameters);
    return what;
}

bool Starts::is_take_running(const std::string& take) const {
    if (meant_.has_take(take) || tracking_.is_recording(take)) return true;
    const auto is_asked = [&](const auto& one) { return one.second.request.take == take; };
    return std::any_of(starts_.begin(), starts_.end(), is_asked);
}

/// Nullopt unless one of them records and all were wanted: then none is started.
std::optional<control::StartReply> Starts::refuse_all(const control::StartRequest& request,
                                                      const std::vector<std::string>& names) const {
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

void Starts::start(const control::StartRequest& request, bool has_take, Done done) {
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
    Waiting start;
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
        if (entry.is_camera) start.waiting.emplace(entry.link->id, name);
    }
    if (start.waiting.empty()) return done(no_cameras());
    start.id = id;
    start.request = request;
    start.done = std::move(done);
    if (!request.wait) return finish_unawaited(std::move(start));
    for (const auto& [link, name] : start.waiting) {
        tracking_.of(cameras_.find(link)->link).starts.insert(id);
    }
    start.timer = timers_.after(request.timeout, [this, id] { time_out(id); });
    starts_.emplace(id, std::move(start));
}

/// The instant at which all cameras of a start begin that can: each knows it kStartLead before.
std::int64_t Starts::common_begin_ns(const std::vector<std::string>& cameras) const {
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

void Starts::finish_unawaited(Waiting start) const {
    for (const auto& [link, name] : start.waiting) {
        control::StartResult result{name, StartOutcome::sent, std::nullopt, std::nullopt};
        const CameraEntry* entry = cameras_.find(link);
        if (entry != nullptr) {
            if (const auto what = under_way(*entry)) {
                result = already_recording(name, *what, start.request, wall_us());
                if (!is_ok(result)) start.reply.ok = false;
            }
        }
        start.reply.results.push_back(std::move(result));
    }
    sort_by_camera(start.reply.results);
    start.done(start.reply);
}

control::StartResult Starts::result_of(const Waiting& start, const std::string& name,
                                       const Tracked& one, const CameraAnswer& answer) const {
    // Of two starts at once, the camera belongs to the one that it was started for.
    const bool is_others =
        answer.kind == CameraAnswer::Kind::started && one.asked && one.asked->owner != start.id;
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
    return already_recording(name, what, start.request, wall_us());
}

void Starts::answer(const LinkPtr& link, const CameraAnswer& answer) {
    Tracked* const found = tracking_.find(link->id);
    if (found == nullptr) return;
    Tracked& one = *found;
    const bool is_for_one = answer.request != 0 && answer.kind != CameraAnswer::Kind::started;
    const std::set<std::uint64_t> ids =
        is_for_one ? std::set<std::uint64_t>{answer.request} : one.starts;
    for (const std::uint64_t id : ids) {
        if (one.starts.erase(id) == 0) continue;
        Waiting& start = starts_.at(id);
        const auto waiting = start.waiting.extract(link->id);
        control::StartResult result = result_of(start, waiting.mapped(), one, answer);
        if (!is_ok(result)) start.reply.ok = false;
        start.reply.results.push_back(std::move(result));
        finish(id);
    }
    tracking_.forget_if_idle(link->id);
}

void Starts::finish(std::uint64_t id) {
    if (const auto start = take_if_complete(starts_, id, timers_)) start->done(start->reply);
}

void Starts::time_out(std::uint64_t id) {
    Waiting& start = starts_.at(id);
    for (const auto& [link, name] : std::exchange(start.waiting, {})) {
        start.reply.ok = false;
        start.reply.results.push_back(
            to_result(name, {CameraAnswer::Kind::start_timeout, {}, {}, 0}));
        tracking_.at(link).starts.erase(id);
        tracking_.forget_if_idle(link);
    }
    finish(id);
}

void Starts::follow(const Tracked& what, std::uint64_t from, std::uint64_t to) {
    for (const std::uint64_t id : what.starts) {
        starts_.at(id).waiting.erase(from);
        starts_.at(id).waiting.emplace(to, what.name);
    }
}

std::uint64_t Starts::unheard(const Tracked& one, const std::string& owner) const {
    for (const std::uint64_t id : one.starts) {
        if (starts_.at(id).request.owner == owner) return id;
    }
    return 0;
}

}  // namespace st::capture
