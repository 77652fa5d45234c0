#include "mux/report_json.h"

#include <cmath>

#include "base/units.h"
#include "base/utf8.h"
#include "json/write.h"

namespace st::mux {
namespace {

using json::Array;
using json::Object;
using json::Value;

/// Of a file name that is not UTF-8 the odd bytes as '?'.
std::string spoken(std::string text) {
    if (is_utf8(as_bytes(text))) return text;
    for (char& c : text) c = static_cast<unsigned char>(c) < 0x80 ? c : '?';
    return text;
}

Object dropped_fields(const Report& report) {
    const auto& dropped = report.dropped;
    Object object;
    object.set("bad", dropped.bad);
    object.set("repeated", dropped.repeated);
    object.set("undecodable", dropped.undecodable + dropped.lost_pictures + dropped.unknown_form);
    object.set("lost_pictures", dropped.lost_pictures);
    object.set("unknown_form", dropped.unknown_form);
    return object;
}

Object estimate_fields(const FpsEstimate& estimate) {
    Object object;
    object.set("fps", rate_value(estimate.fps));
    object.set("source", estimate.source);
    object.set("clamped", estimate.clamped);
    object.set("frame_count", estimate.frame_count);
    object.set("without_config", rate_value(estimate.without_config));
    return object;
}

Value alignment_fields(const std::optional<Alignment>& alignment) {
    if (!alignment) return {};
    Object object;
    object.set("begins_ms", rate_value(static_cast<double>(alignment->begins_us) / 1000));
    object.set("error_ms", rate_value(alignment->error_ms));
    object.set("clock_error_ms", rate_value(alignment->clock_error_ms));
    object.set("network_error_ms", rate_value(alignment->network_error_ms));
    object.set("network", alignment->has_exchanges ? "exchanges"
                          : alignment->was_pinged  ? "pinged"
                                                   : "assumed");
    object.set("camera_error_ms", rate_value(alignment->camera_error_ms));
    return object;
}

}  // namespace

Value rate_value(std::optional<double> rate) {
    if (!rate || !std::isfinite(*rate)) return {};
    return json::Number{fixed_short(*rate, 3)};
}

Object clock_fields(const Report& report) {
    const clock::Standing& standing = report.clock;
    const bool is_known = standing.method != clock::Method::none;
    const auto known = [&](std::int64_t value) { return is_known ? Value(value) : Value(); };
    Object object;
    object.set("unit", report.clock_unit.empty() ? Value() : Value(report.clock_unit));
    object.set("method", clock::to_string(standing.method));
    object.set("offset_us", known(standing.offset_us));
    object.set("drift_ppm", known(standing.drift_ppm));
    object.set("bound_us", known(standing.bound_us));
    object.set("origin_us", report.clock_origin_us);
    object.set("rtt_us", standing.rtt_us);
    object.set("exchanges", standing.exchanges);
    object.set("spread_us", report.clock_spread_us);
    object.set("repairs", report.repairs);
    return object;
}

Array gap_list(const Report& report) {
    Array list;
    for (const SeqGap& gap : report.seq_gaps) {
        list.push_back(Object{{"after", gap.after}, {"missing", gap.missing}});
    }
    return list;
}

Array damage_list(const Report& report) {
    Array list;
    for (const Damage& damage : report.damage) {
        list.push_back(Object{{"file", spoken(damage.file)},
                              {"offset", damage.offset},
                              {"bytes", damage.bytes},
                              {"what", spoken(damage.what)}});
    }
    return list;
}

Array file_list(const Report& report, bool with_paths) {
    Array list;
    for (const OutputFile& file : report.files) {
        Object object;
        object.set("name", spoken(file.name));
        if (with_paths) object.set("path", spoken(file.path));
        object.set("kind", file.kind);
        object.set("bytes", file.bytes);
        object.set("duration_ms", file.duration_ms);
        object.set("pictures", file.pictures);
        object.set("width", file.width);
        object.set("height", file.height);
        list.push_back(std::move(object));
    }
    return list;
}

Object to_object(const Report& report) {
    Array notes;
    for (const std::string& note : report.notes) notes.push_back(spoken(note));
    Object object;
    object.set("input", spoken(report.input));
    object.set("input_format", report.input_format);
    object.set("input_bytes", report.input_bytes);
    object.set("messages", report.messages);
    object.set("pictures", report.pictures);
    object.set("key_frames", report.key_frames);
    object.set("bytes", report.bytes);
    object.set("dropped", dropped_fields(report));
    object.set("timing", report.timing);
    object.set("timing_why", spoken(report.timing_why));
    object.set("fps", rate_value(report.fps));
    object.set("fps_device", rate_value(report.fps_device));
    object.set("fps_arrival", rate_value(report.fps_arrival));
    object.set("fps_estimate", estimate_fields(report.fps_estimate));
    object.set("bitrate_bps", report.bitrate_bps);
    object.set("duration_ms", report.duration_ms);
    object.set("width", report.width);
    object.set("height", report.height);
    object.set("first_picture_wall_us", report.first_picture_wall_us);
    object.set("first_taken_wall_us", report.first_taken_wall_us);
    object.set("clock", clock_fields(report));
    object.set("alignment", alignment_fields(report.alignment));
    object.set("closed", report.closed);
    object.set("seq_gaps", gap_list(report));
    object.set("seq_gap_count", report.seq_gap_count);
    object.set("seq_missing", report.seq_missing);
    object.set("seq_restarts", report.seq_restarts);
    object.set("files", file_list(report, true));
    object.set("damage", damage_list(report));
    object.set("damage_count", report.damage_count);
    object.set("damage_bytes", report.damage_bytes);
    object.set("notes", std::move(notes));
    return object;
}

std::string to_json(const Report& report) { return json::write(to_object(report)); }

}  // namespace st::mux
