#include "api/record_operations.h"

#include "api/arguments.h"
#include "api/event_log.h"
#include "api/page.h"
#include "base/clock.h"
#include "base/name.h"
#include "base/text.h"
#include "control/list.h"
#include "control/record.h"
#include "control/start.h"
#include "record/segments.h"

namespace st::api {
namespace {

using control::ApiError;
using control::ErrorCode;

std::uint64_t to_ms(std::chrono::milliseconds time) {
    return static_cast<std::uint64_t>(time.count());
}

control::RecordStatus shown(const record::SegmentStatus& status) {
    control::RecordStatus out;
    out.stream = status.stream;
    out.state = record::to_text(status.state);
    out.format = record::to_text(status.order.format);
    out.tracks = record::to_text(status.order.tracks);
    out.segment_duration_ms = to_ms(status.order.segment_duration);
    out.preroll_ms = to_ms(status.order.preroll);
    out.max_duration_ms = to_ms(status.order.max_duration);
    out.started_by = status.started_by;
    out.started_at = rfc3339(status.started_us);
    out.file = status.path;
    out.segments = status.segments;
    out.pictures = status.pictures;
    out.sounds = status.sounds;
    out.bytes = status.bytes;
    out.duration_ms = status.duration_ms;
    out.dropped = status.dropped;
    if (!status.error.empty()) {
        out.problem = status.error;
    } else if (!status.left_out.empty()) {
        out.problem = status.left_out;
    }
    return out;
}

record::SegmentOrder order_of(const control::RecordRequest& request, record::SegmentOrder order) {
    using std::chrono::milliseconds;
    // Which words there are was checked when they were read.
    if (request.format) order.format = record::format_of(*request.format).value_or(order.format);
    if (request.tracks) order.tracks = record::tracks_of(*request.tracks).value_or(order.tracks);
    if (request.segment_duration_ms) {
        order.segment_duration = milliseconds(*request.segment_duration_ms);
    }
    if (request.preroll_ms) order.preroll = milliseconds(*request.preroll_ms);
    if (request.max_duration_ms) order.max_duration = milliseconds(*request.max_duration_ms);
    return order;
}

}  // namespace

void RecordOperations::start(const std::string& path, const control::Call& call,
                             const Operations::Done& done) const {
    const auto request = control::decode_record_request(call.body);
    if (!request) return done(request.error());
    if (!is_stream_path(path)) {
        return done(
            ApiError{ErrorCode::bad_request, "expected a stream's path, got " + path, "name"});
    }
    const auto made = segments_.start(path, order_of(*request, segments_.order_of(path)),
                                      call.by(request->client));
    if (!made) return done(to_error(made.error()));
    done(control::encode(shown(*made)));
}

void RecordOperations::stop(const std::string& path, const control::Call& call,
                            const Operations::Done& done) const {
    if (!segments_.stop(path, call.client())) {
        return done(ApiError{ErrorCode::not_found, path + " is not being recorded", "name"});
    }
    done(control::encode_done("stream", path));
}

void RecordOperations::list(const control::Call& call, const Operations::Done& done) const {
    Page page(call);
    for (const record::SegmentStatus& status : segments_.list()) {
        page.add(status.stream, [&] { return control::encode(shown(status)); });
    }
    done(page.encode());
}

void RecordOperations::stop_all(const control::Call& call, const Operations::Done& done) const {
    done(control::encode_stopped(segments_.stop_all(call.client())));
}

void add_record_event(const record::SegmentEvent& event, EventLog& events) {
    if (const auto* started = std::get_if<record::SegmentsStarted>(&event)) {
        events.add("record.started", {{"stream", started->stream}, {"by", started->by}});
    } else if (const auto* done = std::get_if<record::SegmentDone>(&event)) {
        events.add("record.segment", {{"stream", done->stream},
                                      {"file", done->path},
                                      {"reason", done->reason},
                                      {"start", rfc3339(done->first_wall_us)},
                                      {"duration_ms", done->duration_us / 1000},
                                      {"pictures", done->pictures},
                                      {"sounds", done->sounds},
                                      {"bytes", done->bytes}});
    } else if (const auto* stopped = std::get_if<record::SegmentsStopped>(&event)) {
        EventFields fields{{"stream", stopped->stream}, {"reason", stopped->reason}};
        if (!stopped->error.empty()) fields.push_back({"error", stopped->error});
        events.add("record.stopped", fields,
                   stopped->error.empty() ? LogLevel::info : LogLevel::warning);
    } else if (const auto* slow = std::get_if<record::SegmentsLagging>(&event)) {
        events.add("record.slow", {{"stream", slow->stream}, {"waiting_bytes", slow->queued_bytes}},
                   LogLevel::warning);
    }
}

}  // namespace st::api
