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

template <class Way, class Status>
void list_runs(Way& way, Status& status) {
    field(way, "pid", status.pid);
    field(way, "viewers", status.viewers);
    field(way, "restarts", status.restarts);
    field(way, "crashes", status.crashes);
    field(way, "last_error", status.last_error);
    field(way, "uptime_ms", status.uptime_ms);
}

}  // namespace

std::string encode(const SourceStatus& status) {
    json::Object object;
    object.set("path", status.path);
    object.set("input", status.input);
    object.set("state", std::string(text_of(kStates, status.state)));
    list_runs(object, status);
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
    list_runs(reader, status);
    if (reader.failed()) return reader.error();
    return status;
}

}  // namespace st::control
