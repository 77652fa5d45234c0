#pragma once
/// A connection to the server whose every wait ends when there is news, at a deadline or by Ctrl-C.
/// Main thread.
#include <Poco/Net/StreamSocket.h>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "loop/tls_session.h"
#include "streamctl/client/failed.h"
#include "streamctl/client/interrupt.h"
#include "streamctl/client/server_url.h"

namespace st::streamctl {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Looks up its host, unless that was done. It may take long, and the resolver cannot be polled:
/// with `signals_pass` Ctrl-C ends the program meanwhile. Throws Failed 69.
void look_up(ServerUrl& server, bool signals_pass);

class Connection {
 public:
    enum class Woke { news, time, interrupted };

    /// Connects. Throws Failed: 69, or 130 after Ctrl-C. `interrupt` outlives it.
    Connection(const ServerUrl& server, milliseconds patience, Interrupt& interrupt);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// All of it. Throws Failed 69 if the server is gone, 75 if it takes nothing until `deadline`.
    void send(Bytes bytes, Clock::time_point deadline);
    /// `news`: receive() has something. An interrupt is taken when it is told.
    Woke wait(Clock::time_point deadline);
    /// What is there, at most as much as fits; empty: the end; nullopt: nothing yet, which cannot
    /// be after wait(). Throws Failed 69 on a reset.
    std::optional<Bytes> receive(std::span<std::uint8_t> into);
    /// More may be there than fd() tells of: receive() until it says nullopt.
    bool is_buffered() const { return tls_ != nullptr; }

    int fd() const;
    /// With its address, for the next connection.
    const ServerUrl& server() const { return server_; }
    /// "ws://host:port: `why`"
    Failed unreachable(const std::string& why) const;
    Gone refused() const;
    Failed no_answer(milliseconds patience) const;

 private:
    Woke poll(short events, Clock::time_point deadline);
    void connect(milliseconds patience);
    void shake_hands(Clock::time_point deadline);
    /// For what TLS wants before it goes on.
    void wait_for(loop::TlsSession::State wanted, Clock::time_point deadline);
    std::optional<Bytes> receive_plain(std::span<std::uint8_t> into);
    std::optional<Bytes> receive_tls(std::span<std::uint8_t> into);

    ServerUrl server_;
    Interrupt& interrupt_;
    Poco::Net::StreamSocket socket_;
    std::unique_ptr<loop::TlsSession> tls_;  ///< null: plain
    std::vector<std::uint8_t> decrypted_;    ///< what wait() found and receive() did not take yet
    bool ended_ = false;                     ///< behind decrypted_ nothing comes
};

}  // namespace st::streamctl
