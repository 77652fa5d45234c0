#pragma once
/// The operations on hooks. Any thread.
#include "api/operations.h"
#include "notify/hooks.h"

namespace st::api {

/// Carries it out if it is one of hooks.*; false: it is another.
bool call_hooks(notify::Hooks& hooks, const control::Call& call, const Operations::Done& done);

}  // namespace st::api
