#include "record/session_json.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <time.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "base/clock.h"
#include "record/folder.h"

namespace st::record {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr int kVersion = 1;

Object new_object() { return Object(Poco::JSON_PRESERVE_KEY_ORDER); }

template <class T>
Var or_null(const std::optional<T>& value) {
    return value ? Var(*value) : Var();
}

Var number_or_null(const std::optional<double>& value) {
    return value && std::isfinite(*value) ? Var(std::round(*value * 1000) / 1000) : Var();
}

Var encode_size(const std::optional<camera::Size>& size) {
    if (!size) return {};
    Object object = new_object();
    object.set("width", size->width);
    object.set("height", size->height);
    return object;
}

Var encode_start(const std::optional<camera::StartParameters>& start) {
    if (!start) return {};
    Object object = new_object();
    object.set("resolution", encode_size(start->resolution));
    object.set("aspect", encode_size(start->aspect));
    object.set("bitrate_bps", Poco::UInt64{start->bitrate_bps});
    object.set("fps", start->fps);
    return object;
}

Var encode_close(const std::optional<CloseCode>& close) {
    if (!close) return {};
    Object object = new_object();
    object.set("code", static_cast<unsigned>(close->code));
    object.set("reason", close->reason);
    return object;
}

Var encode_capabilities(const std::string& text) {
    if (!text.empty()) {
        try {
            Poco::JSON::Parser parser;
            return parser.parse(text).extract<Object::Ptr>();
        } catch (const Poco::Exception&) {
            // The camera library has checked it; a recovered dump's note may be anything.
        }
    }
    return Object();
}

Array encode_files(const mux::Report& report) {
    Array files;
    for (const mux::OutputFile& file : report.files) {
        Object object = new_object();
        object.set("name", file.name);
        object.set("kind", file.kind);
        object.set("bytes", Poco::UInt64{file.bytes});
        object.set("duration_ms", Poco::UInt64{file.duration_ms});
        object.set("pictures", Poco::UInt64{file.pictures});
        object.set("width", file.width);
        object.set("height", file.height);
        files.add(object);
    }
    return files;
}

Array encode_damage(const mux::Report& report) {
    Array list;
    for (const mux::Damage& damage : report.damage) {
        Object object = new_object();
        object.set("file", damage.file);
        object.set("offset", Poco::UInt64{damage.offset});
        object.set("bytes", Poco::UInt64{damage.bytes});
        object.set("what", damage.what);
        list.add(object);
    }
    return list;
}

Array encode_gaps(const mux::Report& report) {
    Array gaps;
    for (const mux::SeqGap& gap : report.seq_gaps) {
        Object object = new_object();
        object.set("after", gap.after);
        object.set("missing", gap.missing);
        gaps.add(object);
    }
    return gaps;
}

void set_meta(Object& object, const Meta& meta) {
    object.set("version", kVersion);
    object.set("id", meta.id);
    object.set("camera", meta.camera);
    object.set("peer", meta.peer);
    object.set("path", meta.path);
    object.set("take", or_null(meta.take));
    object.set("state", std::string(to_string(meta.state)));
    object.set("end_reason",
               meta.end_reason ? Var(std::string(camera::to_string(*meta.end_reason))) : Var());
    object.set("close", encode_close(meta.close));
    object.set("start", encode_start(meta.start));
    object.set("capabilities", encode_capabilities(meta.capabilities));
    object.set("started_at", rfc3339(meta.started_us));
    object.set("ended_at", meta.ended_us ? Var(rfc3339(*meta.ended_us)) : Var());
}

void set_report(Object& object, const Meta& meta, const mux::Report& report, bool measured) {
    object.set("first_picture_wall_us", report.first_picture_wall_us
                                            ? Var(Poco::Int64{*report.first_picture_wall_us})
                                            : Var());
    object.set("messages", Poco::UInt64{report.messages});
    object.set("pictures", Poco::UInt64{report.pictures});
    object.set("key_frames", Poco::UInt64{report.key_frames});
    object.set("bytes", Poco::UInt64{report.bytes});
    Object dropped = new_object();
    dropped.set("before_start", Poco::UInt64{meta.dropped.before_start});
    dropped.set("bad", Poco::UInt64{meta.dropped.bad + report.dropped.bad});
    dropped.set("undecodable", Poco::UInt64{report.dropped.undecodable});
    object.set("dropped", dropped);
    object.set("seq_gaps", encode_gaps(report));
    object.set("seq_gap_count", Poco::UInt64{report.seq_gap_count});
    object.set("timing", measured && !report.timing.empty() ? Var(report.timing) : Var());
    object.set("fps_device", number_or_null(report.fps_device));
    object.set("fps_arrival", number_or_null(report.fps_arrival));
    Object estimate = new_object();
    estimate.set("fps", measured ? number_or_null(report.fps_estimate.fps) : Var());
    estimate.set("source", measured ? Var(report.fps_estimate.source) : Var());
    object.set("fps_estimate", estimate);
    object.set("bitrate_bps", Poco::UInt64{report.bitrate_bps});
    object.set("duration_ms", Poco::UInt64{report.duration_ms});
    Object clock = new_object();
    clock.set("offset_us", number_or_null(report.clock_offset_us));
    clock.set("drift_ppm", number_or_null(report.clock_drift_ppm));
    clock.set("repairs", Poco::UInt64{report.repairs});
    clock.set("ping_us", meta.ping_us ? Var(Poco::Int64{*meta.ping_us}) : Var());
    object.set("clock", clock);
    object.set("files", encode_files(report));
    object.set("damage", encode_damage(report));
    object.set("damage_count", Poco::UInt64{report.damage_count});
}

// ---- reading -----------------------------------------------------------------------------------

std::string text_of(const Object& object, const std::string& key) {
    const Var value = object.get(key);
    return value.isString() ? value.extract<std::string>() : std::string();
}

std::optional<std::string> optional_text(const Object& object, const std::string& key) {
    const Var value = object.get(key);
    if (!value.isString()) return std::nullopt;
    return value.extract<std::string>();
}

std::uint64_t number_of(const Object& object, const std::string& key) {
    const Var value = object.get(key);
    if (value.isEmpty() || !value.isInteger()) return 0;
    try {
        return value.convert<Poco::UInt64>();
    } catch (const Poco::Exception&) {
        return 0;  // negative
    }
}

Object::Ptr object_of(const Object& object, const std::string& key) {
    const Var value = object.get(key);
    return value.type() == typeid(Object::Ptr) ? value.extract<Object::Ptr>() : Object::Ptr();
}

std::optional<camera::Size> size_of(const Object& object, const std::string& key) {
    const Object::Ptr size = object_of(object, key);
    if (!size) return std::nullopt;
    return camera::Size{static_cast<std::uint32_t>(number_of(*size, "width")),
                        static_cast<std::uint32_t>(number_of(*size, "height"))};
}

std::optional<RecordingState> state_of(const std::string& text) {
    for (const auto state : {RecordingState::recording, RecordingState::finalising,
                             RecordingState::done, RecordingState::failed}) {
        if (text == to_string(state)) return state;
    }
    return std::nullopt;
}

std::optional<EndReason> reason_of(const std::string& text) {
    for (std::size_t i = 0; i < camera::kEndReasons; ++i) {
        if (text == camera::to_string(static_cast<EndReason>(i))) return static_cast<EndReason>(i);
    }
    return std::nullopt;
}

Result<StoredSession> decode_object(const Object& object) {
    if (number_of(object, "version") != kVersion) return Error{"session.json: version is not 1"};
    StoredSession stored;
    Meta& meta = stored.meta;
    const auto state = state_of(text_of(object, "state"));
    if (!state)
        return Error{"session.json: state \"" + text_of(object, "state").substr(0, 40) + "\""};
    meta.state = *state;
    meta.id = text_of(object, "id");
    meta.camera = text_of(object, "camera");
    meta.peer = text_of(object, "peer");
    meta.path = text_of(object, "path");
    meta.take = optional_text(object, "take");
    meta.end_reason = reason_of(text_of(object, "end_reason"));
    if (const auto close = object_of(object, "close")) {
        meta.close = CloseCode{static_cast<std::uint16_t>(number_of(*close, "code")),
                               text_of(*close, "reason")};
    }
    if (const auto start = object_of(object, "start")) {
        meta.start = camera::StartParameters{
            size_of(*start, "resolution"), size_of(*start, "aspect"),
            number_of(*start, "bitrate_bps"), static_cast<std::uint32_t>(number_of(*start, "fps"))};
    }
    if (const auto capabilities = object_of(object, "capabilities")) {
        std::ostringstream text;
        capabilities->stringify(text);
        if (text.str() != "{}") meta.capabilities = text.str();
    }
    meta.started_us = parse_rfc3339(text_of(object, "started_at")).value_or(0);
    meta.ended_us = parse_rfc3339(text_of(object, "ended_at"));
    if (const auto dropped = object_of(object, "dropped")) {
        meta.dropped = {number_of(*dropped, "before_start"), number_of(*dropped, "bad")};
    }
    if (const auto clock = object_of(object, "clock")) {
        if (const auto ping_us = number_of(*clock, "ping_us"); ping_us > 0)
            meta.ping_us = static_cast<std::int64_t>(ping_us);
    }
    meta.error = optional_text(object, "error");
    if (const auto files = object.getArray("files")) {
        for (unsigned i = 0; i < files->size(); ++i) {
            const auto file = files->getObject(i);
            if (!file) continue;
            stored.files.push_back(text_of(*file, "name"));
            if (text_of(*file, "kind") == "mp4") stored.has_mp4 = true;
        }
    }
    return stored;
}

}  // namespace

std::string_view to_string(RecordingState state) {
    switch (state) {
        case RecordingState::recording:
            return "recording";
        case RecordingState::finalising:
            return "finalising";
        case RecordingState::done:
            return "done";
        case RecordingState::failed:
            return "failed";
    }
    return "";
}

Meta meta_of(const SessionStart& start, const std::string& id) {
    Meta meta;
    meta.id = id;
    meta.camera = start.camera;
    meta.peer = start.peer;
    meta.path = start.path;
    meta.take = start.take;
    meta.start = start.parameters;
    meta.capabilities = start.capabilities;
    meta.started_us = start.started_us;
    return meta;
}

std::string encode_session(const Meta& meta, const mux::Report* report) {
    Object object = new_object();
    set_meta(object, meta);
    set_report(object, meta, report ? *report : mux::Report{}, report != nullptr);
    object.set("error", or_null(meta.error));
    std::ostringstream text;
    object.stringify(text);
    return text.str();
}

Result<StoredSession> decode_session(std::string_view text) {
    try {
        Poco::JSON::Parser parser;
        parser.setDepth(32);
        const Var value = parser.parse(std::string(text));
        if (value.type() != typeid(Object::Ptr)) return Error{"session.json: not an object"};
        return decode_object(*value.extract<Object::Ptr>());
    } catch (const Poco::Exception& e) {
        return Error{"session.json: " + e.displayText()};
    }
}

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
    // Only the form we write: YYYY-MM-DDTHH:MM:SS.mmmZ
    const std::string copy(text);
    tm utc{};
    int millis = 0;
    char zone = 0;
    int used = 0;
    if (std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3d%c%n", &utc.tm_year, &utc.tm_mon,
                    &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &millis, &zone,
                    &used) != 8 ||
        zone != 'Z' || static_cast<std::size_t>(used) != copy.size()) {
        return std::nullopt;
    }
    utc.tm_year -= 1900;
    utc.tm_mon -= 1;
    return std::int64_t{::timegm(&utc)} * 1'000'000 + std::int64_t{millis} * 1000;
}

}  // namespace st::record
