#include "api/stored_operations.h"

#include <algorithm>

#include "api/answers.h"
#include "api/arguments.h"
#include "api/page.h"
#include "api/segment_files.h"
#include "api/tell.h"
#include "archive/archive.h"
#include "archive/catalogue.h"
#include "base/clock.h"
#include "base/name.h"
#include "control/archive_span.h"
#include "control/judgement.h"
#include "control/list.h"
#include "control/record.h"
#include "control/recording.h"
#include "record/recorder.h"
#include "record/recordings.h"
#include "takes/takes.h"

namespace st::api {
namespace {

using control::ApiError;
using control::Call;
using control::Decoded;
using control::ErrorCode;
using Answer = StoredOperations::Answer;

Decoded<archive::RecordingQuery> to_query(const control::RecordingQuery& asked) {
    archive::RecordingQuery query;
    query.id = asked.id;
    query.camera = asked.camera;
    query.take = asked.take;
    query.state = asked.state;
    if (asked.since) {
        const auto at = parse_rfc3339(*asked.since);
        if (!at) return ApiError{ErrorCode::bad_request, "since: " + at.error().message, "since"};
        query.since_us = *at;
    }
    if (asked.until) {
        const auto at = parse_rfc3339(*asked.until);
        if (!at) return ApiError{ErrorCode::bad_request, "until: " + at.error().message, "until"};
        query.until_us = *at;
    }
    query.limit = asked.limit == 0 ? control::kListLimitDefault : asked.limit;
    query.cursor = asked.cursor.value_or("");
    if (asked.cursor && !archive::is_cursor(query.cursor)) return foreign_cursor();
    return query;
}

/// Rises from the newest take to the oldest.
std::string newest_first_key(const archive::TakeRow& row) {
    std::string key = std::to_string(INT64_MAX - std::max<std::int64_t>(0, row.started_us));
    key.insert(0, 20 - key.size(), '0');
    return key + row.take;
}

/// Its name.
Decoded<std::string> take_of(const Call& call) {
    const std::string& take = *call.find("name");
    if (is_valid_name(take)) return take;
    return ApiError{ErrorCode::not_found, "no take \"" + take.substr(0, 64) + "\"", "name"};
}

control::StoredSegment shown(const archive::MediaRow& row) {
    control::StoredSegment out;
    out.name = row.file.substr(row.file.rfind('/') + 1);
    out.file = row.file;
    out.url = "/api/v1/streams" + row.stream + "/segments/" + out.name;
    out.start = rfc3339_us(row.start_us);
    out.end = rfc3339_us(row.end_us);
    const std::int64_t lasts_us = std::max<std::int64_t>(0, row.end_us - row.start_us);
    out.duration_ms = static_cast<std::uint64_t>(lasts_us / 1000);
    out.bytes = row.bytes;
    out.is_open = archive::is_growing(row.form);
    out.kept = row.kept;
    return out;
}

}  // namespace

Answer StoredOperations::answer(const Row& row, const Call& call) const {
    try {
        return (this->*row.carry_out)(call);
    } catch (const std::exception& e) {  // C3: a control command
        return error_of(e);
    }
}

// ---- recordings ------------------------------------------------------------------------------

/// Of one that is being recorded, session.json says only how it began.
std::string StoredOperations::described(const record::RecordingEntry& entry) const {
    const std::string directory = parts_.recordings_path + "/" + entry.id;
    const bool is_recording = entry.state == record::RecordingState::recording;
    const bool is_finalising = entry.state == record::RecordingState::finalising;
    const record::SessionPtr session =
        is_recording || is_finalising ? parts_.recorder.find(entry.id) : nullptr;
    if (!session) return control::with_directory(entry.json, directory);
    if (is_finalising) {
        const control::FinalisingProgress progress{session->progress_bytes(),
                                                   session->total_bytes()};
        return control::with_directory(control::with_progress(entry.json, progress), directory);
    }
    const record::LiveFigures& live = session->figures();
    control::RecordingFigures figures;
    figures.messages = live.messages;
    figures.pictures = live.pictures;
    figures.bytes = live.bytes;
    figures.duration_ms = static_cast<std::uint64_t>(live.duration_ns / 1'000'000);
    figures.gaps = live.gaps;
    figures.missing = live.missing;
    return control::with_directory(control::with_figures(entry.json, figures), directory);
}

Answer StoredOperations::list_recordings(const Call& call) const {
    const auto asked = control::decode_recording_query(call.arguments);
    if (!asked) return asked.error();
    auto query = to_query(*asked);
    if (!query) return query.error();
    const archive::RecordingPage page = parts_.catalogue.list(*query);
    control::List list;
    for (const record::RecordingEntry& entry : page.items) {
        list.items.push_back(described(entry));
    }
    list.next = page.next;
    list.is_building = page.is_building;
    return control::encode(list);
}

Answer StoredOperations::get_recording(const Call& call) const {
    const auto entry = parts_.catalogue.get(*call.find("id"));
    if (!entry) return to_error(entry.error());
    return described(*entry);
}

Answer StoredOperations::delete_recording(const Call& call) const {
    const std::string& id = *call.find("id");
    const auto entry = parts_.catalogue.get(id);
    const auto removed = parts_.catalogue.remove(id);
    if (!removed) return to_error(removed.error());
    tell_deleted(id, entry ? entry->camera : "", call.client());
    return control::encode_done("recording", id);
}

void StoredOperations::tell_deleted(const std::string& id, const std::string& camera,
                                    const std::string& by) const {
    EventFields fields{{"session", id}, {"reason", "asked"}, {"deleted_by", by}};
    if (!camera.empty()) fields.insert(fields.begin(), {"camera", camera});
    tell(parts_, "recording.deleted", std::move(fields));
}

Answer StoredOperations::keep_recording(const Call& call) const {
    const std::string& id = *call.find("id");
    const auto request = control::decode_keep_request(call.body);
    if (!request) return request.error();
    const auto done = parts_.catalogue.keep(id, request->keep);
    if (!done) return to_error(done.error());
    tell(parts_, request->keep ? "recording.kept" : "recording.released",
         {{"session", id}, {"by", call.by(request->client)}});
    return get_recording(call);
}

// ---- takes -----------------------------------------------------------------------------------

Answer StoredOperations::list_takes(const Call& call) const {
    Page page(call);
    const archive::TakeRows takes = parts_.takes.list();
    bool is_building = takes.is_building;
    for (const archive::TakeRow& row : takes.items) {
        page.add(newest_first_key(row), [&] {
            const takes::Summary sum = parts_.takes.summary(row.take);
            is_building = is_building || sum.is_building;
            return takes::encode(sum);
        });
    }
    page.set_building(is_building);
    return page.encode();
}

Answer StoredOperations::get_take(const Call& call) const {
    const auto take = take_of(call);
    if (!take) return take.error();
    const auto manifest = parts_.takes.get(*take);
    if (!manifest) return to_error(manifest.error());
    return takes::encode(*manifest);
}

Answer StoredOperations::judge_take(const Call& call) const {
    const auto take = take_of(call);
    if (!take) return take.error();
    const auto judgement = control::decode_judgement(call.body);
    if (!judgement) return judgement.error();
    const auto judged = parts_.takes.judge(*take, takes::verdict_of(judgement->verdict),
                                           judgement->about, judgement->why);
    if (!judged) return to_error(judged.error());
    tell(parts_, "take.judged",
         {{"take", *take}, {"verdict", judgement->verdict}, {"by", call.by(judgement->client)}});
    return takes::encode(*judged);
}

Answer StoredOperations::delete_take(const Call& call) const {
    const auto take = take_of(call);
    if (!take) return take.error();
    const auto removed = parts_.takes.remove(*take, [&](const record::RecordingEntry& entry) {
        tell_deleted(entry.id, entry.camera, call.client());
    });
    if (!removed) return to_error(removed.error());
    return control::encode_done("take", *take);
}

// ---- streams ---------------------------------------------------------------------------------

Answer StoredOperations::list_spans(const Call& call) const {
    archive::SpanQuery query;
    query.stream = path_of(call);
    query.limit = number_or(call, "limit", control::kListLimitDefault);
    // A cursor is where the next page begins, and looks like any other time.
    for (const char* name : {"since", "until", "cursor"}) {
        const std::string* text = call.find(name);
        if (text == nullptr) continue;
        const auto at = parse_rfc3339(*text);
        if (!at && name == std::string_view("cursor")) return foreign_cursor();
        if (!at) {
            return ApiError{ErrorCode::bad_request, std::string(name) + ": " + at.error().message,
                            name};
        }
        (name == std::string_view("until") ? query.until_us : query.since_us) = *at;
    }
    const archive::SpanPage page = parts_.archive.spans(query);
    control::List list;
    for (const archive::Span& span : page.items) {
        control::ArchiveSpan shown{rfc3339_us(span.start_us), rfc3339_us(span.end_us)};
        shown.is_open = span.is_open;
        shown.is_ready = span.is_ready;
        list.items.push_back(control::encode(shown));
    }
    if (page.next) list.next = rfc3339_us(*page.next);
    list.is_building = page.is_building;
    return control::encode(list);
}

Answer StoredOperations::list_segments(const Call& call) const {
    archive::SegmentQuery query;
    query.stream = path_of(call);
    query.limit = number_or(call, "limit", control::kListLimitDefault);
    if (const std::string* cursor = call.find("cursor")) {
        query.cursor = *cursor;
        if (!archive::is_cursor(query.cursor)) return foreign_cursor();
    }
    const archive::SegmentPage page = parts_.catalogue.segments(query);
    control::List list;
    for (const archive::MediaRow& row : page.items) {
        list.items.push_back(control::encode(shown(row)));
    }
    list.next = page.next;
    list.is_building = page.is_building;
    return control::encode(list);
}

Answer StoredOperations::delete_segment(const Call& call) const {
    const std::string& name = *call.find("file");
    const auto removed = SegmentFiles(parts_).remove(path_of(call), name, call.client());
    if (!removed) return to_error(removed.error());
    return control::encode_done("segment", name);
}

}  // namespace st::api
