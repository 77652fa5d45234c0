#include "mux/align.h"

#include <gtest/gtest.h>

#include <climits>
#include <cmath>
#include <random>

#include "mux/recording.h"

namespace st::mux {
namespace {

/// A camera that films what the others film: its clock, its network, when it begins.
struct Camera {
    double clock_starts_ms = 0;  ///< what its clock said at the server's time 0
    double drift_ppm = 0;        ///< above 0: the clock is slow
    double begins_ms = 0;        ///< server time of its first picture
    double delay_ms = 0;         ///< of the network at its best
    double jitter_ms = 1;        ///< mean of what comes on top
    int pictures = 600;
    std::uint64_t header_late_ms = 0;     ///< the recording was begun so much after the server's 0
    std::uint64_t reset_at = UINT64_MAX;  ///< from this picture on the clock counts from 5 s
    int jump_at = INT_MAX;                ///< from this picture on the clock is off by
    double jump_ms = 0;
};

struct Filmed {
    Octets dump;
    std::vector<double> taken_ms;  ///< server time of each picture
};

Filmed film(const Camera& camera, unsigned seed) {
    std::mt19937 random(seed);
    std::exponential_distribution<double> jitter(1 / camera.jitter_ms);
    Filmed filmed;
    std::vector<Sent> sent = make_messages(static_cast<std::size_t>(camera.pictures));
    std::vector<std::uint64_t> arrivals_ns;
    double last_arrival = 0;
    double burst_until = 0;
    double now = camera.begins_ms;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        if (i > 1) now += 33 + static_cast<double>(random() % 9) - 4;
        const double device = camera.clock_starts_ms + now / (1 + camera.drift_ppm / 1e6);
        sent[i].device_ms = i == 0 ? 0 : static_cast<std::uint64_t>(device);
        if (static_cast<int>(i) > camera.jump_at)
            sent[i].device_ms = static_cast<std::uint64_t>(device + camera.jump_ms);
        if (i > camera.reset_at) {
            sent[i].device_ms = static_cast<std::uint64_t>(5000 + device - camera.clock_starts_ms -
                                                           camera.begins_ms);
        }
        if (i > 0) filmed.taken_ms.push_back(now);
        if (random() % 200 == 0) burst_until = now + 700;
        const double arrival = std::max(now + camera.delay_ms + jitter(random), burst_until);
        last_arrival = std::max(last_arrival, arrival);
        arrivals_ns.push_back(static_cast<std::uint64_t>(
            (last_arrival - static_cast<double>(camera.header_late_ms)) * 1e6));
    }
    filmed.dump = recorded_dump(sent, {.uuid = static_cast<std::uint8_t>(seed),
                                       .begun_ms = camera.header_late_ms,
                                       .arrivals_ns = arrivals_ns})
                      .bytes;
    return filmed;
}

class Align : public Muxing {
 protected:
    Job camera_job(const std::string& name, const Camera& camera, unsigned seed) {
        filmed_.push_back(film(camera, seed));
        Job one = job({});
        one.input = write(name, filmed_.back().dump);
        one.output = path(name + ".mp4");
        return one;
    }

    /// Aligns and converts; the display times of each output, ms.
    std::vector<std::vector<double>> shown(std::vector<Job>& jobs) {
        std::vector<Job*> all;
        for (Job& one : jobs) all.push_back(&one);
        for (const auto& result : align(all)) EXPECT_TRUE(result) << result.error().message;
        std::vector<std::vector<double>> times;
        for (const Job& one : jobs) {
            auto report = convert(one);
            if (!report || !report->alignment) {
                ADD_FAILURE() << (report ? "no alignment" : report.error().message);
                return {};
            }
            reports_.push_back(std::move(*report));
            times.push_back(display_times_of(one.output));
        }
        return times;
    }

    /// Every picture of every camera is shown when it was taken, to the error that is stated; for
    /// two cameras the errors add up.
    void expect_true_errors(const std::vector<std::vector<double>>& times) {
        double low = -1e300;
        double high = 1e300;  // of where the line's 0 may lie on the server's clock
        for (std::size_t k = 0; k < times.size(); ++k) {
            ASSERT_EQ(times[k].size(), filmed_[k].taken_ms.size());
            // These cameras lose no time of their own.
            const Alignment& stated = *reports_[k].alignment;
            const double error = *stated.error_ms - stated.camera_error_ms;
            for (std::size_t i = 0; i < times[k].size(); ++i) {
                const double zero = filmed_[k].taken_ms[i] - times[k][i];
                low = std::max(low, zero - error);
                high = std::min(high, zero + error);
            }
        }
        EXPECT_LE(low, high) << "no zero suits all of the errors";
    }

    std::vector<Filmed> filmed_;
    std::vector<Report> reports_;
};

TEST_F(Align, cameras_with_other_clocks_are_shown_as_they_filmed) {
    std::vector<Job> jobs = {
        camera_job("a", {.clock_starts_ms = 86'400'000, .begins_ms = 350, .jitter_ms = 4}, 1),
        camera_job("b",
                   {.clock_starts_ms = 1.7e12,
                    .drift_ppm = 80,
                    .begins_ms = 20,
                    .delay_ms = 3,
                    .jitter_ms = 8},
                   2),
        camera_job("c",
                   {.drift_ppm = -60,
                    .begins_ms = 5100,
                    .delay_ms = 12,
                    .jitter_ms = 2,
                    .header_late_ms = 5000},
                   3)};
    const auto times = shown(jobs);
    ASSERT_EQ(times.size(), 3U);
    expect_true_errors(times);
    EXPECT_EQ(times[1].front(), 0) << "the first of all";
    EXPECT_NEAR(times[0].front(), 330, 15);
    EXPECT_NEAR(times[2].front(), 5080, 25);
    for (const Report& report : reports_) {
        EXPECT_FALSE(report.alignment->was_pinged);
        EXPECT_EQ(report.alignment->network_error_ms, 20);
        EXPECT_EQ(report.alignment->camera_error_ms, 20);
        EXPECT_LT(*report.alignment->clock_error_ms, 12);
    }
}

TEST_F(Align, the_stated_error_is_true_with_pings_and_small) {
    for (unsigned round = 0; round < 25; ++round) {
        SCOPED_TRACE(round);
        filmed_.clear();
        reports_.clear();
        std::mt19937 random(round);
        std::vector<Job> jobs;
        for (const char* name : {"a", "b", "c"}) {
            Camera camera;
            camera.clock_starts_ms = static_cast<double>(random());
            camera.drift_ppm = static_cast<double>(random() % 200) - 100;
            camera.begins_ms = static_cast<double>(random() % 3000);
            camera.delay_ms = static_cast<double>(random() % 6);
            camera.jitter_ms = 0.5 + static_cast<double>(random() % 20);
            camera.pictures = 100 + static_cast<int>(random() % 900);
            jobs.push_back(camera_job(name, camera, round * 3 + static_cast<unsigned>(random())));
            // There and back; the way there may have taken all of it.
            jobs.back().ping = std::chrono::microseconds(
                static_cast<std::int64_t>(camera.delay_ms * 1000) + 200 + random() % 4000);
        }
        expect_true_errors(shown(jobs));
        for (std::size_t k = 0; k < reports_.size(); ++k) {
            EXPECT_TRUE(reports_[k].alignment->was_pinged);
            EXPECT_EQ(reports_[k].alignment->network_error_ms,
                      static_cast<double>(jobs[k].ping->count()) / 2000);
        }
    }
}

TEST_F(Align, a_camera_that_starts_anew_keeps_its_place) {
    std::vector<Job> jobs = {
        camera_job("a", {.clock_starts_ms = 9e8, .pictures = 900, .reset_at = 450}, 4),
        camera_job("b", {.clock_starts_ms = 1e6, .begins_ms = 700}, 5)};
    expect_true_errors(shown(jobs));
    EXPECT_EQ(reports_[0].repairs, 1U);
}

TEST_F(Align, a_clock_that_no_line_fits_leaves_the_error_open_and_goes_by_the_arrivals) {
    for (const double drift : {20'000.0, -5'000.0}) {
        SCOPED_TRACE(drift);
        filmed_.clear();
        reports_.clear();
        std::vector<Job> jobs = {
            camera_job("a", {.clock_starts_ms = 9e8, .pictures = 900}, 14),
            camera_job(
                "b",
                {.clock_starts_ms = 1e6, .drift_ppm = drift, .begins_ms = 700, .pictures = 900},
                15)};
        const auto times = shown(jobs);
        ASSERT_EQ(times.size(), 2U);
        EXPECT_EQ(reports_[1].clock.method, clock::Method::none);
        ASSERT_FALSE(reports_[1].alignment->error_ms);
        EXPECT_EQ(reports_[1].timing, "arrival");
        // The drift would add up to 150 ms and more; what the network does does not.
        EXPECT_NEAR(times[1].back() - times[1].front(),
                    filmed_[1].taken_ms.back() - filmed_[1].taken_ms.front(), 100);
        EXPECT_NE(to_text(reports_[1]).find("placed by the arrival of its pictures"),
                  std::string::npos);
    }
}

TEST_F(Align, a_clock_that_jumps_shows_in_the_error) {
    for (const double jump : {3000.0, -3000.0, 400.0}) {
        for (const int pictures : {300, 1200}) {
            SCOPED_TRACE(std::to_string(jump) + " ms, " + std::to_string(pictures));
            filmed_.clear();
            reports_.clear();
            std::vector<Job> jobs = {
                camera_job("a", {.clock_starts_ms = 9e8, .pictures = pictures}, 24),
                camera_job("b",
                           {.clock_starts_ms = 1e6,
                            .begins_ms = 700,
                            .pictures = pictures,
                            .jump_at = pictures / 2,
                            .jump_ms = jump},
                           25)};
            const auto times = shown(jobs);
            ASSERT_EQ(times.size(), 2U);
            if (reports_[1].alignment->error_ms) {
                expect_true_errors(times);
            } else {
                EXPECT_EQ(reports_[1].timing, "arrival");
            }
        }
    }
}

TEST_F(Align, without_arrival_times_there_is_no_place) {
    std::vector<Job> jobs = {camera_job("a", {}, 6), camera_job("b", {}, 7)};
    Job plain = job({});
    plain.input = write("plain", plain_dump(make_messages(20)));
    std::vector<Job*> all = {&jobs[0], &plain, &jobs[1]};
    const auto results = align(all);
    EXPECT_TRUE(results[0]);
    ASSERT_FALSE(results[1]);
    EXPECT_EQ(results[1].error().code, 65);
    EXPECT_TRUE(jobs[1].line) << "the others are aligned without it";
    EXPECT_FALSE(plain.line);
    plain.line = jobs[0].line;
    EXPECT_EQ(convert(plain).error().code, 65);
}

TEST_F(Align, a_clock_that_cannot_be_used_leaves_the_error_open) {
    std::vector<Job> jobs = {camera_job("a", {}, 8), camera_job("b", {}, 9)};
    for (Job& one : jobs) one.timing = Timing::arrival;
    ASSERT_EQ(shown(jobs).size(), 2U);
    EXPECT_FALSE(reports_[0].alignment->error_ms);
}

TEST_F(Align, recordings_of_different_starts_go_by_the_wall_clock) {
    const auto messages = make_messages(60);
    std::vector<Job> jobs(2, job({}));
    jobs[0].input =
        write("a", recorded_dump(messages, {.monotonic_start_ns = 90'000'000'000'000}).bytes);
    jobs[1].input = write("b", recorded_dump(messages, {.begun_ms = 7000}).bytes);
    jobs[1].output = path("second.mp4");
    const auto times = shown(jobs);
    ASSERT_EQ(times.size(), 2U);
    EXPECT_NEAR(times[1].front(), 7000, 0.02);
    EXPECT_EQ(reports_[1].notes.size(), 2U);
}

}  // namespace
}  // namespace st::mux
