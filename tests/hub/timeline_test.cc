#include "hub/timeline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <vector>

namespace st::hub {
namespace {

using media::Track;

/// Feeds times 40 ms apart in real time; gives back what came out.
std::vector<std::int64_t> mapped(Timeline& timeline, const std::vector<std::uint64_t>& times,
                                 Track track = Track::video) {
    static std::int64_t now_ns = 0;
    std::vector<std::int64_t> out;
    for (const std::uint64_t time : times) {
        now_ns += 40'000'000;
        out.push_back(timeline.map(track, time, now_ns));
    }
    return out;
}

using Times = std::vector<std::int64_t>;

TEST(Timeline, begins_at_zero_whatever_the_clock) {
    for (const std::uint64_t start : {std::uint64_t{0}, std::uint64_t{1'790'000'000'000},
                                      std::uint64_t{60} * 86'400'000, UINT64_MAX - 100}) {
        Timeline timeline;
        timeline.begin(Clock::bits_64, 0);
        EXPECT_EQ(mapped(timeline, {start, start + 40, start + 85}), (Times{0, 40, 85})) << start;
    }
}

TEST(Timeline, a_paced_clock_is_never_far_ahead_of_its_arrivals) {
    for (const std::int64_t step_ms : {40, 80, 400, 3'600, 9'000, 40'000}) {
        SCOPED_TRACE(step_ms);
        Timeline timeline;
        timeline.begin(Clock::paced, 0);
        std::int64_t at_5_s = 0;
        for (std::int64_t n = 0; n <= 500; ++n) {
            const std::int64_t out =
                timeline.map(Track::video, static_cast<std::uint64_t>(n * step_ms), n * 40'000'000);
            EXPECT_LE(out, n * 40 * 105 / 100 + Timeline::kAheadMaxMs + 2'500);
            if (n == 125) at_5_s = out;
            if (n == 500) {
                EXPECT_NEAR(static_cast<double>(out - at_5_s), 15'000, 50);
            }
        }
    }
}

TEST(Timeline, what_is_no_picture_stands_beside_the_newest_one_whatever_its_pace) {
    for (const double pace : {0.25, 0.5, 1.0, 3.0}) {
        SCOPED_TRACE(pace);
        Timeline timeline;
        timeline.begin(Clock::paced, 0);
        for (int i = 0; i < 600; ++i) {
            const auto said = static_cast<std::uint64_t>(40 * i * pace);
            const std::int64_t given = timeline.map(Track::video, said, (i + 1) * 40'000'000LL);
            EXPECT_LE(std::abs(timeline.look(said) - given), 50) << i;
        }
    }
}

TEST(Timeline, a_paced_clock_may_be_ahead_if_the_pictures_say_that_they_come_too_fast) {
    for (const std::int64_t speed : {2, 4, 10}) {
        Timeline timeline;
        timeline.begin(Clock::paced, 0);
        timeline.expect(Track::video, 40);
        std::int64_t out = 0;
        for (std::int64_t n = 0; n <= 1'000; ++n)
            out = timeline.map(Track::video, static_cast<std::uint64_t>(n * 40),
                               n * 40'000'000 / speed);
        EXPECT_EQ(out, 40'000) << speed;
        EXPECT_EQ(timeline.jumps(), 0U) << speed;
    }
}

TEST(Timeline, goes_on_over_the_wrap_at_2_to_the_32) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    EXPECT_EQ(mapped(timeline, {4294967256, 0, 40, 80}), (Times{0, 40, 80, 120}));
    EXPECT_EQ(timeline.jumps(), 0U);
}

TEST(Timeline, goes_on_over_the_wrap_at_2_to_the_24_of_senders_without_extension) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    EXPECT_EQ(mapped(timeline, {16777176, 0, 40}), (Times{0, 40, 80}));
    EXPECT_EQ(timeline.jumps(), 0U);
}

TEST(Timeline, goes_on_beyond_2_to_the_24_of_senders_with_extension) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    EXPECT_EQ(mapped(timeline, {16777176, 16777216, 16777256}), (Times{0, 40, 80}));
}

TEST(Timeline, lets_tracks_wrap_one_after_the_other) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    EXPECT_EQ(mapped(timeline, {16777186}), (Times{0}));
    EXPECT_EQ(mapped(timeline, {16777196}, Track::audio), (Times{10}));
    EXPECT_EQ(mapped(timeline, {10}), (Times{40}));
    EXPECT_EQ(mapped(timeline, {16777212}, Track::audio), (Times{26}));
    EXPECT_EQ(mapped(timeline, {50}), (Times{80}));
    EXPECT_EQ(mapped(timeline, {20}, Track::audio), (Times{50}));
    EXPECT_EQ(timeline.jumps(), 0U);
}

TEST(Timeline, closes_a_jump_of_the_publishers_clock) {
    Timeline timeline;
    timeline.begin(Clock::bits_64, 0);
    EXPECT_EQ(mapped(timeline, {1000, 1040, 9'000'000, 9'000'040}), (Times{0, 40, 80, 120}));
    EXPECT_EQ(mapped(timeline, {500, 540}), (Times{160, 200}));
    EXPECT_EQ(timeline.jumps(), 2U);
}

TEST(Timeline, keeps_sound_with_the_picture_over_a_jump) {
    Timeline timeline;
    timeline.begin(Clock::bits_64, 0);
    mapped(timeline, {1000, 1040});
    mapped(timeline, {1005, 1045}, Track::audio);
    EXPECT_EQ(mapped(timeline, {500'000}), (Times{80}));
    EXPECT_EQ(mapped(timeline, {500'005}, Track::audio), (Times{85}));
    EXPECT_EQ(timeline.jumps(), 1U);
}

TEST(Timeline, believes_a_gap_that_took_as_long_in_real_time) {
    Timeline timeline;
    timeline.begin(Clock::bits_64, 0);
    EXPECT_EQ(timeline.map(Track::video, 0, 0), 0);
    EXPECT_EQ(timeline.map(Track::video, 60'000, 60'000'000'000), 60'000);
    EXPECT_EQ(timeline.jumps(), 0U);
}

TEST(Timeline, puts_a_clock_in_another_unit_right) {
    for (const double factor : {90.0, 1000.0, 1e6, 0.001, 20.0, 0.05}) {
        Timeline timeline;
        timeline.begin(Clock::bits_64, 0);
        std::int64_t out = 0;
        std::int64_t at_two_s = 0;
        for (int n = 0; n < 300; ++n) {
            const std::int64_t real_ms = n * 100 / 3;
            const auto said =
                static_cast<std::uint64_t>(1000 + static_cast<double>(real_ms) * factor);
            out = timeline.map(Track::video, said, real_ms * 1'000'000);
            if (n == 60) at_two_s = out;
        }
        EXPECT_NEAR(static_cast<double>(out - at_two_s), 239 * 100 / 3.0, 40) << factor;
        const auto cts = static_cast<std::int32_t>(std::lround(4'000 * std::min(factor, 1000.0)));
        const double shown_ms = 4'000 * std::min(factor, 1000.0) / factor;
        EXPECT_NEAR(timeline.shown_after_ms(Track::video, cts), shown_ms, shown_ms / 20 + 1)
            << factor << ": as the decoding times";
        EXPECT_GE(timeline.jumps(), 1U) << factor;
    }
}

TEST(Timeline, leaves_alone_how_much_later_a_picture_is_shown_by_a_right_clock) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    for (std::int64_t ms = 0; ms < 10'000; ms += 40) {
        timeline.map(Track::video, static_cast<std::uint64_t>(ms), ms * 1'000'000);
        EXPECT_EQ(timeline.shown_after_ms(Track::video, 80), 80);
        EXPECT_EQ(timeline.shown_after_ms(Track::video, -2), -2);
    }
}

TEST(Timeline, keeps_sound_with_the_picture_when_both_count_in_another_unit) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    std::int64_t video = 0;
    std::int64_t audio = 0;
    for (std::int64_t ms = 0; ms < 10'000; ms += 20) {
        if (ms % 40 == 0)
            video = timeline.map(Track::video, static_cast<std::uint64_t>(ms * 90), ms * 1'000'000);
        audio = timeline.map(Track::audio, static_cast<std::uint64_t>(ms * 90), ms * 1'000'000);
    }
    EXPECT_NEAR(static_cast<double>(video), static_cast<double>(audio), 100);
}

TEST(Timeline, keeps_the_times_of_a_file_sent_faster_than_it_plays) {
    for (const std::int64_t speed : {2, 5, 10, 100}) {
        Timeline timeline;
        timeline.begin(Clock::bits_32, 0);
        timeline.expect(Track::video, 40);  // the rate in its VUI
        std::int64_t out = 0;
        for (std::int64_t n = 0; n < 3000; ++n)
            out = timeline.map(Track::video, static_cast<std::uint64_t>(n * 40),
                               n * 40'000'000 / speed);
        EXPECT_EQ(out, 2999 * 40) << speed;
        EXPECT_EQ(timeline.jumps(), 0U) << speed;
    }
}

/// Pictures each 40 ms and sound each 20, of which only `told` says so, sent at `speed` by a clock
/// that runs at `pace`: where both tracks stand after 20 s of media, and what was put right.
struct Ends {
    std::int64_t video_ms = 0;
    std::int64_t audio_ms = 0;
    std::int64_t last_s_ms = 0;  ///< how long the last second of media is
    std::uint64_t jumps = 0;
};
Ends ends_of(Track told, double speed, double pace, std::int64_t sound_from_ms = 0) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    timeline.expect(told, told == Track::video ? 40 : 20);
    Ends ends;
    std::int64_t before_ms = 0;
    for (std::int64_t ms = 0; ms <= 20'000; ms += 20) {
        const auto said = static_cast<std::uint64_t>(static_cast<double>(ms) * pace);
        const auto now_ns = static_cast<std::int64_t>(static_cast<double>(ms) * 1e6 / speed);
        if (ms % 40 == 0) ends.video_ms = timeline.map(Track::video, said, now_ns);
        if (ms >= sound_from_ms) {
            ends.audio_ms = timeline.map(Track::audio, said, now_ns + 1'000'000);
        }
        if (ms == 19'000) before_ms = ends.video_ms;
    }
    ends.last_s_ms = ends.video_ms - before_ms;
    ends.jumps = timeline.jumps();
    return ends;
}

TEST(Timeline, a_track_keeps_its_times_by_what_the_other_one_s_media_says) {
    for (const Track told : {Track::audio, Track::video}) {
        for (const double speed : {0.1, 0.5, 0.75, 1.3, 2.0, 4.0, 10.0}) {
            const Ends ends = ends_of(told, speed, 1);
            EXPECT_EQ(ends.video_ms, 20'000) << speed;
            EXPECT_EQ(ends.audio_ms, 20'000) << speed;
            EXPECT_EQ(ends.jumps, 0U) << speed;
        }
    }
    const Ends later = ends_of(Track::audio, 2, 1, 4'000);
    EXPECT_EQ(later.video_ms, 20'000);
    EXPECT_EQ(later.jumps, 0U);
}

TEST(Timeline, a_track_is_put_right_by_what_the_other_one_s_media_says) {
    for (const Track told : {Track::audio, Track::video}) {
        for (const double pace : {0.25, 0.5, 1.25, 2.0, 3.0}) {
            const Ends ends = ends_of(told, 1, pace);
            EXPECT_NEAR(static_cast<double>(ends.last_s_ms), 1'000, 45) << pace;
            EXPECT_NEAR(static_cast<double>(ends.video_ms), static_cast<double>(ends.audio_ms), 100)
                << pace;
            EXPECT_GE(ends.jumps, 2U) << pace;
        }
    }
}

TEST(Timeline, a_track_with_a_clock_of_its_own_is_judged_without_the_other_one) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    timeline.expect(Track::audio, 20);
    std::int64_t video = 0;
    std::int64_t audio = 0;
    std::int64_t video_before = 0;
    std::int64_t audio_before = 0;
    for (std::int64_t ms = 0; ms <= 20'000; ms += 20) {
        if (ms % 40 == 0)
            video = timeline.map(Track::video, static_cast<std::uint64_t>(3 * ms), ms * 1'000'000);
        audio = timeline.map(Track::audio, static_cast<std::uint64_t>(ms), ms * 1'000'000);
        if (ms == 15'000) video_before = video;
        if (ms == 15'000) audio_before = audio;
    }
    EXPECT_EQ(audio - audio_before, 5'000);
    EXPECT_NEAR(static_cast<double>(video - video_before), 5'000, 50);
    EXPECT_NEAR(static_cast<double>(video), static_cast<double>(audio), 100);
}

TEST(Timeline, puts_a_clock_at_another_pace_right_and_keeps_sound_with_the_picture) {
    for (const double pace : {2.0, 0.5, 3.0, 1.3, -2.0, -0.5, -3.0}) {
        const bool says_rate = pace > 0;  // in its VUI, and the samples of its sound
        SCOPED_TRACE(pace);
        Timeline timeline;
        timeline.begin(Clock::bits_32, 0);
        if (says_rate) {
            timeline.expect(Track::video, 40);
            timeline.expect(Track::audio, 20);
        }
        std::int64_t video = 0;
        std::int64_t audio = 0;
        std::int64_t at_ten_s = 0;
        for (std::int64_t ms = 0; ms <= 60'000; ms += 20) {
            const auto said = static_cast<std::uint64_t>(static_cast<double>(ms) * std::abs(pace));
            if (ms % 40 == 0) video = timeline.map(Track::video, said, ms * 1'000'000);
            audio = timeline.map(Track::audio, said, ms * 1'000'000);
            if (ms == 10'000) at_ten_s = video;
        }
        EXPECT_NEAR(static_cast<double>(video - at_ten_s), 50'000, 50);
        EXPECT_NEAR(static_cast<double>(video), static_cast<double>(audio), 100);
        EXPECT_GE(timeline.jumps(), 2U) << "once for each track";
    }
}

TEST(Timeline, never_goes_back) {
    Timeline timeline;
    timeline.begin(Clock::bits_64, 0);
    EXPECT_EQ(mapped(timeline, {100, 140, 130, 180, 180}), (Times{0, 40, 40, 80, 80}));
}

TEST(Timeline, closes_a_jump_back_by_less_than_a_second_too) {
    for (const std::uint64_t by : {200U, 500U, 1000U}) {
        Timeline timeline;
        timeline.begin(Clock::bits_32, 0);
        mapped(timeline, {5000, 5040});
        mapped(timeline, {5005, 5045}, Track::audio);
        EXPECT_EQ(mapped(timeline, {5080 - by, 5120 - by}), (Times{80, 120})) << by;
        EXPECT_EQ(mapped(timeline, {5085 - by, 5125 - by}, Track::audio), (Times{85, 125})) << by;
        EXPECT_EQ(timeline.jumps(), 1U) << by;
    }
}

TEST(Timeline, holds_a_small_disorder_and_no_more) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    EXPECT_EQ(mapped(timeline, {1000, 1100, 1010, 1110}), (Times{0, 100, 100, 110}));
    EXPECT_EQ(timeline.jumps(), 0U);
    EXPECT_EQ(mapped(timeline, {1030, 1000}), (Times{110, 110 + 10}));
    EXPECT_EQ(timeline.jumps(), 1U) << "a clock that creeps back is one that jumped";
}

TEST(Timeline, lets_the_other_track_follow_a_jump_when_it_gets_there) {
    Timeline timeline;
    timeline.begin(Clock::bits_64, 0);
    mapped(timeline, {10'000, 10'040});
    mapped(timeline, {10'000, 10'020}, Track::audio);
    EXPECT_EQ(mapped(timeline, {9'080}), (Times{80}));
    EXPECT_EQ(mapped(timeline, {10'040, 10'060}, Track::audio), (Times{40, 60})) << "not yet";
    EXPECT_EQ(mapped(timeline, {9'120}), (Times{120}));
    EXPECT_EQ(mapped(timeline, {9'080, 9'100}, Track::audio), (Times{80, 100}));
    EXPECT_EQ(timeline.jumps(), 1U);
}

TEST(Timeline, brings_tracks_together_again_after_a_jump_of_one_alone) {
    Timeline timeline;
    timeline.begin(Clock::bits_64, 0);
    timeline.expect(Track::video, 40);
    timeline.expect(Track::audio, 40);
    mapped(timeline, {0, 40, 5'080, 120});  // one wrong time
    EXPECT_EQ(timeline.jumps(), 1U);
    std::int64_t video = 0;
    std::int64_t audio = 0;
    for (std::uint64_t ms = 160; ms < 3'000; ms += 40) {
        video = mapped(timeline, {ms}).back();
        audio = mapped(timeline, {ms}, Track::audio).back();
    }
    EXPECT_EQ(video, audio);
    EXPECT_EQ(timeline.jumps(), 1U);
}

/// What a publisher in real time sends, pictures each 40 ms and sound each 20, whose times are off
/// by `error_ms(n)`: how late each track is in the end, to its true time.
struct Lateness {
    std::int64_t video_ms = 0;
    std::int64_t audio_ms = 0;
};
template <class Error>
Lateness after_rough_sound(int seconds, Error error_ms) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    Lateness late;
    for (std::int64_t n = 0; n < seconds * 50; ++n) {
        const std::int64_t time = 10'000 + n * 20;
        const std::int64_t now_ns = n * 20'000'000;
        if (n % 2 == 0) {
            const auto out = timeline.map(Track::video, static_cast<std::uint64_t>(time), now_ns);
            late.video_ms = out - n * 20;
        }
        timeline.settle();
        const std::int64_t off = error_ms(n);
        const auto out = timeline.map(Track::audio, static_cast<std::uint64_t>(time + off), now_ns);
        if (off == 0) late.audio_ms = out - n * 20;
    }
    return late;
}

TEST(Timeline, goes_back_to_where_it_was_after_single_packets_with_wrong_times) {
    for (const std::int64_t off : {-9'000, -500, -150, 150, 11'000, 3'600'000}) {
        const Lateness late =
            after_rough_sound(20, [off](std::int64_t n) { return n % 20 == 19 ? off : 0; });
        EXPECT_EQ(late.video_ms, 0) << off;
        EXPECT_LE(std::abs(late.audio_ms), 200) << off;
    }
}

TEST(Timeline, keeps_tracks_together_however_rough_the_clock_of_one_is) {
    for (const std::int64_t most : {100, 150, 300}) {
        std::uint32_t random = 1;
        const Lateness late = after_rough_sound(60, [&](std::int64_t n) {
            random = random * 1'664'525 + 1'013'904'223;
            return n % 5 == 0 ? 0 : static_cast<std::int64_t>(random >> 16) % (2 * most) - most;
        });
        EXPECT_LE(std::abs(late.audio_ms - late.video_ms), 1'000 + most) << most;
    }
}

TEST(Timeline, lets_the_earliest_packet_be_the_first_as_long_as_nobody_has_any) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    mapped(timeline, {100}, Track::audio);
    EXPECT_EQ(mapped(timeline, {0, 33, 66}), (Times{0, 33, 66}));
    EXPECT_EQ(mapped(timeline, {121}, Track::audio), (Times{121}));
    EXPECT_EQ(timeline.jumps(), 0U);

    Timeline begun;
    begun.begin(Clock::bits_32, 0);
    mapped(begun, {100}, Track::audio);
    begun.settle();
    EXPECT_EQ(mapped(begun, {0, 33, 166}), (Times{0, 0, 66}));
}

TEST(Timeline, takes_a_tracks_first_packet_as_it_is) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    mapped(timeline, {5000});
    timeline.settle();
    EXPECT_EQ(mapped(timeline, {5040, 5080}), (Times{40, 80}));
    EXPECT_EQ(mapped(timeline, {3080, 3100}, Track::audio), (Times{0, 0}));
    EXPECT_EQ(mapped(timeline, {5120}), (Times{120}));
    EXPECT_EQ(mapped(timeline, {5090}, Track::audio), (Times{90}));
    EXPECT_EQ(timeline.jumps(), 0U);
}

TEST(Timeline, does_not_go_back_before_a_publisher_that_returns) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    EXPECT_EQ(mapped(timeline, {0, 40, 80}), (Times{0, 40, 80}));
    timeline.settle();
    timeline.begin(Clock::bits_32, 0);
    mapped(timeline, {600}, Track::audio);
    EXPECT_EQ(mapped(timeline, {500, 540}), (Times{120, 160}));
    EXPECT_EQ(mapped(timeline, {620}, Track::audio), (Times{240}));
    EXPECT_EQ(timeline.jumps(), 0U);
}

TEST(Timeline, continues_where_the_publisher_before_left) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    mapped(timeline, {5000, 5040, 5080});
    timeline.begin(Clock::bits_32, 1'000'000'000);
    EXPECT_EQ(mapped(timeline, {0, 40}), (Times{120, 160}));
}

/// One run of a publisher in real time: pictures each 40 ms and sound each 23, that begin
/// `sound_first_ms` apart and end `ahead_ms` apart. What a viewer gets of it.
struct Given {
    std::vector<std::int64_t> video;
    std::vector<std::int64_t> audio;
};
Given after(Timeline& timeline, std::int64_t& now_ms, std::int64_t clock_ms,
            std::int64_t sound_first_ms, std::int64_t ahead_ms, bool is_sound_sent_first) {
    Given run;
    timeline.begin(Clock::bits_32, now_ms * 1'000'000);
    const std::int64_t from_ms = now_ms;
    const auto map = [&](Track track, std::int64_t ms) {
        return timeline.map(track, static_cast<std::uint64_t>(clock_ms + ms), now_ms * 1'000'000);
    };
    std::int64_t sound_ms = -sound_first_ms;
    const auto sound = [&](std::int64_t until_ms) {
        for (; sound_ms <= until_ms; sound_ms += 23)
            run.audio.push_back(map(Track::audio, sound_ms));
    };
    for (std::int64_t ms = 0; ms <= 2'000; ms += 40) {
        now_ms = from_ms + ms;
        if (is_sound_sent_first) sound(ms + ahead_ms);
        run.video.push_back(map(Track::video, ms));
        timeline.settle();
        sound(ms + ahead_ms);
    }
    return run;
}

TEST(Timeline, continues_each_track_one_interval_after_its_own_last_one) {
    for (const std::int64_t ahead_ms : {-200, -60, 0, 69, 230, 800}) {
        for (const std::int64_t first_ms : {-150, -23, 0, 23, 150}) {
            for (const bool is_sound_first : {false, true}) {
                SCOPED_TRACE(testing::Message() << ahead_ms << " " << first_ms << is_sound_first);
                Timeline timeline;
                std::int64_t now_ms = 1'000;
                Given before = after(timeline, now_ms, 5'000, 0, ahead_ms, true);
                // Tracks that are a second apart are brought together at once.
                const std::int64_t each_ms = std::abs(ahead_ms) + std::abs(first_ms);
                for (std::int64_t apart_ms = each_ms; apart_ms < 1'000; apart_ms += each_ms + 20) {
                    now_ms += 2'500;
                    const Given run =
                        after(timeline, now_ms, 77'000, first_ms, ahead_ms, is_sound_first);
                    EXPECT_NEAR(static_cast<double>(run.video[0] - before.video.back()), 40, 1);
                    EXPECT_NEAR(static_cast<double>(run.audio[0] - before.audio.back()), 23, 1);
                    for (std::size_t n = 1; n < run.video.size(); ++n)
                        EXPECT_NEAR(static_cast<double>(run.video[n] - run.video[n - 1]), 40, 1);
                    for (std::size_t n = 1; n < run.audio.size(); ++n)
                        EXPECT_NEAR(static_cast<double>(run.audio[n] - run.audio[n - 1]), 23, 1);
                    before = run;
                }
                EXPECT_EQ(timeline.jumps(), 0U);
            }
        }
    }
}

TEST(Timeline, brings_tracks_that_a_return_took_apart_together_again) {
    Timeline timeline;
    std::int64_t now_ms = 1'000;
    after(timeline, now_ms, 5'000, 0, 300, true);  // sound runs ahead by 300 ms at its end
    timeline.begin(Clock::bits_32, now_ms * 1'000'000);
    std::int64_t apart_ms = 0;
    for (std::int64_t ms = 0; ms < 20'000; ms += 40) {
        const std::int64_t now_ns = (now_ms + ms) * 1'000'000;
        const auto at = static_cast<std::uint64_t>(ms);
        const std::int64_t video = timeline.map(Track::video, at, now_ns);
        apart_ms = timeline.map(Track::audio, at, now_ns) - video;
        timeline.settle();
        if (ms == 0) {
            EXPECT_GT(apart_ms, 250);
        }
    }
    EXPECT_EQ(apart_ms, 0);
}

TEST(Timeline, does_not_go_on_with_a_track_that_ended_long_before_its_publisher) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    mapped(timeline, {0, 23, 46}, Track::audio);
    std::vector<std::uint64_t> pictures;
    for (std::uint64_t ms = 0; ms <= 20'000; ms += 40) pictures.push_back(ms);
    mapped(timeline, pictures);
    timeline.settle();
    timeline.begin(Clock::bits_32, 0);
    EXPECT_EQ(mapped(timeline, {500}), (Times{20'040}));
    timeline.settle();
    EXPECT_EQ(mapped(timeline, {500}, Track::audio), (Times{20'040}));
}

TEST(Timeline, lets_a_track_that_is_new_with_a_return_stand_where_its_publisher_has_it) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    mapped(timeline, {0, 40, 80});
    timeline.settle();
    timeline.begin(Clock::bits_32, 0);
    EXPECT_EQ(mapped(timeline, {1'000}), (Times{120}));
    timeline.settle();
    EXPECT_EQ(mapped(timeline, {1'030}, Track::audio), (Times{150}));
}

}  // namespace
}  // namespace st::hub
