#pragma once
/// The authority of a server that makes its own certificates, as phones and programs fetch it.
#include <string>

namespace st::api {

struct Authority {
    std::string pem;
    std::string der;
    std::string fingerprint;  ///< SHA-256, "AB:CD:.."
};

}  // namespace st::api
