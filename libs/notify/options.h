#pragma once
/// Whom the server tells what happens, and whom it asks. Plain values, checked before they get
/// here. docs/hooks.md.
#include <chrono>
#include <string>
#include <vector>

namespace st::notify {

/// How a message looks.
///   standard  Standard Webhooks 1.0
///   nms       the POSTs of Node-Media-Server 4
enum class Format : std::uint8_t { standard, nms };

/// Keys of a signature, decoded. Several while one takes another's place: all sign.
using Keys = std::vector<std::string>;

struct Endpoint {
    std::string url;
    std::vector<std::string> events{"*"};  ///< types or patterns, as for events
    Format format = Format::standard;
    Keys keys;  ///< empty (nms alone): not signed
};

/// Who says whether somebody may publish or play.
struct DecideOptions {
    std::string url;  ///< empty: nobody is asked
    std::chrono::milliseconds timeout{3'000};
    Keys keys;
};

struct Options {
    std::vector<Endpoint> endpoints;
    DecideOptions decide;
};

}  // namespace st::notify
