#pragma once
/// An event as the prompt shows it. Pure but for the time zone.
#include <string>

#include "control/rpc_client.h"

namespace st::streamctl {

/// "09:15:30 door: recording door_20260131_091530", one line without its end, the time local. Empty
/// for events that another one tells as well: a camera that starts is told of by its recording.
std::string event_text(const control::RpcEvent& event);

}  // namespace st::streamctl
