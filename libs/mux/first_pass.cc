#include "mux/first_pass.h"

#include <algorithm>
#include <utility>

namespace st::mux {
namespace {

/// More than nine hours at 30 messages a second: numbering that jumped, not messages that are
/// missing.
constexpr std::uint32_t kGapMax = 1'000'000;
constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kUsPerMs = 1'000;

std::string source_name(clock::FpsGuess::Source source) {
    switch (source) {
        case clock::FpsGuess::Source::arrival:
            return "arrival";
        case clock::FpsGuess::Source::device:
            return "device";
        case clock::FpsGuess::Source::fallback:
            return "default";
    }
    return {};
}

}  // namespace

void FirstPass::add(const Message& message, bool has_picture) {
    if (!message.is_numbered) return;
    ++messages_;
    if (message.begins_input) last_seq_.reset();
    follow_seq(message.seq);
    all_.arrival.add(message.arrival_ns / kNsPerMs);
    all_.device.add(message.device_us / kUsPerMs);
    if (!has_picture) return;
    pictures_.arrival.add(message.arrival_ns / kNsPerMs);
    pictures_.device.add(message.device_us / kUsPerMs);
}

void FirstPass::correct_unit() {
    for (Spans* spans : {&all_, &pictures_}) {
        spans->device.first /= 1000;
        spans->device.last /= 1000;
    }
}

bool FirstPass::is_repetition(const Message& message) {
    if (!message.is_numbered || message.payload.empty()) {
        has_last_ = false;
        return false;
    }
    const Bytes payload = message.payload;
    const std::size_t head = std::min(payload.size(), kImprintBytes);
    const std::size_t tail = std::min(payload.size() - head, kImprintBytes);
    // What came before is gone, or was changed: an imprint of it stays.
    Imprint now{message.timestamp, message.seq, payload.size(), std::move(spare_)};
    now.ends.assign(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(head));
    now.ends.insert(now.ends.end(), payload.end() - static_cast<std::ptrdiff_t>(tail),
                    payload.end());
    const bool repeats = has_last_ && !message.begins_input && now == last_;
    std::swap(now, last_);
    spare_ = std::move(now.ends);
    has_last_ = true;
    repeated_ += repeats ? 1 : 0;
    return repeats;
}

std::uint32_t FirstPass::lost_before(const Message& message) const {
    if (!message.is_numbered || message.begins_input || !last_seq_) return 0;
    const std::uint32_t skipped = message.seq - (*last_seq_ + 1);
    const bool is_gap = message.seq != *last_seq_ && message.seq != 0 && skipped <= kGapMax;
    return is_gap ? skipped : 0;
}

/// The number wraps at 2^32 and begins at 0 with every capture.
void FirstPass::follow_seq(std::uint32_t seq) {
    if (last_seq_) {
        const std::uint32_t skipped = seq - (*last_seq_ + 1);
        if (skipped == 0 || seq == *last_seq_) {
            // the next one, or the same one again
        } else if (seq == 0 || skipped > kGapMax) {
            ++restarts_;
        } else {
            ++gap_count_;
            missing_ += skipped;
            if (gaps_.size() < kReportEntriesMax) gaps_.push_back({*last_seq_, skipped});
        }
    }
    last_seq_ = seq;
}

void FirstPass::report(Report& report, bool has_device, bool has_arrival) const {
    report.messages = messages_ + repeated_;
    report.dropped.repeated = repeated_;
    report.seq_gaps = gaps_;
    report.seq_gap_count = gap_count_;
    report.seq_missing = missing_;
    report.seq_restarts = restarts_;
    const auto guess = [&](const Spans& spans) {
        return clock::guess_fps(has_arrival ? std::optional(spans.arrival) : std::nullopt,
                                has_device ? std::optional(spans.device) : std::nullopt);
    };
    const clock::FpsGuess all = guess(all_);
    report.fps_estimate.fps = all.fps;
    report.fps_estimate.source = source_name(all.source);
    report.fps_estimate.clamped = all.is_clamped;
    report.fps_estimate.frame_count = messages_;
    if (pictures_.device.count > 0) report.fps_estimate.without_config = guess(pictures_).fps;
}

}  // namespace st::mux
