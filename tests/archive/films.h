#pragma once
/// MP4s whose samples say which they are, and what an answer of the archive shows of them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "archive/archive.h"
#include "archive/folder.h"
#include "mp4/copied_movie.h"
#include "mp4/segment_mark.h"

namespace st::archive {

constexpr std::int64_t kMs = 1'000;

/// One picture or frame of sound, in decoding order.
struct FilmSample {
    std::int64_t shown_ms = 0;  ///< after the film's zero
    std::uint32_t number = 0;   ///< what it says
    bool is_sync = true;
    std::int64_t decoded_ms = -1;  ///< -1: each as long as its film says
};

struct Film {
    std::vector<FilmSample> pictures;
    std::vector<FilmSample> sounds;
    std::int64_t picture_ms = 40;
    std::int64_t sound_ms = 20;
    std::size_t picture_bytes = 8;
};

/// So many samples of `each_ms` from `begin_ms` on, numbered from `number`; a key frame every
/// `group`.
inline std::vector<FilmSample> samples(std::size_t count, std::int64_t begin_ms,
                                       std::int64_t each_ms, std::uint32_t number,
                                       std::size_t group = 1) {
    std::vector<FilmSample> all;
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back({begin_ms + static_cast<std::int64_t>(i) * each_ms,
                       number + static_cast<std::uint32_t>(i), i % group == 0});
    }
    return all;
}

/// `prefix` of it goes before its boxes.
inline std::string encode_film(const Film& film, const std::string& prefix = "") {
    mp4::CopiedMovie movie;
    std::string media;
    std::int64_t end_ms = 0;
    const auto add = [&](const std::vector<FilmSample>& all, mp4::MovieKind kind,
                         std::int64_t each_ms, std::size_t bytes) {
        if (all.empty()) return;
        mp4::CopiedTrack track;
        track.kind = kind;
        track.ticks_per_second = 1000;
        const char* const type = kind == mp4::MovieKind::video ? "avc1" : "mp4a";
        track.descriptions.push_back({0, 0, 0, 8});
        track.descriptions[0].insert(track.descriptions[0].end(), type, type + 4);
        std::int64_t begin_ms = all[0].shown_ms;
        for (const FilmSample& one : all) begin_ms = std::min(begin_ms, one.shown_ms);
        for (std::size_t i = 0; i < all.size(); ++i) {
            mp4::CopiedSample sample;
            sample.at = prefix.size() + media.size();
            sample.decoded =
                all[i].decoded_ms >= 0 ? all[i].decoded_ms : static_cast<std::int64_t>(i) * each_ms;
            sample.shown_after =
                static_cast<std::int32_t>(all[i].shown_ms - begin_ms - sample.decoded);
            sample.bytes = static_cast<std::uint32_t>(bytes);
            sample.is_sync = all[i].is_sync;
            track.samples.push_back(sample);
            std::string said(bytes, '\0');
            std::memcpy(said.data(), &all[i].number, sizeof all[i].number);
            media += said;
            end_ms = std::max(end_ms, all[i].shown_ms + each_ms);
        }
        track.last_duration = static_cast<std::uint32_t>(each_ms);
        if (begin_ms > 0) track.edits.push_back({static_cast<std::uint64_t>(begin_ms) * 90, -1});
        track.edits.push_back({static_cast<std::uint64_t>(end_ms - begin_ms) * 90, 0});
        movie.tracks.push_back(track);
    };
    add(film.pictures, mp4::MovieKind::video, film.picture_ms, film.picture_bytes);
    add(film.sounds, mp4::MovieKind::sound, film.sound_ms, 8);
    movie.duration = static_cast<std::uint64_t>(end_ms) * 90;
    movie.media_bytes = media.size();
    const auto head = mp4::encode_head(movie);
    return prefix + std::string(head.begin(), head.end()) + media;
}

/// As a segment of a live stream that begins then. Returns its name.
inline std::string put_segment(const TestFolder& folder, const std::string& stream,
                               std::int64_t begin_us, const Film& film) {
    mp4::SegmentMark mark;
    mark.path = stream;
    mark.video = "h264";
    mark.first_wall_us = begin_us;
    const auto head = mp4::encode_segment_head(mark);
    // What follows is finished: no fragments.
    const std::string file = "live" + stream + "/" + std::to_string(begin_us) + ".mp4";
    folder.put_file(file, encode_film(film, std::string(head.begin(), head.end())));
    return file;
}

/// As the recording of a camera whose first picture was taken then. Returns its id.
inline std::string put_recording(const TestFolder& folder, std::int64_t begin_us,
                                 std::int64_t lasts_ms, const std::string& end_reason,
                                 const Film& film) {
    const std::string id = "door_" + std::to_string(begin_us);
    folder.put_file(id + "/stream.mp4", encode_film(film));
    folder.put_file(id + "/session.json",
                    R"({"version":1,"id":")" + id + R"(","camera":"door","state":"done",)" +
                        R"("started_at":")" + rfc3339_us(begin_us) + R"(","ended_at":")" +
                        rfc3339_us(begin_us + lasts_ms * kMs) + R"(","end_reason":")" + end_reason +
                        R"(","first_picture_wall_us":)" + std::to_string(begin_us) +
                        R"(,"files":[{"name":"stream.mp4","kind":"mp4","duration_ms":)" +
                        std::to_string(lasts_ms) + "}]}");
    return id;
}

struct ShownSample {
    std::int64_t at_ms = 0;
    std::uint32_t number = 0;
    bool operator==(const ShownSample&) const = default;
};

struct ShownFilm {
    std::vector<ShownSample> pictures;
    std::vector<ShownSample> sounds;
    /// Also what is hidden.
    std::size_t picture_samples = 0;

    std::vector<std::uint32_t> picture_numbers() const { return numbers(pictures); }
    std::vector<std::uint32_t> sound_numbers() const { return numbers(sounds); }

 private:
    static std::vector<std::uint32_t> numbers(const std::vector<ShownSample>& all) {
        std::vector<std::uint32_t> out;
        for (const ShownSample& one : all) out.push_back(one.number);
        return out;
    }
};

inline std::vector<std::uint32_t> numbers(std::uint32_t from, std::uint32_t to) {
    std::vector<std::uint32_t> all;
    for (; from < to; ++from) all.push_back(from);
    return all;
}

/// What a player shows of it, in order.
inline ShownFilm read_film(const std::vector<std::uint8_t>& file) {
    ShownFilm out;
    const auto movie = mp4::read_movie(mp4::source_of(file));
    EXPECT_TRUE(movie) << movie.error().message;
    if (!movie) return out;
    for (const mp4::MovieTrack& track : movie->tracks) {
        const bool is_video = track.kind == mp4::MovieKind::video;
        auto& shown = is_video ? out.pictures : out.sounds;
        if (is_video) out.picture_samples = track.samples.size();
        const std::int64_t zero = track.zero(movie->ticks_per_second);
        const auto ms = [&](std::int64_t ticks) {
            return (ticks * 1000 + track.ticks_per_second / 2) / track.ticks_per_second;
        };
        // What is shown at all begins and ends with the piece that the edits name.
        const mp4::MovieEdit& edit = track.edits.back();
        const std::int64_t end = edit.media + static_cast<std::int64_t>(edit.duration) *
                                                  track.ticks_per_second / movie->ticks_per_second;
        for (const mp4::MovieSample& sample : track.samples) {
            const bool ends_before = sample.shown() + sample.duration <= edit.media;
            if ((is_video ? sample.shown() < edit.media : ends_before) || sample.shown() >= end) {
                continue;
            }
            std::uint32_t number = 0;
            std::memcpy(&number, file.data() + sample.at, sizeof number);
            shown.push_back({ms(sample.shown() - zero), number});
        }
        std::ranges::sort(shown, {}, &ShownSample::at_ms);
    }
    return out;
}

inline std::vector<std::uint8_t> bytes_of(const Fd& file) {
    std::vector<std::uint8_t> bytes(
        static_cast<std::size_t>(std::max<off_t>(::lseek(file.get(), 0, SEEK_END), 0)));
    EXPECT_EQ(::pread(file.get(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
    return bytes;
}

inline std::vector<std::uint8_t> bytes_of(const MovieFile& movie) {
    const Bytes head = movie.head->bytes();
    std::vector<std::uint8_t> bytes(head.begin(), head.end());
    for (const MovieFile::Piece& piece : movie.pieces) {
        const std::size_t at = bytes.size();
        bytes.resize(at + piece.bytes);
        EXPECT_EQ(::pread(piece.file->get(), bytes.data() + at, piece.bytes,
                          static_cast<off_t>(piece.at)),
                  static_cast<ssize_t>(piece.bytes));
    }
    return bytes;
}

}  // namespace st::archive
