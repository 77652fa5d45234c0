#include "capture/stops.h"

#include <algorithm>
#include <utility>

#include "capture/refusals.h"
#include "capture/stop_results.h"
#include "control/glob.h"

namespace st::capture {
namespace {

using control::StopOutcome;

/// Whether the stop means what this connection records or has recorded.
bool is_wanted(const Tracked& one, const control::StopRequest& request) {
    return request.owner.empty() || one.has_of(request.owner);
}

}  // namespace

/// Ends what is meant for the camera and takes what is known of its recordings so far. False:
/// nothing was meant, or something else.
bool Stops::take_meant(const std::string& name, const control::StopRequest& request, Waiting& stop,
                       StopOrder& order) {
    auto meant = uses_.meant.take(name, request.owner);
    if (!meant) return false;
    if (!request.owner.empty()) order.owner = meant->order.owner;
    for (control::StopResult& result : meant->ended) {
        stop.reply.results.push_back(std::move(result));
    }
    if (uses_.cameras.find(name) == nullptr) stop.away.insert(name);
    return true;
}

std::vector<std::string> Stops::add_targets(const control::StopRequest& request, Waiting& stop) {
    std::vector<std::string> names;
    for (const auto& [name, entry] : uses_.cameras.all()) names.push_back(name);
    // A camera that is gone is still worth waiting for while its files are being made, and one that
    // is to go on when it returns can be told not to.
    std::multimap<std::string, std::uint64_t> gone;
    for (const auto& [link, one] : uses_.tracking.all()) {
        if (one.recordings.empty() || uses_.cameras.find(link) != nullptr) continue;
        gone.emplace(one.name, link);
    }
    for (const auto& [name, link] : gone) names.push_back(name);
    for (const auto& [name, meant] : uses_.meant.all()) names.push_back(name);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    const control::Selection selection = control::select_names(request.cameras, names);
    for (const std::string& name : selection.matched) add_target(name, request, stop, gone);
    return selection.missing;
}

void Stops::add_target(const std::string& name, const control::StopRequest& request, Waiting& stop,
                       const std::multimap<std::string, std::uint64_t>& gone) {
    StopOrder order{request.client, uses_.previews.is_watched(name), 0};
    bool was_meant = take_meant(name, request, stop, order);
    const auto [from, to] = gone.equal_range(name);
    for (auto at = from; at != to; ++at) {
        if (was_meant || is_wanted(uses_.tracking.at(at->second), request)) {
            stop.waiting.emplace(at->second, name);
            uses_.suspensions.stop(at->second, request.client);
            if (uses_.tracking.at(at->second).has_left) uses_.suspensions.forget_stop(at->second);
        }
    }
    const CameraEntry* entry = uses_.cameras.find(name);
    if (entry == nullptr) return;
    const Tracked* one = uses_.tracking.find(entry->link->id);
    const bool is_last = one != nullptr && is_wanted(*one, request);
    if (!was_meant && one != nullptr && !request.owner.empty()) {
        // One that was given up before it began may be recording all the same.
        order.owner = one->open_of(request.owner);
        if (order.owner == 0) {
            order.owner = uses_.starts.unheard(*one, request.owner);
            // If the camera drops out before it hears of the stop, nothing is meant for it.
            uses_.tracking.at(entry->link->id).called_off = order.owner;
        }
        was_meant = order.owner != 0;
    }
    if (was_meant || request.owner.empty()) {
        entry->link->send(order);
        const bool may_record =
            entry->state != camera::State::idle || (one != nullptr && !one->recordings.empty());
        if (may_record) uses_.suspensions.stop(entry->link->id, request.client, order.owner);
        uses_.previews.forget_wish(entry->link->id);
        if (entry->is_camera) stop.waiting.emplace(entry->link->id, name);
    } else if (is_last) {
        stop.waiting.emplace(entry->link->id, name);  // it ended already
    } else {
        control::StopResult result;
        result.camera = name;
        result.outcome = StopOutcome::not_recording;
        stop.reply.results.push_back(std::move(result));
    }
}

void Stops::stop(const control::StopRequest& request, Done done) {
    Waiting stop;
    const std::vector<std::string> missing = add_targets(request, stop);
    if (stop.waiting.empty() && stop.reply.results.empty() && stop.away.empty()) {
        return done(missing.empty() ? no_cameras() : no_such_cameras(missing, uses_.cameras.all()));
    }
    for (const std::string& name : missing) {
        stop.reply.ok = false;
        control::StopResult result;
        result.camera = name;
        result.outcome = StopOutcome::failed;
        result.error = no_such_camera(name, uses_.cameras.all());
        stop.reply.results.push_back(std::move(result));
    }
    stop.done = std::move(done);
    if (!request.wait) return finish_unawaited(std::move(stop));
    stop.timeout = request.timeout;
    const std::uint64_t id = next_id_++;
    for (const auto& [link, name] : stop.waiting) {
        uses_.tracking.at(link, name).stops.insert(id);
    }
    stop.progress_seen = uses_.tracking.progress_of(stop.waiting);
    stops_.emplace(id, std::move(stop));
    // The camera's own deadline comes first; the request's counts from the finaliser's progress.
    arm(id, uses_.options->stop_timeout + request.timeout);
    finish(id);
}

/// Puts the recordings of each camera together and says which did not come back.
void Stops::complete(Waiting& stop) {
    std::vector<control::StopResult>& results = stop.reply.results;
    merge_parts(results);
    for (control::StopResult& result : results) {
        if (result.outcome == StopOutcome::failed) stop.reply.ok = false;
        if (stop.away.erase(result.camera) == 0) continue;
        stop.reply.ok = false;
        result.outcome = StopOutcome::failed;
        if (!result.error) result.error = "the camera lost its connection and has not come back";
    }
    for (const std::string& name : std::exchange(stop.away, {})) {
        control::StopResult result;
        result.camera = name;
        result.outcome = StopOutcome::failed;
        result.error = "the camera lost its connection and has not come back";
        stop.reply.ok = false;
        results.push_back(std::move(result));
    }
    sort_by_camera(results);
}

void Stops::finish_unawaited(Waiting stop) const {
    for (const auto& [link, name] : stop.waiting) {
        control::StopResult result;
        result.camera = name;
        result.outcome = StopOutcome::not_recording;
        const CameraEntry* entry = uses_.cameras.find(link);
        if (entry != nullptr && entry->state != camera::State::idle) {
            result.outcome = StopOutcome::sent;
        }
        const Tracked* one = uses_.tracking.find(link);
        if (const Recording* last = one == nullptr ? nullptr : one->newest()) {
            result.outcome = StopOutcome::sent;
            result.session = last->id;
            result.state = last->state();
        }
        stop.reply.results.push_back(std::move(result));
    }
    complete(stop);
    stop.done(stop.reply);
}

void Stops::arm(std::uint64_t id, std::chrono::nanoseconds after) {
    Waiting& stop = stops_.at(id);
    uses_.timers.cancel(stop.timer);
    stop.timer = uses_.timers.after(after, [this, id] { time_out(id); });
}

void Stops::time_out(std::uint64_t id) {
    Waiting& stop = stops_.at(id);
    const std::uint64_t progress = uses_.tracking.progress_of(stop.waiting);
    if (std::exchange(stop.progress_seen, progress) != progress) {
        return arm(id, stop.timeout);
    }
    for (const auto& [link, name] : std::exchange(stop.waiting, {})) {
        control::StopResult result;
        result.camera = name;
        result.outcome = StopOutcome::timeout;
        result.error = "not finished in time; still running in the background";
        Tracked& one = uses_.tracking.at(link);
        if (const Recording* last = one.newest()) {
            result.session = last->id;
            result.state = last->state();
        }
        stop.reply.ok = false;
        stop.reply.results.push_back(std::move(result));
        one.stops.erase(id);
        uses_.tracking.forget_if_idle(link);
    }
    finish(id);
}

void Stops::finish(std::uint64_t id) {
    auto stop = take_if_complete(stops_, id, uses_.timers);
    if (!stop) return;
    complete(*stop);
    stop->done(stop->reply);
}

void Stops::answer(const LinkPtr& link, const control::StopResult& result, bool is_fine) {
    Tracked* const one = uses_.tracking.find(link->id);
    if (one == nullptr) return;
    for (const std::uint64_t id : std::exchange(one->stops, {})) {
        Waiting& stop = stops_.at(id);
        control::StopResult its = result;
        its.camera = stop.waiting.extract(link->id).mapped();
        if (!is_fine) stop.reply.ok = false;
        stop.reply.results.push_back(std::move(its));
        finish(id);
    }
    uses_.tracking.forget_if_idle(link->id);
}

void Stops::add(const Tracked& to, const control::StopResult& result, bool is_fine) {
    for (const std::uint64_t id : to.stops) {
        Waiting& stop = stops_.at(id);
        if (!is_fine) stop.reply.ok = false;
        stop.reply.results.push_back(result);
    }
}

void Stops::follow(const Tracked& what, std::uint64_t from, std::uint64_t to) {
    for (const std::uint64_t id : what.stops) {
        Waiting& stop = stops_.at(id);
        stop.waiting.erase(from);
        stop.waiting.emplace(to, what.name);
        stop.away.erase(what.name);
    }
}

void Stops::ended(const Tracked& one) {
    for (const std::uint64_t id : one.stops) arm(id, stops_.at(id).timeout);
}

}  // namespace st::capture
