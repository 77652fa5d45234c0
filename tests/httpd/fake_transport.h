#pragma once
/// A connection without a socket, and a clock that a test moves.
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "loop/transport.h"

namespace st::httpd {

/// Time stands still but for advance().
class ManualClock {
 public:
    static std::int64_t now() { return now_ns_; }
    /// Runs what falls due on the way, in steps of a tenth of a second.
    static void advance(loop::EventLoop& loop, std::chrono::milliseconds by) {
        for (; by.count() > 0; by -= std::chrono::milliseconds(100)) {
            now_ns_ += 100'000'000;
            loop.run_once();
        }
        loop.run_once();
    }

 private:
    static inline std::int64_t now_ns_ = 1'000'000'000;
};

/// What the test sees of a connection, also when the transport is gone.
struct Wire {
    std::string sent;
    bool is_finishing = false;
    bool is_closed = false;
    bool is_reading = true;
    std::size_t room = std::size_t{1} << 30;  ///< what the peer takes before it stops reading
    std::size_t queued = 0;
    std::size_t waiting = 0;  ///< sent by the peer, and in the kernel
    loop::StreamHandler* handler = nullptr;

    void receive(std::string_view text) {
        std::string bytes(text);
        handler->on_data({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
    }
    /// The peer reads all that waits.
    void drain(std::size_t more_room = std::size_t{1} << 30) {
        room = more_room;
        queued = 0;
        handler->on_drained();
    }
    std::string take() { return std::exchange(sent, {}); }
};

class FakeTransport final : public loop::Transport {
 public:
    FakeTransport(loop::EventLoop& loop, std::shared_ptr<Wire> wire)
        : loop_(loop), wire_(std::move(wire)) {}

    using Transport::send;
    void set_handler(loop::StreamHandler& handler) override { wire_->handler = &handler; }
    loop::StreamHandler& handler() const override { return *wire_->handler; }
    void send(Bytes bytes) override {
        if (wire_->is_finishing || wire_->is_closed) return;
        wire_->sent += as_text(bytes);
        const std::size_t taken = std::min(wire_->room, bytes.size());
        wire_->room -= taken;
        wire_->queued += bytes.size() - taken;
    }
    void send(std::span<const SharedBuffer> buffers) override {
        for (const SharedBuffer& buffer : buffers) send(buffer->bytes());
    }
    std::size_t queued_bytes() const override { return wire_->queued; }
    std::uint64_t bytes_out() const override { return wire_->sent.size() - wire_->queued; }
    void limit_kernel_queue(const loop::KernelQueue&) override {}
    void pause_reading() override { wire_->is_reading = false; }
    void resume_reading() override { wire_->is_reading = true; }
    bool is_reading() const override { return wire_->is_reading; }
    std::size_t input_waiting() const override { return wire_->waiting; }
    void finish(std::chrono::milliseconds) override { wire_->is_finishing = true; }
    void close() override { wire_->is_closed = true; }
    bool is_secure() const override { return false; }
    loop::EventLoop& loop() override { return loop_; }
    std::int64_t last_input_ns() const override { return 0; }

 private:
    loop::EventLoop& loop_;
    const std::shared_ptr<Wire> wire_;
};

}  // namespace st::httpd
