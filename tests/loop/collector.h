#pragma once
/// A handler of streams that keeps what it is told.
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "loop/transport.h"

namespace st::loop {

/// Collects what a stream delivers.
class Collector : public StreamHandler {
 public:
    void on_data(std::span<std::uint8_t> bytes) override {
        received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (on_bytes) on_bytes();
    }
    void on_end(std::string_view error) override {
        ended = true;
        end_error = error;
        if (on_close) on_close();
    }
    bool on_half_end() override {
        half_ended = true;
        if (on_half_close) on_half_close();
        return stays;
    }
    void on_drained() override {
        ++drained;
        if (when_drained) when_drained();
    }

    std::string received;
    std::string end_error;
    bool ended = false;
    bool half_ended = false;
    bool stays = false;  ///< for what is to be sent still, when the peer has sent all
    int drained = 0;
    std::function<void()> on_bytes;
    std::function<void()> on_close;
    std::function<void()> on_half_close;
    std::function<void()> when_drained;
};

}  // namespace st::loop
