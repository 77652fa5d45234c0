#pragma once
/// A connected TCP stream on an event loop: non-blocking, edge-triggered, with a bounded reader and
/// an output queue. Write first; EPOLLOUT is asked for only after EAGAIN. With TLS or without, its
/// owner sees the same.
///
/// One loop, its thread only. The owner of a TcpStream may close or destroy it inside a callback:
/// it does so with EventLoop::retire(), so that the object outlives the call on the stack.
#include <Poco/Net/StreamSocket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "loop/event_loop.h"
#include "loop/output_queue.h"
#include "loop/tls_session.h"
#include "loop/transport.h"

namespace st::loop {

class TcpStream final : public Transport, public Pollable {
 public:
    /// Bytes read in one turn before other connections get theirs.
    static constexpr std::size_t kReadBudget = 1024 * 1024;

    /// For a TLS handshake, from the construction on.
    static constexpr std::chrono::seconds kHandshakeDeadline{10};

    /// Takes a connected (or connecting) socket and makes it non-blocking with TCP_NODELAY. Starts
    /// reading. `tls`: null for a plain stream; what is sent before its handshake is over waits.
    TcpStream(EventLoop& loop, const Poco::Net::StreamSocket& socket, StreamHandler& handler,
              std::unique_ptr<TlsSession> tls = nullptr);
    ~TcpStream() override;
    TcpStream(const TcpStream&) = delete;
    TcpStream& operator=(const TcpStream&) = delete;

    using Transport::send;
    void set_handler(StreamHandler& handler) override { handler_ = &handler; }
    StreamHandler& handler() const override { return *handler_; }
    void send(Bytes bytes) override;
    void send(std::span<const SharedBuffer> buffers) override;
    std::size_t queued_bytes() const override { return queue_.bytes(); }
    std::uint64_t bytes_out() const override { return bytes_out_; }
    void limit_kernel_queue(const KernelQueue& limits) override;

    void pause_reading() override;
    void resume_reading() override;
    bool is_reading() const override { return reading_; }
    std::size_t input_waiting() const override;

    void finish(std::chrono::milliseconds patience) override;
    void close() override;
    bool is_open() const { return open_; }
    bool is_secure() const override { return tls_ != nullptr; }

    EventLoop& loop() override { return loop_; }
    const Poco::Net::StreamSocket& socket() const { return socket_; }
    std::int64_t last_input_ns() const override { return last_input_ns_; }

 private:
    /// What reading or writing left behind.
    enum class Next : std::uint8_t {
        more,    ///< go on: there may be more, or room for more
        wait,    ///< for the kernel to say that there is
        end,     ///< input: nothing more comes
        broken,  ///< nothing more goes
    };
    struct Moved {
        std::size_t bytes;
        Next next;
    };

    void on_ready(std::uint32_t events) override;
    void serve(std::uint32_t events);
    void read_some();
    void read_later();
    Moved receive(std::span<std::uint8_t> room);
    Moved receive_plain(std::span<std::uint8_t> room);
    Moved transmit(std::span<iovec> pieces);
    void after_handshake(bool was_reading);
    void fail_output();
    /// False when the stream was closed.
    bool deliver(std::size_t size);
    void flush();
    void close_output();
    void end_input();
    void end(std::string_view error);
    void want_write(bool wanted);

    EventLoop& loop_;
    Poco::Net::StreamSocket socket_;
    int fd_;
    StreamHandler* handler_;
    bool open_ = true;
    bool reading_ = true;
    bool readable_ = false;  ///< an edge came and not everything was read
    bool writing_ = false;   ///< EPOLLOUT is armed
    bool finishing_ = false;
    bool half_closed_ = false;
    bool input_over_ = false;        ///< and the owner still has something to send
    bool rereading_ = false;         ///< a deferred read is on its way
    bool read_wants_write_ = false;  ///< TLS cannot read on before it has written
    OutputQueue queue_;
    std::int64_t last_input_ns_;
    std::uint64_t bytes_out_ = 0;
    TimerId finish_timer_ = 0;
    TimerId handshake_timer_ = 0;
    std::string error_;  ///< why it broke, for on_end()
    std::unique_ptr<TlsSession> tls_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< for deferred reads
};

}  // namespace st::loop
