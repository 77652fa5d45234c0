#include "av/picture.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/fd.h"
#include "raw_film.h"

namespace st::av {
namespace {

constexpr std::size_t kSide = 16;
constexpr std::size_t kPictureBytes = kSide * kSide * 3;

/// Five grey pictures of 40 ms, each lighter than the one before, of which only the first is a key
/// frame; nothing is shown before the one at `hidden`, and that `late_ms` after the movie's zero.
Fd film(std::size_t hidden, std::uint64_t late_ms) {
    mp4::CopiedTrack track = raw_track(kSide, kSide);
    std::vector<std::uint8_t> media;
    for (std::size_t i = 0; i < 5; ++i) {
        track.samples.push_back(
            {media.size(), static_cast<std::int64_t>(i) * 40, 0, kPictureBytes, 0, i == 0});
        media.resize(media.size() + kPictureBytes, static_cast<std::uint8_t>(40 + 40 * i));
    }
    track.last_duration = 40;
    if (late_ms > 0) track.edits.push_back({late_ms * 90, -1});
    track.edits.push_back({(5 - hidden) * 40 * 90, static_cast<std::int64_t>(hidden) * 40});
    return film_of(track, late_ms + (5 - hidden) * 40, media);
}

std::vector<std::uint8_t> picture_at(const Fd& file, std::int64_t ms) {
    return decode_picture_at(file.get(), std::chrono::milliseconds(ms), kPixelsMax,
                             PictureForm::png);
}

TEST(PictureAt, is_counted_from_the_first_picture_that_is_shown) {
    std::vector<std::vector<std::uint8_t>> each;
    const Fd whole = film(0, 0);
    for (std::int64_t i = 0; i < 5; ++i) each.push_back(picture_at(whole, i * 40 + 39));
    EXPECT_NE(each[0], each[1]);
    for (const std::uint64_t late_ms : {0, 500}) {
        for (std::size_t hidden = 0; hidden < 5; ++hidden) {
            const Fd part = film(hidden, late_ms);
            for (std::size_t i = hidden; i < 5; ++i) {
                const auto ms = static_cast<std::int64_t>(i - hidden) * 40;
                EXPECT_EQ(picture_at(part, ms), each[i]) << hidden << " hidden, late " << late_ms;
                EXPECT_EQ(picture_at(part, ms + 39), each[i]) << hidden << " hidden " << late_ms;
            }
        }
    }
}

}  // namespace
}  // namespace st::av
