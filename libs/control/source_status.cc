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

constexpr auto kSource = [](auto& way, auto& status) {
    required(way, "path", status.path);
    field(way, "input", status.input, kReplyBytesMax);
    require(way, "state");
    word_field(way, "state", status.state, kStates);
    field(way, "pid", status.pid);
    field(way, "viewers", status.viewers);
    field(way, "restarts", status.restarts);
    field(way, "crashes", status.crashes);
    field(way, "last_error", status.last_error);
    field(way, "uptime_ms", status.uptime_ms);
};

}  // namespace

std::string_view to_text(SourceState state) { return text_of(kStates, state); }

std::string encode(const SourceStatus& status) { return write_fields(status, kSource); }

Decoded<SourceStatus> decode_source_status(std::string_view body) {
    return read_fields<SourceStatus>(body, kSource);
}

}  // namespace st::control
