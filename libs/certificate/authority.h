#pragma once
/// A small certificate authority and the certificates it signs (X.509, RFC 5280), for machines that
/// no public authority can vouch for. Phones install authorities only, so there are two: one that
/// people are asked to trust, limited by name constraints to what it is for, and the server's own.
/// Any thread.
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace st::certificate {

/// A name or an address that cannot be written into a certificate, a text that is no certificate or
/// key, or no random numbers.
struct CertificateError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// From the moment of the call.
struct Validity {
    std::chrono::hours from{-24};  ///< a camera's clock may be behind ours
    std::chrono::hours until{0};
};

struct CertificateAndKey {
    std::string certificate;  ///< PEM
    std::string key;          ///< PEM, not protected by a password: a secret
};

/// What an authority may vouch for.
struct Limits {
    std::vector<std::string> names;     ///< DNS names, each with all below it
    std::vector<std::string> networks;  ///< "10.0.0.0/8", "fd00::/8"
};

struct AuthorityWanted {
    std::string name;  ///< what a phone's list of authorities shows
    Limits limits;
    Validity validity;
    std::string key;  ///< PEM of the key to go on with; empty: a new one
};

struct ServerWanted {
    std::vector<std::string> names;      ///< DNS names; the first is the common name as well
    std::vector<std::string> addresses;  ///< IP addresses, without zones
    Validity validity;
};

/// ECDSA on P-256, like all keys here. Throws CertificateError.
CertificateAndKey make_authority(const AuthorityWanted& wanted);

/// A server's certificate signed by `authority`, which is not asked whether it may: see
/// why_refused(). Throws CertificateError.
CertificateAndKey make_server_certificate(const ServerWanted& wanted,
                                          const CertificateAndKey& authority);

/// What the first certificate of a PEM text says.
struct Facts {
    std::vector<std::string> names;      ///< of the subject alternative names, sorted
    std::vector<std::string> addresses;  ///< likewise, as inet_ntop writes them
    Limits limits;                       ///< of the name constraints
    std::chrono::system_clock::time_point begins;
    std::chrono::system_clock::time_point expires;
    std::string der;
    std::string fingerprint;  ///< SHA-256, "AB:CD:.."
};
/// Throws CertificateError.
Facts read(const std::string& pem);

/// Why a client that trusts `authority` would refuse this server's certificate at that time: the
/// words of the library; empty if it would not. Throws CertificateError if one of them is none.
std::string why_refused(
    const std::string& certificate, const std::string& authority,
    std::chrono::system_clock::time_point at = std::chrono::system_clock::now());

/// Throws CertificateError if one of them cannot be read.
bool belong_together(const CertificateAndKey& pair);

}  // namespace st::certificate
