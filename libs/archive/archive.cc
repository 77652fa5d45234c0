#include "archive/archive.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "archive/movie_builder.h"
#include "archive/scan.h"
#include "base/clock.h"
#include "base/fd_io.h"
#include "base/when.h"

namespace st::archive {
namespace {

/// Of a movie that only one picture of is wanted.
constexpr std::uint64_t kPictureBytesMax = std::uint64_t{256} << 20;

Error not_stored(const std::string& stream, std::int64_t at_us, bool is_building) {
    if (is_building) {
        return Error{"what is stored is being looked through: try again in a moment", 503};
    }
    return Error{"nothing of " + stream + " is stored at " + local_text(at_us), 404};
}

Error not_ready(const MediaRow& row) {
    return Error{"no MP4 is made of " + row.file + ": it has neither H.264 nor AAC", 409};
}

/// The whole movie in memory, for who wants a file.
Result<Fd> in_memory(const MovieFile& movie) {
    Fd file(::memfd_create("movie", MFD_CLOEXEC));
    if (!file) return Error{std::string("no memory for a movie: ") + std::strerror(errno), 503};
    const auto failed = [] {
        return Error{std::string("a movie cannot be read: ") + std::strerror(errno), 500};
    };
    if (!write_all(file.get(), movie.head->bytes())) return failed();
    std::vector<std::uint8_t> block(std::size_t{1} << 20);
    for (const MovieFile::Piece& piece : movie.pieces) {
        for (std::uint64_t done = 0; done < piece.bytes;) {
            const auto part =
                std::span(block).first(std::min<std::uint64_t>(block.size(), piece.bytes - done));
            if (read_up_to(piece.file->get(), part, piece.at + done) != part.size() ||
                !write_all(file.get(), part)) {
                return failed();
            }
            done += part.size();
        }
    }
    return file;
}

}  // namespace

Archive::Archive(Catalogue& catalogue, DumpTimes dumps, std::size_t held_files_max)
    : catalogue_(catalogue),
      dump_times_(dumps),
      held_files_max_(held_files_max),
      held_files_(std::make_shared<std::atomic<std::size_t>>(0)) {}

std::size_t Archive::held_files_of_this_program() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kHeldFilesMax;
    return std::min<std::size_t>(kHeldFilesMax, limit.rlim_cur / 2);
}

SpanPage Archive::spans(const SpanQuery& query) {
    SpanPage page;
    const auto media =
        catalogue_.media(query.stream, query.since_us, query.until_us, kSpanFilesMax);
    page.is_building = media.is_building;
    const MediaRow* before = nullptr;
    for (const MediaRow& row : media.rows) {
        const bool is_next_part = before != nullptr && are_parts(*before, row);
        before = &row;
        Span span;
        span.is_ready = !is_foreign(row.form);
        span.is_open = is_growing(row.form) || row.end_us == 0;
        span.start_us = row.start_us;
        span.end_us = row.end_us == 0 ? wall_us() : row.end_us;
        if (!page.items.empty()) {
            Span& last = page.items.back();
            if (last.is_ready == span.is_ready &&
                (is_next_part || span.start_us - last.end_us <= kSeamUs)) {
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
    if (media.rows.size() == kSpanFilesMax) {
        // Of a dump that grows the end is not known.
        page.next = std::max(media.rows.back().start_us, media.rows.back().end_us);
    }
    return page;
}

Result<MovieFilePtr> Archive::movie(const CutRequest& request, bool goes_on,
                                    const std::stop_token& asker) {
    if (request.duration_us > kCutUsMax) {
        return Error{"no more than " + std::to_string(kCutUsMax / 3'600'000'000) +
                         " hours are given at once",
                     413};
    }
    if (goes_on) {
        if (auto known = remembered(request)) return known;
    }
    auto movie = build(request, asker);
    if (movie) remember(request, *movie);
    return movie;
}

Result<MovieFilePtr> Archive::build(const CutRequest& request, const std::stop_token& asker) {
    const auto media = catalogue_.media(request.stream, request.start_us,
                                        request.start_us + request.duration_us, kCutFilesMax + 1);
    const std::size_t files_max = std::min(kCutFilesMax, held_files_max_);
    if (media.rows.size() > files_max) {
        return Error{"that lies in more than " + std::to_string(files_max) +
                         " files: ask for a shorter part",
                     413};
    }
    auto held = hold(media.rows.size());
    if (!held) {
        return Error{"other answers of the archive hold too many files: try again in a moment",
                     503};
    }
    std::stop_source over;
    const auto end = [&over] { over.request_stop(); };
    const std::stop_callback on_stop(stop_.get_token(), end);
    const std::stop_callback on_leave(asker, end);
    MovieBuilder builder(catalogue_.path(), request, {dump_times_, over.get_token(), dumps_},
                         std::move(held));
    const MediaRow* other = nullptr;
    for (const MediaRow& row : media.rows) {
        if (is_foreign(row.form)) {
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
    return builder.finish();
}

Result<Fd> Archive::moment(const std::string& stream, std::int64_t at_us,
                           const std::stop_token& asker) {
    const auto movie = build({stream, at_us, 1, Gaps::keep}, asker);
    if (!movie) return movie.error();
    if ((*movie)->bytes > kPictureBytesMax) {
        return Error{"too much lies between that picture and its key frame", 413};
    }
    return in_memory(**movie);
}

/// nullptr: others hold too many, even if what nobody reads is forgotten.
HeldFilesPtr Archive::hold(std::size_t files) {
    for (;;) {
        auto held = HeldFiles::make(held_files_, files, held_files_max_);
        if (held || !forget_unread()) return held;
    }
}

/// That of the movies nobody reads which was asked for first. False: there is none.
bool Archive::forget_unread() {
    const Lock lock(mutex_);
    auto oldest = remembered_.end();
    for (auto one = remembered_.begin(); one != remembered_.end(); ++one) {
        const MovieFile& movie = *one->movie;
        // An answer has pieces of its own.
        const auto pieces = static_cast<long>(movie.pieces.size());
        const bool is_read = one->movie.use_count() > 1 || pieces == 0 ||
                             movie.pieces.front().file.use_count() > pieces;
        if (is_read) continue;
        if (oldest == remembered_.end() || one->used < oldest->used) oldest = one;
    }
    if (oldest == remembered_.end()) return false;
    remembered_.erase(oldest);
    return true;
}

void Archive::forget_old() {
    const Lock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(remembered_,
                  [&](const Remembered& one) { return now - one.used > kRememberedFor; });
}

MovieFilePtr Archive::remembered(const CutRequest& request) {
    forget_old();
    const Lock lock(mutex_);
    const auto found = std::ranges::find(remembered_, request, &Remembered::request);
    if (found == remembered_.end()) return nullptr;
    found->used = std::chrono::steady_clock::now();
    return found->movie;
}

void Archive::remember(const CutRequest& request, const MovieFilePtr& movie) {
    const Lock lock(mutex_);
    std::erase_if(remembered_, [&](const Remembered& one) { return one.request == request; });
    remembered_.push_front({request, movie, std::chrono::steady_clock::now()});
    std::size_t bytes = 0;
    std::uint64_t made_bytes = 0;
    std::size_t count = 0;
    std::erase_if(remembered_, [&](const Remembered& one) {
        bytes += one.movie->head->size();
        made_bytes += one.movie->made_bytes;
        ++count;
        return count > kRememberedMax || bytes > kRememberedBytesMax ||
               (count > 1 && made_bytes > kRememberedDumpsMax);
    });
}

}  // namespace st::archive
