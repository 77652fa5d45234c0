#pragma once
/// The names of events. Pure; any thread. Spec: docs/http-api.md, "Events".
#include <span>
#include <string>
#include <string_view>

namespace st::control {

/// "camera.connected", ...
std::span<const std::string_view> event_types();

/// `pattern`: a type's own name, or a group of them ("session.*"), or "*".
bool matches_event(std::string_view pattern, std::string_view type);

/// It matches at least one type.
bool is_event_type(std::string_view pattern);

/// Of a pattern that matches none: "no event is called session.finishd; did you mean
/// session.finished?"
std::string no_such_event(std::string_view pattern);

}  // namespace st::control
