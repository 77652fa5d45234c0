#pragma once
/// A connected TCP stream on an event loop: non-blocking, edge-triggered, with a bounded reader and
/// an output queue. Write first; EPOLLOUT is asked for only after EAGAIN. With TLS or without, its
/// owner sees the same.
///
/// One loop, its thread only. The owner of a Stream may close or destroy it inside a callback: it
/// does so with EventLoop::retire(), so that the object outlives the call on the stack.
#include <Poco/Net/StreamSocket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "loop/event_loop.h"
#include "loop/output_queue.h"
#include "loop/tls_session.h"

namespace st::loop {

/// What the owner of a stream is told. No call arrives after close().
class StreamHandler {
 public:
    virtual ~StreamHandler() = default;
    /// New bytes, valid (and writable: unmask in place) during the call.
    virtual void on_data(std::span<std::uint8_t> bytes) = 0;
    /// The peer closed or the connection broke; nothing more comes. `error` is empty on a clean
    /// end.
    virtual void on_end(std::string_view error) = 0;
    /// The peer sent all it will, but may still read (`nc -N`; plain streams only). True: the
    /// stream stays for what is still to be sent, until finish(); false: on_end() follows.
    virtual bool on_half_end() { return false; }
    /// The output queue became empty after it had not been.
    virtual void on_drained() {}
};

/// What the kernel may hold for a peer, in bytes.
struct KernelQueue {
    int bytes;   ///< sent or not (SO_SNDBUF; it takes about twice of what is said)
    int unsent;  ///< not sent yet (TCP_NOTSENT_LOWAT): a peer that does not read holds no more
};

class Stream final : public Pollable {
 public:
    /// Bytes read in one turn before other connections get theirs.
    static constexpr std::size_t kReadBudget = 1024 * 1024;

    /// For a TLS handshake, from the construction on.
    static constexpr std::chrono::seconds kHandshakeDeadline{10};

    /// Takes a connected (or connecting) socket and makes it non-blocking with TCP_NODELAY. Starts
    /// reading. `tls`: null for a plain stream; what is sent before its handshake is over waits.
    Stream(EventLoop& loop, const Poco::Net::StreamSocket& socket, StreamHandler& handler,
           std::unique_ptr<TlsSession> tls = nullptr);
    ~Stream() override;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// A connection that changes its protocol hands the stream to its successor.
    void set_handler(StreamHandler& handler) { handler_ = &handler; }

    /// Sends now what the kernel takes and queues (copies) the rest.
    void send(Bytes bytes);
    void send(std::string_view text) { send(as_bytes(text)); }
    /// The same without a copy: the buffer is kept until it is sent.
    void send(SharedBuffer buffer) { send(std::span<const SharedBuffer>(&buffer, 1)); }
    /// Several buffers, one behind the other, without a copy: up to 64 of them in one system call.
    void send(std::span<const SharedBuffer> buffers);
    /// What was handed to send() and the kernel did not take yet; on_drained() tells when it is 0.
    std::size_t queued_bytes() const { return queue_.bytes(); }
    /// What the kernel took: a peer that takes nothing shows as a figure that stands still.
    std::uint64_t bytes_out() const { return bytes_out_; }
    /// Without, a slow peer may lag by megabytes that nobody sees.
    void limit_kernel_queue(const KernelQueue& limits);

    /// Back-pressure: no on_data() until resume. Bytes wait in the kernel and the peer's TCP stops.
    void pause_reading();
    void resume_reading();
    bool is_reading() const { return reading_; }

    /// Closes once the queue is sent, at the latest after `patience`; input is read and thrown away
    /// meanwhile (so that a reset does not overtake our last words). on_end() is still called.
    void finish(std::chrono::milliseconds patience);
    /// Closes at once. No callback.
    void close();
    bool is_open() const { return open_; }
    bool is_secure() const { return tls_ != nullptr; }

    EventLoop& loop() { return loop_; }
    const Poco::Net::StreamSocket& socket() const { return socket_; }
    /// When the last byte arrived (loop clock).
    std::int64_t last_input_ns() const { return last_input_ns_; }
    std::uint64_t bytes_in() const { return bytes_in_; }

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
    std::uint64_t bytes_in_ = 0;
    std::uint64_t bytes_out_ = 0;
    TimerId finish_timer_ = 0;
    TimerId handshake_timer_ = 0;
    std::string error_;  ///< why it broke, for on_end()
    std::unique_ptr<TlsSession> tls_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< for deferred reads
};

}  // namespace st::loop
