#include "mp4/movie.h"

#include <algorithm>
#include <string>

#include "mp4/box_fields.h"
#include "mp4/movie_tables.h"

namespace st::mp4 {
namespace {

struct TopBox {
    std::uint32_t type = 0;
    std::uint64_t at = 0;
    std::uint64_t head = 0;
    std::uint64_t bytes = 0;  ///< with its head
};

/// The boxes of the top level. One whose end is not there yet, or that is none, is the end.
class TopLevel {
 public:
    explicit TopLevel(const MovieSource& file) : file_(file) {}

    std::optional<TopBox> next() {
        if (++seen_ > kTopBoxesMax || file_.bytes - at_ < 8) return std::nullopt;
        std::array<std::uint8_t, 16> head{};
        const auto there = static_cast<std::size_t>(std::min<std::uint64_t>(file_.bytes - at_, 16));
        if (!file_.read(at_, std::span(head).first(there))) return std::nullopt;
        TopBox box{load_be32(head.data() + 4), at_, 8, load_be32(head.data())};
        if (box.bytes == 1 && there == 16) {
            box.head = 16;
            box.bytes = load_be64(head.data() + 8);
        } else if (box.bytes == 0) {
            box.bytes = file_.bytes - at_;  // to the end of the file: 14496-12, 4.2
        }
        if (box.bytes < box.head || box.bytes > file_.bytes - at_) return std::nullopt;
        at_ += box.bytes;
        return box;
    }

 private:
    const MovieSource& file_;
    std::uint64_t at_ = 0;
    std::size_t seen_ = 0;
};

Result<std::vector<std::uint8_t>> read_body(const MovieSource& file, const TopBox& box,
                                            std::uint64_t bytes_max, const char* name) {
    const std::uint64_t size = box.bytes - box.head;
    if (size > bytes_max) return Error{std::string(name) + " is larger than is read"};
    std::vector<std::uint8_t> body(static_cast<std::size_t>(size));
    if (!file.read(box.at + box.head, body)) return Error{std::string(name) + " cannot be read"};
    return body;
}

/// Without `span` the samples of an index are passed over.
Result<ReadMoov> read_file(const MovieSource& file, const MovieSpan* span) {
    std::optional<ReadMoov> moov;
    TopLevel boxes(file);
    while (const auto box = boxes.next()) {
        if (box->type == box_type("moov") && !moov) {
            const auto body = read_body(file, *box, kMoovBytesMax, "moov");
            if (!body) return body.error();
            auto read = read_moov(*body, file.bytes, span);
            if (!read) return read.error();
            moov = std::move(*read);
        } else if (box->type == box_type("moof") && moov && moov->has_fragments) {
            const auto body = read_body(file, *box, kMoofBytesMax, "moof");
            if (!body) return body.error();
            const auto whole = read_fragment(*body, box->at, file.bytes, *moov);
            if (!whole) return whole.error();
            if (!*whole) break;
        }
    }
    if (!moov) return Error{"it has no moov"};
    moov->movie.is_growing = moov->has_fragments;
    return std::move(*moov);
}

}  // namespace

MovieSource source_of(Bytes file) {
    return {file.size(), [file](std::uint64_t at, std::span<std::uint8_t> into) {
                std::ranges::copy(file.subspan(static_cast<std::size_t>(at), into.size()),
                                  into.begin());
                return true;
            }};
}

std::int64_t MovieTrack::zero(std::uint32_t movie_ticks_per_second) const {
    std::uint64_t empty = 0;
    for (const MovieEdit& edit : edits) {
        if (edit.media >= 0) {
            const double later = static_cast<double>(empty) * ticks_per_second /
                                 static_cast<double>(movie_ticks_per_second);
            return edit.media - static_cast<std::int64_t>(later);
        }
        empty = std::min<std::uint64_t>(empty + edit.duration, 1ULL << 56);
    }
    return 0;
}

std::int64_t MovieTrack::shown_from() const {
    if (whole) return whole->from;
    return std::ranges::min_element(samples, {}, &MovieSample::shown)->shown();
}

std::int64_t MovieTrack::shown_until() const {
    if (whole) return whole->until;
    return std::ranges::max_element(samples, {}, &MovieSample::shown)->shown() +
           samples.back().duration;
}

std::int64_t Movie::duration_us() const {
    double longest = 0;
    for (const MovieTrack& track : tracks) {
        if (track.samples.empty()) continue;
        const auto ticks = static_cast<double>(track.shown_until() - track.zero(ticks_per_second));
        longest = std::max(longest, ticks / track.ticks_per_second);
    }
    return static_cast<std::int64_t>(longest * 1e6);
}

Result<Movie> read_movie(const MovieSource& file, const MovieSpan& span) {
    auto read = read_file(file, &span);
    if (!read) return read.error();
    return std::move(read->movie);
}

Result<MovieHead> read_movie_head(const MovieSource& file) {
    auto read = read_file(file, nullptr);
    if (!read) return read.error();
    MovieHead head;
    head.is_growing = read->has_fragments;
    const double seconds =
        static_cast<double>(read->duration) / static_cast<double>(read->movie.ticks_per_second);
    head.duration_us = head.is_growing ? read->movie.duration_us()
                                       : static_cast<std::int64_t>(std::min(seconds, 1e12) * 1e6);
    return head;
}

}  // namespace st::mp4
