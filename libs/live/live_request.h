#pragma once
/// Which requests are for live streams, and what they ask for. Pure. docs/live.md.
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "http/target.h"

namespace st::live {

struct LiveRequest {
    enum class Kind : std::uint8_t { play, publish };
    Kind kind = Kind::play;
    std::string path;          ///< "/<app>/<name>"
    bool is_deflated = false;  ///< each message framed as server/deflated.h says
};

/// "/<app>/<name>"; both must be names as cameras have them. Error.code 400.
Result<std::string> stream_path(std::string_view app, std::string_view name);

/// Whether a viewer with this query takes what is kept of the stream; `cache=0` says no.
bool wants_cache(std::string_view query);

/// Error.code 403 for the apps that are ours: camera, api, ingest, control, web.
Result<void> check_publish_path(std::string_view path);

/// Nobody publishes there. Error.code 404.
Error no_stream(const std::string& path);

/// GET, HEAD and POST of "/<app>/<name>.flv". nullopt: not for a live stream. Error.code 400.
Result<std::optional<LiveRequest>> http_live_request(const http::Target& target,
                                                     std::string_view method);

/// Of the subprotocols that a client offers, the one that makes it a publisher; "" if none does.
/// Case does not matter.
std::string publishing_protocol(std::span<const std::string> protocols);

/// WebSockets at "/<app>/<name>.flv" (a publisher offers the subprotocol "publisher" or "post"),
/// "/publish?app=&stream=" and "/play?app=&stream=", and "/" where `default_stream` is set. A
/// player may add `framing=zlib`.
Result<std::optional<LiveRequest>> ws_live_request(const http::Target& target,
                                                   std::span<const std::string> protocols,
                                                   const std::string& default_stream);

}  // namespace st::live
