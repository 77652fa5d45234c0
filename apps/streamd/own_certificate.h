#pragma once
/// Certificates that streamd makes for itself, for `--tls auto` and `--make-cert`: an authority for
/// phones to trust, kept for years, and the server's own, made anew whenever it no longer fits.
#include <string>
#include <vector>

#include "api/authority.h"
#include "loop/tls_context.h"

namespace st::streamd {

/// What this machine is reached by.
struct Identity {
    std::vector<std::string> names;      ///< DNS names
    std::vector<std::string> addresses;  ///< IP addresses, without zones
    std::vector<std::string> networks;   ///< of its interfaces, "192.0.2.0/24"
};

/// localhost, the machine's name with and without .local, `more_names`, and the addresses of its
/// interfaces now. Names that no certificate can hold are left out.
Identity identity_of_machine(const std::vector<std::string>& more_names);

/// "box", "box.local" and, if it has a domain, "box.lan".
std::vector<std::string> machine_names();

struct OwnCertificate {
    loop::TlsFiles files;  ///< the certificate file ends with the authority
    api::Authority authority;
    std::string authority_file;
    std::vector<std::string> notes;  ///< for the log: what was made, what is left out
};

/// Where the files of a folder are, made or not.
loop::TlsFiles own_certificate_files(const std::string& folder);

/// Makes what is missing, does not fit `identity` or ends soon; keys have mode 0600. An authority
/// stays as long as it can be read: it may vouch for the machine's names, private addresses and
/// the networks of the interfaces when it was made. A key without its certificate has one made.
/// Addresses beyond that are left out while others do; for names beyond it, or when no address is
/// within it, it is made anew with the same key. A clock that stands before the authority was made
/// is noted, and changes nothing. Throws std::runtime_error with a text for the user.
OwnCertificate keep_certificate(const std::string& folder, const Identity& identity);

}  // namespace st::streamd
