#pragma once
/// What the messages of an input say before anybody looks into their pictures: numbers, gaps, time
/// spans.
#include <cstdint>
#include <optional>

#include "media/fps_estimate.h"
#include "mux/input.h"

namespace st::mux {

class Survey {
 public:
    /// In order; `has_picture`: not only configuration.
    void add(const Message& message, bool has_picture);

    std::uint64_t messages() const { return messages_; }
    /// Fills the numbering and the estimate. The clocks are those the input has.
    void report(Report& report, bool has_device, bool has_arrival) const;

 private:
    void follow_seq(std::uint32_t seq);

    struct Spans {
        media::MessageSpan arrival;
        media::MessageSpan device;
    };
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
