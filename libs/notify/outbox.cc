#include "notify/outbox.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/clock.h"
#include "base/secrets.h"
#include "control/event_types.h"
#include "notify/ladder.h"
#include "notify/messages.h"
#include "notify/signature.h"

namespace st::notify {
namespace {

using control::ApiError;
using control::ErrorCode;
using control::HookState;
using std::chrono::milliseconds;

/// Power may take away what happened in the last second; kill -9 nothing.
constexpr std::chrono::seconds kSyncInterval{1};
// What the disk refused is tried again after these.
constexpr std::chrono::seconds kSyncAgain{10};
constexpr std::chrono::seconds kOpenAgain{30};
constexpr std::chrono::seconds kCompactAgain{60};

/// What whoever connects brings about, as often as they like.
bool is_of_the_crowd(std::string_view type) {
    return type.starts_with("viewer.") || type.starts_with("stream.") ||
           type.starts_with("camera.");
}

}  // namespace

Outbox::Outbox(OutboxWorld& world, Endpoint endpoint, std::string path,
               std::function<void()> changed, std::uint64_t waiting_bytes_max)
    : world_(world),
      endpoint_(std::move(endpoint)),
      path_(std::move(path)),
      changed_(std::move(changed)),
      waiting_bytes_max_(waiting_bytes_max),
      shown_url_(without_path(endpoint_.url)),
      log_(world.log.with(shown_url_)) {
    open();
}

/// Until it can be opened it is tried again: a disk may be given room, or come later than the
/// server.
void Outbox::open() {
    world_.timers.cancel(std::exchange(open_timer_, 0));
    try {
        journal_ = std::make_unique<Journal>(path_, waiting_bytes_max_);
    } catch (const std::exception& e) {  // the other endpoints go on
        state_ = HookState::broken;
        journal_error_ = e.what();
        if (!std::exchange(is_trouble_said_, true)) {
            log_.error("its events are lost while its journal cannot be opened: " + journal_error_);
        }
        open_timer_ = world_.timers.after(kOpenAgain, [this] {
            open_timer_ = 0;
            start();
            changed_();
        });
        return;
    }
    log_ = world_.log.with(shown_url_).with(journal_->id());
    if (std::exchange(is_trouble_said_, false)) log_.info("its journal could be opened");
    journal_error_.clear();
    if (journal_->unreadable_lines() > 0) {
        log_.warning(path_ + ": " + std::to_string(journal_->unreadable_lines()) +
                     " lines cannot be read");
    }
}

Outbox::~Outbox() {
    world_.timers.cancel(open_timer_);
    world_.timers.cancel(retry_timer_);
    world_.timers.cancel(tidy_timer_);
    // What is under way aside may have been dropped.
    if (journal_ && (journal_->is_dirty() || is_tidying_)) {
        guard("sync", [this] { journal_->sync(); });
    }
}

void Outbox::start() {
    if (!journal_) open();
    if (!journal_ || state_ == HookState::sending || state_ == HookState::waiting) return;
    state_ = HookState::idle;
    const Tried* tried = journal_->tried();
    if (tried == nullptr || journal_->waiting() == 0) return send_next();
    last_error_ = tried->why;
    // A clock that was set back must not make it wait for longer than a step of the ladder.
    const milliseconds left((tried->next_us - world_.wall_us()) / 1000);
    if (left.count() <= 0) return send_next();
    log_.info(std::to_string(journal_->waiting()) + " messages wait; next attempt in " +
              std::to_string(std::min(left, kRetryDelayMax).count() / 1000) + " s");
    wait(std::min(left, kRetryDelayMax));
}

void Outbox::reconfigure(Endpoint endpoint) {
    endpoint_ = std::move(endpoint);
    start();
    changed_();
}

/// What the disk refuses is said, once until it goes well again. `work` may return false: nothing
/// was written, which tells nothing of the disk. False: it refused.
template <class Work>
bool Outbox::guard(const char* what, Work work) {
    try {
        if constexpr (std::is_void_v<std::invoke_result_t<Work>>) {
            work();
            note_well();
        } else if (work()) {
            note_well();
        }
        return true;
    } catch (const std::exception& e) {
        note_trouble(std::string(what) + ": " + e.what());
        return false;
    }
}

void Outbox::note_well() {
    is_trouble_said_ = false;
    journal_error_.clear();
}

void Outbox::note_trouble(const std::string& what) {
    journal_error_ = what;
    if (std::exchange(is_trouble_said_, true)) return;
    log_.error(what);
}

bool Outbox::is_wanted(const std::string& type) const {
    return std::any_of(
        endpoint_.events.begin(), endpoint_.events.end(),
        [&](const std::string& pattern) { return control::matches_event(pattern, type); });
}

void Outbox::note_lost(const std::string& type, std::uint64_t count) {
    if (!is_wanted(type)) return;
    dropped_ += count;
    changed_();
}

void Outbox::add(const std::string& type, const std::string& json) {
    if (!is_wanted(type)) return;
    const std::int64_t now_us = world_.wall_us();
    if (endpoint_.format == Format::standard) {
        return add_body(now_us, type, standard_body(type, json, rfc3339(now_us)));
    }
    for (const std::string& body : nms_bodies(type, json)) add_body(now_us, type, body);
}

/// Viewers that come and go all day must not push out what became of a recording.
bool Outbox::has_room_for(const std::string& type) const {
    return !is_of_the_crowd(type) || journal_->waiting_bytes() < waiting_bytes_max_ / 2;
}

void Outbox::add_body(std::int64_t at_us, const std::string& type, const std::string& body) {
    bool is_taken = false;
    bool is_refused = false;  // by the disk
    if (journal_ && state_ != HookState::ended && has_room_for(type)) {
        is_refused = !guard("a message is lost", [&] {
            is_taken = journal_->add(at_us, type, body);
            return is_taken;
        });
    }
    if (journal_) tidy_after(kSyncInterval);
    if (!is_taken) {
        ++dropped_;
        if (journal_ && state_ != HookState::ended && !is_refused) note_full(type);
        return changed_();
    }
    if (journal_->waiting_bytes() < waiting_bytes_max_ / 4) full_said_ = Full::no;
    if (state_ == HookState::idle) send_next();
    changed_();
}

/// Once, and once more when it is worse, until most has been delivered.
void Outbox::note_full(const std::string& type) {
    const Full now = has_room_for(type) ? Full::for_all : Full::for_the_crowd;
    if (full_said_ >= now) return;
    full_said_ = now;
    log_.error(std::to_string(journal_->waiting()) + " messages wait: new ones " +
               (now == Full::for_all ? "" : "of viewers, streams and cameras ") +
               "are lost until some are delivered");
}

void Outbox::tidy_after(milliseconds delay) {
    if (tidy_timer_ != 0 || is_tidying_) return;
    tidy_timer_ = world_.timers.after(delay, [this] {
        tidy_timer_ = 0;
        tidy();
    });
}

/// One at a time: two rewrites of the same file would each take away what the other one kept.
/// Messages that come while the disk is slow are written down all the same.
void Outbox::aside(loop::Effort effort, std::function<void()> work, OutboxWorld::Done done) {
    assert(!is_tidying_);
    is_tidying_ = true;
    world_.aside(
        effort, std::move(work),
        [this, weak = std::weak_ptr(here_), done = std::move(done)](const std::string& problem) {
            if (weak.expired()) return;
            is_tidying_ = false;
            if (problem.empty()) {
                note_well();
            } else {
                note_trouble("journal: " + problem);
            }
            done(problem);
            if (journal_->is_dirty()) tidy_after(kSyncInterval);
        });
}

void Outbox::tidy() {
    if (is_tidying_) return;  // when that is done it is looked whether more is to be done
    if (!journal_->is_dirty()) return rewrite();
    std::optional<Journal::Sync> sync;
    const auto begin = [&] {
        sync = journal_->begin_sync();
        return false;  // what the disk says of it is known at its end
    };
    if (!guard("journal", begin)) {
        tidy_after(kSyncAgain);
        return rewrite();
    }
    aside(
        loop::Effort::quick, [job = *sync] { job.run(); },
        [this](const std::string& problem) {
            if (problem.empty()) return rewrite();
            journal_->note_unsynced();
            tidy_after(kSyncAgain);
        });
}

void Outbox::rewrite() {
    if (!journal_->is_mostly_past() || world_.timers.clock_ns() < compact_from_ns_) return;
    const auto next = journal_->begin_rewrite();
    aside(
        loop::Effort::slow, [next] { next->write(); },
        [this, next](const std::string& problem) {
            if (problem.empty() && guard("journal", [&] { journal_->finish_rewrite(*next); })) {
                return tidy();  // what came meanwhile has waited for its sync
            }
            compact_from_ns_ =
                world_.timers.clock_ns() + std::chrono::nanoseconds(kCompactAgain).count();
        });
}

HttpPost Outbox::post_of(const std::string& id, const std::string& body) const {
    HttpPost post;
    post.url = endpoint_.url;
    post.body = body;
    const std::int64_t now_s = world_.wall_us() / 1'000'000;
    post.headers = {"Content-Type: application/json", "webhook-id: " + id,
                    "webhook-timestamp: " + std::to_string(now_s)};
    if (!endpoint_.keys.empty()) {
        post.headers.push_back("webhook-signature: " + signature(endpoint_.keys, id, now_s, body));
    }
    return post;
}

void Outbox::send_next() {
    state_ = HookState::idle;
    const auto message = journal_->front();
    if (!message) return changed_();
    state_ = HookState::sending;
    try {
        world_.http.post(post_of(message->id, message->body),
                         [this, weak = std::weak_ptr(here_)](const HttpResult& result) {
                             if (!weak.expired()) on_result(result);
                         });
    } catch (const std::exception& e) {  // as if the target could not be reached
        last_error_ = e.what();
        return on_failure({0, last_error_, {}});
    }
    changed_();
}

void Outbox::on_result(const HttpResult& result) {
    if (result.is_good()) {
        ++delivered_;
        if (!last_error_.empty()) {
            log_.info("delivers again, " + std::to_string(journal_->waiting() - 1) + " wait");
        }
        last_error_.clear();
        guard("journal", [this] { journal_->note_delivered(); });
        tidy_after(kSyncInterval);
        return send_next();
    }
    last_error_ = result.text();
    if (result.status == 410) return end(last_error_);
    on_failure(result);
}

void Outbox::on_failure(const HttpResult& result) {
    const Tried* before = journal_->tried();
    const std::uint32_t attempts = (before == nullptr ? 0 : before->attempts) + 1;
    const auto delay = retry_delay(attempts, world_.jitter(), result.retry_after);
    tidy_after(kSyncInterval);
    if (!delay) {
        ++given_up_;
        log_.error("a message is given up after " + std::to_string(attempts) +
                   " attempts: " + last_error_ + "; see streamctl hooks failed");
        guard("journal", [&] { journal_->note_failed(attempts, last_error_); });
        return send_next();
    }
    log_.warning("attempt " + std::to_string(attempts) + " failed: " + last_error_ + "; " +
                 std::to_string(journal_->waiting()) + " wait, next in " +
                 std::to_string(delay->count() / 1000) + " s");
    const std::int64_t next_us = world_.wall_us() + delay->count() * 1000;
    guard("journal", [&] { journal_->note_tried(attempts, next_us, last_error_); });
    wait(*delay);
}

void Outbox::wait(milliseconds delay) {
    state_ = HookState::waiting;
    next_us_ = world_.wall_us() + delay.count() * 1000;
    world_.timers.cancel(retry_timer_);
    retry_timer_ = world_.timers.after(delay, [this] {
        retry_timer_ = 0;
        send_next();
    });
    changed_();
}

void Outbox::end(const std::string& why) {
    log_.error("the target answers " + why + ": nothing more is sent to it until a reload or " +
               "restart; " + std::to_string(journal_->waiting()) + " wait");
    state_ = HookState::ended;
    changed_();
}

std::vector<Journal::FailedMessage> Outbox::failed_messages() {
    return journal_ ? journal_->failed_messages() : std::vector<Journal::FailedMessage>();
}

control::Decoded<std::string> Outbox::replay(const std::string& id) {
    using Replayed = Journal::Replayed;
    const auto refused = [this](const std::string& why) {
        return ApiError{ErrorCode::unavailable, shown_url_ + ": " + why, "id"};
    };
    if (!journal_) return refused("its journal cannot be opened: " + journal_error_);
    Replayed made = Replayed::unknown;
    const bool is_refused = !guard("replay", [&] {
        made = journal_->replay(id);
        return made == Replayed::waits;
    });
    changed_();
    if (is_refused) return refused(journal_error_);
    switch (made) {
        case Replayed::unknown:
            return ApiError{ErrorCode::not_found, "no failed message \"" + id + "\"", "id"};
        case Replayed::no_room:
            return refused("its journal is full, " + std::to_string(journal_->waiting()) +
                           " messages wait");
        case Replayed::waits:
            break;
    }
    if (state_ == HookState::idle) send_next();
    return id;
}

void Outbox::test(std::function<void(HttpResult)> done) {
    const std::int64_t now_us = world_.wall_us();
    const std::string body =
        endpoint_.format == Format::standard
            ? standard_body("hook.test", R"({"text":"sent by streamctl hooks test"})",
                            rfc3339(now_us))
            : nms_test_body();
    world_.http.post(
        post_of("msg_test_" + std::to_string(now_us), body),
        [this, weak = std::weak_ptr(here_), done = std::move(done)](const HttpResult& result) {
            if (!weak.expired() && result.is_good() && journal_ &&
                (state_ == HookState::waiting || state_ == HookState::ended)) {
                world_.timers.cancel(std::exchange(retry_timer_, 0));
                send_next();
            }
            done(result);
        });
}

control::HookStatus Outbox::status() const {
    control::HookStatus status;
    status.url = without_passwords(endpoint_.url);
    status.format = endpoint_.format == Format::standard ? "standard" : "nms";
    status.events = endpoint_.events;
    status.state = state_;
    status.delivered = delivered_;
    status.dropped = dropped_;
    status.given_up = given_up_;
    if (!last_error_.empty()) status.last_error = last_error_;
    if (!journal_error_.empty()) status.journal_error = journal_error_;
    if (!journal_) return status;
    status.id = journal_->id();
    status.queued = journal_->waiting();
    status.queued_bytes = journal_->waiting_bytes();
    status.failed = journal_->failed();
    if (journal_->waiting() > 0) status.oldest_at = rfc3339(journal_->front_at_us());
    if (const Tried* tried = journal_->tried()) status.attempts = tried->attempts;
    if (state_ == HookState::waiting) status.next_at = rfc3339(next_us_);
    return status;
}

}  // namespace st::notify
