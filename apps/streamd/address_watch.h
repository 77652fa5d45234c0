#pragma once
/// Tells when this machine's addresses have changed.
#include <chrono>
#include <cstdint>
#include <functional>

#include "base/fd.h"
#include "loop/event_loop.h"

namespace st::streamd {

/// Listens to the kernel (rtnetlink(7)), whose news come in bursts: `look` is called once for each,
/// a second later, and every hour in any case, since certificates grow old, too.
class AddressWatch final : public loop::Pollable {
 public:
    /// The loop's thread, there and at the end. Where the kernel cannot be listened to, the hours
    /// remain.
    AddressWatch(loop::EventLoop& loop, std::function<void()> look);
    AddressWatch(const AddressWatch&) = delete;
    AddressWatch& operator=(const AddressWatch&) = delete;
    ~AddressWatch() override;

 private:
    void on_ready(std::uint32_t events) override;
    void look_in(std::chrono::seconds delay);

    loop::EventLoop& loop_;
    std::function<void()> look_;
    Fd socket_;
    loop::TimerId timer_ = 0;
    bool is_burst_ = false;
};

}  // namespace st::streamd
