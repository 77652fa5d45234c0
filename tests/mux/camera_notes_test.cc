/// What a dump's notes say of the camera's clock, and its payloads of their form: unit, exchanges,
/// and every message accounted for.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

#include "camera/message.h"
#include "dump/format.h"
#include "mux/align.h"
#include "mux/input.h"
#include "mux/recording.h"
#include "mux/report_json.h"
#include "support/cases.h"

namespace st::mux {
namespace {

constexpr std::int64_t kWallUs = 1'700'000'000'000'000;
constexpr std::int64_t kBegunNs = 500'000'000;  // CLOCK_MONOTONIC

constexpr const char* kMicroseconds = R"({"clock":{"unit":"us","exchange":1}})";

/// A recorded dump, record by record.
class Noted {
 public:
    /// `wall_later_us`: the wall clock of its beginning, against that of others.
    explicit Noted(std::uint8_t uuid = 7, std::int64_t wall_later_us = 0) {
        header_.uuid.fill(uuid);
        header_.wall_start_us = kWallUs + wall_later_us;
        header_.monotonic_start_ns = kBegunNs;
        add(bytes, dump::encode_file_header(header_));
    }
    void frame(std::uint64_t timestamp, const Octets& payload, std::uint64_t arrival_us) {
        Octets body;
        add(body, camera::encode_header({timestamp, seq_++, payload}));
        add(body, payload);
        record(dump::RecordType::frame, body, arrival_us);
    }
    void note(const std::string& json, std::uint64_t arrival_us) {
        record(dump::RecordType::note, {json.begin(), json.end()}, arrival_us);
    }
    /// Our times after the beginning of the dump.
    void exchange(std::int64_t sent_us, std::int64_t received_us, std::int64_t returned_us) {
        const std::int64_t begun_us = kBegunNs / 1000;
        note(camera::encode_note(camera::ExchangeNote{begun_us + sent_us, received_us, received_us,
                                                      begun_us + returned_us}),
             static_cast<std::uint64_t>(std::max<std::int64_t>(0, returned_us)));
    }

    Octets bytes;

 private:
    void record(dump::RecordType type, const Octets& body, std::uint64_t arrival_us) {
        const auto head =
            dump::encode_record_header({type, static_cast<std::uint32_t>(body.size()),
                                        dump::tag_of(header_.uuid), number_++, arrival_us * 1000});
        add(bytes, head);
        add(bytes, body);
        add(bytes, dump::encode_record_crc(head, body));
    }

    dump::FileHeader header_;
    std::uint64_t number_ = 0;
    std::uint32_t seq_ = 0;
};

Octets with_lengths(const Octets& annexb) {
    Octets out = annexb;
    std::vector<std::size_t> starts;
    for (std::size_t i = 0; i + 4 <= out.size(); ++i) {
        if (load_be32(out.data() + i) == 1) starts.push_back(i);
    }
    starts.push_back(out.size());
    for (std::size_t k = 0; k + 1 < starts.size(); ++k)
        store_be32(out.data() + starts[k],
                   static_cast<std::uint32_t>(starts[k + 1] - starts[k] - 4));
    return out;
}

class CameraClock : public Muxing {};

TEST_F(CameraClock, exchanges_in_the_dump_bound_the_offset) {
    Noted dump;
    dump.note(R"({"capabilities":)" + std::string(kMicroseconds) + "}", 0);
    const auto messages = make_messages(100);
    constexpr std::int64_t kAhead = 7'000'000;
    dump.exchange(-100'000, kAhead - 99'600, -99'200);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const std::int64_t taken = 40'000 * static_cast<std::int64_t>(i);
        if (i % 50 == 25) dump.exchange(taken, kAhead + taken + 400, taken + 800);
        dump.frame(static_cast<std::uint64_t>(kAhead + taken), messages[i].payload,
                   static_cast<std::uint64_t>(taken) + 30'000);
    }
    const auto report = inspect(job(dump.bytes));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->clock_unit, "us");
    EXPECT_EQ(report->clock.method, clock::Method::exchange);
    EXPECT_EQ(report->clock.exchanges, 3U);
    EXPECT_EQ(report->clock.rtt_us, 800);
    EXPECT_NEAR(static_cast<double>(report->clock.offset_us), kWallUs - kAhead,
                static_cast<double>(report->clock.bound_us));
    EXPECT_LT(report->clock.bound_us, 3'000);
    EXPECT_EQ(report->clock_origin_us, kAhead + 40'000);
    EXPECT_NE(to_json(*report).find(R"("method":"exchange")"), std::string::npos);
}

/// 100 pictures each 40 ms, which come 130 ms after they were taken, and then later and later: by
/// `slower` of what has passed.
Octets coming_late(const std::vector<Sent>& messages, double slower, bool with_exchanges) {
    constexpr std::int64_t kAhead = 7'000'000;
    Noted dump;
    dump.note(R"({"capabilities":)" + std::string(kMicroseconds) + "}", 0);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const std::int64_t taken = 40'000 * static_cast<std::int64_t>(i);
        const auto late = static_cast<std::int64_t>(slower * static_cast<double>(taken));
        if (with_exchanges && i % 25 == 0) {
            const std::int64_t asked = taken + late;
            dump.exchange(asked, kAhead + asked + 400, asked + 800);
        }
        dump.frame(static_cast<std::uint64_t>(kAhead + taken), messages[i].payload,
                   static_cast<std::uint64_t>(taken + late + 130'000));
    }
    return dump.bytes;
}

TEST_F(CameraClock, exchanges_confirm_the_clock_of_pictures_that_come_later_and_later) {
    const auto messages = make_messages(100);
    const auto named = inspect(job(coming_late(messages, 0.12, false)));
    ASSERT_TRUE(named) << named.error().message;
    EXPECT_EQ(named->timing, "arrival");
    auto made = job(coming_late(messages, 0.12, true));
    const auto report = convert(made);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->timing, "device");
    EXPECT_EQ(report->notes.size(), 1U);  // it has no end
    EXPECT_EQ(report->clock.method, clock::Method::exchange);
    EXPECT_LT(report->clock.bound_us, 3'000);
    const auto times = display_times_of(path("out.mp4"));
    ASSERT_EQ(times.size(), 100U);
    for (std::size_t i = 0; i < times.size(); ++i)
        EXPECT_NEAR(times[i], 40.0 * static_cast<double>(i), 0.0011);
}

/// Of a camera that was away from 50 s to 170 s and sent afterwards what it had kept.
Octets resumed(bool is_noted) {
    constexpr std::int64_t kAhead = 7'000'000;
    constexpr std::int64_t kLost = 50'000'000;
    constexpr std::int64_t kBack = 170'000'000;
    const auto messages = make_messages(440);
    Noted dump;
    dump.note(R"({"capabilities":)" + std::string(kMicroseconds) + "}", 0);
    std::int64_t late = 0;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const std::int64_t taken = 500'000 * static_cast<std::int64_t>(i);
        const bool is_away = taken >= kLost && taken < kBack;
        if (is_away && late++ == 0 && is_noted)
            dump.note(camera::encode_note(camera::ResumedNote{kBack - kLost, 240}), kBack);
        if (!is_away && i % 4 == 0) dump.exchange(taken, kAhead + taken + 400, taken + 800);
        dump.frame(static_cast<std::uint64_t>(kAhead + taken), messages[i].payload,
                   static_cast<std::uint64_t>(is_away ? kBack + late * 1000 : taken + 30'000));
    }
    return dump.bytes;
}

TEST_F(CameraClock, pictures_that_a_camera_kept_while_it_was_away_are_told_by_its_exchanges) {
    const auto report = inspect(job(resumed(true)));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->timing, "device");
    EXPECT_EQ(report->clock.method, clock::Method::exchange);
    ASSERT_TRUE(report->place && report->place->accuracy.error_ms);
    EXPECT_TRUE(report->place->accuracy.has_exchanges);
    EXPECT_LT(*report->place->accuracy.error_ms, 20);
    for (const std::string& note : report->notes)
        EXPECT_EQ(note.find("do not fit"), std::string::npos) << note;
    const auto unsaid = inspect(job(resumed(false)));
    ASSERT_TRUE(unsaid && unsaid->place);
    EXPECT_FALSE(unsaid->place->accuracy.has_exchanges) << "nobody was away, so that is no delay";
}

TEST_F(CameraClock, the_begin_is_when_the_first_picture_was_taken_and_not_when_it_came) {
    const auto messages = make_messages(100);
    auto made = job(coming_late(messages, 0, true));
    const auto whole = inspect(made);
    ASSERT_TRUE(whole && whole->first_taken_wall_us && whole->first_picture_wall_us);
    // Its configuration is message 0.
    EXPECT_NEAR(static_cast<double>(*whole->first_taken_wall_us), kWallUs + 40'000.0, 1'000);
    EXPECT_EQ(*whole->first_picture_wall_us, kWallUs + 170'000);
    made.from = std::chrono::milliseconds(3'000);
    const auto part = convert(made);
    ASSERT_TRUE(part) << part.error().message;
    EXPECT_GT(part->cut_begins_us, 0);
    EXPECT_EQ(part->first_taken_wall_us, whole->first_taken_wall_us);
}

TEST_F(CameraClock, a_unit_that_is_said_late_holds_for_the_messages_before_it) {
    const auto messages = make_messages(60);
    for (const std::size_t told_at : {0U, 1U, 20U, 61U}) {
        SCOPED_TRACE(told_at);
        Noted dump;
        dump.note(R"({"capabilities":{}})", 0);
        for (std::size_t i = 0; i <= messages.size(); ++i) {
            if (i == told_at)
                dump.note(camera::encode_capabilities_note(kMicroseconds), 33'337 * i);
            if (i == messages.size()) break;
            dump.frame(5'000'000'000 + 33'337 * i, messages[i].payload, 33'337 * i + 5'000);
        }
        auto made = job(dump.bytes);
        const auto report = convert(made);
        ASSERT_TRUE(report) << report.error().message;
        EXPECT_EQ(report->timing, "device");
        EXPECT_EQ(report->repairs, 0U);
        EXPECT_EQ(report->clock_unit, "us");
        const auto times = display_times_of(path("out.mp4"));
        ASSERT_EQ(times.size(), 60U);
        for (std::size_t i = 0; i < times.size(); ++i)
            EXPECT_NEAR(times[i], 33.337 * static_cast<double>(i), 0.0011);
        EXPECT_NEAR(report->fps_estimate.fps, 61 / (60 * 0.033337), 0.1);
    }
}

TEST_F(CameraClock, joined_recordings_keep_their_own_units) {
    const auto messages = make_messages(30);
    Noted fine(1);
    fine.note(camera::encode_capabilities_note(kMicroseconds), 0);
    Noted coarse(2);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        fine.frame(9'000'000'000 + 40'000 * i, messages[i].payload, 40'000 * i);
        coarse.frame(5'000'000 + 40 * i, messages[i].payload, 40'000 * i);
    }
    Octets both = fine.bytes;
    add(both, coarse.bytes);
    const auto report = inspect(job(both));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->pictures, 60U);
    EXPECT_NEAR(*report->fps_arrival, 25, 26);
}

/// The whole path behind the server: random clocks on random networks, as notes in a dump, and the
/// line that comes out of it against the truth at every picture.
class Random {
 public:
    explicit Random(unsigned seed) : random_(seed) {
        drift_ = between(-200e-6, 200e-6);
        ahead_us_ = between(1e6, 1e12);
        delay_us_ = std::exp(between(std::log(50), std::log(50'000)));
        jitter_us_ = std::exp(between(std::log(10), std::log(30'000)));
        loss_ = random_() % 3 == 0 ? between(0, 0.6) : 0;
        step_us_ = between(15e3, 120e3);
    }
    double between(double least, double most) {
        return std::uniform_real_distribution<double>(least, most)(random_);
    }
    double delay() {
        return delay_us_ * between(0.1, 1) +
               std::exponential_distribution<double>(1 / jitter_us_)(random_);
    }
    std::int64_t device_us(double server_us) const {
        return std::llround(std::floor(ahead_us_ + server_us * (1 + drift_)));
    }
    Octets dump(const std::vector<Sent>& messages) {
        Noted out;
        out.note(camera::encode_capabilities_note(kMicroseconds), 0);
        double asks = -700e3;
        double arrived = 0;
        for (std::size_t i = 0; i < messages.size(); ++i) {
            const double taken = step_us_ * static_cast<double>(i);
            for (; asks <= taken; asks += asks < 0 ? 100e3 : 2e6) {
                const double received = asks + delay();
                const double returned = received + delay();
                if (between(0, 1) < loss_) continue;
                out.exchange(std::llround(std::floor(asks)), device_us(received),
                             std::llround(std::ceil(returned)));
            }
            arrived = std::max(arrived + 1, taken + delay());
            out.frame(static_cast<std::uint64_t>(device_us(taken)), messages[i].payload,
                      static_cast<std::uint64_t>(arrived));
        }
        return out.bytes;
    }
    double step_us() const { return step_us_; }

 private:
    std::mt19937 random_;
    double drift_ = 0;
    double ahead_us_ = 0;
    double delay_us_ = 0;
    double jitter_us_ = 0;
    double loss_ = 0;
    double step_us_ = 0;
};

TEST_F(CameraClock, the_bound_of_a_recording_holds_at_every_picture) {
    const auto messages = make_messages(120);
    const int cases = test::cases(2'000, 25);
    for (int seed = 0; seed < cases; ++seed) {
        SCOPED_TRACE(seed);
        Random camera(static_cast<unsigned>(seed));
        const auto report = inspect(job(camera.dump(messages)));
        ASSERT_TRUE(report) << report.error().message;
        if (report->clock.method != clock::Method::exchange) continue;
        for (std::size_t i = 1; i < messages.size(); ++i) {
            const double taken = camera.step_us() * static_cast<double>(i);
            const auto device = camera.device_us(taken);
            const double told = static_cast<double>(device + report->clock.offset_us - kWallUs) +
                                static_cast<double>(report->clock.drift_ppm) / 1e6 *
                                    static_cast<double>(device - *report->clock_origin_us);
            ASSERT_LE(std::abs(told - taken), static_cast<double>(report->clock.bound_us) + 2)
                << "picture " << i;
        }
    }
}

TEST_F(CameraClock, two_cameras_with_exchanges_meet_within_their_bounds) {
    const auto messages = make_messages(150);
    std::vector<Octets> dumps;
    // One is 80 ms late on the network, which arrivals alone would call its pictures' delay.
    for (const std::int64_t late : {2'000, 80'000}) {
        Noted dump(static_cast<std::uint8_t>(1 + late / 1000));
        dump.note(camera::encode_capabilities_note(kMicroseconds), 0);
        for (std::size_t i = 0; i < messages.size(); ++i) {
            const std::int64_t taken = 100'000 + 40'000 * static_cast<std::int64_t>(i);
            if (i % 40 == 1) dump.exchange(taken, 9'000'000 + taken + 500, taken + 1'000);
            dump.frame(static_cast<std::uint64_t>(9'000'000 + taken), messages[i].payload,
                       static_cast<std::uint64_t>(taken + late));
        }
        dumps.push_back(dump.bytes);
    }
    Job first = job(dumps[0]);
    first.input = write("first", dumps[0]);
    Job second = first;
    second.input = write("second", dumps[1]);
    const std::vector<Job*> jobs{&first, &second};
    for (const auto& result : align(jobs)) ASSERT_TRUE(result);
    for (Job* one : jobs) {
        const auto report = convert(*one);
        ASSERT_TRUE(report) << report.error().message;
        ASSERT_TRUE(report->alignment);
        EXPECT_TRUE(report->alignment->has_exchanges);
        EXPECT_LT(*report->alignment->error_ms, 2);
        EXPECT_LT(report->alignment->begins_us, 4'000U);
    }
}

TEST_F(CameraClock, units_behind_lengths_are_read_from_every_kind_of_dump) {
    const auto messages = make_messages(40);
    auto whole = messages;
    auto begins = messages;
    auto ends = messages;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        whole[i].payload = with_lengths(messages[i].payload);
        if (i >= 15) begins[i].payload = whole[i].payload;
        if (i < 15) ends[i].payload = whole[i].payload;
    }
    for (const auto& kind : {whole, begins, ends}) {
        for (const Octets& input : {plain_dump(kind), recorded_dump(kind).bytes}) {
            const auto report = convert(job(input));
            ASSERT_TRUE(report) << report.error().message;
            EXPECT_EQ(report->pictures, 40U);
            EXPECT_EQ(report->exit_code(), 0);
            EXPECT_EQ(report->damage_count, 0U);
        }
        auto copied = job(plain_dump(kind));
        copied.format = OutputFormat::h264;
        copied.output = path("out.h264");
        ASSERT_TRUE(convert(copied));
        EXPECT_EQ(read_file(path("out.h264")), bare_stream(messages));
    }
}

TEST_F(CameraClock, what_nobody_understands_is_counted_and_in_no_picture) {
    auto messages = make_messages(40);
    const auto clean = inspect(job(recorded_dump(messages).bytes));
    std::mt19937 random(5);
    for (const std::size_t at : {20U, 21U, 30U}) {
        Sent sent{5'000'000 + 40 * at, Octets(300, 0xFF)};
        sent.payload[1] = 0xD8;
        for (std::size_t k = 2; k < 300; ++k)
            sent.payload[k] = static_cast<std::uint8_t>(random() % 255 + 1);
        messages[at] = sent;
    }
    const auto report = convert(job(recorded_dump(messages).bytes));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->pictures, clean->pictures - 3);
    EXPECT_EQ(report->dropped.unknown_form, 3U);
    EXPECT_EQ(report->exit_code(), 3);
    EXPECT_LT(report->bytes, clean->bytes);
    ASSERT_FALSE(report->notes.empty());
    EXPECT_NE(to_text(*report).find("3 messages are not H.264"), std::string::npos);
}

TEST_F(CameraClock, a_bare_file_of_lengths_is_named) {
    Octets bytes;
    for (const Sent& sent : make_messages(20)) add(bytes, with_lengths(sent.payload));
    const auto report = inspect(job(bytes));
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, 65);
    EXPECT_NE(report.error().message.find("behind lengths"), std::string::npos);
}

/// Two recordings that began at once by CLOCK_MONOTONIC, an hour apart by the wall clock.
TEST_F(CameraClock, the_start_of_the_machine_says_which_clock_tells_how_far_recordings_are_apart) {
    const auto messages = make_messages(50);
    const auto filmed = [&](std::uint8_t uuid, std::int64_t later_us, const std::string& boot) {
        Noted dump(uuid, later_us);
        if (!boot.empty()) dump.note(R"({"boot_id":")" + boot + R"("})", 0);
        for (std::size_t i = 0; i < messages.size(); ++i) {
            const std::uint64_t taken_us = 40'000 * i;
            dump.frame(taken_us / 1000, messages[i].payload, taken_us + 5'000);
        }
        return dump.bytes;
    };
    struct Case {
        std::string boots[2];
        bool by_wall_clock;
    };
    for (const Case& one : {Case{{"a", "a"}, false}, Case{{"a", "b"}, true}, Case{{"", ""}, true},
                            Case{{"a", ""}, true}}) {
        constexpr std::int64_t kHourUs = 3'600'000'000;
        const Octets first = filmed(1, 0, one.boots[0]);
        const Octets second = filmed(2, kHourUs, one.boots[1]);
        Job jobs[2] = {job(first), job(second)};
        jobs[0].input = write("first", first);
        jobs[1].input = write("second", second);
        std::vector<Job*> all{&jobs[0], &jobs[1]};
        for (const auto& result : align(all)) ASSERT_TRUE(result) << result.error().message;
        EXPECT_EQ(jobs[0].line->by_wall_clock, one.by_wall_clock)
            << one.boots[0] << " " << one.boots[1];
    }
}

TEST(NsBetween, goes_by_the_clock_that_nobody_sets_within_one_start_of_the_machine) {
    const ServerOrigin first{kWallUs, kBegunNs, "a"};
    ServerOrigin later{kWallUs + 3'600'000'000, kBegunNs + 10'000'000'000, "a"};
    EXPECT_EQ(ns_between(first, later), 10'000'000'000U);
    later.boot_id = "b";
    EXPECT_EQ(ns_between(first, later), 3'600'000'000'000U);
    later.boot_id.clear();
    EXPECT_EQ(ns_between(first, later), 3'600'000'000'000U);
    later.wall_us = kWallUs + 11'000'000;
    EXPECT_EQ(ns_between(first, later), 10'000'000'000U) << "as near as NTP leaves them";
    later = {kWallUs - 5'000'000'000, kBegunNs, "b"};
    EXPECT_EQ(ns_between(first, later), 0U) << "the wall clock went back";
}

/// Pictures of 640x480 that differ in their last byte, 40 ms apart.
Octets jpeg_dump(std::uint8_t uuid, std::size_t pictures) {
    Noted dump(uuid, uuid * 10'000'000);
    dump.note(R"({"codec":"mjpeg"})", 0);
    for (std::size_t i = 0; i < pictures; ++i) {
        const Octets jpeg = {0xFF, 0xD8,  // start of image
                             0xFF, 0xC0, 0,    11,   8,
                             1,    0xE0, 2,    0x80,  // frame header: 480 x 640
                             1,    1,    0x11, 0,    static_cast<std::uint8_t>(i)};
        dump.frame(1000 + 40 * i, jpeg, 40'000 * i);
    }
    return std::move(dump.bytes);
}

class JpegRecordings : public Muxing {
 protected:
    Job join(const std::vector<Octets>& dumps) {
        Job one = job(dumps.front());
        for (std::size_t i = 1; i < dumps.size(); ++i)
            one.joined.push_back({write("input" + std::to_string(i), dumps[i]), -1});
        return one;
    }
};

TEST_F(JpegRecordings, are_joined_with_all_of_their_pictures) {
    const std::vector<Octets> dumps = {jpeg_dump(1, 5), jpeg_dump(2, 7), jpeg_dump(3, 9)};
    const auto joined = convert(join(dumps));
    ASSERT_TRUE(joined) << joined.error().message;
    EXPECT_EQ(joined->pictures, 21U);
    EXPECT_EQ(joined->exit_code(), 0);
    EXPECT_TRUE(joined->is_jpeg);
    EXPECT_EQ(read_pictures_of(path("out.mp4")).pictures, 21U);
    Octets one_file = dumps[0];
    add(one_file, dumps[1]);
    const auto behind = convert(job(one_file));
    ASSERT_TRUE(behind) << behind.error().message;
    EXPECT_EQ(behind->pictures, 12U);
}

TEST_F(JpegRecordings, and_H264_make_no_film_together) {
    const Octets jpegs = jpeg_dump(1, 5);
    const Octets h264 = recorded_dump(make_messages(12)).bytes;
    Octets jpegs_first = jpegs;
    add(jpegs_first, h264);
    Octets h264_first = h264;
    add(h264_first, jpegs);
    for (const std::vector<Octets>& inputs :
         {std::vector{jpegs, h264}, {h264, jpegs}, {jpegs_first}, {h264_first}}) {
        const auto report = convert(join(inputs));
        ASSERT_FALSE(report);
        EXPECT_EQ(report.error().code, 65) << report.error().message;
        EXPECT_NE(report.error().message.find("JPEG"), std::string::npos) << report.error().message;
        EXPECT_FALSE(std::filesystem::exists(path("out.mp4")));
    }
}

}  // namespace
}  // namespace st::mux
