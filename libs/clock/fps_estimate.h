#pragma once
/// The frame rate of a recording by the rule its users know: messages over the span of their times.
/// Pure.
#include <cstdint>
#include <optional>

namespace st::clock {

/// Messages and the times of the first and the last of them.
struct MessageSpan {
    std::uint64_t count = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;  ///< both milliseconds of one clock

    void add(std::uint64_t time_ms) {
        if (count++ == 0) first = time_ms;
        last = time_ms;
    }
};

constexpr double kFpsFallback = 10.0;
constexpr double kFpsMin = 1.0;
constexpr double kFpsMax = 60.0;

struct FpsGuess {
    enum class Source { arrival, device, fallback };
    double fps = kFpsFallback;
    Source source = Source::fallback;
    bool is_clamped = false;  ///< the measured rate lay outside kFpsMin..kFpsMax
};

/// count / (last - first), the span at least 1 ms, clamped. From arrival times if that is
/// above 1.5, else from device times, else kFpsFallback. Without times of a kind its span is
/// nullopt.
FpsGuess guess_fps(std::optional<MessageSpan> arrival, std::optional<MessageSpan> device);

}  // namespace st::clock
