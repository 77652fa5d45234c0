#include "mux/report.h"

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/units.h"

namespace st::mux {
namespace {

std::string seconds(std::uint64_t ms) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%llu.%03llu s",
                  static_cast<unsigned long long>(ms / 1000),
                  static_cast<unsigned long long>(ms % 1000));
    return text.data();
}

std::string count(std::uint64_t value, std::string_view what) {
    return std::to_string(value) + ' ' + std::string(what) + (value == 1 ? "" : "s");
}

std::string milliseconds(std::int64_t us) {
    return fixed(static_cast<double>(us) / 1000, 2) + " ms";
}

void put_clock(std::string& out, const Report& report) {
    const clock::Standing& clock = report.clock;
    if (clock.method == clock::Method::none) return;
    out += "  the camera's clock runs " + std::to_string(std::abs(clock.drift_ppm)) + " ppm " +
           (clock.drift_ppm >= 0 ? "slow" : "fast") + ", known to ±" + milliseconds(clock.bound_us);
    if (clock.method == clock::Method::exchange) {
        out += " by " + count(clock.exchanges, "exchange") + " (round trip " +
               milliseconds(clock.rtt_us.value_or(0)) + ")\n";
    } else {
        out += " by when its pictures came in (" +
               milliseconds(report.clock_spread_us.value_or(0)) + " late on average)\n";
    }
}

void put_rates(std::string& out, const Report& report) {
    out += "  timing " + report.timing + ": " + report.timing_why;
    if (report.repairs > 0) out += ", " + count(report.repairs, "time") + " repaired";
    out += '\n';
    if (report.fps_device || report.fps_arrival) {
        out += "  measured ";
        if (report.fps_device) out += fixed(*report.fps_device, 2) + " fps (device)";
        if (report.fps_device && report.fps_arrival) out += ", ";
        if (report.fps_arrival) out += fixed(*report.fps_arrival, 2) + " fps (arrival)";
        out += '\n';
    }
    put_clock(out, report);
    const FpsEstimate& estimate = report.fps_estimate;
    if (report.messages > 0 || report.pictures > 0)
        out += "  " + fixed(estimate.fps, 2) + " fps estimated (" + estimate.source + ")\n";
    if (estimate.clamped) out += "  the estimate was limited to 1..60\n";
    if (estimate.without_config && fixed(*estimate.without_config, 2) != fixed(estimate.fps, 2)) {
        out += "  without configuration messages the estimate is " +
               fixed(*estimate.without_config, 2) + " fps\n";
    }
}

/// 20, 1.4, 0.35: no more digits than say something.
std::string short_ms(double ms) { return fixed_short(ms, ms < 1 ? 2 : 1); }

void put_alignment(std::string& out, const Alignment& alignment) {
    out += "  begins at " + seconds(alignment.begins_us / 1000) + " on the common time line, " +
           to_text(static_cast<const Accuracy&>(alignment)) + "\n";
}

void put_losses(std::string& out, const Report& report) {
    if (report.dropped.undecodable > 0) {
        out += "  " + count(report.dropped.undecodable, "picture") +
               " before the first that can be decoded dropped\n";
    }
    if (report.dropped.lost_pictures > 0) {
        out += "  " + count(report.dropped.lost_pictures, "picture") +
               " after it that cannot be decoded lost\n";
    }
    if (report.dropped.unknown_form > 0) {
        out += "  " + count(report.dropped.unknown_form, "message") + " in no known form dropped\n";
    }
    if (report.dropped.bad > 0)
        out += "  " + count(report.dropped.bad, "bad message") + " dropped\n";
    if (report.dropped.repeated > 0)
        out += "  " + count(report.dropped.repeated, "repeated message") + " dropped\n";
    if (report.seq_gap_count > 0) {
        out += "  " + count(report.seq_missing, "message") + " missing in " +
               count(report.seq_gap_count, "gap") + ", the first after message " +
               std::to_string(report.seq_gaps.front().after) + '\n';
    }
    if (report.seq_restarts > 0)
        out +=
            "  the numbers of the messages restarted " + count(report.seq_restarts, "time") + '\n';
    for (const Damage& damage : report.damage) {
        out += "  damaged: " + damage.file + " at " + std::to_string(damage.offset) + ", " +
               count(damage.bytes, "byte") + ": " + damage.what + '\n';
    }
    if (report.damage_count > report.damage.size()) {
        out += "  and " + std::to_string(report.damage_count - report.damage.size()) +
               " more damaged places, " + count(report.damage_bytes, "byte") + " in all\n";
    }
}

}  // namespace

std::string to_text(const Accuracy& accuracy) {
    const std::string camera = "camera " + short_ms(accuracy.camera_error_ms) +
                               (accuracy.has_exchanges ? " by its own word)" : " assumed)");
    if (!accuracy.error_ms)
        return "accuracy unknown: placed by the arrival of its pictures (network " +
               short_ms(accuracy.network_error_ms) +
               (accuracy.was_pinged ? " measured, " : " assumed, ") + camera;
    std::string out = "accurate to ±" + short_ms(*accuracy.error_ms) + " ms (";
    if (accuracy.has_exchanges) {
        out += "clock " + short_ms(*accuracy.clock_error_ms) + " measured";
        return accuracy.camera_error_ms > 0 ? out + ", " + camera : out + ")";
    }
    // What the fit leaves open is the network's doing.
    const double network_ms = *accuracy.clock_error_ms + accuracy.network_error_ms;
    return out + "network " + short_ms(network_ms) +
           (accuracy.was_pinged ? " measured, " : " partly assumed, ") + camera;
}

std::string losses_text(const Report& report) {
    std::string out;
    put_losses(out, report);
    return out;
}

std::string to_text(const Report& report) {
    std::string out = count(report.pictures, "picture");
    if (report.fps) out += ", " + fixed(*report.fps, 2) + " fps";
    out += ", timing: " + report.timing + '\n';
    out += "  " + report.input_format;
    if (report.width > 0)
        out += ", " + std::to_string(report.width) + 'x' + std::to_string(report.height);
    out += ", " + count(report.key_frames, "key frame") + ", " + human_bytes(report.bytes) + ", " +
           seconds(report.duration_ms) + ", " +
           fixed(static_cast<double>(report.bitrate_bps) / 1e6, 2) + " Mbit/s\n";
    put_rates(out, report);
    if (report.alignment) put_alignment(out, *report.alignment);
    put_losses(out, report);
    for (const auto& note : report.notes) out += "  note: " + note + '\n';
    for (const OutputFile& file : report.files) {
        out += "  " + file.path + ": " + human_bytes(file.bytes);
        if (file.pictures > 0) out += ", " + count(file.pictures, "picture");
        out += '\n';
    }
    return out;
}

}  // namespace st::mux
