#include "api/stored_operations.h"

#include <algorithm>

#include "api/arguments.h"
#include "api/operations.h"
#include "api/segment_files.h"
#include "archive/archive.h"
#include "base/clock.h"
#include "control/archive_span.h"
#include "control/list.h"
#include "control/record.h"

namespace st::api {
namespace {

using control::ApiError;
using control::Call;
using control::Decoded;
using control::ErrorCode;

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

Decoded<std::string> StoredOperations::list_spans(const Call& call) const {
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

Decoded<std::string> StoredOperations::list_segments(const Call& call) const {
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

Decoded<std::string> StoredOperations::delete_segment(const Call& call) const {
    const std::string& name = *call.find("file");
    const auto removed = SegmentFiles(parts_).remove(path_of(call), name, call.client());
    if (!removed) return to_error(removed.error());
    return control::encode_done("segment", name);
}

}  // namespace st::api
