#pragma once
/// A connection as its owner sees it: bytes in, bytes out, back-pressure both ways. loop::TcpStream
/// is the real one; tests of connections have one without a socket.
///
/// One loop, its thread only. The owner may close or destroy a transport inside a callback: it does
/// so with EventLoop::retire(), so that the object outlives the call on the stack.
#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/bytes.h"
#include "loop/event_loop.h"

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
    /// While reading is paused: the peer closed its side, or broke the connection (`is_reset`).
    /// What it sent before may still wait to be read; on_end() follows only when reading is
    /// resumed.
    virtual void on_hang_up(bool /*is_reset*/) {}
    /// The output queue became empty after it had not been.
    virtual void on_drained() {}
};

/// What the kernel may hold for a peer, in bytes.
struct KernelQueue {
    int bytes;   ///< sent or not (SO_SNDBUF; it takes about twice of what is said)
    int unsent;  ///< not sent yet (TCP_NOTSENT_LOWAT): a peer that does not read holds no more
};

class Transport {
 public:
    virtual ~Transport() = default;

    /// A connection that changes its protocol hands the transport to its successor.
    virtual void set_handler(StreamHandler& handler) = 0;
    virtual StreamHandler& handler() const = 0;

    /// Sends now what the kernel takes and queues (copies) the rest.
    virtual void send(Bytes bytes) = 0;
    void send(std::string_view text) { send(as_bytes(text)); }
    /// Several buffers, one behind the other, without a copy: they are kept until they are sent.
    virtual void send(std::span<const SharedBuffer> buffers) = 0;
    void send(SharedBuffer buffer) { send(std::span<const SharedBuffer>(&buffer, 1)); }
    /// What was handed to send() and the kernel did not take yet; on_drained() tells when it is 0.
    virtual std::size_t queued_bytes() const = 0;
    /// What the kernel took: a peer that takes nothing shows as a figure that stands still.
    virtual std::uint64_t bytes_out() const = 0;
    /// Without, a slow peer may lag by megabytes that nobody sees.
    virtual void limit_kernel_queue(const KernelQueue& limits) = 0;

    /// Back-pressure: no on_data() until resume. Bytes wait in the kernel and the peer's TCP stops.
    virtual void pause_reading() = 0;
    virtual void resume_reading() = 0;
    virtual bool is_reading() const = 0;
    /// What the kernel holds and nobody has read, about.
    virtual std::size_t input_waiting() const = 0;

    /// Closes once the queue is sent, at the latest after `patience`; input is read and thrown away
    /// meanwhile (so that a reset does not overtake our last words). on_end() is still called.
    virtual void finish(std::chrono::milliseconds patience) = 0;
    /// Closes at once. No callback.
    virtual void close() = 0;
    virtual bool is_secure() const = 0;

    virtual EventLoop& loop() = 0;
    /// When the last byte arrived (loop clock).
    virtual std::int64_t last_input_ns() const = 0;
};

}  // namespace st::loop
