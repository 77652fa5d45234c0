#include "control/source_status.h"

#include "control/fields.h"

namespace st::control {
namespace {

constexpr TextTable<SourceState, 6> kStates = {{
    {SourceState::idle, "idle"},
    {SourceState::starting, "starting"},
    {SourceState::running, "running"},
    {SourceState::stopping, "stopping"},
    {SourceState::backing_off, "backing_off"},
    {SourceState::failed, "failed"},
}};

}  // namespace

std::string encode(const SourceStatus& status) {
    json::Object object;
    object.set("path", status.path);
    object.set("input", status.input);
    object.set("state", std::string(text_of(kStates, status.state)));
    object.set("pid", status.pid);
    object.set("viewers", status.viewers);
    object.set("restarts", status.restarts);
    object.set("crashes", status.crashes);
    object.set("last_error", status.last_error);
    object.set("uptime_ms", status.uptime_ms);
    return json::write(object);
}

Decoded<SourceStatus> decode_source_status(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    SourceStatus status;
    reader.require("path");
    reader.require("state");
    reader.read("path", status.path);
    reader.read("input", status.input, kReplyBytesMax);
    read_enum(reader, "state", kStates, status.state);
    reader.read("pid", status.pid);
    reader.read("viewers", status.viewers);
    reader.read("restarts", status.restarts);
    reader.read("crashes", status.crashes);
    reader.read("last_error", status.last_error);
    reader.read("uptime_ms", status.uptime_ms);
    if (reader.failed()) return reader.error();
    return status;
}

}  // namespace st::control
