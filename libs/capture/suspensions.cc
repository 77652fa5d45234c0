#include "capture/suspensions.h"

#include <algorithm>
#include <utility>

namespace st::capture {
namespace {

/// 0: of any start.
bool is_of(const Suspended& what, std::uint64_t owner) {
    return owner == 0 || !what.order || what.order->owner == owner;
}

}  // namespace

Suspensions::~Suspensions() {
    for (const auto& [capture, one] : by_capture_) timers_.cancel(one.timer);
    for (const auto& [capture, one] : asked_) timers_.cancel(one.timer);
    for (const auto& [camera, one] : back_) timers_.cancel(one.timer);
}

Suspensions::ByCapture::iterator Suspensions::of_camera(const std::string& camera) {
    return std::find_if(by_capture_.begin(), by_capture_.end(),
                        [&](const auto& one) { return one.second.waiting.from->name == camera; });
}

bool Suspensions::has(const std::string& camera) const {
    return std::any_of(by_capture_.begin(), by_capture_.end(),
                       [&](const auto& one) { return one.second.waiting.from->name == camera; });
}

void Suspensions::add(const LinkPtr& from, Suspended what) {
    if (const auto earlier = of_camera(from->name); earlier != by_capture_.end()) {
        end(earlier, camera::EndReason::disconnected);
    }
    const auto stopped = stopped_.find(from->id);
    if (stopped != stopped_.end() && !what.is_stopping && is_of(what, stopped->second.owner)) {
        what.is_stopping = true;
        what.stopped_by = stopped->second.by;
    }
    const std::string capture = what.capture;
    const bool is_stopping = what.is_stopping;
    const auto [at, is_new] = by_capture_.try_emplace(capture, Timed{{from, std::move(what)}});
    if (!is_new) return;
    if (auto asked = asked_.extract(capture)) {
        timers_.cancel(asked.mapped().timer);
        return asked.mapped().answer(take(at));
    }
    if (by_capture_.size() > kWaitingMax) return end(at, camera::EndReason::disconnected);
    const auto options = options_.get();
    arm(at->second, is_stopping ? options->stop_timeout : options->resume_for);
}

void Suspensions::arm(Timed& one, std::chrono::nanoseconds after) {
    timers_.cancel(one.timer);
    one.timer = timers_.after(after, [this, capture = one.waiting.what.capture] {
        const auto found = by_capture_.find(capture);
        found->second.timer = 0;
        end(found, found->second.waiting.what.is_stopping ? camera::EndReason::stop_timeout
                                                          : camera::EndReason::disconnected);
    });
}

void Suspensions::end(ByCapture::iterator which, camera::EndReason reason) {
    const Suspended what = std::move(take(which).what);
    record::SessionEnd end;
    end.reason = reason;
    end.close = what.close;
    end.dropped = what.dropped;
    end.stopped_by = what.stopped_by;
    what.session->end(std::move(end));
}

Suspensions::Waiting Suspensions::take(ByCapture::iterator which) {
    timers_.cancel(which->second.timer);
    Waiting waiting = std::move(which->second.waiting);
    by_capture_.erase(which);
    return waiting;
}

void Suspensions::ask(const std::string& capture, Answer answer) {
    if (const auto found = by_capture_.find(capture); found != by_capture_.end()) {
        gone_again(found->second.waiting.from->name);
        return answer(take(found));
    }
    if (asked_.contains(capture) || asked_.size() >= kWaitingMax) return answer(std::nullopt);
    Asked& asked = asked_[capture];
    asked.answer = std::move(answer);
    asked.timer = timers_.after(kAnswerPatience, [this, capture] {
        const auto over = asked_.extract(capture);
        over.mapped().answer(std::nullopt);
    });
}

void Suspensions::give_up(const std::string& capture) {
    const auto found = by_capture_.find(capture);
    if (found != by_capture_.end()) end(found, camera::EndReason::disconnected);
}

void Suspensions::returned(const std::string& name, std::function<void()> otherwise) {
    gone_again(name);
    Back& back = back_[name];
    back.otherwise = std::move(otherwise);
    back.timer = timers_.after(kResumePatience, [this, name] {
        const auto over = back_.extract(name);
        const auto found = of_camera(name);
        if (found != by_capture_.end()) end(found, camera::EndReason::disconnected);
        over.mapped().otherwise();
    });
}

void Suspensions::renamed(const std::string& before, const std::string& now) {
    if (const auto found = of_camera(before); found != by_capture_.end()) {
        found->second.waiting.from->name = now;
    }
    auto back = back_.extract(before);
    if (back.empty()) return;
    timers_.cancel(back.mapped().timer);
    returned(now, std::move(back.mapped().otherwise));
}

void Suspensions::gone_again(const std::string& camera) {
    if (const auto back = back_.extract(camera)) timers_.cancel(back.mapped().timer);
}

void Suspensions::stop(std::uint64_t from_link, const std::string& stopped_by,
                       std::uint64_t owner) {
    stopped_[from_link] = {stopped_by, owner};
    for (auto& [capture, one] : by_capture_) {
        if (one.waiting.from->id != from_link || one.waiting.what.is_stopping) continue;
        if (!is_of(one.waiting.what, owner)) continue;
        one.waiting.what.is_stopping = true;
        one.waiting.what.stopped_by = stopped_by;
        arm(one, options_->stop_timeout);
    }
}

void Suspensions::failed(std::uint64_t serial) {
    for (auto at = by_capture_.begin(); at != by_capture_.end(); ++at) {
        if (at->second.waiting.what.session->latest()->serial() != serial) continue;
        return end(at, camera::EndReason::disk);
    }
}

}  // namespace st::capture
