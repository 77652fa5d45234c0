#include "httpd/input_account.h"

#include <algorithm>
#include <utility>

namespace st::httpd {
namespace {

/// TLS may hold so much that it took from the kernel and has not given out.
constexpr std::size_t kTlsBytes = 32 * 1024;

}  // namespace

InputAccount::InputAccount(loop::Transport& transport, MemoryBudget& memory, Ends ends)
    : transport_(transport),
      loop_(transport.loop()),
      memory_(memory),
      ends_(std::move(ends)),
      on_turn_(std::make_shared<const std::function<void()>>(
          [&loop = transport.loop(), &memory, self = std::weak_ptr<InputAccount*>(self_)] {
              loop.post([&memory, self] {
                  const auto alive = self.lock();
                  alive ? (*alive)->begin_turn() : memory.give_turn_back();
              });
          })),
      holder_(memory, [&loop = transport.loop(), self = std::weak_ptr<InputAccount*>(self_)] {
          loop.post([self] {
              if (const auto alive = self.lock()) (*alive)->feed_again();
          });
      }) {}

InputAccount::~InputAccount() {
    end_turn();
    loop_.cancel(growth_timer_);
}

void InputAccount::close() {
    is_closed_ = true;
    end_turn();
    loop_.cancel(std::exchange(growth_timer_, 0));
    held_ = {};
    holder_.set(0);
}

/// Back-pressure before loss: a peer that holds more than its share waits in TCP.
void InputAccount::set(const Held& held) {
    if (is_closed_) return;
    held_ = held;
    if (held.half == 0) end_turn();
    if (holder_.set(held.half + held.whole)) {
        if (is_starved_) feed_again();
    } else if (!has_turn_ && !is_leaving_) {
        is_starved_ = true;
        transport_.pause_reading();
    }
    if (held.half > 0 && memory_.is_short()) watch_growth();
}

/// There is room again, or it is its turn.
void InputAccount::feed_again() {
    if (is_closed_ || !is_starved_) return;
    is_starved_ = false;
    read_if_allowed();
}

void InputAccount::pause() {
    if (is_closed_) return;
    is_paused_ = true;
    transport_.pause_reading();
}

void InputAccount::resume() {
    is_paused_ = false;
    read_if_allowed();
}

void InputAccount::read_if_allowed() {
    if (is_closed_ || !is_read()) return;
    // Its time begins now: while it was not read it could not deliver.
    loop_.cancel(std::exchange(growth_timer_, 0));
    if (held_.half > 0 && memory_.is_short()) watch_growth();
    transport_.resume_reading();
}

/// It will send no more, and must not keep what it holds until there is room to read the rest.
void InputAccount::on_hang_up() {
    if (is_closed_ || !is_starved_) return;
    if (transport_.input_waiting() + kTlsBytes < held_.missing) return ends_.on_left();
    is_leaving_ = true;
    feed_again();
}

void InputAccount::watch_growth() {
    if (growth_timer_ != 0) return;
    received_then_ = received_;
    growth_timer_ = loop_.after(kGrowthTime, [this] {
        growth_timer_ = 0;
        on_growth_timer();
    });
}

void InputAccount::on_growth_timer() {
    if (is_closed_ || held_.half == 0 || !memory_.is_short()) return;
    const bool has_grown = received_ - received_then_ >= kGrowthBytesMin;
    // One that is not read delivers as much as it can: the rest of what it began, if that is less.
    const std::size_t enough = std::min(kGrowthBytesMin, std::max<std::size_t>(held_.missing, 1));
    const bool is_willing = !is_read() && transport_.input_waiting() >= enough;
    if (!is_paused_ && !has_grown && !is_willing) return ends_.on_too_slow();
    watch_growth();
    if (!has_grown) end_turn();  // of an owner that pauses
    if (!is_starved_) return;
    if (!holder_.set(held_.half + held_.whole)) {
        if (!take_turn()) return;
    }
    feed_again();
}

bool InputAccount::take_turn() {
    if (!wants_turn_) has_turn_ = memory_.take_turn(on_turn_);
    wants_turn_ = !has_turn_;
    return has_turn_;
}

void InputAccount::begin_turn() {
    has_turn_ = true;
    wants_turn_ = false;
    if (is_closed_ || !is_starved_ || held_.half == 0) return end_turn();
    feed_again();
}

void InputAccount::end_turn() {
    if (wants_turn_ && memory_.leave_turns(on_turn_)) wants_turn_ = false;
    if (std::exchange(has_turn_, false)) memory_.give_turn_back();
}

}  // namespace st::httpd
