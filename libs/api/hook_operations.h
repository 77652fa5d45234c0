#pragma once
/// The operations on hooks. Any thread.
#include <functional>
#include <string>

#include "api/operations.h"
#include "notify/hooks.h"

namespace st::api {

/// Carries it out if it is one of hooks.*; false: it is another. `on_replayed`: told of a message
/// that is to be sent again, on the hooks' thread.
bool call_hooks(notify::Hooks& hooks, const control::Call& call, const Operations::Done& done,
                const std::function<void(const std::string& id)>& on_replayed);

}  // namespace st::api
