#pragma once
/// One viewer of the fan-out load: reads a stream, checks that every picture is there, in order and
/// in time, and measures how old each is when its last byte is read.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fanout_publisher.h"
#include "fanout_socket.h"
#include "fanout_wire.h"

namespace st::bench {

/// Delays, counted in steps of 20 us up to 10 s.
class Delays {
 public:
    void add(std::int64_t delay_ns);
    void clear();
    std::uint64_t count() const { return count_; }
    /// The delay that `share` of all do not exceed, in milliseconds.
    double at_share(double share) const;
    double max_ms() const { return static_cast<double>(max_ns_) / 1e6; }

 private:
    static constexpr std::int64_t kStepNs = 20'000;
    std::vector<std::uint32_t> counts_ = std::vector<std::uint32_t>(500'000);
    std::uint64_t count_ = 0;
    std::int64_t max_ns_ = 0;
};

/// When a viewer's kernel acknowledges what it was sent (tcp(7), TCP_QUICKACK).
enum class Acks : std::uint8_t {
    prompt,   ///< as the viewer reads
    delayed,  ///< with every other picture, within the server's send() if that is on loopback
    kernel,   ///< one or the other, by what the kernel makes of the protocol's dialogue
};

class FanoutViewer final : public MediaSink {
 public:
    /// Begins to connect. `tls`: null for plain TCP. `may_skip`: pictures may be missing, if it
    /// goes on with a key picture. `tls`, the publisher and the delays outlive it. Throws
    /// std::system_error.
    FanoutViewer(std::unique_ptr<Wire> wire, std::uint16_t port, SSL_CTX* tls,
                 const FanoutPublisher& publisher, Delays& delays, bool may_skip, Acks acks);

    int fd() const { return socket_.fd(); }
    /// Connected, and through the handshake where there is one.
    bool is_connected() const { return is_connected_; }
    void on_writable();
    /// Reads once; over TLS until there is no more.
    void on_readable(std::span<std::uint8_t> scratch);

    bool may_skip() const { return may_skip_; }
    bool is_over() const { return is_over_; }
    const std::string& error() const { return error_; }
    std::uint64_t bytes() const { return bytes_; }
    std::uint64_t pictures() const { return pictures_; }
    std::uint64_t missing() const { return missing_; }
    std::uint32_t newest() const { return newest_; }  ///< only if pictures() > 0
    std::int64_t wait_ns() const { return first_picture_ns_ - connected_ns_; }  ///< likewise

 private:
    void on_media(const MediaHead& head) override;
    void check_picture(const MediaHead& head);
    void take(std::span<std::uint8_t> bytes);
    void send(Bytes bytes);
    void set_acks() const;
    void fail(const std::string& what);

    std::unique_ptr<Wire> wire_;
    const FanoutPublisher& publisher_;
    Delays& delays_;
    const bool may_skip_;
    const Acks acks_;
    ClientSocket socket_;
    Buffer out_;
    bool is_connected_ = false;
    bool is_over_ = false;
    bool has_config_ = false;
    std::string error_;
    std::int64_t connected_ns_ = 0;
    std::int64_t first_picture_ns_ = 0;
    std::int64_t read_ns_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t pictures_ = 0;
    std::uint64_t missing_ = 0;
    std::uint32_t newest_ = 0;
    std::uint32_t shift_ms_ = 0;  ///< of the stream's time against the publisher's
};

}  // namespace st::bench
