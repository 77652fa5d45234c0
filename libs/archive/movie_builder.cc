#include "archive/movie_builder.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "archive/dump_movie.h"
#include "archive/movie_file.h"
#include "archive/scan.h"
#include "base/encodings.h"
#include "digest/digest.h"
#include "mp4/track_boxes.h"
#include "record/flv_movie.h"

namespace st::archive {
namespace {

constexpr std::size_t kTagBytes = 16;

/// One more, for as long as it lives.
class Counted {
 public:
    explicit Counted(std::atomic<int>& count) : count_(count), before_(count.fetch_add(1)) {}
    ~Counted() { --count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    int before() const { return before_; }

 private:
    std::atomic<int>& count_;
    const int before_;
};

template <class T>
void append(std::vector<std::uint8_t>& to, const T& value) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
    to.insert(to.end(), bytes, bytes + sizeof value);
}

/// How far nothing is missing of an FLV that grows: what is decoded later may be shown before
/// pictures that are there already.
std::int64_t complete_until_us(const mp4::Movie& movie) {
    for (const mp4::MovieTrack& track : movie.tracks) {
        if (track.kind != mp4::MovieKind::video || track.samples.empty()) continue;
        const std::int64_t ticks =
            track.samples.back().decoded - track.zero(movie.ticks_per_second);
        return static_cast<std::int64_t>(static_cast<double>(ticks) * 1e6 / track.ticks_per_second);
    }
    return movie.duration_us();
}

/// Of the head and of which bytes of which files follow it. What was written into the media of a
/// file is never written anew.
std::string tag_of(const MovieFile& movie) {
    const digest::Sha256 head = digest::sha256(movie.head->bytes());
    std::vector<std::uint8_t> all(head.begin(), head.end());
    for (const MovieFile::Piece& piece : movie.pieces) {
        struct stat status {};
        if (::fstat(piece.file->get(), &status) != 0) continue;
        append(all, status.st_dev);
        append(all, status.st_ino);
        append(all, piece.at);
        append(all, piece.bytes);
    }
    const digest::Sha256 tag = digest::sha256(all);
    return hex_encode(Bytes(tag).first(kTagBytes));
}

}  // namespace

MovieBuilder::Place MovieBuilder::place(std::int64_t start_us) const {
    if (cut_.empty()) return {std::max<std::int64_t>(request_.start_us - start_us, 0), 0};
    const std::int64_t gap_us = start_us - wall_us_;
    if (gap_us < -kSeamUs) return {-gap_us, end_us_};  // they overlap: what was first stays
    if (gap_us > kSeamUs && request_.gaps == Gaps::skip) return {0, end_us_};
    // A little less than 0 where the sound of one file lasts into the next.
    return {0, end_us_ + gap_us};
}

/// nullopt: it was deleted just now.
Result<std::optional<MovieBuilder::Opened>> MovieBuilder::open(const MediaRow& row,
                                                               std::int64_t until_us) {
    if (row.form == MediaForm::dump) return open_dump(row, until_us);
    Fd file = open_below(root_, row.file);
    struct stat status {};
    if (file && ::fstat(file.get(), &status) == 0) {
        const bool is_flv = row.form == MediaForm::flv || row.form == MediaForm::growing_flv;
        return std::optional(Opened{std::move(file), static_cast<std::uint64_t>(status.st_size),
                                    row.start_us, is_flv});
    }
    // The MP4 of a camera's recording was taken away; its dump may be there.
    if (!row.recording.empty()) return open_dump(row, std::min(until_us, row.end_us));
    return std::optional<Opened>();
}

Result<std::optional<MovieBuilder::Opened>> MovieBuilder::open_dump(const MediaRow& row,
                                                                    std::int64_t until_us) {
    const Counted counted(dumps_.running);
    if (counted.before() >= Archive::kDumpsMax) {
        return Error{"MP4s of other dumps are being made: try again in a moment", 503};
    }
    const std::int64_t from_us =
        std::max(cut_.empty() ? request_.start_us : wall_us_, row.start_us);
    auto made = movie_of_dump(root_, row, from_us, until_us, dumps_.times, dumps_.stop);
    if (!made) return made.error();
    if (!*made) return std::optional<Opened>();
    made_bytes_ += (*made)->bytes;
    return std::optional(
        Opened{std::move((*made)->file), (*made)->bytes, (*made)->start_us, false});
}

Result<bool> MovieBuilder::add(const MediaRow& row) {
    const std::int64_t until_us = request_.start_us + request_.duration_us;
    if (!cut_.empty() && (wall_us_ >= until_us || row.start_us >= until_us)) return false;
    auto opened = open(row, until_us);
    if (!opened) return opened.error();
    if (!*opened) return true;
    const std::int64_t start_us = (*opened)->start_us;
    const auto source = source_of((*opened)->file.get(), (*opened)->bytes);
    const auto movie = (*opened)->is_flv ? record::read_flv_movie(source) : mp4::read_movie(source);
    if (!movie) {
        const int code = movie.error().code != 0 ? movie.error().code : 500;
        return Error{row.file + ": " + movie.error().message, code};
    }
    const Place where = place(start_us);
    const std::int64_t is_all_us =
        row.form == MediaForm::growing_flv ? complete_until_us(*movie) : movie->duration_us();
    const std::int64_t to_us = std::min(is_all_us, until_us - start_us);
    if (to_us <= where.from_us) return true;
    const bool is_first = cut_.empty();
    const auto begun = cut_.add(*movie, {held_->size(), where.from_us, to_us, where.at_us});
    if (!begun) return Error{row.file + ": " + begun.error().message, 413};
    if (!*begun) return true;
    held_->add(std::move((*opened)->file));
    if (is_first) start_us_ = start_us + **begun;
    end_us_ = where.at_us + to_us - (is_first ? **begun : where.from_us);
    wall_us_ = start_us + to_us;
    return true;
}

MovieFilePtr MovieBuilder::finish() {
    auto movie = std::make_shared<MovieFile>();
    movie->start_us = start_us_;
    movie->duration_us = end_us_;
    movie->made_bytes = made_bytes_;
    const Cut::Made made = cut_.finish(end_us_, mp4::seconds_since_1904(start_us_));
    held_->settle();
    movie->head = share(Buffer(Bytes(made.head)));
    movie->bytes = made.head.size();
    for (const CutPiece& piece : made.pieces) {
        movie->pieces.push_back({HeldFiles::file(held_, piece.source), piece.at, piece.bytes});
        movie->bytes += piece.bytes;
    }
    movie->tag = tag_of(*movie);
    return movie;
}

}  // namespace st::archive
