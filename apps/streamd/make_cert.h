#pragma once
/// `streamd --make-cert DIR`: a certificate signed by itself and its key, for a laboratory.
#include <string>

namespace st::streamd {

/// Writes DIR/streamd.crt and DIR/streamd.key (mode 0600) for localhost, this host's name and the
/// addresses of its interfaces; makes DIR if it is missing. Prints the two paths, and on standard
/// error how to use them. Never overwrites. Returns the exit code.
int make_cert(const std::string& folder);

}  // namespace st::streamd
