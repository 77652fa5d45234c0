#pragma once
/// Messages with descriptors over a Unix socket pair (SOCK_SEQPACKET): what a pool and its helpers
/// exchange. Blocking; one thread at a time for each end.
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace st::worker {

constexpr std::size_t kMessageBytesMax = std::size_t{64} << 10;
constexpr std::size_t kDescriptorsMax = 32;  ///< of one message

struct ChannelMessage {
    std::string text;
    std::vector<Fd> descriptors;
};

/// Two connected ends. Throws std::system_error.
struct Channel {
    Fd ours;
    Fd theirs;
};
Channel make_channel();

/// Throws std::system_error; the peer being gone is EPIPE, not a signal.
void send_message(int socket, std::string_view text, std::span<const int> descriptors = {});

/// nullopt: the peer is gone. A message over the limits is an empty one without descriptors. Throws
/// std::system_error.
std::optional<ChannelMessage> receive_message(int socket);

}  // namespace st::worker
