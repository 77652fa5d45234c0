#include "clock/fps_estimate.h"

#include <algorithm>

namespace st::clock {
namespace {

std::optional<double> rate(const std::optional<MessageSpan>& span) {
    if (!span || span->count <= 1) return std::nullopt;
    // A clock that went back spans less than nothing: the shortest span there is.
    const std::uint64_t ms = span->last > span->first ? span->last - span->first : 1;
    return static_cast<double>(span->count) * 1000.0 / static_cast<double>(ms);
}

FpsGuess clamped(double fps, FpsGuess::Source source) {
    const double kept = std::clamp(fps, kFpsMin, kFpsMax);
    return {kept, source, kept != fps};
}

}  // namespace

FpsGuess guess_fps(std::optional<MessageSpan> arrival, std::optional<MessageSpan> device) {
    constexpr double kArrivalUsableAbove = 1.5;
    if (const auto fps = rate(arrival)) {
        const FpsGuess guess = clamped(*fps, FpsGuess::Source::arrival);
        if (guess.fps > kArrivalUsableAbove) return guess;
    }
    if (const auto fps = rate(device)) return clamped(*fps, FpsGuess::Source::device);
    return {};
}

}  // namespace st::clock
