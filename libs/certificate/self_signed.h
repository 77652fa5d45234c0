#pragma once
/// A certificate signed by itself and its key: for a laboratory, where there is no authority to
/// ask. A client believes it when it is given the certificate as its CA file.
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace st::certificate {

/// A name or an address that cannot be written into a certificate, or no random numbers.
struct CertificateError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct CertificateWanted {
    std::vector<std::string> names;      ///< DNS names; the first is the common name as well
    std::vector<std::string> addresses;  ///< IP addresses, without zones
    /// From now. Longer than 825 days is refused by Apple's clients.
    std::chrono::hours valid_from{-24};  ///< a camera's clock may be behind ours
    std::chrono::hours valid_until{825 * 24};
};

struct CertificateAndKey {
    std::string certificate;  ///< PEM
    std::string key;          ///< PEM, not protected by a password: a secret
};

/// ECDSA on P-256, for a server. Throws CertificateError.
CertificateAndKey make_self_signed(const CertificateWanted& wanted);

}  // namespace st::certificate
