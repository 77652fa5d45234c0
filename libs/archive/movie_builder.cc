#include "archive/movie_builder.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>

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
/// Of clocks that run at a wrong pace: the times of a part may be off by a twentieth of its length.
constexpr std::int64_t kDriftPart = 20;
/// Files that overlap by less show their pictures in order all the same.
constexpr std::int64_t kPictureUs = 8'000;

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

bool are_parts(const MediaRow& before, const MediaRow& row) {
    if (!before.goes_on || row.recording.empty() || row.recording == before.recording) return false;
    const std::int64_t apart_us = std::abs(row.start_us - before.end_us);
    return apart_us <= kSeamUs + (before.end_us - before.start_us) / kDriftPart;
}

std::optional<MovieBuilder::Lasts> MovieBuilder::lasts(const mp4::Movie& movie,
                                                       mp4::MovieKind kind) {
    for (const mp4::MovieTrack& track : movie.tracks) {
        if (track.kind != kind || track.samples.empty()) continue;
        const std::int64_t zero = track.zero(movie.ticks_per_second);
        const auto us = [&](std::int64_t ticks) {
            return static_cast<std::int64_t>(static_cast<double>(ticks - zero) * 1e6 /
                                             track.ticks_per_second);
        };
        // What edits hide is before 0.
        return Lasts{std::max<std::int64_t>(us(track.shown_from()), 0), us(track.shown_until())};
    }
    return std::nullopt;
}

bool MovieBuilder::is_next_part(const MediaRow& row) const {
    return last_ && are_parts(*last_, row);
}

/// Sound may come long before or behind its pictures, so that files of one stream that follow each
/// other overlap. Files with pictures are compared by those.
MovieBuilder::Wanted MovieBuilder::follow(std::int64_t start_us, const Content& content,
                                          bool is_next_part) {
    const std::int64_t asked_us = request_.start_us - start_us;
    if (cut_.empty()) return {asked_us, asked_us};
    const bool by_pictures = pictures_end_us_ && content.pictures;
    const bool by_sounds = !by_pictures && sounds_end_us_ && content.sounds;
    std::int64_t end_us = std::max(pictures_end_us_.value_or(0), sounds_end_us_.value_or(0));
    std::int64_t begin_us = start_us;
    if (by_pictures) {
        end_us = *pictures_end_us_;
        begin_us += content.pictures->begin_us;
    } else if (by_sounds) {
        end_us = *sounds_end_us_;
        begin_us += content.sounds->begin_us;
    }
    const std::int64_t gap_us = begin_us - end_us;
    const bool skips = gap_us > kSeamUs && request_.gaps == Gaps::skip;
    Wanted wanted;
    if (skips || (is_next_part && gap_us < -kPictureUs)) {
        shift_us_ -= gap_us;
    } else if (!is_next_part && gap_us < -kSeamUs) {
        // They overlap: what was first stays.
        wanted = {end_us - start_us, end_us - start_us};
    }
    const bool sounds_overlap = !is_next_part && sounds_end_us_ && content.sounds &&
                                start_us + content.sounds->begin_us < *sounds_end_us_ - kSeamUs;
    if (sounds_overlap) {
        wanted.sounds_from_us = std::max(wanted.sounds_from_us, *sounds_end_us_ - start_us);
    }
    if (!pictures_end_us_) wanted.pictures_from_us = std::max(wanted.pictures_from_us, asked_us);
    if (!sounds_end_us_) wanted.sounds_from_us = std::max(wanted.sounds_from_us, asked_us);
    return wanted;
}

/// Of a file without pictures that are wanted the next one may have them.
bool MovieBuilder::has_all_until(std::int64_t until_us) const {
    return pictures_end_us_ && *pictures_end_us_ >= until_us &&
           (!sounds_end_us_ || *sounds_end_us_ >= until_us);
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
    const std::int64_t end_us = pictures_end_us_.value_or(request_.start_us);
    const std::int64_t from_us = is_next_part(row) ? row.start_us : std::max(end_us, row.start_us);
    auto made = movie_of_dump(root_, row, from_us, until_us, dumps_.times, dumps_.stop);
    if (!made) return made.error();
    if (!*made) return std::optional<Opened>();
    made_bytes_ += (*made)->bytes;
    return std::optional(
        Opened{std::move((*made)->file), (*made)->bytes, (*made)->start_us, false});
}

Result<bool> MovieBuilder::add(const MediaRow& row) {
    const std::int64_t until_us = request_.start_us + request_.duration_us;
    if (!cut_.empty() && (has_all_until(until_us) || row.start_us >= until_us)) return false;
    auto opened = open(row, until_us);
    if (!opened) return opened.error();
    if (!*opened) return true;
    const std::int64_t start_us = (*opened)->start_us;
    const auto source = source_of((*opened)->file.get(), (*opened)->bytes);
    // A file that follows others goes on with its beginning, whatever was asked for.
    const mp4::MovieSpan span{cut_.empty() ? request_.start_us - start_us : mp4::MovieSpan::kBegin,
                              until_us - start_us};
    const auto movie =
        (*opened)->is_flv ? record::read_flv_movie(source) : mp4::read_movie(source, span);
    if (!movie) {
        const int code = movie.error().code != 0 ? movie.error().code : 500;
        return Error{row.file + ": " + movie.error().message, code};
    }
    const Content content{lasts(*movie, mp4::MovieKind::video),
                          lasts(*movie, mp4::MovieKind::sound)};
    std::int64_t to_us = until_us - start_us;
    if (row.form == MediaForm::growing_flv) to_us = std::min(to_us, complete_until_us(*movie));
    if (to_us <= std::max<std::int64_t>(request_.start_us - start_us, 0)) return true;
    const bool is_next = is_next_part(row);
    const Wanted wanted = follow(start_us, content, is_next);
    const std::int64_t at_us = start_us - request_.start_us + shift_us_;
    const auto added = cut_.add(
        *movie, {held_->size(), at_us, wanted.pictures_from_us, wanted.sounds_from_us, to_us});
    if (!added) return Error{row.file + ": " + added.error().message, 413};
    if (!added->pictures && !added->sounds) return true;
    held_->add(std::move((*opened)->file));
    const auto ends = [&](const Lasts& lasts, std::optional<std::int64_t>& end_us) {
        const std::int64_t own_end_us = std::min(lasts.end_us, to_us);
        end_us_ = std::max(end_us_, at_us + own_end_us);
        // The clock of the next part may be behind the one before.
        end_us =
            is_next || !end_us ? start_us + own_end_us : std::max(*end_us, start_us + own_end_us);
    };
    if (added->pictures) ends(*content.pictures, pictures_end_us_);
    if (added->sounds) ends(*content.sounds, sounds_end_us_);
    last_ = row;
    return true;
}

MovieFilePtr MovieBuilder::finish() {
    auto movie = std::make_shared<MovieFile>();
    const std::int64_t begin_us = cut_.begin_us();
    movie->start_us = request_.start_us + begin_us;
    movie->duration_us = std::max<std::int64_t>(end_us_ - begin_us, 0);
    movie->made_bytes = made_bytes_;
    const Cut::Made made = cut_.finish(end_us_, mp4::seconds_since_1904(movie->start_us));
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
