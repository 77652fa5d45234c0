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

Poco::Dynamic::Var or_null(const std::optional<std::uint64_t>& number) {
    return number ? Poco::Dynamic::Var(*number) : Poco::Dynamic::Var();
}

}  // namespace

std::string encode(const SourceStatus& status) {
    Poco::JSON::Object object = ordered_object();
    object.set("path", status.path);
    object.set("input", status.input);
    object.set("state", std::string(text_of(kStates, status.state)));
    object.set("pid", or_null(status.pid));
    object.set("viewers", status.viewers);
    object.set("restarts", status.restarts);
    object.set("crashes", status.crashes);
    object.set("last_error", control::or_null(status.last_error));
    object.set("uptime_ms", or_null(status.uptime_ms));
    return to_line(object);
}

Decoded<SourceStatus> decode_source_status(std::string_view body) {
    const auto object = parse_object(body, kReplyBytesMax);
    if (!object) return object.error();
    ObjectReader reader(**object);
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
