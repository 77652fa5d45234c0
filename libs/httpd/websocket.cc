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
      account_(*stream_, counters.memory,
               {[this] {
                    log_.warning("closed: a message came too slowly while memory is short");
                    close(ws::kClosePolicy, "message too slow while memory is short");
                },
                [this] {
                    stream_->close();
                    on_end({});
                }}) {
    stream_->set_handler(*this);
}

WebSocket::~WebSocket() { stream_->loop().cancel(idle_timer_); }

void WebSocket::start(Bytes pending) {
    arm_idle_timer(times_.ping_interval);
    stream_->resume_reading();  // paused if much came before the upgrade was answered
    if (!pending.empty()) decode(pending);
    if (!over_) account();
}

void WebSocket::on_data(std::span<std::uint8_t> bytes) {
    pinged_ns_ = 0;
    account_.note_input(bytes.size());
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
    stream_->loop().cancel(std::exchange(idle_timer_, 0));
    decoder_.drop();
    account_.close();
    handler_.on_over(code, reason);
}

void WebSocket::on_end(std::string_view error) {
    if (!over_ && !error.empty()) log_.info(error);
    be_over(ws::kCloseAbnormal, std::string(error));
    handler_.on_gone();
}

void WebSocket::on_drained() { handler_.on_drained(); }

void WebSocket::on_hang_up(bool /*is_reset*/) { account_.on_hang_up(); }

// ---- memory ----------------------------------------------------------------------------------

void WebSocket::hold(const InputAccount::Held& held) {
    kept_ = held;
    if (!over_) account();
}

void WebSocket::account() {
    InputAccount::Held held = kept_;
    if (!decoder_.is_between_messages()) {
        held.half += decoder_.held_bytes();
        held.missing = decoder_.missing_bytes();
    }
    account_.set(held);
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
    if (!account_.is_read()) return arm_idle_timer(times_.ping_interval);
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
