#include "streamd/address_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

namespace st::streamd {
namespace {

constexpr std::chrono::seconds kBurst{1};
constexpr std::chrono::seconds kAnyway{3600};

Fd open_socket() {
    Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    if (fd && ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        fd.reset();
    }
    return fd;
}

}  // namespace

AddressWatch::AddressWatch(loop::EventLoop& loop, std::function<void()> look)
    : loop_(loop), look_(std::move(look)), socket_(open_socket()) {
    if (socket_) loop_.add(socket_.get(), *this, EPOLLIN);
    look_in(kAnyway);
}

AddressWatch::~AddressWatch() {
    loop_.cancel(timer_);
    if (socket_) loop_.remove(socket_.get(), *this);
}

void AddressWatch::on_ready(std::uint32_t) {
    // What exactly has changed does not matter, not even that there was no room for all of it.
    std::array<char, 4096> news{};
    while (::recv(socket_.get(), news.data(), news.size(), 0) >= 0 || errno == ENOBUFS) {
    }
    if (std::exchange(is_burst_, true)) return;
    loop_.cancel(timer_);
    look_in(kBurst);
}

void AddressWatch::look_in(std::chrono::seconds delay) {
    timer_ = loop_.after(delay, [this] {
        is_burst_ = false;
        look_in(kAnyway);
        look_();
    });
}

}  // namespace st::streamd
