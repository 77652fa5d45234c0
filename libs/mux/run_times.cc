#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>
#include <vector>

#include "base/units.h"
#include "clock/clock_fit.h"
#include "clock/standing.h"
#include "mux/align.h"
#include "mux/run.h"
#include "mux/server_line.h"

namespace st::mux {
namespace {

clock::Moment moment_of(const mp4::Picture& picture) {
    return {static_cast<std::int64_t>(picture.device_us),
            static_cast<std::int64_t>(picture.arrival_ns / 1000)};
}

/// Rounded up: what is shown from a tick on is shown then.
std::int64_t us_of(std::int64_t ticks, const clock::DisplayTimes& times) {
    const std::int64_t per_ms = times.ticks_per_second / 1000;
    return (ticks * 1000 + per_ms - 1) / per_ms;
}

}  // namespace

/// Rate of evenly spaced pictures where nothing can be measured: given, of the stream's own timing,
/// or estimated.
double Run::fallback_fps() {
    if (input_->has_device_times() || input_->has_arrival_times() || first_pass_.messages() > 0)
        return job_.fps.value_or(report_.fps_estimate.fps);
    if (job_.fps) {
        report_.fps_estimate.fps = *job_.fps;
        report_.fps_estimate.source = "given";
        return *job_.fps;
    }
    const media::Vui& vui = assembler_->parts().front().format.sps.vui;
    if (const auto fps = rate_of(vui)) {
        report_.fps_estimate.fps = *fps;
        report_.fps_estimate.source = "vui";
        return *fps;
    }
    if (const auto said = said_rate_of(vui)) {
        std::array<char, 160> note{};
        std::snprintf(
            note.data(), note.size(),
            "the stream claims %.6g fps, which is outside 1..240: 10 fps are assumed (--fps sets "
            "the rate)",
            *said);
        report_.notes.emplace_back(note.data());
    } else {
        report_.notes.emplace_back(
            "the stream does not tell its frame rate: 10 fps are assumed (--fps sets the rate)");
    }
    return clock::kFpsFallback;
}

/// Inputs with times keep theirs; the others get even ones in between.
void Run::time_bare_inputs() {
    if (!input_->is_partly_bare()) return;
    std::vector<double> rates = assembler_->bare_rates();
    for (double& rate : rates) {
        const bool is_own = !job_.fps && rate > 0;
        const bool is_guess = !job_.fps && !is_own;
        if (!is_own) rate = job_.fps.value_or(clock::kFpsFallback);
        std::array<char, 160> note{};
        std::snprintf(note.data(), note.size(),
                      "an input has no times: its pictures are spaced evenly at %.2f fps (%s)",
                      rate,
                      is_guess ? "assumed; --fps sets the rate"
                      : is_own ? "the stream's own rate"
                               : "given");
        report_.notes.emplace_back(note.data());
    }
    time_bare_pictures(assembler_->pictures(), shown_at_, rates);
}

TimingRequest Run::timing_request() {
    TimingRequest request;
    request.timing = job_.timing;
    request.max_gap = std::clamp<std::chrono::milliseconds>(job_.max_gap, kMaxGapMin, kMaxGapMax);
    request.has_device_times = input_->has_device_times();
    request.has_arrival_times = input_->has_arrival_times();
    request.has_fine_times = input_->has_fine_times();
    request.is_unpaced = input_->is_unpaced();
    request.is_device_confirmed = is_confirmed_by_exchanges();
    if (!assembler_->parts().empty())
        request.said_fps = rate_of(assembler_->parts().front().format.sps.vui).value_or(0);
    // Among inputs with times the rate is that of the others, unless all shall be even.
    if (!input_->is_partly_bare() || job_.timing == Timing::constant) request.given_fps = job_.fps;
    const bool asks_for_clock = job_.timing == Timing::device || job_.timing == Timing::arrival;
    if (request.given_fps && asks_for_clock)
        report_.notes.emplace_back("--fps was not used: all inputs have times");
    request.fallback_fps = fallback_fps();
    return request;
}

/// What a camera keeps while its connection is lost may wait for all of that time, and until the
/// backlog of an absence before it is sent.
std::chrono::microseconds Run::late_max() const {
    return kLateMax + std::chrono::microseconds(input_->absences().away_us);
}

/// Whether the pictures' times are those of the clock that the camera answered by: none came in
/// before it was taken, nor much too late.
bool Run::is_confirmed_by_exchanges() const {
    constexpr std::size_t kPicturesMax = 1000;
    if (!exchanges_ || !input_->has_device_times() || !input_->has_arrival_times()) return false;
    const mp4::PictureIndex& pictures = assembler_->pictures();
    const std::size_t step = pictures.size() / kPicturesMax + 1;
    std::uint64_t wrong = 0;
    for (std::size_t i = 0; i < pictures.size(); i += step) {
        const clock::Moment moment = moment_of(pictures[i]);
        wrong += !is_plausible(*exchanges_, moment, moment.about_us, late_max());
    }
    return clock::is_trustworthy(wrong, pictures.size() / step);
}

/// When the first of the assembler's pictures came in; nullopt: not known.
std::optional<std::int64_t> Run::first_wall_us() const {
    const auto origin = input_->server_origin();
    if (!origin || !input_->has_arrival_times()) return std::nullopt;
    return origin->wall_us + static_cast<std::int64_t>(assembler_->pictures()[0].arrival_ns / 1000);
}

/// When the picture shown first was taken, as far as is known.
std::optional<std::int64_t> Run::first_taken_wall_us(const TimingChoice& choice) const {
    const auto came_us = first_wall_us();
    if (!came_us || choice.timing == Timing::constant) return came_us;
    const auto [line, is_told] = server_line(choice);
    return wall_offset_us() + std::llround(line.first_us() - network_delay_us(is_told));
}

/// From the arrival clock to the wall clock, as the table of the pictures has it: the wall clock of
/// a take is that at its zero.
std::int64_t Run::wall_offset_us() const {
    const ServerOrigin origin = *input_->server_origin();
    if (!job_.take_zero) return origin.wall_us;
    return job_.take_zero->wall_us - job_.take_zero->monotonic_us + origin.monotonic_ns / 1000;
}

/// Where on the display times something lies by when it was taken; nullopt: nothing tells.
std::optional<std::int64_t> Run::ticks_taken_at(const TimingChoice& choice,
                                                std::optional<std::int64_t> wall_us) const {
    const bool is_known =
        input_->server_origin() && input_->has_arrival_times() && choice.timing != Timing::constant;
    if (!wall_us || !is_known) return std::nullopt;
    const auto [line, is_told] = server_line(choice);
    const std::vector<std::int64_t> taken = taken_us(choice.times, line, network_delay_us(is_told));
    const std::int64_t at_us = *wall_us - wall_offset_us();
    const auto next = std::ranges::upper_bound(taken, at_us);
    if (next == taken.begin()) return 0;
    const auto place = static_cast<std::size_t>(next - taken.begin()) - 1;
    const std::int64_t behind =
        (at_us - taken[place]) * (choice.times.ticks_per_second / 1000) / 1000;
    const std::int64_t ticks = choice.times.ticks[place] + behind;
    return next == taken.end() ? ticks : std::min(ticks, choice.times.ticks[place + 1] - 1);
}

/// The arrival clock over the display times, and whether the camera's answers tell it.
std::pair<ServerLine, bool> Run::server_line(const TimingChoice& choice) const {
    const mp4::PictureIndex& pictures = assembler_->pictures();
    if (exchanges_) {
        if (auto told = exchange_line(pictures, shown_at_, choice, *exchanges_, late_max()))
            return {*told, true};
    }
    return {fit_server_line(pictures, shown_at_, choice), false};
}

/// The least delay lies between none and the least round trip: in the middle, half is the error.
double Run::network_delay_us(bool is_told) const {
    return job_.ping && !is_told ? static_cast<double>(job_.ping->count()) / 2 : 0;
}

/// Of the group of pictures that begins with `key`, the place of the one shown first: in an open
/// group that is shown before its key frame.
std::size_t Run::first_place_from(std::size_t key) const {
    const mp4::PictureIndex& pictures = assembler_->pictures();
    std::size_t least = shown_at_[key];
    for (std::size_t i = key + 1; i < pictures.size() && !pictures[i].is_sync; ++i)
        least = std::min<std::size_t>(least, shown_at_[i]);
    return least;
}

/// The range as numbers of pictures, from the times of all of them.
void Run::choose_range() {
    first_pass_.report(report_, input_->has_device_times(), input_->has_arrival_times());
    const mp4::PictureIndex& pictures = assembler_->pictures();
    shown_at_ = display_order(pictures);
    time_bare_inputs();
    read_exchanges();
    const TimingChoice choice = choose_timing(pictures, shown_at_, timing_request());
    whole_taken_wall_us_ = first_taken_wall_us(choice);
    report_ = {};
    const auto ticks_of = [&](std::optional<std::chrono::microseconds> time,
                              std::optional<std::int64_t> wall_us) {
        const auto taken = ticks_taken_at(choice, wall_us);
        if (taken || !time) return taken;
        return std::optional(time->count() * (choice.times.ticks_per_second / 1000) / 1000);
    };
    const auto from = ticks_of(job_.from, job_.from_wall_us);
    const auto to = ticks_of(job_.to, job_.to_wall_us);
    const auto seconds = [&](std::int64_t ticks) {
        const auto rate = static_cast<double>(choice.times.ticks_per_second);
        return fixed(static_cast<double>(ticks) / rate, 3) + " s";
    };
    const std::int64_t end = choice.times.ticks.back() + choice.times.median_ticks;
    if (from && *from >= end) {
        throw Failure(Exit::bad_input, job_.input + " ends at " + seconds(end) +
                                           "; there is nothing at " + seconds(*from));
    }
    std::int64_t begins = 0;
    std::int64_t ends = end;
    std::int64_t first_shown = choice.times.ticks.front();
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        if (!pictures[i].is_sync) continue;
        const std::int64_t shown = choice.times.ticks[shown_at_[i]];
        const std::int64_t least = choice.times.ticks[first_place_from(i)];
        if (from && shown <= *from) {
            first_picture_ = i;
            begins = shown;
            first_shown = least;
        }
        if (to && i > first_picture_ && least >= *to) {
            end_picture_ = i;
            ends = least;
            break;
        }
    }
    from_us_ = us_of(from.value_or(0), choice.times);
    cut_begins_us_ = first_shown * 1'000'000 / choice.times.ticks_per_second;
    end_picture_ = std::min<std::uint64_t>(end_picture_, pictures.size());
    range_choice_ = part_of(
        choice, std::span(shown_at_).subspan(first_picture_, end_picture_ - first_picture_));
    cut_ = "cut from " + seconds(begins) + " to " + seconds(ends) + " of " + seconds(end);
}

void Run::plan() {
    const mp4::PictureIndex& pictures = assembler_->pictures();
    shown_at_ = display_order(pictures);
    time_bare_inputs();
    read_exchanges();
    const TimingRequest request = timing_request();  // also says where a bare stream's rate is from
    // What the clocks of all pictures say is said of each of them, however few are wanted.
    const bool has_range = range_choice_ && range_choice_->times.ticks.size() == pictures.size();
    choice_ = has_range ? *range_choice_ : choose_timing(pictures, shown_at_, request);
    report_.timing = to_string(choice_.timing);
    report_.timing_why = choice_.why;
    report_.repairs = choice_.times.repairs;
    report_.fps = choice_.fps;
    for (const std::string& warning : choice_.warnings) report_.notes.push_back(warning);
    report_.fps_device = choice_.fps_device;
    report_.fps_arrival = choice_.fps_arrival;
    if (choice_.in_decoding_order && choice_.timing == Timing::device) {
        report_.notes.emplace_back(
            "the camera stamped its pictures in coding order; they were sorted");
    }
    const auto origin = input_->server_origin();
    report_.first_picture_wall_us = first_wall_us();
    if (origin && input_->has_arrival_times()) {
        if (!stand_by_exchanges(*origin)) fit_clocks(*origin);
        place_on_server_clock(*origin);
    }
    report_.first_taken_wall_us = whole_taken_wall_us_ ? whole_taken_wall_us_
                                  : report_.place
                                      ? wall_offset_us() + std::llround(report_.place->first_us)
                                      : report_.first_picture_wall_us;
    if (job_.line && !report_.alignment) {
        throw Failure(Exit::bad_input, job_.input + ": has no place on a common time line");
    }
    report_pictures();
}

void Run::report_pictures() {
    const mp4::PictureIndex& pictures = assembler_->pictures();
    report_.pictures = pictures.size();
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        report_.key_frames += pictures[i].is_sync;
        report_.bytes += pictures[i].bytes;
    }
    std::uint64_t ticks = 0;
    for (const Part& part : assembler_->parts())
        ticks += static_cast<std::uint64_t>(samples_of(part).end_ticks());
    const auto per_second = static_cast<std::uint64_t>(choice_.times.ticks_per_second);
    report_.duration_ms = (ticks * 1000 + per_second / 2) / per_second;
    report_.bitrate_bps =
        static_cast<std::uint64_t>(static_cast<double>(report_.bytes) * 8 *
                                   static_cast<double>(per_second) / static_cast<double>(ticks));
    const media::Sps& sps = assembler_->parts().front().format.sps;
    report_.width = sps.width;
    report_.height = sps.height;
}

/// What the stamps count in truth, by their pace, whatever was declared; empty: something that
/// `clock` of session.json has no word for.
std::string Run::found_unit() const {
    const std::uint64_t handed_on = report_.clock_unit == "us" ? 1 : 1000;  // for one unit
    switch (choice_.device_units_per_second / handed_on) {
        case 1'000:
            return "ms";
        case 1'000'000:
            return "us";
        default:
            return "";
    }
}

void Run::fit_clocks(const ServerOrigin& origin) {
    if (!input_->has_device_times() || !choice_.clocks_are_sound) return;
    const mp4::PictureIndex& pictures = assembler_->pictures();
    const double unit_us = 1e6 / static_cast<double>(choice_.device_units_per_second);
    clock::ClockFit fit;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const auto since_first =
            static_cast<std::int64_t>(pictures[i].device_us - pictures[0].device_us);
        fit.add(std::llround(static_cast<double>(since_first) * unit_us),
                static_cast<std::int64_t>(pictures[i].arrival_ns / 1000));
    }
    const auto line = fit.line();
    if (!line) return;
    if (!line->is_drift_known) {
        report_.notes.emplace_back(
            "the camera's clock jumped or runs at a wrong pace: its offset and drift are "
            "unknown");
        return;
    }
    const std::string unit = found_unit();
    if (unit.empty()) return;
    report_.clock_unit = unit;
    report_.clock_origin_us = std::llround(static_cast<double>(pictures[0].device_us) * unit_us);
    report_.clock.method = clock::Method::arrival;
    report_.clock.offset_us =
        std::llround(line->offset_us) + origin.wall_us - *report_.clock_origin_us;
    report_.clock.drift_ppm = std::llround(line->drift_ppm);
    report_.clock_spread_us = std::llround(line->spread_us);
    if (job_.ping) report_.clock.rtt_us = job_.ping->count();
    // The least delay is in the offset: it is between none and the least round trip, or what is
    // assumed of a network, and what is assumed of a camera. The drift is rounded.
    const auto network_us = job_.ping.value_or(kDelayAssumed).count();
    const auto camera_us = std::chrono::microseconds(kCameraDelayAssumed).count();
    const double span_us =
        static_cast<double>(pictures[pictures.size() - 1].device_us - pictures[0].device_us) *
        unit_us;
    const double rounded_us =
        std::abs(line->drift_ppm - std::round(line->drift_ppm)) / 1e6 * span_us;
    const std::int64_t step_us = input_->has_fine_times() ? 1 : 1000;
    report_.clock.bound_us =
        std::llround(std::ceil(line->error_us + rounded_us)) + step_us + network_us + camera_us;
}

/// What the camera answered while it was recorded, on the arrival clock.
void Run::read_exchanges() {
    exchanges_.reset();
    if (!input_->server_origin() || !input_->has_arrival_times()) return;
    const ClockNotes notes = input_->clock_notes();
    report_.clock_unit = !input_->has_device_times()          ? ""
                         : notes.unit == camera::TimeUnit::us ? "us"
                                                              : "ms";
    if (notes.exchanges.empty()) return;
    exchanges_.emplace(notes.unit == camera::TimeUnit::us ? 1 : 1000, notes.uncertainty_us);
    std::vector<clock::Exchange> sorted = notes.exchanges;
    // Recordings of one capture hold the same ones where they meet.
    const auto key = [](const clock::Exchange& one) {
        return std::pair(one.returned_us, one.sent_us);
    };
    std::ranges::sort(sorted, {}, key);
    const auto is_same = [&](const clock::Exchange& a, const clock::Exchange& b) {
        return key(a) == key(b);
    };
    sorted.erase(std::unique(sorted.begin(), sorted.end(), is_same), sorted.end());
    for (const clock::Exchange& exchange : sorted) exchanges_->add(exchange);
    if (exchanges_->exchanges() == 0) exchanges_.reset();
}

/// The camera's clock over the recording as one line. False: there is none that means anything.
bool Run::stand_by_exchanges(const ServerOrigin& origin) {
    constexpr std::size_t kMomentsMax = 1000;
    const mp4::PictureIndex& pictures = assembler_->pictures();
    if (!exchanges_ || !input_->has_device_times()) return false;
    std::vector<clock::Moment> moments;
    const std::size_t step = pictures.size() / kMomentsMax + 1;
    std::size_t looked_at = 0;
    const auto witnesses_of = [&](std::size_t i) {
        return exchanges_->witnesses(moment_of(pictures[i]).device_us,
                                     moment_of(pictures[i]).about_us);
    };
    // The bound is greatest at the first or last picture of those for which the same exchanges
    // tell.
    bool is_first = true;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const bool is_last = i + 1 == pictures.size() || witnesses_of(i + 1) != witnesses_of(i);
        const bool is_looked_at = std::exchange(is_first, is_last) || is_last || i % step == 0;
        if (!is_looked_at) continue;
        ++looked_at;
        const clock::Moment moment = moment_of(pictures[i]);
        if (is_plausible(*exchanges_, moment, moment.about_us, late_max()))
            moments.push_back(moment);
    }
    if (moments.empty()) return false;
    if (moments.size() < looked_at) {
        report_.notes.emplace_back(
            "the camera's answers about its clock do not fit all of its pictures' times: the bound "
            "is that of the others");
    }
    report_.clock = clock::standing_over(*exchanges_, moments);
    report_.clock_origin_us = moments.front().device_us;
    report_.clock.offset_us += origin.wall_us;
    if (exchanges_->jumps() > 0) {
        report_.notes.push_back(
            "the camera's clock was set " + std::to_string(exchanges_->jumps()) +
            (exchanges_->jumps() == 1 ? " time" : " times") + " while it was asked for");
    }
    return true;
}

/// The device's times cannot be laid along the arrivals: those are taken instead.
void Run::place_as_arrived() {
    TimingRequest request = timing_request();
    request.timing = Timing::arrival;
    choice_ = choose_timing(assembler_->pictures(), shown_at_, request);
    report_.timing = to_string(choice_.timing);
    report_.timing_why = "the camera's clock cannot be related to the server's";
    report_.repairs = choice_.times.repairs;
}

/// Says where on the server's clock the recording lies, and moves it onto the common line if there
/// is one.
void Run::place_on_server_clock(const ServerOrigin& origin) {
    if (choice_.timing == Timing::constant) return;
    auto [server, is_told] = server_line(choice_);
    if (!server.error_us && job_.line && choice_.timing == Timing::device) {
        place_as_arrived();
        server = fit_server_line(assembler_->pictures(), shown_at_, choice_);
    }
    const double delay_us = network_delay_us(is_told);
    report_.place = ServerPlace{origin, server.first_us() - delay_us, accuracy(server, is_told)};
    const std::int64_t end = choice_.times.ticks.back() + choice_.times.median_ticks;
    report_.end_taken_wall_us =
        wall_offset_us() +
        std::llround(server.last_us(static_cast<double>(us_of(end, choice_.times))) - delay_us);
    if (wants_table()) note_server_times(server, delay_us);
    if (!job_.line) return;
    const double zero_us = job_.line->zero_us - origin.us(job_.line->by_wall_clock);
    put_on_line(choice_.times, server, zero_us + delay_us);
    Alignment alignment{report_.place->accuracy};
    alignment.begins_us = static_cast<std::uint64_t>(choice_.times.ticks.front()) * 1'000'000 /
                          static_cast<std::uint64_t>(choice_.times.ticks_per_second);
    if (job_.line->by_wall_clock) {
        report_.notes.emplace_back(
            "the server's machine was restarted between these recordings: they are aligned by its "
            "wall clock");
    }
    report_.alignment = alignment;
}

Accuracy Run::accuracy(const ServerLine& server, bool has_exchanges) const {
    Accuracy out;
    out.has_exchanges = has_exchanges;
    out.was_pinged = job_.ping.has_value() || has_exchanges;
    if (has_exchanges) {
        out.camera_error_ms = static_cast<double>(exchanges_->uncertainty_us()) / 1000;
    } else {
        const double delay_us = job_.ping ? static_cast<double>(job_.ping->count()) / 2 : 0;
        out.network_error_ms =
            (out.was_pinged ? delay_us : std::chrono::microseconds(kDelayAssumed).count()) / 1000;
        out.camera_error_ms = kCameraDelayAssumed.count();
    }
    if (server.error_us) {
        out.clock_error_ms = *server.error_us / 1000 - (has_exchanges ? out.camera_error_ms : 0);
        out.error_ms = *out.clock_error_ms + out.network_error_ms + out.camera_error_ms;
    }
    return out;
}

void Run::note_server_times(const ServerLine& server, double delay_us) {
    server_us_ = taken_us(choice_.times, server, delay_us);
}

mp4::Samples Run::samples_of(const Part& part) const {
    // Places in display order count from the first picture of all; a part's are a run of them.
    return {assembler_->pictures(),
            part.first,
            part.count,
            std::span(shown_at_).subspan(part.first, part.count),
            std::span(choice_.times.ticks).subspan(part.first, part.count),
            choice_.times.median_ticks,
            static_cast<std::uint32_t>(part.first),
            job_.line ? choice_.times.ticks[part.first] : 0,
            choice_.times.ticks_per_second};
}

}  // namespace st::mux
