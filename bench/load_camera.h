#pragma once
/// One camera of the load generator: a WebSocket client that obeys start and stop.
#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "http/head.h"
#include "load_clip.h"
#include "ws/codec.h"
#include "ws/handshake.h"

namespace st::bench {

class Camera {
 public:
    /// Connects (blocking) and sends the upgrade request; the answer is read by on_readable().
    /// Throws std::system_error.
    Camera(int index, std::uint16_t port, const Clip& clip, ws::MaskKey key);

    int fd() const { return socket_.get(); }
    const std::string& name() const { return name_; }

    /// Reads answers, commands and pings. Throws std::runtime_error if the server refuses us,
    /// breaks RFC 6455 or hangs up.
    void on_readable();
    /// Sends what could not be sent before.
    void flush();

    /// Begins to stream without being asked, for a server that knows no commands.
    void start_unasked() { is_streaming_ = true; }
    void stop() { is_streaming_ = false; }
    /// Sends the next access unit if it is streaming.
    void send_picture(std::uint64_t timestamp_ms);
    void send_close();

    bool is_connected() const { return is_connected_; }
    bool is_streaming() const { return is_streaming_; }
    bool was_stopped() const { return was_stopped_; }
    bool wants_to_write() const { return sent_ < queue_.size(); }
    /// Pictures handed to send_picture() and bytes of their frames, as they are on the wire.
    std::uint64_t pictures() const { return pictures_; }
    std::uint64_t wire_bytes() const { return wire_bytes_; }
    /// Bytes we have not yet got rid of, and bytes the peer's kernel has not yet taken.
    std::size_t queued_bytes() const { return queue_.size() - sent_; }
    int kernel_queued_bytes() const;

 private:
    void send(Bytes first, Bytes second = {});
    void send_text(std::string_view text);
    void read_answer(Bytes& bytes);
    void obey(const ws::Event& event);

    std::string name_;
    const Clip& clip_;
    ws::MaskKey key_;
    Fd socket_;
    http::ResponseReader answer_;
    ws::Nonce nonce_{};
    ws::Decoder decoder_{ws::Role::client};
    bool is_connected_ = false;
    bool is_streaming_ = false;
    bool was_stopped_ = false;
    std::size_t next_unit_;
    std::uint32_t seq_ = 0;
    std::uint64_t pictures_ = 0;
    std::uint64_t wire_bytes_ = 0;
    std::vector<std::uint8_t> queue_;
    std::size_t sent_ = 0;  ///< of queue_
};

}  // namespace st::bench
