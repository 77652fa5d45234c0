#include "capture/suspensions.h"

#include <algorithm>
#include <utility>

namespace st::capture {

Suspensions::~Suspensions() {
    for (const auto& [capture, one] : by_capture_) timers_.cancel(one.timer);
}

Suspensions::ByCapture::iterator Suspensions::of_camera(const std::string& camera) {
    return std::find_if(by_capture_.begin(), by_capture_.end(),
                        [&](const auto& one) { return one.second.waiting.from->name == camera; });
}

void Suspensions::add(const LinkPtr& from, Suspended what) {
    if (const auto earlier = of_camera(from->name); earlier != by_capture_.end()) {
        end(earlier, camera::EndReason::disconnected);
    }
    const std::string capture = what.capture;
    const bool is_stopping = what.is_stopping;
    const auto [at, is_new] = by_capture_.try_emplace(capture, Timed{{from, std::move(what)}});
    if (!is_new) return;
    if (by_capture_.size() > kWaitingMax) return end(at, camera::EndReason::disconnected);
    const auto options = options_.get();
    arm(at->second, is_stopping ? options->stop_timeout : options->resume_for, {});
}

void Suspensions::arm(Timed& one, std::chrono::nanoseconds after, std::function<void()> otherwise) {
    timers_.cancel(one.timer);
    one.timer = timers_.after(
        after, [this, capture = one.waiting.what.capture, then = std::move(otherwise)] {
            const auto found = by_capture_.find(capture);
            found->second.timer = 0;
            end(found, found->second.waiting.what.is_stopping ? camera::EndReason::stop_timeout
                                                              : camera::EndReason::disconnected);
            if (then) then();
        });
}

void Suspensions::end(ByCapture::iterator which, camera::EndReason reason) {
    timers_.cancel(which->second.timer);
    Suspended what = std::move(which->second.waiting.what);
    by_capture_.erase(which);
    record::SessionEnd end;
    end.reason = reason;
    end.close = what.close;
    end.dropped = what.dropped;
    end.stopped_by = what.stopped_by;
    what.session->end(std::move(end));
}

std::optional<Suspensions::Waiting> Suspensions::take(const std::string& capture) {
    const auto found = by_capture_.find(capture);
    if (found == by_capture_.end()) return std::nullopt;
    timers_.cancel(found->second.timer);
    Waiting waiting = std::move(found->second.waiting);
    by_capture_.erase(found);
    return waiting;
}

bool Suspensions::has(const std::string& camera) const {
    return std::any_of(by_capture_.begin(), by_capture_.end(),
                       [&](const auto& one) { return one.second.waiting.from->name == camera; });
}

void Suspensions::returned(const std::string& camera, std::function<void()> otherwise) {
    const auto found = of_camera(camera);
    if (found == by_capture_.end()) return;
    found->second.is_back = true;
    arm(found->second, kResumePatience, std::move(otherwise));
}

void Suspensions::gone_again(const std::string& camera) {
    const auto found = of_camera(camera);
    if (found == by_capture_.end() || !std::exchange(found->second.is_back, false)) return;
    arm(found->second, options_->resume_for, {});
}

void Suspensions::stop(std::uint64_t from_link, const std::string& stopped_by) {
    for (auto& [capture, one] : by_capture_) {
        if (one.waiting.from->id != from_link || one.waiting.what.is_stopping) continue;
        one.waiting.what.is_stopping = true;
        one.waiting.what.stopped_by = stopped_by;
        if (!one.is_back) arm(one, options_->stop_timeout, {});
    }
}

void Suspensions::failed(std::uint64_t serial) {
    for (auto at = by_capture_.begin(); at != by_capture_.end(); ++at) {
        if (at->second.waiting.what.session->latest()->serial() != serial) continue;
        return end(at, camera::EndReason::disk);
    }
}

}  // namespace st::capture
