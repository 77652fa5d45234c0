#include "control/event_types.h"

#include <algorithm>
#include <array>

#include "base/nearest.h"

namespace st::control {
namespace {

constexpr std::array<std::string_view, 39> kTypes = {
    "camera.connected",   "camera.ready",      "camera.previewing",  "camera.renamed",
    "camera.started",     "camera.resumed",    "camera.stopped",     "camera.stalled",
    "camera.bad_payload", "camera.text",       "camera.clock",       "camera.disconnected",
    "camera.given_up",    "recording.deleted", "session.opened",     "session.finished",
    "session.failed",     "take.finished",     "server.disk",        "server.reloaded",
    "stream.published",   "stream.ended",      "viewer.joined",      "viewer.left",
    "viewer.slow",        "record.started",    "record.segment",     "record.stopped",
    "record.slow",        "recording.kept",    "recording.released", "source.restarted",
    "take.judged",        "token.created",     "token.revoked",      "url.signed",
    "login.linked",       "hook.replayed",     "server.clock"};

}  // namespace

std::span<const std::string_view> event_types() { return kTypes; }

bool matches_event(std::string_view pattern, std::string_view type) {
    if (pattern.ends_with('*')) return type.starts_with(pattern.substr(0, pattern.size() - 1));
    return pattern == type;
}

bool is_event_type(std::string_view pattern) {
    return std::any_of(kTypes.begin(), kTypes.end(),
                       [&](std::string_view type) { return matches_event(pattern, type); });
}

std::string no_such_event(std::string_view pattern) {
    constexpr std::size_t kShownMax = 64;
    const std::string near = nearest(pattern.substr(0, kShownMax), kTypes);
    return "no event is called " + std::string(pattern.substr(0, kShownMax)) +
           (near.empty() ? "" : "; did you mean " + near + "?");
}

}  // namespace st::control
