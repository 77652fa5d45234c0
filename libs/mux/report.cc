#include "mux/report.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/bytes.h"
#include "base/units.h"
#include "base/utf8.h"

namespace st::mux {
namespace {

/// Of a number with decimals.
std::string without_zeros(std::string number) {
    while (number.back() == '0') number.pop_back();
    if (number.back() == '.') number.pop_back();
    return number;
}

/// One JSON object or list, written as it is told.
class Json {
 public:
    Json& open(char bracket) {
        separate();
        out_ += bracket;
        return *this;
    }
    Json& close(char bracket) {
        out_ += bracket;
        return *this;
    }
    Json& key(std::string_view name) {
        text(name);
        out_ += ':';
        return *this;
    }
    Json& text(std::string_view value) {
        separate();
        out_ += '"';
        for (const char c : is_utf8(as_bytes(value)) ? std::string(value) : ascii(value)) put(c);
        out_ += '"';
        return *this;
    }
    Json& raw(std::string_view value) {
        separate();
        out_ += value;
        return *this;
    }
    template <class Integer>
    Json& number(Integer value) {
        return raw(std::to_string(value));
    }
    /// At most three decimals: a rate is not known better.
    Json& rate(std::optional<double> value) {
        if (!value || !std::isfinite(*value)) return raw("null");
        return raw(without_zeros(fixed(*value, 3)));
    }
    Json& boolean(bool value) { return raw(value ? "true" : "false"); }
    std::string take() { return std::move(out_); }

 private:
    void separate() {
        if (out_.empty()) return;
        const char last = out_.back();
        if (last != '{' && last != '[' && last != ':') out_ += ',';
    }
    void put(char c) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out_ += '\\';
            out_ += c;
        } else if (byte < 0x20) {
            std::array<char, 8> escaped{};
            std::snprintf(escaped.data(), escaped.size(), "\\u%04x", byte);
            out_ += escaped.data();
        } else {
            out_ += c;
        }
    }
    /// A file name that is not UTF-8: its odd bytes as '?'.
    static std::string ascii(std::string_view value) {
        std::string out(value);
        for (char& c : out) c = static_cast<unsigned char>(c) < 0x80 ? c : '?';
        return out;
    }

    std::string out_;
};

void put_lists(Json& json, const Report& report) {
    json.key("seq_gaps").open('[');
    for (const SeqGap& gap : report.seq_gaps) {
        json.open('{').key("after").number(gap.after).key("missing").number(gap.missing).close('}');
    }
    json.close(']').key("seq_gap_count").number(report.seq_gap_count);
    json.key("seq_missing").number(report.seq_missing);
    json.key("seq_restarts").number(report.seq_restarts);
    json.key("files").open('[');
    for (const OutputFile& file : report.files) {
        json.open('{').key("name").text(file.name).key("path").text(file.path).key("kind").text(
            file.kind);
        json.key("bytes").number(file.bytes).key("duration_ms").number(file.duration_ms);
        json.key("pictures").number(file.pictures);
        json.key("width").number(file.width).key("height").number(file.height).close('}');
    }
    json.close(']').key("damage").open('[');
    for (const Damage& damage : report.damage) {
        json.open('{').key("file").text(damage.file).key("offset").number(damage.offset);
        json.key("bytes").number(damage.bytes).key("what").text(damage.what).close('}');
    }
    json.close(']').key("damage_count").number(report.damage_count);
    json.key("damage_bytes").number(report.damage_bytes);
    json.key("notes").open('[');
    for (const auto& note : report.notes) json.text(note);
    json.close(']');
}

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
std::string short_ms(double ms) { return without_zeros(fixed(ms, ms < 1 ? 2 : 1)); }

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

void put_alignment(Json& json, const Report& report) {
    json.key("alignment");
    if (!report.alignment) {
        json.raw("null");
        return;
    }
    const Alignment& alignment = *report.alignment;
    json.open('{').key("begins_ms").rate(static_cast<double>(alignment.begins_us) / 1000);
    json.key("error_ms").rate(alignment.error_ms);
    json.key("clock_error_ms").rate(alignment.clock_error_ms);
    json.key("network_error_ms").rate(alignment.network_error_ms);
    json.key("network").text(alignment.has_exchanges ? "exchanges"
                             : alignment.was_pinged  ? "pinged"
                                                     : "assumed");
    json.key("camera_error_ms").rate(alignment.camera_error_ms).close('}');
}

void put_clock(Json& json, const Report& report) {
    const clock::Standing& clock = report.clock;
    const auto put = [&](std::string_view key, const std::optional<std::int64_t>& value) {
        json.key(key);
        value ? json.number(*value) : json.raw("null");
    };
    const auto known = [&](std::int64_t value) {
        return clock.method == clock::Method::none ? std::nullopt : std::optional(value);
    };
    json.key("clock").open('{').key("unit");
    report.clock_unit.empty() ? json.raw("null") : json.text(report.clock_unit);
    json.key("method").text(clock::to_string(clock.method));
    put("offset_us", known(clock.offset_us));
    put("drift_ppm", known(clock.drift_ppm));
    put("bound_us", known(clock.bound_us));
    put("origin_us", report.clock_origin_us);
    put("rtt_us", clock.rtt_us);
    json.key("exchanges").number(clock.exchanges);
    put("spread_us", report.clock_spread_us);
    json.key("repairs").number(report.repairs).close('}');
}

}  // namespace

std::string to_json(const Report& report) {
    Json json;
    json.open('{').key("input").text(report.input).key("input_format").text(report.input_format);
    json.key("input_bytes").number(report.input_bytes);
    json.key("messages").number(report.messages).key("pictures").number(report.pictures);
    json.key("key_frames").number(report.key_frames).key("bytes").number(report.bytes);
    json.key("dropped").open('{').key("bad").number(report.dropped.bad);
    json.key("repeated").number(report.dropped.repeated);
    json.key("undecodable")
        .number(report.dropped.undecodable + report.dropped.lost_pictures +
                report.dropped.unknown_form);
    json.key("lost_pictures").number(report.dropped.lost_pictures);
    json.key("unknown_form").number(report.dropped.unknown_form).close('}');
    json.key("timing").text(report.timing).key("timing_why").text(report.timing_why);
    json.key("fps").rate(report.fps);
    json.key("fps_device").rate(report.fps_device).key("fps_arrival").rate(report.fps_arrival);
    const FpsEstimate& estimate = report.fps_estimate;
    json.key("fps_estimate")
        .open('{')
        .key("fps")
        .rate(estimate.fps)
        .key("source")
        .text(estimate.source);
    json.key("clamped").boolean(estimate.clamped).key("frame_count").number(estimate.frame_count);
    json.key("without_config").rate(estimate.without_config).close('}');
    json.key("bitrate_bps")
        .number(report.bitrate_bps)
        .key("duration_ms")
        .number(report.duration_ms);
    json.key("width").number(report.width).key("height").number(report.height);
    json.key("first_picture_wall_us");
    report.first_picture_wall_us ? json.number(*report.first_picture_wall_us) : json.raw("null");
    json.key("first_taken_wall_us");
    report.first_taken_wall_us ? json.number(*report.first_taken_wall_us) : json.raw("null");
    put_clock(json, report);
    put_alignment(json, report);
    json.key("closed").boolean(report.closed);
    put_lists(json, report);
    return json.close('}').take();
}

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
