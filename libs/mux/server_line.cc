#include "mux/server_line.h"

#include <algorithm>
#include <cmath>

namespace st::mux {
namespace {

constexpr double kMsStepUs = 1000;  // cameras say whole milliseconds
constexpr double kUsStepUs = 1;     // or whole microseconds

double us_of(std::int64_t ticks, const clock::DisplayTimes& times) {
    return static_cast<double>(ticks) * 1e6 / static_cast<double>(times.ticks_per_second);
}

ServerLine as_arrived(const mp4::PictureIndex& pictures) {
    ServerLine out;
    clock::ClockLine line;
    line.offset_us = static_cast<double>(pictures[0].arrival_ns) / 1000;
    out.stretches.push_back({0, line});
    return out;
}

}  // namespace

ServerLine fit_server_line(const mp4::PictureIndex& pictures,
                           std::span<const std::uint32_t> shown_at, const TimingChoice& choice) {
    const auto& restarts = choice.times.restarts;
    if (choice.timing != Timing::device || restarts.size() > kStretchesMax)
        return as_arrived(pictures);
    std::vector<clock::ClockFit> fits(restarts.size() + 1);
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const std::size_t place = choice.in_decoding_order ? i : shown_at[i];
        const auto stretch = std::ranges::upper_bound(restarts, place) - restarts.begin();
        fits[static_cast<std::size_t>(stretch)].add(
            std::llround(us_of(choice.times.ticks[place], choice.times)),
            static_cast<std::int64_t>(pictures[i].arrival_ns / 1000));
    }
    ServerLine out;
    double error_us = 0;
    for (std::size_t k = 0; k < fits.size(); ++k) {
        const auto line = fits[k].line_or_offset();
        if (!line) continue;  // a stretch whose pictures came in with those of another
        if (!line->is_bounded) return as_arrived(pictures);
        out.stretches.push_back({k == 0 ? 0 : restarts[k - 1], *line});
        error_us = std::max(error_us, line->error_us);
    }
    if (out.stretches.empty()) return as_arrived(pictures);
    out.stretches.front().begin = 0;
    const bool is_fine = choice.times.ticks_per_second == clock::kFineTicksPerSecond;
    out.error_us = error_us + (is_fine ? kUsStepUs : kMsStepUs);
    return out;
}

void put_on_line(clock::DisplayTimes& times, const ServerLine& line, double zero_us) {
    const double per_us = static_cast<double>(times.ticks_per_second) / 1e6;
    std::size_t next = 0;
    std::int64_t before = -1;
    for (std::size_t place = 0; place < times.ticks.size(); ++place) {
        while (next + 1 < line.stretches.size() && line.stretches[next + 1].begin <= place) ++next;
        const double display_us = us_of(times.ticks[place], times);
        const double server_us = line.stretches[next].line.server_us(display_us);
        before = std::max<std::int64_t>(before + 1, std::llround((server_us - zero_us) * per_us));
        times.ticks[place] = before;
    }
}

}  // namespace st::mux
