#include "archive/archive.h"

#include <algorithm>

#include "archive/movie_builder.h"
#include "archive/scan.h"
#include "base/clock.h"
#include "base/when.h"

namespace st::archive {
namespace {

bool is_movie(const MediaRow& row) {
    return row.form == MediaForm::movie || row.form == MediaForm::growing;
}

Error not_stored(const std::string& stream, std::int64_t at_us, bool is_building) {
    if (is_building) {
        return Error{"what is stored is being looked through: try again in a moment", 503};
    }
    return Error{"nothing of " + stream + " is stored at " + local_text(at_us), 404};
}

Error not_ready(const MediaRow& row) {
    if (row.form == MediaForm::flv) {
        return Error{row.file + " is FLV, of which no parts are made", 409};
    }
    return Error{
        "there is no MP4 of " + row.recording + " (yet): it is being recorded, or keeps none", 409};
}

}  // namespace

SpanPage Archive::spans(const SpanQuery& query) {
    SpanPage page;
    const auto media =
        catalogue_.media(query.stream, query.since_us, query.until_us, kSpanFilesMax);
    page.is_building = media.is_building;
    for (const MediaRow& row : media.rows) {
        Span span;
        span.is_ready = is_movie(row);
        span.is_open = row.form == MediaForm::growing || row.end_us == 0;
        span.start_us = row.start_us;
        span.end_us = row.end_us == 0 ? wall_us() : row.end_us;
        if (!page.items.empty()) {
            Span& last = page.items.back();
            if (last.is_ready == span.is_ready && span.start_us - last.end_us <= kSeamUs) {
                last.end_us = std::max(last.end_us, span.end_us);
                last.is_open = span.is_open;
                continue;
            }
        }
        if (page.items.size() == query.limit) {
            page.next = row.start_us;
            return page;
        }
        page.items.push_back(span);
    }
    if (media.rows.size() == kSpanFilesMax) page.next = media.rows.back().end_us;
    return page;
}

Result<MovieFilePtr> Archive::movie(const CutRequest& request, bool goes_on) {
    if (request.duration_us > kCutUsMax) {
        return Error{"no more than " + std::to_string(kCutUsMax / 3'600'000'000) +
                         " hours are given at once",
                     413};
    }
    if (goes_on) {
        if (auto known = remembered(request)) return known;
    }
    const auto media = catalogue_.media(request.stream, request.start_us,
                                        request.start_us + request.duration_us, kCutFilesMax);
    MovieBuilder builder(catalogue_.path(), request);
    const MediaRow* other = nullptr;
    for (const MediaRow& row : media.rows) {
        if (!is_movie(row)) {
            other = &row;
            continue;
        }
        const auto more = builder.add(row);
        if (!more) return more.error();
        if (!*more) break;
    }
    if (builder.empty()) {
        return other != nullptr ? not_ready(*other)
                                : not_stored(request.stream, request.start_us, media.is_building);
    }
    MovieFilePtr movie = builder.finish();
    remember(request, movie);
    return movie;
}

Result<Archive::Moment> Archive::moment(const std::string& stream, std::int64_t at_us) {
    const auto media = catalogue_.media(stream, at_us, at_us + 1, kCutFilesMax);
    for (auto row = media.rows.rbegin(); row != media.rows.rend(); ++row) {
        if (!is_movie(*row)) continue;
        Moment moment{open_below(catalogue_.path(), row->file), at_us - row->start_us};
        if (moment.file) return moment;
    }
    if (!media.rows.empty()) return not_ready(media.rows.back());
    return not_stored(stream, at_us, media.is_building);
}

MovieFilePtr Archive::remembered(const CutRequest& request) {
    const Lock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(remembered_,
                  [&](const Remembered& one) { return now - one.used > kRememberedFor; });
    const auto found = std::ranges::find(remembered_, request, &Remembered::request);
    if (found == remembered_.end()) return nullptr;
    found->used = now;
    return found->movie;
}

void Archive::remember(const CutRequest& request, const MovieFilePtr& movie) {
    const Lock lock(mutex_);
    std::erase_if(remembered_, [&](const Remembered& one) { return one.request == request; });
    remembered_.push_front({request, movie, std::chrono::steady_clock::now()});
    std::size_t bytes = 0;
    std::size_t count = 0;
    std::erase_if(remembered_, [&](const Remembered& one) {
        bytes += one.movie->head->size();
        return ++count > kRememberedMax || bytes > kRememberedBytesMax;
    });
}

}  // namespace st::archive
