#pragma once
/// One end of one TLS connection over a non-blocking socket: plain bytes on this side, records on
/// the other. The handshake happens inside receive() and transmit(). RFC 8446, RFC 5246.
/// One thread.
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "loop/tls_context.h"

struct bio_st;
struct ssl_st;

namespace st::loop {

class TlsSession {
 public:
    /// A record carries at most so many bytes, and so much is gathered from small buffers.
    static constexpr std::size_t kRecordBytesMax = 16 * 1024;
    /// Bytes taken from the socket in one receive(), so that a peer that sends records without
    /// content does not keep the loop.
    static constexpr std::size_t kInputBudget = 512 * 1024;

    /// Server, or client of `host` if it is not empty.
    TlsSession(TlsContextPtr context, const std::string& host);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    /// `fd`: connected or connecting, non-blocking, open until this is destroyed.
    void attach(int fd) { fd_ = fd; }

    /// What a call left behind.
    enum class State : std::uint8_t {
        more,         ///< call again: there may be more
        wants_read,   ///< go on when the socket is readable
        wants_write,  ///< go on when the socket is writable
        ended,        ///< the peer has said that nothing more comes
        failed,       ///< see error(); final
    };
    struct Done {
        std::size_t bytes;
        State state;
    };

    /// Decrypts into `room`. With bytes the state is never ended or failed: the next call says so.
    Done receive(std::span<std::uint8_t> room);
    /// Encrypts and sends `pieces`, small ones gathered into one record. `more`: all went out. What
    /// did not go out must come first in the next call, the same bytes.
    Done transmit(std::span<const iovec> pieces);
    /// Tells the peer that nothing more comes. `more`: it went out; wants_write: call again.
    State close();

    /// The handshake is done; stays so when the connection breaks.
    bool is_established() const { return established_; }
    const std::string& error() const { return error_; }
    /// It failed because the peer's certificate is not trusted.
    bool is_untrusted() const { return untrusted_; }
    /// What the peer's answer begins with: a record's type, or the text of one that speaks no TLS.
    std::optional<std::uint8_t> first_byte() const { return first_byte_; }

    // For the record layer's transport:
    int fd() const { return fd_; }
    bool spend(std::size_t bytes);
    void note_input(std::span<const std::uint8_t> bytes);
    void note_end() { end_of_file_ = true; }
    bool at_end_of_file() const { return end_of_file_; }

 private:
    struct Free {
        void operator()(ssl_st* ssl) const;
    };
    void note_progress();
    State state_after(int result, bool is_output = false);
    void fail(int reason, int system_error);

    TlsContextPtr context_;
    std::unique_ptr<ssl_st, Free> ssl_;
    int fd_ = -1;
    std::size_t budget_ = 0;
    std::optional<std::uint8_t> first_byte_;
    bool starved_ = false;  ///< the budget, not the socket, ended the last read
    bool end_of_file_ = false;
    bool established_ = false;
    bool untrusted_ = false;
    bool failed_ = false;
    bool output_failed_ = false;  ///< what came before may still be received
    bool close_sent_ = false;
    std::string host_;
    std::string error_;
};

}  // namespace st::loop
