#pragma once
/// events.subscribe: which events, and from when on. Pure. Spec: docs/control.md, "Events".
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/error.h"

namespace st::control {

constexpr std::size_t kEventTypesMax = 32;

struct Subscription {
    std::vector<std::string> types;      ///< "camera.started", "session.*"; empty: all
    std::optional<std::uint64_t> since;  ///< also what is kept of the events after this id
};

Decoded<Subscription> decode_subscription(std::string_view params);
std::string encode(const Subscription& subscription);

}  // namespace st::control
