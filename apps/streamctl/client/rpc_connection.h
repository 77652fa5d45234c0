#pragma once
/// One WebSocket connection to /control: requests, answers, events; pings are answered whenever
/// something waits. Main thread. Spec: docs/control.md.
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/rpc_client.h"
#include "http/head.h"
#include "streamctl/client/connection.h"
#include "ws/codec.h"

namespace st::streamctl {

using control::RpcAnswer;
using control::RpcEvent;

class RpcConnection {
 public:
    /// Events kept for somebody who does not look; more are counted and dropped.
    static constexpr std::size_t kEventsMax = 10'000;

    /// Connects and upgrades. Throws Failed: 69, 75, 77, 130, or 1 if it is no streamd.
    RpcConnection(const ServerUrl& server, const std::string& token, milliseconds patience,
                  Interrupt& interrupt);
    ~RpcConnection();
    RpcConnection(const RpcConnection&) = delete;
    RpcConnection& operator=(const RpcConnection&) = delete;

    /// Sends a request; await its answer by the number returned.
    std::uint64_t ask(std::string_view method, std::string_view params);

    /// Waits until something came, or `deadline`. Throws Failed 69 when the connection is lost.
    Connection::Woke wait(Clock::time_point deadline);
    /// Deals with what is there, without waiting: after poll() on fd().
    void read();

    /// The answer to a request, once.
    std::optional<RpcAnswer> take_answer(std::uint64_t id);
    std::optional<RpcEvent> take_event();
    /// Events that were left out since the last call, by the server or by us.
    std::uint64_t take_lost() { return std::exchange(lost_, 0); }

    /// A server that says nothing for so long is asked for a sign of life; as long again, and it is
    /// gone.
    static constexpr std::chrono::seconds kSilence{20};
    /// When to call doubt(), unless something comes before.
    Clock::time_point next_doubt() const { return heard_ + kSilence * (is_doubted_ ? 2 : 1); }
    /// Asks for a sign of life. Throws Failed 69 if that has been done.
    void doubt();
    void ping();
    /// No answer is due by it, and it may be over: it was silent for a while in which nobody waited
    /// on it, and pings that are not answered end it.
    bool is_stale();
    /// When anything last came.
    Clock::time_point heard() const { return heard_; }
    int fd() const { return connection_.fd(); }
    const ServerUrl& server() const { return connection_.server(); }

 private:
    Failed no_answer() const { return connection_.no_answer(patience_); }
    void upgrade(const ServerUrl& server, const std::string& token);
    [[noreturn]] void refuse_upgrade(const ServerUrl& server, const http::ResponseHead& head,
                                     Bytes rest);
    Bytes receive_or_fail(Clock::time_point deadline);
    void feed(Bytes bytes);
    void handle(ws::Event event);
    void handle_text(const std::string& text);
    ws::MaskKey mask();
    void send(const Buffer& frame);

    const milliseconds patience_;
    const bool has_token_;
    Connection connection_;
    ws::Decoder decoder_;
    std::vector<std::uint8_t> piece_;
    std::uint64_t next_id_ = 1;
    std::uint64_t due_ = 0;  ///< answers that have not come
    std::map<std::uint64_t, RpcAnswer> answers_;
    std::deque<RpcEvent> events_;
    std::uint64_t lost_ = 0;
    Clock::time_point heard_ = Clock::now();
    bool is_doubted_ = false;  ///< it was asked for a sign of life since
};

}  // namespace st::streamctl
