#pragma once
/// What the messages of an input say before anybody looks into their pictures: numbers, gaps, time
/// spans.
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "clock/fps_estimate.h"
#include "mux/input.h"

namespace st::mux {

class FirstPass {
 public:
    /// How many messages are missing between the last one added and this one.
    std::uint32_t lost_before(const Message& message) const;
    /// In order; `has_picture`: not only configuration.
    void add(const Message& message, bool has_picture);

    /// The message is the one before once more: same number, time and bytes. It is counted here,
    /// and is not to be added. Looks at the payload's size, first and last bytes.
    bool is_repetition(const Message& message);

    /// The device times so far were taken for milliseconds and are microseconds.
    void correct_unit();

    std::uint64_t messages() const { return messages_; }
    /// Fills the numbering and the estimate. The clocks are those the input has.
    void report(Report& report, bool has_device, bool has_arrival) const;

 private:
    void follow_seq(std::uint32_t seq);

    struct Spans {
        clock::MessageSpan arrival;
        clock::MessageSpan device;
    };
    struct Imprint {
        std::uint64_t timestamp = 0;
        std::uint32_t seq = 0;
        std::size_t bytes = 0;
        std::vector<std::uint8_t> ends;  ///< of the payload: both of them
        bool operator==(const Imprint&) const = default;
    };
    static constexpr std::size_t kImprintBytes = 256;  ///< at each end
    Imprint last_;
    std::vector<std::uint8_t> spare_;  ///< memory for the next one
    bool has_last_ = false;
    std::uint64_t repeated_ = 0;
    std::uint64_t messages_ = 0;
    Spans all_;
    Spans pictures_;
    std::optional<std::uint32_t> last_seq_;
    std::vector<SeqGap> gaps_;
    std::uint64_t gap_count_ = 0;
    std::uint64_t missing_ = 0;
    std::uint64_t restarts_ = 0;
};

}  // namespace st::mux
