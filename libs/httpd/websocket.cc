#include "httpd/websocket.h"

#include "base/text.h"
#include "ws/encode.h"

namespace st::httpd {
namespace {

constexpr std::size_t kQueuedPongBytesMax = 64 * 1024;

}  // namespace

WebSocket::WebSocket(std::unique_ptr<loop::Transport> stream, ws::Limits limits, Times times,
                     Counters& counters, Log log, WebSocketHandler& handler)
    : stream_(std::move(stream)),
      decoder_(ws::Role::server, limits),
      times_(times),
      counters_(counters),
      log_(std::move(log)),
      handler_(handler),
      held_(counters.memory, [&loop = stream_->loop(), self = std::weak_ptr<WebSocket*>(self_)] {
          loop.post([self] {
              if (const auto alive = self.lock()) (*alive)->wake();
          });
      }) {
    stream_->set_handler(*this);
}

WebSocket::~WebSocket() {
    end_turn();
    stream_->loop().cancel(idle_timer_);
    stream_->loop().cancel(growth_timer_);
}

void WebSocket::start(Bytes pending) {
    arm_idle_timer(times_.ping_interval);
    stream_->resume_reading();  // paused if much came before the upgrade was answered
    if (!pending.empty()) decode(pending);
}

void WebSocket::on_data(std::span<std::uint8_t> bytes) {
    pinged_ns_ = 0;
    received_ += bytes.size();
    decode(bytes);
    if (!over_) account();
}

void WebSocket::decode(Bytes bytes) {
    if (over_) return;
    handler_.on_input();
    decoder_.feed(bytes);
    while (!over_) {
        auto event = decoder_.next();
        if (!event) {
            counters_.websocket_violations_total.fetch_add(1, std::memory_order_relaxed);
            log_.warning("closed code=" + std::to_string(event.error().code) +
                         " reason=" + event.error().message);
            return close(static_cast<std::uint16_t>(event.error().code), event.error().message);
        }
        if (!*event) return;
        deliver(**event);
    }
}

void WebSocket::deliver(ws::Event& event) {
    if (auto* binary = std::get_if<ws::Binary>(&event)) {
        handler_.on_binary(std::move(binary->payload));
    } else if (const auto* text = std::get_if<ws::Text>(&event)) {
        handler_.on_text(text->text);
    } else if (const auto* ping = std::get_if<ws::Ping>(&event)) {
        // A peer that pings and does not read gets fewer answers, not our memory (RFC 6455 5.5.3).
        if (stream_->queued_bytes() <= kQueuedPongBytesMax) {
            stream_->send(ws::encode_pong(ping->payload).bytes());
        }
    } else if (const auto* pong = std::get_if<ws::Pong>(&event)) {
        handler_.on_pong(pong->payload);
    } else if (const auto* goodbye = std::get_if<ws::Close>(&event)) {
        finish(goodbye->code, {}, goodbye->code, shown(goodbye->reason));
    }
}

void WebSocket::send_text(std::string_view text) {
    if (!over_) stream_->send(ws::encode_text(text).bytes());
}

void WebSocket::send_ping(std::string_view payload) {
    if (!over_) stream_->send(ws::encode_ping(payload).bytes());
}

void WebSocket::close(std::uint16_t code, const std::string& reason) {
    finish(code, reason, code, reason);
}

void WebSocket::finish(std::uint16_t sent_code, const std::string& sent_reason, std::uint16_t code,
                       const std::string& reason) {
    if (over_) return;
    stream_->send(ws::encode_close(sent_code, sent_reason).bytes());
    be_over(code, reason);
    stream_->finish(kClosePatience);
}

void WebSocket::be_over(std::uint16_t code, const std::string& reason) {
    if (over_) return;
    over_ = true;
    end_turn();
    stream_->loop().cancel(std::exchange(idle_timer_, 0));
    stream_->loop().cancel(std::exchange(growth_timer_, 0));
    decoder_.drop();
    held_.set(0);
    handler_.on_over(code, reason);
}

void WebSocket::on_end(std::string_view error) {
    if (!over_ && !error.empty()) log_.info(error);
    be_over(ws::kCloseAbnormal, std::string(error));
    handler_.on_gone();
}

void WebSocket::on_drained() { handler_.on_drained(); }

void WebSocket::pause_reading() {
    paused_ = true;
    stream_->pause_reading();
}

void WebSocket::resume_reading() {
    paused_ = false;
    read_if_allowed();
}

// ---- memory ----------------------------------------------------------------------------------

/// Back-pressure before loss: a peer whose half message is over its share waits in TCP.
void WebSocket::account() {
    const bool is_whole = decoder_.is_between_messages();
    if (is_whole) end_turn();
    const bool may_read = held_.set(is_whole ? 0 : decoder_.held_bytes());
    if (is_whole) return;
    if (!may_read && !has_turn_) {
        is_starved_ = true;
        stream_->pause_reading();
    }
    if (counters_.memory.is_short()) watch_growth();
}

void WebSocket::wake() {
    is_starved_ = false;
    read_if_allowed();
}

void WebSocket::read_if_allowed() {
    if (!over_ && !paused_ && !is_starved_) stream_->resume_reading();
}

void WebSocket::watch_growth() {
    if (growth_timer_ != 0) return;
    received_then_ = received_;
    growth_timer_ = stream_->loop().after(kGrowthTime, [this] {
        growth_timer_ = 0;
        on_growth_timer();
    });
}

void WebSocket::on_growth_timer() {
    if (over_ || decoder_.is_between_messages() || !counters_.memory.is_short()) return;
    const bool is_read = !paused_ && !is_starved_;
    const bool has_grown = received_ - received_then_ >= kGrowthBytesMin;
    const bool is_willing = !is_read && stream_->input_waiting() >= kGrowthBytesMin;
    if (!paused_ && !has_grown && !is_willing) {
        log_.warning("closed: a message came too slowly while memory is short");
        return close(ws::kClosePolicy, "message too slow while memory is short");
    }
    watch_growth();
    if (!has_grown) end_turn();  // of an owner that pauses
    if (!is_starved_ || !counters_.memory.take_turn()) return;
    has_turn_ = true;
    wake();
}

void WebSocket::end_turn() {
    if (std::exchange(has_turn_, false)) counters_.memory.give_turn_back();
}

// ---- silence ---------------------------------------------------------------------------------

void WebSocket::arm_idle_timer(std::chrono::milliseconds after) {
    stream_->loop().cancel(idle_timer_);
    idle_timer_ = stream_->loop().after(after, [this] {
        idle_timer_ = 0;
        on_idle_timer();
    });
}

void WebSocket::on_idle_timer() {
    if (over_) return;
    if (paused_ || is_starved_) return arm_idle_timer(times_.ping_interval);
    if (pinged_ns_ != 0) {
        log_.info("silent after a ping: closed");
        return close(ws::kCloseGoingAway, "no answer to ping");
    }
    const auto silent =
        std::chrono::nanoseconds(stream_->loop().now_ns() - stream_->last_input_ns());
    if (silent < times_.ping_interval) {
        const auto left = std::chrono::nanoseconds(times_.ping_interval) - silent;
        return arm_idle_timer(std::chrono::duration_cast<std::chrono::milliseconds>(left) +
                              std::chrono::milliseconds(1));
    }
    pinged_ns_ = stream_->loop().now_ns();
    send_ping("idle");
    arm_idle_timer(times_.ping_timeout);
}

}  // namespace st::httpd
