#pragma once
/// server.config and server.reload: what the server was told, and what became of a reload. Pure.
/// Spec: docs/http-api.md, "Configuration".
#include <string>
#include <string_view>
#include <vector>

#include "control/error.h"

namespace st::control {

/// One value that is in force.
struct ConfigEntry {
    std::string key;     ///< "listeners[0].port"
    std::string value;   ///< JSON text
    std::string source;  ///< "default", "file NAME", "environment" or "command line"
    bool operator==(const ConfigEntry&) const = default;
};

/// A list of objects with key, value and source.
std::string encode(const std::vector<ConfigEntry>& entries);
/// Of one item of that list.
Decoded<ConfigEntry> decode_config_entry(std::string_view item);

/// What a reload that succeeded did. One that did not is an ApiError (conflict), and nothing
/// changed.
struct ReloadReply {
    std::vector<std::string> changed;        ///< keys whose new value is in force
    std::vector<std::string> needs_restart;  ///< keys that have another value now, not in force
    bool operator==(const ReloadReply&) const = default;
};

std::string encode(const ReloadReply& reply);
Decoded<ReloadReply> decode_reload_reply(std::string_view body);

}  // namespace st::control
