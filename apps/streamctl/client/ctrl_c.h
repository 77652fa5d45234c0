#pragma once
/// Ctrl-C while the server is asked again and again for what takes its time. Main thread.
#include <utility>

#include "streamctl/client/api_client.h"

namespace st::streamctl {

/// Notes the first Ctrl-C while it lives; what is asked meanwhile is answered all the same.
class CtrlC {
 public:
    explicit CtrlC(ApiClient& client) : client_(client) {
        client_.on_interrupt([this] { return !std::exchange(came_, true); });
    }
    ~CtrlC() { client_.on_interrupt({}); }
    CtrlC(const CtrlC&) = delete;
    CtrlC& operator=(const CtrlC&) = delete;

    bool came() const { return came_; }
    /// Until that, news or Ctrl-C.
    void wait(milliseconds time) {
        const auto woke = client_.connection().wait(Clock::now() + time);
        came_ = came_ || woke == Connection::Woke::interrupted;
    }

 private:
    ApiClient& client_;
    bool came_ = false;
};

}  // namespace st::streamctl
