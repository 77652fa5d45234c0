#include "record/session_json.h"

#include <algorithm>
#include <cmath>

#include "base/boot.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/when.h"
#include "json/read.h"
#include "json/write.h"
#include "mux/report_json.h"
#include "record/folder.h"

namespace st::record {
namespace {

using json::Array;
using json::Object;
using json::Value;

constexpr int kVersion = 1;
/// Cleaning may make a camera's text three times as long.
constexpr std::size_t kCapabilitiesBytesMax = 3 * camera::kTextBytesMax;
constexpr std::size_t kCapabilitiesDepthMax = camera::kTextDepthMax;

Value encode_size(const std::optional<camera::Size>& size) {
    if (!size) return {};
    Object object;
    object.set("width", size->width);
    object.set("height", size->height);
    return object;
}

Value encode_start(const std::optional<camera::StartParameters>& start) {
    if (!start) return {};
    Object object;
    object.set("resolution", encode_size(start->resolution));
    object.set("aspect", encode_size(start->aspect));
    object.set("bitrate_bps", start->bitrate_bps);
    object.set("fps", start->fps);
    return object;
}

Value encode_close(const std::optional<CloseCode>& close) {
    if (!close) return {};
    Object object;
    object.set("code", close->code);
    object.set("reason", close->reason);
    return object;
}

/// The camera library has checked it; a recovered dump's note may be anything.
Value encode_capabilities(const std::string& text) {
    const auto value = json::read(text, {kCapabilitiesBytesMax, kCapabilitiesDepthMax});
    if (!value || value->object() == nullptr) return Object();
    return json::cleaned(*value, camera::kTextBytesMax);
}

/// Where the recording lies on the server's clock, as pictures.csv has it.
Value encode_times(const mux::Report& report) {
    if (!report.place) return {};
    const mux::ServerPlace& place = *report.place;
    const mux::Accuracy& accuracy = place.accuracy;
    const auto us = [](double ms) { return static_cast<std::int64_t>(std::ceil(ms * 1000)); };
    const double assumed_ms =
        accuracy.camera_error_ms + (accuracy.was_pinged ? 0 : accuracy.network_error_ms);
    const std::int64_t first_us = std::llround(place.first_us);
    Object times;
    times.set("first_us", place.origin.monotonic_ns / 1000 + first_us);
    times.set("first_wall_us", place.origin.wall_us + first_us);
    times.set("bound_us", accuracy.error_ms ? Value(us(*accuracy.error_ms)) : Value());
    times.set("assumed_us", us(assumed_ms));
    return times;
}

void set_meta(Object& object, const Meta& meta) {
    object.set("version", kVersion);
    object.set("id", meta.id);
    object.set("camera", meta.camera);
    object.set("peer", meta.peer);
    object.set("boot_id", meta.boot_id);
    object.set("path", meta.path);
    object.set("take", meta.take);
    object.set("state", std::string(to_text(meta.state)));
    object.set("end_reason",
               meta.end_reason ? Value(camera::to_string(*meta.end_reason)) : Value());
    object.set("close", encode_close(meta.close));
    object.set("start", encode_start(meta.start));
    object.set("capabilities", encode_capabilities(meta.capabilities));
    object.set("started_at", rfc3339_local(meta.started_us));
    object.set("ended_at", meta.ended_us ? Value(rfc3339_local(*meta.ended_us)) : Value());
    object.set("codec", meta.is_jpeg ? camera::kCodecMjpeg : std::string_view("h264"));
    object.set("part", meta.part);
    object.set("kept", meta.kept);
    object.set("started_by", meta.started_by.empty() ? Value() : Value(meta.started_by));
    object.set("stopped_by", meta.stopped_by.empty() ? Value() : Value(meta.stopped_by));
}

void set_report(Object& object, const Meta& meta, const mux::Report& report, bool measured) {
    object.set("first_picture_wall_us", report.first_picture_wall_us);
    object.set("messages", report.messages);
    object.set("pictures", report.pictures);
    object.set("key_frames", report.key_frames);
    object.set("bytes", report.bytes);
    Object dropped;
    dropped.set("before_start", meta.dropped.before_start);
    dropped.set("bad", meta.dropped.bad + report.dropped.bad);
    // Counted as they came and again in the dump: a crash takes the first count with it, and what
    // the disk refused is not in the second.
    const std::uint64_t unknown = unknown_form(meta, report);
    dropped.set("undecodable", unknown + report.dropped.undecodable + report.dropped.lost_pictures);
    dropped.set("unknown_form", unknown);
    dropped.set("lost_pictures", report.dropped.lost_pictures);
    object.set("dropped", dropped);
    object.set("seq_gaps", mux::gap_list(report));
    object.set("seq_gap_count", report.seq_gap_count);
    object.set("seq_missing", report.seq_missing);
    object.set("timing", measured && !report.timing.empty() ? Value(report.timing) : Value());
    object.set("fps", mux::rate_value(report.fps));
    object.set("fps_device", mux::rate_value(report.fps_device));
    object.set("fps_arrival", mux::rate_value(report.fps_arrival));
    Object estimate;
    estimate.set("fps", measured ? mux::rate_value(report.fps_estimate.fps) : Value());
    estimate.set("source", measured ? Value(report.fps_estimate.source) : Value());
    object.set("fps_estimate", estimate);
    object.set("bitrate_bps", report.bitrate_bps);
    object.set("duration_ms", report.duration_ms);
    Object clock = mux::clock_fields(report);
    clock.set("ping_us", meta.ping_us);
    object.set("clock", std::move(clock));
    object.set("times", encode_times(report));
    Array warnings;
    for (const std::string& warning : warnings_of(meta, report)) warnings.emplace_back(warning);
    object.set("warnings", warnings);
    object.set("files", mux::file_list(report, false));
    object.set("damage", mux::damage_list(report));
    object.set("damage_count", report.damage_count);
}

// ---- reading -----------------------------------------------------------------------------------

std::optional<std::string> optional_text(const Value& value) {
    return value.text() != nullptr ? std::optional(*value.text()) : std::nullopt;
}

std::uint64_t number_or_0(const Value& value) { return value.natural().value_or(0); }

std::optional<camera::Size> size_of(const Value& value) {
    const Object* const size = value.object();
    if (size == nullptr) return std::nullopt;
    return camera::Size{static_cast<std::uint32_t>(number_or_0((*size)["width"])),
                        static_cast<std::uint32_t>(number_or_0((*size)["height"]))};
}

std::optional<EndReason> reason_of(const std::string& text) {
    for (std::size_t i = 0; i < camera::kEndReasons; ++i) {
        if (text == camera::to_string(static_cast<EndReason>(i))) return static_cast<EndReason>(i);
    }
    return std::nullopt;
}

std::optional<std::int64_t> time_of(const Value& value) {
    const auto time = parse_rfc3339(value.text_or_empty());
    return time ? std::optional(*time) : std::nullopt;
}

Result<Object> read_object(std::string_view text) {
    const auto value = json::read(text, {kSessionJsonBytesMax, kSessionJsonDepthMax});
    if (!value) return Error{"session.json: " + value.error().message};
    if (value->object() == nullptr) return Error{"session.json: not an object"};
    return *value->object();
}

std::optional<std::string> capabilities_of(const Object& object) {
    const Object* const capabilities = object["capabilities"].object();
    if (capabilities == nullptr || capabilities->empty()) return std::nullopt;
    return json::write(*capabilities);
}

Result<StoredSession> decode_object(const Object& object) {
    if (number_or_0(object["version"]) != kVersion) {
        return Error{"session.json: version is not 1"};
    }
    StoredSession stored;
    Meta& meta = stored.meta;
    const auto state = control::recording_state_from(object["state"].text_or_empty());
    if (!state) {
        return Error{"session.json: state \"" + shown(object["state"].text_or_empty()) + "\""};
    }
    meta.state = *state;
    meta.id = object["id"].text_or_empty();
    meta.camera = object["camera"].text_or_empty();
    meta.peer = object["peer"].text_or_empty();
    meta.boot_id = object["boot_id"].text_or_empty();
    meta.path = object["path"].text_or_empty();
    meta.take = optional_text(object["take"]);
    meta.end_reason = reason_of(object["end_reason"].text_or_empty());
    if (const Object* const close = object["close"].object()) {
        meta.close = CloseCode{static_cast<std::uint16_t>(number_or_0((*close)["code"])),
                               (*close)["reason"].text_or_empty()};
    }
    if (const Object* const start = object["start"].object()) {
        meta.start =
            camera::StartParameters{size_of((*start)["resolution"]), size_of((*start)["aspect"]),
                                    number_or_0((*start)["bitrate_bps"]),
                                    static_cast<std::uint32_t>(number_or_0((*start)["fps"]))};
    }
    meta.capabilities = capabilities_of(object).value_or("");
    meta.started_us = time_of(object["started_at"]).value_or(0);
    meta.ended_us = time_of(object["ended_at"]);
    meta.part = static_cast<unsigned>(std::max<std::uint64_t>(1, number_or_0(object["part"])));
    meta.is_jpeg = object["codec"].text_or_empty() == camera::kCodecMjpeg;
    meta.kept = object["kept"].boolean().value_or(false);
    meta.started_by = object["started_by"].text_or_empty();
    meta.stopped_by = object["stopped_by"].text_or_empty();
    if (const Object* const dropped = object["dropped"].object()) {
        meta.dropped = {number_or_0((*dropped)["before_start"]), number_or_0((*dropped)["bad"]),
                        number_or_0((*dropped)["unknown_form"])};
    }
    if (const Object* const clock = object["clock"].object()) {
        const auto ping_us = (*clock)["ping_us"].integer();
        if (ping_us && *ping_us > 0) meta.ping_us = ping_us;
    }
    meta.error = optional_text(object["error"]);
    const Object* const times = object["times"].object();
    if (times != nullptr) stored.first_picture_us = (*times)["first_wall_us"].integer();
    if (!stored.first_picture_us) {
        stored.first_picture_us = object["first_picture_wall_us"].integer();
    }
    stored.duration_ms = number_or_0(object["duration_ms"]);
    if (const Array* const files = object["files"].array()) {
        for (const Value& file : *files) {
            if (file.object() == nullptr) continue;
            const Object& listed = *file.object();
            stored.files.push_back({listed["name"].text_or_empty(), listed["kind"].text_or_empty(),
                                    number_or_0(listed["duration_ms"])});
            if (stored.files.back().kind == "mp4") stored.has_mp4 = true;
        }
    }
    return stored;
}

}  // namespace

Meta meta_of(const SessionStart& start, const std::string& id) {
    Meta meta;
    meta.id = id;
    meta.camera = start.camera;
    meta.peer = start.peer;
    meta.boot_id = boot_id();
    meta.path = start.path;
    meta.take = start.take;
    meta.started_by = start.started_by;
    meta.part = start.part;
    meta.is_jpeg = start.is_jpeg;
    meta.start = start.parameters;
    meta.capabilities = start.capabilities;
    meta.started_us = start.started_us;
    return meta;
}

std::uint64_t unknown_form(const Meta& meta, const mux::Report& report) {
    return std::max(meta.dropped.undecodable, report.dropped.unknown_form);
}

std::vector<std::string> warnings_of(const Meta& meta, const mux::Report& report) {
    std::vector<std::string> warnings;
    // What the dump still holds is in the report's notes.
    const std::uint64_t count = meta.dropped.undecodable;
    if (count > 0 && report.dropped.unknown_form == 0) {
        warnings.push_back(std::to_string(count) + (count == 1 ? " message is" : " messages are") +
                           (meta.is_jpeg
                                ? " no JPEG picture"
                                : " not H.264 in a form that is known, and in no picture"));
    }
    warnings.insert(warnings.end(), report.notes.begin(), report.notes.end());
    return warnings;
}

std::string encode_session(const Meta& meta, const mux::Report* report) {
    Object object;
    set_meta(object, meta);
    set_report(object, meta, report ? *report : mux::Report{}, report != nullptr);
    object.set("error", meta.error);
    return json::write(object);
}

std::optional<std::string> capabilities_in(std::string_view json) {
    const auto object = read_object(json);
    return object ? capabilities_of(*object) : std::nullopt;
}

Result<StoredSession> decode_session(std::string_view text) {
    const auto object = read_object(text);
    if (!object) return object.error();
    return decode_object(*object);
}

Result<std::string> with_values(std::string_view text, const Object& values) {
    auto object = read_object(text);
    if (!object) return object.error();
    for (const json::Member& member : values.members()) object->set(member.key, member.value);
    return json::write(*object);
}

}  // namespace st::record
