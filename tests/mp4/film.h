#pragma once
/// A film made for the tests, and its files.
#include <array>
#include <utility>
#include <vector>

#include "mp4/fragments.h"
#include "mp4/moov.h"

namespace st::mp4 {

/// A film of 5-byte pictures, 3000 ticks apart, a key frame first and every fifth.
class Film {
 public:
    explicit Film(std::vector<std::uint32_t> shown_at) : shown_at_(std::move(shown_at)) {
        format_.sps.profile_idc = 66;
        format_.sps.constraint_flags = 0xC0;
        format_.sps.level_idc = 30;
        format_.sps.width = 640;
        format_.sps.height = 360;
        format_.sps_list = {{0x67, 66, 0xC0, 30}};
        format_.pps_list = {{0x68, 0xCE}};
        metadata_.camera = "door";
        for (std::size_t i = 0; i < shown_at_.size(); ++i) {
            Picture picture;
            picture.bytes = 5;
            picture.is_sync = i % 5 == 0;
            pictures_.push_back(picture);
            ticks_.push_back(static_cast<std::int64_t>(i) * 3000);
        }
    }
    Track track() const {
        return {Samples{pictures_, 0, shown_at_.size(), shown_at_, ticks_, 3000, 0},
                format_,
                metadata_,
                {others_, changes_}};
    }
    /// From `sample` on another PPS holds: 0 the first one.
    void change(std::size_t sample, std::size_t format) {
        if (format > others_.size()) {
            others_.push_back(format_);
            others_.back().pps_list = {{0x68, static_cast<std::uint8_t>(0xD0 + format)}};
        }
        changes_.push_back({sample, format});
    }
    static Bytes sample() {
        static constexpr std::array<std::uint8_t, 5> kSample = {0, 0, 0, 1, 0x65};
        return kSample;
    }
    std::size_t size() const { return shown_at_.size(); }
    Metadata& metadata() { return metadata_; }
    PictureIndex& pictures() { return pictures_; }

 private:
    std::vector<std::uint32_t> shown_at_;
    PictureIndex pictures_;
    std::vector<std::int64_t> ticks_;
    VideoFormat format_;
    std::vector<VideoFormat> others_;
    std::vector<FormatChange> changes_;
    Metadata metadata_;
};

inline std::vector<std::uint32_t> in_order(std::uint32_t count) {
    std::vector<std::uint32_t> out(count);
    for (std::uint32_t i = 0; i < count; ++i) out[i] = i;
    return out;
}

/// A whole MP4, in memory; with its index behind.
inline std::vector<std::uint8_t> made(const Film& film) {
    const auto file = SampleFile::to_memory();
    begin_mp4(*file, 0);
    for (std::size_t i = 0; i < film.size(); ++i) file->append(Film::sample());
    end_mp4(*file, film.track(), 0);
    const Bytes all = file->front(static_cast<std::size_t>(file->position()));
    return {all.begin(), all.end()};
}

/// The same as fragments.
inline std::vector<std::uint8_t> made_of_fragments(const Film& film) {
    const auto file = SampleFile::to_memory();
    Fragments fragments(*file);
    const Track track = film.track();
    fragments.begin(track);
    for (std::size_t i = 0; i < film.size(); ++i) fragments.picture(i, Film::sample());
    fragments.finish();
    const Bytes all = file->front(static_cast<std::size_t>(file->position()));
    return {all.begin(), all.end()};
}

}  // namespace st::mp4
