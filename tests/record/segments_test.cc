#include "record/segments.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "../mp4/memory_segment_file.h"
#include "base/clock.h"
#include "base/when.h"
#include "flv/tag.h"
#include "media/packets.h"
#include "mp4/movie.h"
#include "mp4/segment_finish.h"
#include "record/flv_movie.h"
#include "record/segment_output.h"

namespace st::record {
namespace {

namespace fs = std::filesystem;
using media::audio_config;
using media::Packet;
using media::video_config;
using testing::ElementsAre;

constexpr std::array<std::uint8_t, 4> kOtherPps = {0x68, 0xCB, 0x83, 0xCC};
constexpr std::chrono::seconds kPatience{60};

class Quiet final : public hub::Publisher {
 public:
    void probe() override {}
    void replaced() override {}
    void kicked(const std::string&) override {}
};

Packet numbered(media::Track track, std::int64_t dts_ms, std::uint32_t number, std::size_t bytes) {
    Packet packet;
    packet.track = track;
    packet.codec = track == media::Track::video ? media::Codec::h264 : media::Codec::aac;
    packet.dts_ms = dts_ms;
    packet.payload = Buffer(bytes);
    std::fill_n(packet.payload.data(), bytes, 0x11);
    store_be32(packet.payload.data(), number);
    return packet;
}

/// A stream with a hub of its own, and what was told about its recordings.
class World {
 public:
    explicit World(const hub::Options& kept = {}) : hub(kept, {}, [](const hub::Event&) {}) {
        std::string pattern = (fs::temp_directory_path() / "streamd-segments-XXXXXX").string();
        path = ::mkdtemp(pattern.data());
        options.fragment = std::chrono::milliseconds(200);
    }
    ~World() {
        segments.reset();
        fs::remove_all(path);
    }

    Segments& start() {
        current.replace(options);
        segments = std::make_unique<Segments>(
            Segments::Setup{.path = path,
                            .options = current,
                            .hub = hub,
                            .log = Log(),
                            .sink =
                                [this](SegmentEvent event) {
                                    const Lock lock(mutex);
                                    events.push_back(std::move(event));
                                    changed.notify_all();
                                },
                            .written = {},
                            .now_ns = [this] { return monotonic_ns() + ahead_ns; }});
        return *segments;
    }

    void publish() {
        auto made = hub.publish("/live/x", std::make_shared<Quiet>(), {"rtmp", "1.2.3.4:5", ""},
                                hub::Clock::bits_64, monotonic_ns());
        ASSERT_TRUE(made) << made.error().message;
        publication = *std::move(made);
        // As Live does.
        segments->on_published("/live/x");
        publication.push(video_config(), monotonic_ns());
        publication.push(audio_config(), monotonic_ns());
    }

    /// So many pictures of 40 ms with B-frames between, a key frame every ten, sound beside them.
    void push(unsigned pictures, std::size_t bytes = 100) {
        for (unsigned i = 0; i < pictures; ++i, ++picture) {
            const std::int64_t now = std::int64_t{picture} * step_ms;
            for (; has_sound && std::int64_t{sound} * 1024 / 48 <= now; ++sound) {
                publication.push(
                    numbered(media::Track::audio, std::int64_t{sound} * 1024 / 48, sound, 20),
                    monotonic_ns());
            }
            Packet packet = numbered(media::Track::video, now, picture, bytes);
            packet.is_key = picture % 10 == 0;
            packet.cts_ms = packet.is_key ? step_ms : picture % 10 % 2 == 1 ? 2 * step_ms : 0;
            publication.push(std::move(packet), monotonic_ns());
        }
    }

    template <class Event>
    std::vector<Event> told() {
        const Lock lock(mutex);
        std::vector<Event> found;
        for (const SegmentEvent& event : events) {
            if (const auto* one = std::get_if<Event>(&event)) found.push_back(*one);
        }
        return found;
    }
    template <class Event>
    bool wait_for(std::size_t count) {
        const auto until = std::chrono::steady_clock::now() + kPatience;
        Lock lock(mutex);
        while (count_of<Event>() < count) {
            if (changed.wait_until(lock.native(), until) == std::cv_status::timeout)
                return count_of<Event>() >= count;
        }
        return true;
    }
    template <class Event>
    std::size_t count_of() const ST_REQUIRES(mutex) {
        std::size_t found = 0;
        for (const SegmentEvent& event : events) found += std::holds_alternative<Event>(event);
        return found;
    }

    /// The recorders' clock jumps, and they have work.
    void go_on_after(std::chrono::nanoseconds pause) {
        ahead_ns += pause.count();
        push(10);
        drain();
    }

    /// Until the writer's thread has taken what is queued.
    void drain() {
        while (segments->list()[0].queued_bytes > 0) std::this_thread::yield();
    }

    void forget_events() {
        const Lock lock(mutex);
        events.clear();
    }

    std::vector<fs::path> files() const {
        std::vector<fs::path> found;
        for (const auto& entry : fs::recursive_directory_iterator(path)) {
            if (entry.is_regular_file()) found.push_back(entry.path());
        }
        std::ranges::sort(found);
        return found;
    }

    fs::path path;
    std::atomic<std::int64_t> ahead_ns{0};  ///< of the recorders' clock
    SegmentOptions options;
    Current<SegmentOptions> current{SegmentOptions{}};
    hub::Hub hub;
    std::unique_ptr<Segments> segments;
    hub::Publication publication;
    std::int32_t step_ms = 40;
    bool has_sound = true;
    std::uint32_t picture = 0;
    std::uint32_t sound = 0;

    Mutex mutex;
    std::condition_variable changed;
    std::vector<SegmentEvent> events ST_GUARDED_BY(mutex);
};

std::vector<std::uint8_t> read_all(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The numbers in the samples of each track of a finished segment, as the archive reads it:
/// {video, audio}.
std::array<std::vector<std::uint32_t>, 2> numbers_in(const fs::path& path) {
    const std::vector<std::uint8_t> bytes = read_all(path);
    const bool is_flv = path.extension() == ".flv";
    const auto movie = is_flv ? read_flv_movie(mp4::source_of(Bytes(bytes)))
                              : mp4::read_movie(mp4::source_of(Bytes(bytes)));
    std::array<std::vector<std::uint32_t>, 2> numbers;
    if (!is_flv && movie && movie->is_growing) ADD_FAILURE() << path << " is not finished";
    if (!movie) {
        ADD_FAILURE() << path << ": " << movie.error().message;
        return numbers;
    }
    for (const mp4::MovieTrack& track : movie->tracks) {
        for (const mp4::MovieSample& sample : track.samples) {
            numbers[track.kind == mp4::MovieKind::video ? 0 : 1].push_back(
                load_be32(bytes.data() + sample.at));
        }
    }
    return numbers;
}

std::vector<std::uint32_t> up_to(std::uint32_t count) {
    std::vector<std::uint32_t> all(count);
    for (std::uint32_t i = 0; i < count; ++i) all[i] = i;
    return all;
}

SegmentRule rule(std::chrono::milliseconds duration) {
    SegmentRule made;
    made.match = "live/*";
    made.order.segment_duration = duration;
    return made;
}

TEST(Segments, have_each_picture_and_sound_once_across_many_cuts) {
    World world;
    world.options.rules = {rule(std::chrono::milliseconds(1000))};
    world.start();
    world.publish();
    world.push(505);
    world.publication.end("done");
    world.segments->shut_down(INT64_MAX);
    EXPECT_EQ(world.told<SegmentsStopped>()[0].reason, "shutdown");
    std::array<std::vector<std::uint32_t>, 2> all;
    for (const fs::path& file : world.files()) {
        const auto numbers = numbers_in(file);
        ASSERT_FALSE(numbers[0].empty());
        EXPECT_EQ(numbers[0].front() % 10, 0U) << file << " does not begin with a key frame";
        for (std::size_t i = 0; i < 2; ++i) {
            all[i].insert(all[i].end(), numbers[i].begin(), numbers[i].end());
        }
    }
    EXPECT_EQ(all[0], up_to(505));
    EXPECT_EQ(all[1], up_to(world.sound));
    // One goes on where the other ended.
    const auto done = world.told<SegmentDone>();
    for (std::size_t i = 0; i + 1 < done.size(); ++i) {
        EXPECT_EQ(done[i].reason, "duration");
        // By no more than a B-frame's delay: sound may begin before the first picture is shown.
        const std::int64_t end =
            done[i].first_wall_us + static_cast<std::int64_t>(done[i].duration_us);
        EXPECT_LE(std::abs(done[i + 1].first_wall_us - end), 80'000) << i;
    }
}

TEST(Segments, begin_anew_where_the_configuration_changes) {
    World world;
    world.options.rules = {rule(std::chrono::hours(1))};
    world.start();
    world.publish();
    world.push(20);
    world.publication.push(video_config(), monotonic_ns());  // the same again
    world.push(20);
    world.publication.push(video_config(kOtherPps), monotonic_ns());
    world.push(20);
    world.publication.end("done");
    ASSERT_TRUE(world.wait_for<SegmentDone>(2));
    const auto done = world.told<SegmentDone>();
    EXPECT_EQ(done[0].reason, "codec");
    EXPECT_EQ(done[0].pictures, 40U);
    EXPECT_EQ(done[1].reason, "publisher");
    EXPECT_EQ(done[1].pictures, 20U);
}

TEST(Segments, begin_anew_and_count_on_when_the_publisher_returns) {
    World world;
    world.options.rules = {rule(std::chrono::hours(1))};
    world.options.resume = std::chrono::hours(1);
    world.start();
    world.publish();
    world.push(10);
    world.publication.end("done");
    ASSERT_TRUE(world.wait_for<SegmentDone>(1));
    world.picture = 0;
    world.publish();
    world.push(20);
    world.publication.end("done");
    ASSERT_TRUE(world.wait_for<SegmentDone>(2));
    EXPECT_EQ(world.told<SegmentsStarted>().size(), 1U);
    const auto files = world.files();
    ASSERT_EQ(files.size(), 2U);
    const auto first = mp4::parse_segment_head(read_all(files[0]))->mark;
    const auto second = mp4::parse_segment_head(read_all(files[1]))->mark;
    EXPECT_EQ(first.number, 1U);
    EXPECT_EQ(second.number, 2U);
    EXPECT_EQ(first.generation + 1, second.generation);
    EXPECT_EQ(second.path, "/live/x");
}

TEST(Segments, end_with_a_stream_whose_publisher_does_not_return) {
    World world;
    world.options.rules = {rule(std::chrono::hours(1))};
    world.options.resume = std::chrono::milliseconds(0);
    world.start();
    world.publish();
    world.push(10);
    world.publication.end("done");
    ASSERT_TRUE(world.wait_for<SegmentsStopped>(1));
    EXPECT_EQ(world.told<SegmentsStopped>()[0].reason, "stream ended");
    // The next publisher is recorded again.
    world.picture = 0;
    while (!world.segments->list().empty()) std::this_thread::yield();
    EXPECT_EQ(world.hub.find("/live/x"), nullptr) << "a stream that nobody has is kept";
    world.publish();
    EXPECT_TRUE(world.wait_for<SegmentsStarted>(2));
}

TEST(Segments, are_refused_twice_and_told_who_began) {
    World world;
    world.start();
    EXPECT_EQ(world.segments->start("/live/x", {}, "kim@desk").error().code, 404);
    world.publish();
    world.push(5);
    ASSERT_TRUE(world.segments->start("/live/x", {}, "kim@desk"));
    const auto again = world.segments->start("/live/x", {}, "lou@desk");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, 409);
    EXPECT_EQ(again.error().message,
              "/live/x: already being recorded, started 0 s ago by kim@desk");
    EXPECT_TRUE(world.segments->stop("/live/x", "lou@desk"));
    ASSERT_TRUE(world.wait_for<SegmentsStopped>(1));
    EXPECT_EQ(world.told<SegmentsStopped>()[0].reason, "stopped by lou@desk");
}

TEST(Segments, begin_with_the_key_frame_that_is_kept_and_with_older_ones_by_preroll) {
    for (const auto& [preroll_ms, first] :
         {std::pair{0, 50U}, {500, 40U}, {1'000, 20U}, {20'000, 0U}}) {
        SCOPED_TRACE(preroll_ms);
        World world;
        SegmentRule kept = rule(std::chrono::hours(1));
        kept.order.preroll = kPrerollMax;
        world.options.rules = {kept};
        world.start();
        world.publish();
        world.segments->stop("/live/x", "a test");
        ASSERT_TRUE(world.wait_for<SegmentsStopped>(1));
        while (!world.segments->list().empty()) std::this_thread::yield();
        world.push(55);
        SegmentOrder order;
        order.preroll = std::chrono::milliseconds(preroll_ms);
        ASSERT_TRUE(world.segments->start("/live/x", order, "kim@desk"));
        world.publication.end("done");
        ASSERT_TRUE(world.wait_for<SegmentDone>(1));
        const auto numbers = numbers_in(world.files().back());
        ASSERT_FALSE(numbers[0].empty());
        EXPECT_EQ(numbers[0].front(), first);
        EXPECT_EQ(numbers[0].back(), 54U);
    }
}

TEST(Segments, hold_one_track_if_that_is_wanted) {
    for (const SegmentTracksWanted wanted :
         {SegmentTracksWanted::video, SegmentTracksWanted::audio}) {
        World world;
        SegmentRule one = rule(std::chrono::milliseconds(1000));
        one.order.tracks = wanted;
        world.options.rules = {one};
        world.start();
        world.publish();
        world.push(100);
        world.publication.end("done");
        world.segments->shut_down(INT64_MAX);
        std::array<std::vector<std::uint32_t>, 2> all;
        for (const fs::path& file : world.files()) {
            const auto numbers = numbers_in(file);
            for (std::size_t i = 0; i < 2; ++i) {
                all[i].insert(all[i].end(), numbers[i].begin(), numbers[i].end());
            }
        }
        const bool is_video = wanted == SegmentTracksWanted::video;
        EXPECT_EQ(all[0], up_to(is_video ? 100 : 0));
        EXPECT_EQ(all[1], up_to(is_video ? 0 : world.sound));
    }
}

TEST(Segments, of_sound_begin_with_its_headers_where_the_stream_keeps_no_picture) {
    for (const SegmentFormat format : {SegmentFormat::mp4, SegmentFormat::flv}) {
        hub::Options kept;
        kept.gop.bytes = 1;
        World world{kept};
        world.start();
        world.publish();
        world.push(12);
        SegmentOrder order;
        order.tracks = SegmentTracksWanted::audio;
        order.format = format;
        ASSERT_TRUE(world.segments->start("/live/x", order, "kim@desk"));
        world.push(7);  // no key frame
        world.publication.end("done");
        world.segments->shut_down(INT64_MAX);
        EXPECT_EQ(world.told<SegmentsStopped>()[0].reason, "shutdown");
        const auto files = world.files();
        ASSERT_EQ(files.size(), 1U);
        const auto all = numbers_in(files[0]);
        EXPECT_FALSE(all[1].empty());
    }
}

TEST(Segments, can_be_stopped_and_started_again_at_once) {
    World world;
    world.start();
    world.publish();
    world.push(20);
    ASSERT_TRUE(world.segments->start("/live/x", {}, "kim@desk"));
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(world.segments->stop("/live/x", "kim@desk"));
        EXPECT_FALSE(world.segments->stop("/live/x", "kim@desk"));
        const auto again = world.segments->start("/live/x", {}, "eva@desk");
        ASSERT_TRUE(again) << again.error().message;
        world.push(20);
    }
    EXPECT_EQ(world.segments->list().size(), 1U);
    world.segments->shut_down(INT64_MAX);
    // Of each the beginning stands before the end, and behind that of the one before.
    const Lock lock(world.mutex);
    int open = 0;
    int ends = 0;
    for (const SegmentEvent& event : world.events) {
        if (std::holds_alternative<SegmentsStarted>(event)) ++open;
        EXPECT_LE(open, 1);
        if (std::holds_alternative<SegmentsStopped>(event)) {
            ++ends;
            if (open > 0) --open;
        }
    }
    EXPECT_EQ(open, 0);
    EXPECT_EQ(ends, 4);
}

TEST(Segments, that_somebody_deletes_or_moves_away_go_on_in_another_file) {
    for (const bool moves_folder : {false, true}) {
        World world;
        world.options.rules = {rule(std::chrono::hours(1))};
        world.start();
        world.publish();
        world.push(30);
        world.drain();
        const fs::path folder = world.path / "live/live/x";
        const auto before = world.files();
        ASSERT_EQ(before.size(), 2U) << "a file and its mark";
        if (moves_folder) {
            fs::rename(folder, world.path / "away");
        } else {
            fs::remove_all(folder);
        }
        for (int i = 0; i < 100 && !fs::exists(folder); ++i) {
            world.go_on_after(std::chrono::seconds(2));
        }
        world.push(10);
        world.segments->shut_down(INT64_MAX);
        const auto done = world.told<SegmentDone>();
        ASSERT_EQ(done.size(), 1U) << "only what is there is told of";
        EXPECT_TRUE(fs::exists(world.path / done[0].path));
        EXPECT_TRUE(world.told<SegmentsStopped>().size() == 1U);
        const auto numbers = numbers_in(world.path / done[0].path);
        EXPECT_EQ(numbers[0].back(), world.picture - 1);
    }
}

TEST(Segments, are_told_of_once_they_can_be_read_when_they_end_and_when_they_are_gone) {
    for (const bool is_deleted : {false, true}) {
        for (const SegmentFormat format : {SegmentFormat::mp4, SegmentFormat::flv}) {
            World world;
            world.options.rules = {rule(std::chrono::hours(1))};
            world.options.rules[0].order.format = format;
            world.start();
            world.publish();
            world.push(3);
            world.drain();
            EXPECT_TRUE(world.told<SegmentChanged>().empty()) << "nothing of it can be read yet";
            world.push(30);
            ASSERT_TRUE(world.wait_for<SegmentChanged>(1));
            const std::string path = world.told<SegmentChanged>()[0].path;
            EXPECT_EQ(path, world.segments->list()[0].path);
            EXPECT_GT(fs::file_size(world.path / path), 0U);
            if (is_deleted) fs::remove(world.path / path);
            world.segments->shut_down(INT64_MAX);
            const Lock lock(world.mutex);
            std::vector<std::string> told;
            for (const SegmentEvent& event : world.events) {
                const auto* changed = std::get_if<SegmentChanged>(&event);
                if (changed != nullptr && changed->path == path) told.emplace_back("changed");
                if (std::holds_alternative<SegmentDone>(event)) told.emplace_back("done");
            }
            const std::vector<std::string> gone{"changed", "changed"};
            const std::vector<std::string> done{"changed", "changed", "done"};
            EXPECT_EQ(told, is_deleted ? gone : done);
        }
    }
}

TEST(Segments, that_a_disk_refuses_are_told_of_once_and_again_when_one_has_begun) {
    World world;
    world.options.rules = {rule(std::chrono::hours(1))};
    world.start();
    // A file where the folder of the stream should be.
    fs::create_directories(world.path / "live/live");
    std::ofstream(world.path / "live/live/x") << "mine";
    world.publish();
    world.push(20);
    ASSERT_TRUE(world.wait_for<SegmentsStopped>(1));
    // Each time it is tried again, in vain.
    for (int i = 0; i < 5; ++i) world.go_on_after(std::chrono::minutes(2));
    EXPECT_EQ(world.told<SegmentsStopped>().size(), 1U);
    EXPECT_EQ(world.told<SegmentsStarted>().size(), 1U);
    EXPECT_EQ(world.segments->list()[0].state, SegmentState::full);
    EXPECT_EQ(world.segments->totals().failures, 1U);
    EXPECT_GT(world.segments->totals().dropped, 0U);
    fs::remove(world.path / "live/live/x");
    for (int i = 0; i < 5; ++i) world.go_on_after(std::chrono::minutes(2));
    ASSERT_TRUE(world.wait_for<SegmentsStarted>(2));
    EXPECT_EQ(world.told<SegmentsStarted>()[1].by, "room");
    EXPECT_EQ(world.segments->list()[0].state, SegmentState::recording);
}

TEST(Segments, left_open_by_an_earlier_run_are_finished_and_no_others_touched) {
    World world;
    world.options.rules = {rule(std::chrono::milliseconds(1000))};
    world.start();
    world.publish();
    world.push(60);
    world.publication.end("done");
    ASSERT_TRUE(world.wait_for<SegmentDone>(2));
    world.segments->shut_down(INT64_MAX);
    world.segments.reset();
    world.forget_events();
    // As a crash would have it: the last one open, with its tail torn off.
    const auto files = world.files();
    const auto first = read_all(files[0]);
    std::vector<std::uint8_t> last = read_all(files[1]);
    const auto head = mp4::parse_segment_head(last);
    store_be32(last.data() + head->free_at, 16);
    std::copy_n("free", 4, last.begin() + static_cast<std::ptrdiff_t>(head->free_at) + 4);
    last.resize(head->moov_at - 10);
    std::ofstream(files[1], std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(last.data()),
               static_cast<std::streamsize>(last.size()));
    std::ofstream(files[1].string() + ".open");
    // One that was made and into which nothing came.
    std::ofstream(files[1].parent_path() / "20260131081530_segment_001.mp4");
    std::ofstream(files[1].parent_path() / "20260131081530_segment_001.mp4.open");
    world.start();
    ASSERT_TRUE(world.wait_for<SegmentDone>(1));
    world.segments->shut_down(INT64_MAX);
    EXPECT_EQ(world.files(), files);
    EXPECT_EQ(read_all(files[0]), first);
    EXPECT_EQ(world.told<SegmentDone>()[0].reason, "crash");
    const auto numbers = numbers_in(files[1]);
    EXPECT_FALSE(numbers[0].empty());
    EXPECT_EQ(numbers[0].front() % 10, 0U);
}

TEST(Segments, say_of_a_gap_that_nothing_was_shown_in_it) {
    World world;
    world.options.rules = {rule(std::chrono::hours(100))};
    world.start();
    world.publish();
    const std::int64_t begin_ns = monotonic_ns();
    for (unsigned i = 0; i < 20; ++i) {
        // Two hours in which the publisher's clock goes on, behind the first ten.
        const std::int64_t ms = std::int64_t{i} * 40 + (i < 10 ? 0 : 7'200'000);
        Packet packet = numbered(media::Track::video, ms, i, 100);
        packet.is_key = i % 10 == 0;
        world.publication.push(std::move(packet), begin_ns + ms * 1'000'000);
    }
    world.publication.end("done");
    ASSERT_TRUE(world.wait_for<SegmentDone>(2));
    const auto done = world.told<SegmentDone>();
    EXPECT_EQ(done[0].reason, "gap");
    EXPECT_EQ(done[0].duration_us, 400'000U);
    EXPECT_EQ(done[1].duration_us, 400'000U);
    const std::int64_t apart_us = done[1].first_wall_us - done[0].first_wall_us;
    EXPECT_LE(std::abs(apart_us - 7'200'400'000), 100'000);
}

TEST(Segments, leave_finished_ones_of_their_name_alone) {
    World world;
    world.options.rules = {rule(std::chrono::hours(1))};
    const fs::path folder = world.path / "live" / "live" / "x";
    fs::create_directories(folder);
    std::vector<fs::path> taken;
    for (std::int64_t second = 0; second < kPatience.count(); ++second) {
        std::string stamp = utc_stamp(wall_us() + second * 1'000'000);
        taken.push_back(folder / (stamp.erase(8, 1) + "_segment_001.mp4"));
        std::ofstream(taken.back()) << "of an earlier publication";
    }
    world.start();
    world.publish();
    world.push(20);
    world.publication.end("done");
    ASSERT_TRUE(world.wait_for<SegmentDone>(1));
    EXPECT_THAT(world.told<SegmentDone>()[0].path, testing::EndsWith("_segment_001_2.mp4"));
    for (const fs::path& file : taken) {
        EXPECT_EQ(fs::file_size(file), 25U);
        EXPECT_FALSE(fs::exists(file.string() + ".open")) << file;
    }
}

/// So many pictures at once, and the others as the clock has them, from `begin_ns` on.
void push_burst(World& world, unsigned at_once, unsigned pictures, std::int64_t begin_ns) {
    for (unsigned i = 0; i < pictures; ++i) {
        const std::int64_t after_ms = std::int64_t{i < at_once ? 0 : i - at_once + 1} * 40;
        Packet packet = numbered(media::Track::video, std::int64_t{i} * 40, i, 100);
        packet.is_key = i % 10 == 0;
        world.publication.push(std::move(packet), begin_ns + after_ms * 1'000'000);
    }
}

TEST(Segments, begin_before_a_burst_that_another_server_kept) {
    for (const SegmentFormat format : {SegmentFormat::mp4, SegmentFormat::flv}) {
        World world;
        world.options.rules = {rule(std::chrono::seconds(8))};
        world.options.rules[0].order.format = format;
        world.start();
        world.publish();
        const std::int64_t begin_ns = monotonic_ns();
        const std::int64_t begin_us = wall_us();
        push_burst(world, 75, 300, begin_ns);
        world.publication.end("done");
        ASSERT_TRUE(world.wait_for<SegmentDone>(2));
        const auto done = world.told<SegmentDone>();
        // The 75th of the burst is what was taken when it came.
        const std::int64_t first_us = begin_us - std::int64_t{74} * 40'000;
        EXPECT_LE(std::abs(done[0].first_wall_us - (first_us)), 60'000);
        EXPECT_LE(std::abs(done[1].first_wall_us - (first_us + 8'000'000)), 60'000);
    }
}

TEST(Segments, of_what_is_pushed_faster_than_its_time_follow_each_other) {
    World world;
    world.options.rules = {rule(std::chrono::seconds(8))};
    world.start();
    world.publish();
    const std::int64_t begin_ns = monotonic_ns();
    const std::int64_t begin_us = wall_us();
    for (unsigned i = 0; i < 400; ++i) {
        Packet packet = numbered(media::Track::video, std::int64_t{i} * 40, i, 100);
        packet.is_key = i % 10 == 0;
        // Twice as fast, with a stop of four seconds in between.
        const std::int64_t after_ms = std::int64_t{i} * 20 + (i > 100 ? 4000 : 0);
        world.publication.push(std::move(packet), begin_ns + after_ms * 1'000'000);
    }
    world.publication.end("done");
    ASSERT_TRUE(world.wait_for<SegmentDone>(2));
    const auto done = world.told<SegmentDone>();
    EXPECT_LE(std::abs(done[0].first_wall_us - (begin_us)), 60'000);
    EXPECT_LE(std::abs(done[1].first_wall_us - (begin_us + 8'000'000)), 60'000);
}

TEST(Segments, never_follow_a_link_out_of_the_folder) {
    World world;
    world.options.rules = {rule(std::chrono::hours(1))};
    const fs::path outside = world.path.string() + "-outside";
    fs::create_directory(outside);
    fs::create_directory(world.path / "live");
    fs::create_directory_symlink(outside, world.path / "live" / "live");
    world.start();
    world.publish();
    world.push(20);
    ASSERT_TRUE(world.wait_for<SegmentsStopped>(1));
    EXPECT_EQ(world.told<SegmentsStopped>()[0].reason, "disk");
    EXPECT_TRUE(fs::is_empty(outside));
    fs::remove_all(outside);
}

TEST(Segments, leave_out_what_a_slow_disk_does_not_take_and_go_on_at_a_key_frame) {
    World world;
    world.options.rules = {rule(std::chrono::hours(1))};
    world.options.buffer_bytes = 200'000;
    world.start();
    world.publish();
    // More than the buffer holds, in less time than the writer collects for.
    world.push(500, 5'000);
    ASSERT_TRUE(world.wait_for<SegmentsLagging>(1));
    const auto status = world.segments->list();
    ASSERT_EQ(status.size(), 1U);
    EXPECT_GT(status[0].dropped, 0U);
    while (world.segments->list()[0].queued_bytes > 0) std::this_thread::yield();
    std::uint64_t dropped = world.segments->list()[0].dropped;
    dropped -= world.sound;
    world.push(1, 100);
    dropped += world.sound;  // what came before the key frame has none to go with
    world.push(29, 100);
    world.publication.end("done");
    ASSERT_TRUE(world.wait_for<SegmentsStopped>(1));
    world.segments->shut_down(INT64_MAX);  // on a busy machine there are more than two to finish
    const auto done = world.told<SegmentDone>();
    ASSERT_GE(done.size(), 2U);
    EXPECT_EQ(done[0].reason, "gap");
    const auto numbers = numbers_in(world.files().back());
    ASSERT_FALSE(numbers[0].empty());
    EXPECT_EQ(numbers[0].front() % 10, 0U);
    EXPECT_EQ(numbers[0].back(), world.picture - 1);
    EXPECT_EQ(world.segments->totals().dropped, dropped) << "also when it is over";
    EXPECT_EQ(world.segments->totals().failures, 0U);
}

/// A picture a second without sound; at full length 25 with sound: 6.2 million packets.
TEST(Segments, of_a_day_have_every_picture_once_at_its_time) {
    const bool is_full = std::getenv("ST_EXHAUSTIVE") != nullptr;
    constexpr std::int64_t kDayMs = 86'400'000;
    World world;
    world.step_ms = is_full ? 40 : 1'000;
    world.has_sound = is_full;
    world.options.rules = {rule(std::chrono::minutes(30))};
    world.options.fragment = std::chrono::milliseconds(is_full ? 1'000 : 20'000);
    world.start();
    world.publish();
    const auto pictures = static_cast<std::uint32_t>(kDayMs / world.step_ms);
    while (world.picture < pictures) {
        world.push(std::min(pictures - world.picture, 10'000U), 40);
        world.drain();
    }
    world.publication.end("done");
    world.segments->shut_down(INT64_MAX);
    const auto files = world.files();
    EXPECT_EQ(files.size(), 48U);
    const auto done = world.told<SegmentDone>();
    std::array<std::uint32_t, 2> next{};
    std::optional<std::int64_t> begins_us;
    std::int64_t told_us = 0;
    for (const SegmentDone& one : done) {
        const std::vector<std::uint8_t> bytes = read_all(world.path / one.path);
        const auto movie = mp4::read_movie(mp4::source_of(Bytes(bytes)));
        ASSERT_TRUE(movie) << movie.error().message;
        for (const mp4::MovieTrack& track : movie->tracks) {
            auto& number = next[track.kind == mp4::MovieKind::video ? 0 : 1];
            const std::int64_t zero = track.zero(movie->ticks_per_second);
            for (const mp4::MovieSample& sample : track.samples) {
                ASSERT_EQ(load_be32(bytes.data() + sample.at), number) << one.path;
                const std::int64_t shown_us = one.first_wall_us + (sample.shown() - zero) *
                                                                      1'000'000 /
                                                                      track.ticks_per_second;
                if (track.kind == mp4::MovieKind::video) {
                    const std::int64_t cts = number % 10 == 0 ? 1 : number % 10 % 2 == 1 ? 2 : 0;
                    const std::int64_t meant_us = (number + cts) * world.step_ms * 1'000;
                    if (!begins_us) begins_us = shown_us - meant_us;
                    ASSERT_LE(std::abs(shown_us - *begins_us - meant_us), 1'000) << number;
                }
                ++number;
            }
        }
        told_us += static_cast<std::int64_t>(one.duration_us);
    }
    EXPECT_EQ(next[0], world.picture);
    EXPECT_EQ(next[1], world.sound);
    EXPECT_LE(std::abs(told_us - kDayMs * 1'000), 48 * 3 * world.step_ms * 1'000);
}

TEST(Segments, end_before_they_are_larger_than_a_file_may_be_and_lose_nothing) {
    for (const SegmentFormat format : {SegmentFormat::mp4, SegmentFormat::flv}) {
        World world;
        world.options.max_bytes_per_file = 300'000;
        world.options.rules = {rule(std::chrono::hours(1))};
        world.options.rules[0].order.format = format;
        world.start();
        world.publish();
        for (const std::size_t bytes : {2'000, 7'000, 100, 20'000, 3'000}) {
            world.push(100, bytes);
            world.drain();
        }
        world.publication.end("done");
        world.segments->shut_down(INT64_MAX);
        EXPECT_EQ(world.told<SegmentDone>()[0].reason, "size");
        std::array<std::vector<std::uint32_t>, 2> all;
        for (const fs::path& file : world.files()) {
            EXPECT_LE(fs::file_size(file), world.options.max_bytes_per_file) << file;
            const auto numbers = numbers_in(file);
            ASSERT_FALSE(numbers[0].empty());
            EXPECT_EQ(numbers[0].front() % 10, 0U) << "it begins with a key frame";
            for (const std::size_t i : {0U, 1U}) {
                all[i].insert(all[i].end(), numbers[i].begin(), numbers[i].end());
            }
        }
        EXPECT_GT(world.files().size(), 8U);
        EXPECT_EQ(all[0], up_to(world.picture));
        std::ranges::sort(all[1]);  // sound beside a key frame may be in either file
        EXPECT_EQ(all[1], up_to(world.sound));
    }
}

TEST(Segments, have_sound_at_its_times_behind_a_file_that_was_full) {
    World world;
    world.options.max_bytes_per_file = 200'000;
    world.options.rules = {rule(std::chrono::hours(1))};
    world.start();
    world.publish();
    world.push(300, 5'000);
    world.publication.end("done");
    world.segments->shut_down(INT64_MAX);
    const auto files = world.files();
    ASSERT_GT(files.size(), 3U);
    for (const fs::path& file : files) {
        const std::vector<std::uint8_t> bytes = read_all(file);
        const auto movie = mp4::read_movie(mp4::source_of(Bytes(bytes)));
        ASSERT_TRUE(movie);
        const auto& samples = movie->tracks[1].samples;
        for (std::size_t i = 1; i < samples.size(); ++i) {
            ASSERT_EQ(samples[i].decoded - samples[i - 1].decoded, 1024) << file << ' ' << i;
        }
    }
}

TEST(Segments, of_groups_larger_than_a_file_may_be_are_one_group_each) {
    World world;
    world.options.max_bytes_per_file = 50'000;
    world.options.rules = {rule(std::chrono::hours(1))};
    world.start();
    world.publish();
    world.push(50, 10'000);
    world.publication.end("done");
    world.segments->shut_down(INT64_MAX);
    EXPECT_EQ(world.files().size(), 5U);
    std::vector<std::uint32_t> all;
    for (const fs::path& file : world.files()) {
        const auto numbers = numbers_in(file);
        all.insert(all.end(), numbers[0].begin(), numbers[0].end());
    }
    EXPECT_EQ(all, up_to(world.picture));
}

/// Ten pictures of 40 ms, from the stream's 5 s on.
mp4::MemorySegmentFile flv_segment(const mp4::SegmentMark& mark) {
    mp4::MemorySegmentFile file;
    SegmentHeaders headers;
    headers.video = media::shared(video_config());
    auto output = begin_flv_segment(file, mark, headers, 100);
    for (std::uint32_t i = 0; i < 10; ++i) {
        output->add(
            std::make_shared<const Packet>(numbered(media::Track::video, 5000 + i * 40, i, 30)));
    }
    output->end(std::nullopt);
    return file;
}

mp4::SegmentMark flv_mark() { return {"/live/x", {}, {}, 1'769'846'400'000'000, 1, 1}; }

TEST(FlvSegment, with_one_damaged_place_keeps_the_tags_behind_it) {
    const mp4::MemorySegmentFile whole = flv_segment(flv_mark());
    const std::vector<std::uint8_t>& before = whole.bytes();
    constexpr std::size_t kTag = 11 + 5 + 30 + 4;
    for (std::size_t i = 0; i < 10; ++i) {
        SCOPED_TRACE(i);
        const std::size_t at = before.size() - (10 - i) * kTag;
        std::vector<std::uint8_t> damaged = before;
        damaged[at + 3] ^= 0x11;  // of its size
        mp4::MemorySegmentFile file{Bytes(damaged)};
        const auto facts = finish_flv_segment(file);
        if (i == 0) {
            ASSERT_FALSE(facts.ok());
            EXPECT_EQ(facts.error().message, "a segment that is damaged from its beginning on");
            EXPECT_EQ(file.bytes(), damaged);
            continue;
        }
        ASSERT_TRUE(facts && *facts);
        EXPECT_EQ((*facts)->pictures, i);
        EXPECT_EQ((*facts)->unread_bytes, i == 9 ? 0 : before.size() - at);
        EXPECT_EQ((*facts)->cut_bytes, i == 9 ? kTag : 0);
        EXPECT_EQ(file.size(), before.size() - (i == 9 ? kTag : 0));
    }
    std::vector<std::uint8_t> damaged = before;
    damaged[9 + 4 + 11] ^= 0xFF;  // what the first tag says of the segment
    mp4::MemorySegmentFile file{Bytes(damaged)};
    EXPECT_FALSE(finish_flv_segment(file).ok()) << "it is left as it is";
    EXPECT_EQ(file.bytes(), damaged);
}

TEST(FlvSegment, cut_anywhere_is_finished_with_every_tag_that_was_whole) {
    const mp4::SegmentMark mark = flv_mark();
    const mp4::MemorySegmentFile whole = flv_segment(mark);
    const Bytes all(whole.bytes());
    std::uint64_t most = 0;
    for (std::size_t size = 0; size <= all.size(); ++size) {
        mp4::MemorySegmentFile file(all.first(size));
        const auto facts = finish_flv_segment(file);
        ASSERT_TRUE(facts) << size << facts.error().message;
        if (!*facts) continue;
        flv::TagReader reader;
        reader.feed(file.bytes());
        std::uint64_t pictures = 0;
        for (;;) {
            auto tag = reader.next();
            ASSERT_TRUE(tag) << size;
            if (!*tag) break;
            if ((*tag)->type == flv::TagType::video) ++pictures;
        }
        EXPECT_EQ((*facts)->pictures + 1, pictures) << "one is the header";
        EXPECT_GE((*facts)->pictures, most);
        most = (*facts)->pictures;
        const auto read = read_flv_mark(file.bytes());
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(read->mark.first_wall_us, mark.first_wall_us + 5'000'000);
        EXPECT_GT(read->duration_s, 0);
    }
    EXPECT_EQ(most, 10U);
}

}  // namespace
}  // namespace st::record
