#include "mux/server_line.h"

#include <algorithm>
#include <cmath>

namespace st::mux {
namespace {

constexpr double kTicksPerUs = static_cast<double>(media::kTicksPerSecond) / 1e6;
constexpr double kDeviceStepUs = 1000;  // cameras say whole milliseconds

std::int64_t us_of(std::int64_t ticks) {
    return (ticks * 1'000'000 + media::kTicksPerSecond / 2) / media::kTicksPerSecond;
}

ServerLine as_arrived(const mp4::PictureIndex& pictures) {
    ServerLine out;
    media::ClockLine line;
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
    std::vector<media::ClockFit> fits(restarts.size() + 1);
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const std::size_t place = choice.in_decoding_order ? i : shown_at[i];
        const auto stretch = std::ranges::upper_bound(restarts, place) - restarts.begin();
        fits[static_cast<std::size_t>(stretch)].add(
            us_of(choice.times.ticks[place]),
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
    out.error_us = error_us + kDeviceStepUs;
    return out;
}

void put_on_line(media::DisplayTimes& times, const ServerLine& line, double zero_us) {
    std::size_t next = 0;
    std::int64_t before = -1;
    for (std::size_t place = 0; place < times.ticks.size(); ++place) {
        while (next + 1 < line.stretches.size() && line.stretches[next + 1].begin <= place) ++next;
        const auto display_us = static_cast<double>(times.ticks[place]) / kTicksPerUs;
        const double server_us = line.stretches[next].line.server_us(display_us);
        before =
            std::max<std::int64_t>(before + 1, std::llround((server_us - zero_us) * kTicksPerUs));
        times.ticks[place] = before;
    }
}

}  // namespace st::mux
