#include "capture/resumption.h"

#include <utility>

#include "base/encodings.h"
#include "base/random.h"

namespace st::capture {
namespace {

/// Of numbers that may run over.
bool is_after(std::uint32_t last, std::uint32_t seq) {
    return static_cast<std::int32_t>(seq - last) > 0;
}

/// Nobody can guess it: it is what lets another connection go on with a recording.
std::string new_capture_name() { return hex_encode(random_bytes<8>()); }

}  // namespace

void Resumption::begin_capture() {
    has_begun_ = true;
    capture_ = is_able_ ? new_capture_name() : std::string();
    count_anew();
}

void Resumption::count_anew() {
    last_seq_.reset();
    resumed_after_.reset();
    is_answer_due_ = false;
}

bool Resumption::take_seq(std::uint32_t seq) {
    if (resumed_after_ && !is_after(*resumed_after_, seq)) return false;
    last_seq_ = seq;
    return true;
}

bool Resumption::tell_safe() {
    const auto seq = safe_();
    if (!seq) return false;
    send_(camera::encode_received(capture_, *seq));
    is_answer_due_ = false;
    return true;
}

void Resumption::tell_all_received() {
    if (!capture_.empty() && last_seq_) send_(camera::encode_received(capture_, *last_seq_));
}

void Resumption::tell_all_when_safe(Safe safe) {
    if (capture_.empty() || !last_seq_) return;
    const std::int64_t patience_ns = std::chrono::nanoseconds(kEndPatience).count();
    rest_ = Rest{capture_, *last_seq_, std::move(safe), timers_.clock_ns() + patience_ns};
    timers_.cancel(std::exchange(rest_timer_, 0));
    look_for_rest();
}

void Resumption::look_for_rest() {
    const auto safe = rest_->safe();
    if (safe && !is_after(*safe, rest_->seq)) {
        send_(camera::encode_received(rest_->capture, rest_->seq));
        return rest_.reset();
    }
    if (timers_.clock_ns() >= rest_->until_ns) return rest_.reset();
    rest_timer_ = timers_.after(kLookInterval, [this] {
        rest_timer_ = 0;
        look_for_rest();
    });
}

void Resumption::set_telling(bool is_due) {
    if (!is_due || capture_.empty()) return timers_.cancel(std::exchange(timer_, 0));
    if (timer_ != 0) return;
    const std::chrono::milliseconds after = is_answer_due_ ? kLookInterval : kTellInterval;
    timer_ = timers_.after(after, [this] {
        timer_ = 0;
        tell_safe();
        set_telling(true);
    });
}

void Resumption::stop_telling() {
    set_telling(false);
    timers_.cancel(std::exchange(rest_timer_, 0));
    rest_.reset();
}

void Resumption::keep(Suspended& kept) {
    kept.capture = capture_;
    kept.last_seq = *last_seq_;
    is_suspended_ = true;
}

void Resumption::answered(const Resumed& answer) {
    is_asking_ = false;
    offered_ = answer.what;
    if (offered_) return;
    std::erase_if(unread_, [](const auto& one) { return std::holds_alternative<Buffer>(one); });
}

std::chrono::microseconds Resumption::go_on(const Suspended& kept) {
    capture_ = kept.capture;
    last_seq_ = resumed_after_ = kept.last_seq;
    const auto away_us = static_cast<std::uint64_t>(timers_.clock_ns() - kept.heard_ns) / 1000;
    catching_up_ = camera::ResumedNote{away_us, 0};
    is_answer_due_ = true;
    tell_safe();
    return std::chrono::microseconds(away_us);
}

std::optional<camera::ResumedNote> Resumption::count(bool is_late) {
    if (!catching_up_) return std::nullopt;
    if (!is_late) return take_note();
    ++catching_up_->late;
    return std::nullopt;
}

}  // namespace st::capture
