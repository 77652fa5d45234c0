#pragma once
/// Certificates and rules of TLS, shared by the streams that use them. TLS 1.2 and 1.3, no
/// renegotiation, no compression. Immutable once made: any thread; whoever wants other certificates
/// makes another and gives that to new streams.
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

struct ssl_ctx_st;
struct bio_method_st;

namespace st::loop {

/// What is wrong with a certificate, a key or the trust in a peer: the file, and the next step.
struct TlsError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// PEM files.
struct TlsFiles {
    std::string certificate;  ///< the server's, then those that lead to its issuer
    std::string key;          ///< without a password
    bool operator==(const TlsFiles&) const = default;
};

/// Whom a client believes.
struct TlsTrust {
    std::string ca_file;       ///< PEM; empty: the certificates this system trusts
    bool is_insecure = false;  ///< any certificate will do: encrypted, but to whom nobody knows
};

class TlsSession;

class TlsContext : public std::enable_shared_from_this<TlsContext> {
 public:
    /// Throws TlsError: a file that cannot be read or is not what it should be, a key of another
    /// certificate.
    static std::shared_ptr<const TlsContext> for_server(const TlsFiles& files);
    static std::shared_ptr<const TlsContext> for_client(const TlsTrust& trust);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    /// The server's half of a connection; the context must be for_server().
    std::unique_ptr<TlsSession> accept() const;
    /// The client's half; the peer's certificate must be for `host` (a name or an IP address).
    std::unique_ptr<TlsSession> connect(const std::string& host) const;

    /// What does not keep the certificate from being used, e.g. that it has expired.
    const std::vector<std::string>& warnings() const { return warnings_; }
    /// For the log: "door.lan, until 2027-02-24, SHA-256 ab:cd:..". Empty for a client.
    const std::string& description() const { return description_; }

    ssl_ctx_st* native() const { return context_.get(); }
    const bio_method_st* transport() const { return transport_.get(); }
    bool is_insecure() const { return is_insecure_; }

 private:
    struct Free {
        void operator()(ssl_ctx_st* context) const;
        void operator()(bio_method_st* method) const;
    };

    explicit TlsContext(bool is_server);
    void load(const TlsFiles& files);
    void look_at_certificate(const std::string& path);

    std::unique_ptr<ssl_ctx_st, Free> context_;
    std::unique_ptr<bio_method_st, Free> transport_;  ///< how sessions reach their socket
    std::vector<std::string> warnings_;
    std::string description_;
    bool is_insecure_ = false;
};

using TlsContextPtr = std::shared_ptr<const TlsContext>;

}  // namespace st::loop
