#pragma once
/// Where streamd's control socket and local token lie, for the server that makes them and for the
/// programs of the same machine that look for them. docs/operations.md, "Who may do what".
///
///     $RUNTIME_DIRECTORY/control.sock      as a service; 0660, for its group
///     streamd-PORT.sock                    else; 0600, in the first of these folders that is ours:
///         $XDG_RUNTIME_DIR  /run/user/UID  /run/streamd (root)  /tmp/streamd-UID
///
/// The token lies beside the socket, ".token" for ".sock".
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace st {

/// Longest path a socket can have; a folder in which it would be longer is left out.
constexpr std::size_t kSocketPathMax = 107;

struct ControlFiles {
    std::string socket;
    std::string token;
    mode_t socket_mode = 0600;
    mode_t token_mode = 0600;
};

/// The files of a control socket at that path.
ControlFiles control_files_at(const std::string& socket, mode_t socket_mode);

/// Where a server whose first port this is puts its own; makes the folder if need be. nullopt: no
/// folder is fit, which takes a /tmp/streamd-UID that is somebody else's.
std::optional<ControlFiles> choose_control_files(std::uint16_t port);

/// Where those of a server on that port may be, the likeliest first. Only folders in which none
/// but this user, root or the service's account could have put them. With
/// `include_service`, the system service's come last, whatever its port.
std::vector<ControlFiles> find_control_files(std::uint16_t port, bool include_service);

}  // namespace st
