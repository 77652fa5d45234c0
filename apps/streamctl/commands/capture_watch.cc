#include "streamctl/commands/capture_watch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "streamctl/commands/capture.h"

namespace st::streamctl {
namespace {

/// A server that nobody has found for so long was not restarted, or has lost what it was to record.
constexpr std::chrono::seconds kGoneAfter{10};
/// What follows from a look at the cameras that failed.
constexpr char kGoesOn[] = "recording goes on; trying again to see how";

}  // namespace

void CaptureWatch::subscribe() {
    client_.subscribe(
        {{"camera.disconnected", "camera.ready", "camera.given_up", "session.*"}, std::nullopt});
    is_subscribed_ = true;
}

void CaptureWatch::lose(const WatchedCamera& one, const std::string& why) {
    console_.trouble(one.camera() + ": " + why);
    const std::vector<std::string>& sessions = one.sessions();
    for (const std::string& session : sessions) {
        outcome_.add_ended({one.camera(), session, session == sessions.back() ? why : ""});
    }
}

void CaptureWatch::look_after() {
    const auto now = cameras_by_name(client_);
    for (auto at = cameras_.begin(); at != cameras_.end();) {
        auto& [camera, one] = *at;
        const auto found = now.find(camera);
        auto over =
            one.look(found == now.end() ? nullptr : &found->second, client_, sizes_, console_);
        dropped_out_ = dropped_out_ || one.dropped_out();
        if (!over && one.is_away() && given_up_.contains(camera)) {
            over = WatchedCamera::Over{"is back, but could not be started again", true};
        }
        if (over) lose(one, over->why);
        at = over ? cameras_.erase(at) : std::next(at);
    }
    show_progress(now);
}

void CaptureWatch::show_progress(const std::map<std::string, control::CameraStatus>& now) {
    constexpr auto kDiskEvery = std::chrono::seconds(5);
    if (!console_.shows_status()) return;
    using std::chrono::duration_cast;
    using std::chrono::seconds;
    const auto time = Clock::now();
    std::optional<seconds> left;
    if (end_ != Clock::time_point::max()) {
        left = duration_cast<seconds>(std::max(end_ - time, Clock::duration{}) +
                                      std::chrono::milliseconds(500));
    }
    std::vector<StatusLine> lines;
    for (const auto& [camera, one] : cameras_) {
        const auto found = now.find(camera);
        lines.push_back(one.progress(found == now.end() ? nullptr : &found->second,
                                     duration_cast<seconds>(time - begin_), left));
    }
    if (time - disk_looked_ >= kDiskEvery) {
        disk_looked_ = time;
        disk_ = disk_line(understood(control::decode_status(client_.ask("server.status"))));
    }
    console_.show_status(std::move(lines), disk_);
}

bool CaptureWatch::heard_of_a_loss() {
    if (!is_subscribed_) return false;
    bool heard = false;
    while (const auto event = client_.connection().take_event()) {
        heard = heard || cameras_.contains(event->camera);
        if (event->type == "camera.given_up") given_up_.insert(event->camera);
    }
    return client_.connection().take_lost() > 0 || heard;
}

void CaptureWatch::bear(const Failed& failed, const char* consequence) {
    if (!std::exchange(is_cut_off_, true)) {
        console_.trouble(std::string(failed.what()) + "; " + consequence);
    }
    const bool is_gone = dynamic_cast<const Gone*>(&failed) != nullptr;
    if (!is_gone) gone_since_.reset();
    if (is_gone && !gone_since_) gone_since_ = Clock::now();
    if (gone_since_ && Clock::now() - *gone_since_ >= kGoneAfter) throw;
    const bool is_shut_out = failed.exit_code() == cli::kNotAuthorised;
    if (std::exchange(is_shut_out_, is_shut_out) && is_shut_out) throw;
    // A refusal came by a connection that works.
    if (dynamic_cast<const Refused*>(&failed) != nullptr) return;
    client_.reconnect();
    is_subscribed_ = false;
}

void CaptureWatch::look() {
    try {
        if (!is_subscribed_) subscribe();
        look_after();
        gone_since_.reset();
        is_shut_out_ = false;
        if (std::exchange(is_cut_off_, false)) console_.note("the server answers again");
    } catch (const Failed& failed) {
        if (failed.exit_code() == cli::kInterrupted) {
            is_interrupted_ = true;
        } else {
            bear(failed, kGoesOn);
        }
    }
}

bool CaptureWatch::rest(Clock::time_point deadline) {
    if (is_subscribed_) {
        try {
            return client_.connection().wait(deadline) == Connection::Woke::interrupted;
        } catch (const Failed& failed) {
            bear(failed, kGoesOn);
        }
    }
    return interrupt_.wait(deadline);
}

CaptureWatch::Ended CaptureWatch::wait(std::optional<milliseconds> duration) {
    begin_ = Clock::now();
    if (duration) end_ = begin_ + *duration;
    // Losses come as events; sizes, and a server that is silent, have to be looked for.
    constexpr auto kLookEvery = std::chrono::seconds(1);
    client_.on_interrupt([this] { return is_interrupted_ = true; });
    auto next_look = Clock::now();
    while (!cameras_.empty()) {
        if (rest(std::min<Clock::time_point>(end_, next_look)) || is_interrupted_)
            return Ended::signal;
        if (Clock::now() >= end_) return Ended::duration;
        if (!heard_of_a_loss() && Clock::now() < next_look) continue;
        next_look = Clock::now() + kLookEvery;
        look();
        if (is_interrupted_) return Ended::signal;
    }
    return Ended::all_lost;
}

}  // namespace st::streamctl
