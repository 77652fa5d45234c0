#pragma once
/// What went through a stream: totals and rates over the last 1 and 10 whole seconds. Pure.
#include <array>
#include <cstdint>

#include "media/packet.h"

namespace st::hub {

struct Rates {
    double fps_1s = 0;
    double fps_10s = 0;
    std::uint64_t bits_per_second_1s = 0;
    std::uint64_t bits_per_second_10s = 0;
};

class Statistics {
 public:
    void add(const media::Packet& packet, std::int64_t now_ns);
    /// Of a packet that is counted already: only how far key frames are apart.
    void add_key(const media::Packet& packet);
    /// What came in and was made no packet of, because nobody watches.
    void add_unseen(std::size_t bytes, bool is_picture, std::int64_t now_ns);

    std::uint64_t bytes() const { return bytes_; }  ///< of payload
    std::uint64_t packets() const { return packets_; }
    std::uint64_t pictures() const { return pictures_; }
    /// Between the last two key frames, on the stream's time line; 0 before the second.
    std::int64_t key_interval_ms() const { return key_interval_ms_; }
    /// Before there is a whole second: since the beginning, once that is half a second.
    Rates rates(std::int64_t now_ns) const;

 private:
    static constexpr std::size_t kSeconds = 12;  ///< ten whole ones, the present one, and one spare
    struct Second {
        std::int64_t number = -1;
        std::uint64_t bytes = 0;
        std::uint32_t pictures = 0;
    };

    Second& second_at(std::int64_t now_ns);
    Rates rates_since_beginning(std::int64_t now_ns) const;

    std::uint64_t bytes_ = 0;
    std::uint64_t packets_ = 0;
    std::uint64_t pictures_ = 0;
    std::int64_t first_ns_ = -1;
    std::int64_t last_key_ms_ = -1;
    std::int64_t key_interval_ms_ = 0;
    std::array<Second, kSeconds> seconds_;
};

}  // namespace st::hub
