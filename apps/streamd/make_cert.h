#pragma once
/// `streamd --make-cert DIR`: an authority and a certificate signed by it, for a laboratory.
#include <string>

namespace st::streamd {

/// Writes DIR/streamd.crt and DIR/streamd.key (mode 0600) for localhost, this host's name and the
/// addresses of its interfaces, signed by the authority in DIR/authority.crt and .key, which is
/// made if it is missing, as DIR is. Prints the first two paths, and on standard error how to use
/// them. Never overwrites. Returns the exit code.
int make_cert(const std::string& folder);

}  // namespace st::streamd
