#pragma once
/// Why cameras are not started and connections not kept, in the words that people read: those of
/// the server and of a client that sees it before it asks. Pure.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace st::control {

/// "no such camera: dor (did you mean door?)", or of a pattern "no camera matches d*". `near`: the
/// name that may be meant, "" if none is near.
std::string no_such_camera(std::string_view name, const std::string& near);

/// Of a start that was stopped before the camera had begun: before it was told, and after.
inline constexpr char kStoppedBefore[] = "stopped before it began";
inline constexpr char kStopping[] = "the camera is stopping";

/// Why a WebSocket is closed (1008) that brought no token which opens it.
inline constexpr char kUnauthorized[] = "Unauthorized";
/// Whether a connection to /control that is closed (1008) for this reason has no right to be there:
/// kUnauthorized, or a right that has ended, such as "control: the token is unknown or not for this
/// role". The latter are sentences of auth::check_access.
bool is_shut_out(std::string_view reason);

/// What a camera records already, or is being started for.
struct UnderWay {
    std::string session;         ///< "": its folder is not made yet
    std::string take;            ///< "": none
    std::string by;              ///< "user@host"; "": the camera began by itself
    std::chrono::seconds age{};  ///< since it was started
};

/// "already recording door_20260131_081530 (take walk1), started 12 s ago by kim@desk"
std::string sentence(const UnderWay& what);

}  // namespace st::control
