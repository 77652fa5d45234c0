#pragma once
/// Makes the connection of a camera: its socket, what its path speaks, and where its recordings
/// and pictures go.
#include <memory>

#include "capture/camera_connection.h"
#include "capture/parts.h"

namespace st::capture {

/// Over a stream whose upgrade has been answered; registered with its link, and to be started.
std::shared_ptr<CameraConnection> make_camera(const Parts& parts, httpd::NetLoop& net,
                                              httpd::Admission::Ticket ticket, const LinkPtr& link,
                                              std::unique_ptr<loop::Transport> stream);

}  // namespace st::capture
