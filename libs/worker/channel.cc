#include "worker/channel.h"

#include <sys/socket.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace st::worker {
namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// Room for the descriptors of a message, aligned as the macros want it.
union Ancillary {
    std::array<char, CMSG_SPACE(sizeof(int) * kDescriptorsMax)> bytes;
    cmsghdr alignment;
};

std::vector<Fd> descriptors_of(msghdr& message) {
    std::vector<Fd> all;
    for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS) continue;
        std::array<int, kDescriptorsMax> fds{};
        const std::size_t bytes = at->cmsg_len - CMSG_LEN(0);
        std::memcpy(fds.data(), CMSG_DATA(at), std::min(bytes, sizeof fds));
        for (std::size_t i = 0; i < std::min(bytes / sizeof(int), fds.size()); ++i) {
            all.emplace_back(fds.at(i));
        }
    }
    return all;
}

}  // namespace

Channel make_channel() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        fail("socket pair for a helper");
    }
    return {Fd(ends[0]), Fd(ends[1])};
}

void send_message(int socket, std::string_view text, std::span<const int> descriptors) {
    assert(!text.empty() && text.size() <= kMessageBytesMax);
    assert(descriptors.size() <= kDescriptorsMax);
    iovec piece{const_cast<char*>(text.data()), text.size()};
    Ancillary ancillary{};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
        message.msg_control = ancillary.bytes.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* const head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(head), descriptors.data(), descriptors.size_bytes());
    }
    while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
        if (errno != EINTR) fail("message to a helper");
    }
}

std::optional<ChannelMessage> receive_message(int socket) {
    ChannelMessage received;
    received.text.resize(kMessageBytesMax);
    iovec piece{received.text.data(), received.text.size()};
    Ancillary ancillary{};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = ancillary.bytes.data();
    message.msg_controllen = sizeof ancillary.bytes;
    ssize_t got = 0;
    while ((got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0) {
        if (errno == ECONNRESET) return std::nullopt;
        if (errno != EINTR) fail("message from a helper");
    }
    received.descriptors = descriptors_of(message);
    if (got == 0) return std::nullopt;
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return ChannelMessage{};
    received.text.resize(static_cast<std::size_t>(got));
    return received;
}

}  // namespace st::worker
