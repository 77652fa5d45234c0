#pragma once
/// What a server gives as bytes, over HTTP on a connection of its own. Main thread.
#include <functional>
#include <string>

#include "base/bytes.h"
#include "http/head.h"
#include "streamctl/client/api_client.h"

namespace st::streamctl {

/// GET of `path`, which begins with "/api". `write` gets the body piece by piece, and only that of
/// an answer 200. Throws Refused as the server says it, Failed if there is no answer or its body
/// ends early.
http::ResponseHead fetch(ApiClient& client, Interrupt& interrupt, const std::string& path,
                         const std::function<void(Bytes)>& write);

}  // namespace st::streamctl
