#include "archive/oldest.h"

#include <utility>

namespace st::archive {
namespace {

constexpr std::size_t kBatch = 500;

bool is_open(record::RecordingState state) {
    return state == record::RecordingState::recording ||
           state == record::RecordingState::finalising;
}

}  // namespace

void Oldest::fill_recordings() {
    Line& line = recordings_;
    if (line.is_over || !line.items.empty()) return;
    const auto rows = catalogue_.oldest_recordings(line.read.start_us, line.read.name, kBatch);
    line.is_over = rows.size() < kBatch;
    for (const RecordingRow& row : rows) {
        OldestItem item{row.id,         "",           "/camera/" + row.camera,
                        row.started_us, row.ended_us, row.bytes};
        item.is_protected =
            is_open(row.state) || row.kept || (row.take && kept_takes_.contains(*row.take));
        item.take = row.take;
        line.items.push_back(std::move(item));
        line.read = {row.started_us, row.id};
    }
}

void Oldest::fill_segments() {
    Line& line = segments_;
    if (line.is_over || !line.items.empty()) return;
    const auto rows = catalogue_.oldest_segments(line.read.start_us, line.read.name, kBatch);
    line.is_over = rows.size() < kBatch;
    for (const MediaRow& row : rows) {
        OldestItem item{"", row.file, row.stream, row.start_us, row.end_us, row.bytes};
        item.is_protected = is_growing(row.form) || row.kept;
        line.items.push_back(std::move(item));
        line.read = {row.start_us, row.file};
    }
}

std::optional<OldestItem> Oldest::next() {
    fill_recordings();
    fill_segments();
    Line* line = &recordings_;
    if (recordings_.items.empty() ||
        (!segments_.items.empty() &&
         segments_.items.front().start_us < recordings_.items.front().start_us)) {
        line = &segments_;
    }
    if (line->items.empty()) return std::nullopt;
    OldestItem item = std::move(line->items.front());
    line->items.pop_front();
    (line == &recordings_ ? place_.recordings : place_.segments) = {item.start_us, item.name()};
    return item;
}

}  // namespace st::archive
