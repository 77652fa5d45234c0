#include "live/viewer.h"

#include <utility>

#include "live/live.h"
#include "live/live_request.h"

namespace st::live {
namespace {

/// An answer that names the tracks is given this long after the publisher came, whatever is known.
constexpr std::chrono::seconds kTracksWait{1};
/// One that was answered and has no picture is told why after so long, and then again.
constexpr std::chrono::seconds kEntryWait{1};
constexpr std::chrono::seconds kEntryWaitAgain{10};
/// A viewer that closed its side and takes nothing of a stream for so long is gone.
constexpr std::chrono::seconds kHalfClosedSilence{3};
/// One that closed its side waits no longer for a source: it may be gone altogether.
constexpr std::chrono::seconds kHalfClosedWait{60};

}  // namespace

const char* to_text(ViewerEnd why) {
    switch (why) {
        case ViewerEnd::ended:
            return "stream ended";
        case ViewerEnd::complete:
            return "played as long as was asked";
        case ViewerEnd::stuck:
            return "the viewer has stopped reading";
        case ViewerEnd::kicked:
            return "kicked";
        case ViewerEnd::left:
            return "viewer left";
        case ViewerEnd::shutdown:
            return "the server is shutting down";
    }
    return "";
}

void Viewer::start(const std::string& path, hub::FormId form, const hub::ViewerInfo& info,
                   hub::Tracks wanted) {
    path_ = path;
    form_ = form;
    info_ = info;
    wanted_ = wanted;
    const auto decided = [this, weak = std::weak_ptr(here_),
                          &executor = delivery_.executor()](Result<void> may) {
        executor.post([this, weak, may] {
            if (weak.expired() || state_ != State::deciding) return;
            may ? join() : refuse(may.error());
        });
    };
    const bool is_asked =
        terms_.decide &&
        terms_.decide({false, path, info.protocol, info.query, info.peer}, decided);
    if (!is_asked) join();
}

void Viewer::join() {
    auto joined = hub_.subscribe(path_, delivery_, form_, *this, info_);
    if (!joined) return refuse(joined.error());
    subscription_ = std::move(*joined);
    subscription_.choose(wanted_);
    state_ = State::waiting_for_publisher;
    if (!wants_cache(info_.query)) subscription_.skip_cached();
    subscription_.start(delivery_.executor().now_ns());
    if (state_ == State::waiting_for_publisher) {
        subscription_.stream().is_live() ? wait_for_entry() : wait_for_publisher();
    }
    if (half_ended_ns_) on_half_end();
}

void Viewer::choose(hub::Tracks wanted) {
    wanted_ = wanted;
    if (subscription_) subscription_.choose(wanted);
}

void Viewer::on_drained() {
    if (subscription_) subscription_.on_drained(delivery_.executor().now_ns());
}

void Viewer::publisher_changed() {
    if (!subscription_) return;
    const bool is_there = subscription_.stream().is_live();
    if (state_ == State::waiting_for_publisher && is_there) return wait_for_entry();
    if (state_ == State::waiting_for_entry && !is_there) return wait_for_publisher();
    if (state_ == State::playing) transport_.note_publisher(is_there);
}

void Viewer::wait_for_publisher() {
    state_ = State::waiting_for_publisher;
    transport_.note_publisher(false);
    watch_wait();
}

void Viewer::watch_wait() {
    call_after(terms_.wait, [this] { on_wait_over(); });
}

/// A source that takes its time to begin, or is tried again, has not failed its viewers.
bool Viewer::may_wait_on() const {
    if (!terms_.is_coming || !terms_.is_coming(path_)) return false;
    return !half_ended_ns_ || delivery_.executor().now_ns() - *half_ended_ns_ <
                                  std::chrono::nanoseconds(kHalfClosedWait).count();
}

void Viewer::on_wait_over() {
    if (may_wait_on()) return watch_wait();
    if (is_accepted_) return finish(ViewerEnd::ended);
    refuse(no_stream(path_));
}

void Viewer::wait_for_entry() {
    state_ = State::waiting_for_entry;
    stop_timer();
    if (is_accepted_) return watch_entry(kEntryWait);
    if (!transport_.announces_tracks()) return accept({});
    const hub::Stream& stream = subscription_.stream();
    if (stream.knows_tracks()) return accept(stream.tracks());
    call_after(kTracksWait, [this] {
        hub::Tracks tracks = subscription_.stream().tracks();
        // Players ignore tracks that were not announced; pictures are what most streams have.
        if (!tracks.audio) tracks.video = true;
        accept(tracks);
    });
}

void Viewer::accept(hub::Tracks tracks) {
    is_accepted_ = true;
    transport_.accept(tracks, state_ == State::waiting_for_entry ? why_waiting() : std::string());
    if (half_ended_ns_) return watch_silence();
    if (state_ == State::waiting_for_entry) watch_entry(kEntryWait);
}

void Viewer::watch_entry(std::chrono::nanoseconds delay) {
    if (half_ended_ns_) return;  // it is watched otherwise
    call_after(delay, [this] {
        const std::string why = why_waiting();
        if (!why.empty()) transport_.say_waiting(why);
        watch_entry(kEntryWaitAgain);
    });
}

std::string Viewer::why_waiting() const {
    const std::int64_t now_ns = delivery_.executor().now_ns();
    return key_frame_age(subscription_.stream().status(now_ns), now_ns);
}

void Viewer::begin(hub::Tracks tracks) {
    stop_timer();
    state_ = State::playing;
    if (!is_accepted_) {
        accept(tracks);
    } else if (half_ended_ns_) {
        watch_silence();
    }
    transport_.begin();
}

void Viewer::end(hub::EndReason reason, const std::string& by) {
    if (is_accepted_) {
        switch (reason) {
            case hub::EndReason::ended:
                return finish(ViewerEnd::ended);
            case hub::EndReason::stuck:
                return finish(ViewerEnd::stuck);
            case hub::EndReason::kicked:
                return finish(ViewerEnd::kicked, hub::kicked_text(by));
        }
    }
    if (reason == hub::EndReason::ended) return refuse(no_stream(path_));
    const bool is_kicked = reason == hub::EndReason::kicked;
    refuse(Error{is_kicked ? hub::kicked_text(by) : hub::to_text(reason), 403});
}

void Viewer::refuse(const Error& why) {
    if (state_ == State::draining || state_ == State::over) return;
    stop_timer();
    state_ = State::draining;
    subscription_.leave(why.message);
    transport_.refuse(why);
}

void Viewer::finish(ViewerEnd why, const std::string& words) {
    if (state_ == State::draining || state_ == State::over) return;
    stop_timer();
    state_ = State::draining;
    subscription_.leave(words);
    transport_.finish(why, words);
}

void Viewer::leave(const std::string& reason) {
    stop_timer();
    state_ = State::over;
    subscription_.leave(reason);
}

void Viewer::shut_down() {
    if (is_accepted_) return finish(ViewerEnd::shutdown);
    refuse(Error{"the server is shutting down", 503});
}

/// `nc -N` and scripts close their side behind the request. Only sending tells them from viewers
/// that are gone.
void Viewer::on_half_end() {
    half_ended_ns_ = delivery_.executor().now_ns();
    if (state_ == State::waiting_for_publisher && !is_accepted_ && !may_wait_on()) {
        return refuse(no_stream(path_));
    }
    if (is_accepted_) watch_silence();
}

void Viewer::watch_silence() {
    if (state_ != State::waiting_for_entry && state_ != State::playing) return;
    call_after(kHalfClosedSilence,
               [this, then = transport_.bytes_taken()] { look_at_silence(then); });
}

void Viewer::look_at_silence(std::uint64_t bytes_then) {
    const bool was_silent =
        transport_.bytes_taken() == bytes_then && transport_.queued_bytes() == 0;
    // Without a publisher its end is at hand anyway.
    if (was_silent && subscription_.stream().is_live()) return finish(ViewerEnd::left);
    watch_silence();
}

template <class Call>
void Viewer::call_after(std::chrono::nanoseconds delay, Call call) {
    stop_timer();
    timer_ = delivery_.executor().after(delay, [this, call] {
        timer_ = 0;
        call();
    });
}

void Viewer::stop_timer() { delivery_.executor().cancel(std::exchange(timer_, 0)); }

}  // namespace st::live
