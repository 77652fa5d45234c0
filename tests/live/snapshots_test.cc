#include "live/snapshots.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <future>

#include "hub/fakes.h"
#include "live/connections_world.h"

namespace st::live {
namespace {

using namespace std::chrono_literals;

constexpr char kPath[] = "/camera/door";

class IdlePublisher final : public hub::Publisher {
 public:
    void probe() override {}
    void replaced() override {}
    void kicked(const std::string&) override {}
    void wanted() override { ++asked; }
    int asked = 0;
};

/// A unit of an H.264 picture behind its length, as FLV has it.
std::string unit(std::string_view bytes) {
    return std::string(3, '\0') + static_cast<char>(bytes.size()) + std::string(bytes);
}
const std::string kIdr = unit("\x65picture");
const std::string kInter = unit("\x41picture");
/// Whole after two further pictures: recovery_frame_cnt 2, by a recovery point SEI.
const std::string kRefresh = unit("\x06\x06\x01\x61\x80") + kInter;

/// Makes the same JPEG of everything, unless it is told otherwise.
struct Helper {
    worker::JobResult operator()(const worker::Job& job) {
        ++jobs;
        clip_bytes = ::lseek(job.fds[0], 0, SEEK_END);
        if (fails) return {worker::JobError{worker::Fault::died, "a helper died: no memory"}, {}};
        if (hangs) {
            begun.set_value();
            while (!job.cancel.stop_requested()) std::this_thread::yield();
            return {worker::JobError{worker::Fault::cancelled, "cancelled"}, {}};
        }
        (void)!::write(job.fds[1], "JPEG", 4);
        return {std::string(), {}};
    }
    std::atomic<int> jobs = 0;
    std::atomic<off_t> clip_bytes = 0;
    bool fails = false;
    bool hangs = false;
    std::promise<void> begun;
};

struct Scene {
    Scene() {
        world.run_job = [this](const worker::Job& job) { return helper(job); };
        snapshots.emplace(world.parts);
    }
    void publish() {
        auto result = world.live.hub().publish(kPath, publisher, {"camera", "peer", ""},
                                               hub::Clock::bits_64, monotonic_ns());
        ASSERT_TRUE(result);
        publication = std::move(*result);
        push(hub::config("\x01"));
    }
    void push(media::Packet packet, std::chrono::seconds ago = 0s) {
        publication.push(std::move(packet), monotonic_ns() - std::chrono::nanoseconds(ago).count());
    }
    void take(bool is_coming = false) {
        snapshots->take(kPath, asker.get_token(), is_coming, [this](const auto& jpeg) {
            answer.set_value(jpeg ? *jpeg
                                  : std::to_string(jpeg.error().code) + " " + jpeg.error().message);
        });
    }
    bool is_answered() {
        world.loop.run_once();
        return answered.wait_for(0s) == std::future_status::ready;
    }
    /// What came, once all that has happened so far has been looked at.
    std::string result() {
        world.loop.run_once();
        return answered.wait_for(10s) == std::future_status::ready ? answered.get() : "none";
    }
    /// It counts nobody who waits for a picture any more.
    bool is_left_alone() {
        publication = {};
        return world.live.hub().find(kPath) == nullptr;
    }

    ConnectionsWorld world;
    Helper helper;
    std::shared_ptr<IdlePublisher> publisher = std::make_shared<IdlePublisher>();
    hub::Publication publication;
    std::stop_source asker;
    std::promise<std::string> answer;
    std::future<std::string> answered = answer.get_future();
    std::optional<Snapshots> snapshots;
};

TEST(Snapshots, a_stream_that_is_not_there_is_refused_at_once) {
    Scene scene;
    scene.take();
    EXPECT_EQ(scene.result(),
              "404 no stream at /camera/door; a camera has one while it records or is previewed");
    EXPECT_TRUE(scene.is_left_alone());
}

TEST(Snapshots, what_is_kept_of_a_stream_is_made_a_picture_of) {
    Scene scene;
    scene.publish();
    scene.push(hub::key(0, kIdr));
    scene.push(hub::delta(40, kInter));
    scene.take();
    EXPECT_EQ(scene.result(), "JPEG");
    EXPECT_TRUE(scene.is_left_alone());
}

TEST(Snapshots, of_an_old_picture_that_is_not_kept_there_is_none) {
    for (const bool is_old : {false, true}) {
        Scene scene;
        scene.publish();
        scene.push(hub::key(0, kIdr), is_old ? 120s : 10s);
        scene.push(hub::delta(40, std::string(std::size_t{17} << 20, 'x')));
        ASSERT_FALSE(scene.world.live.hub().find(kPath)->status().is_kept);
        scene.take();
        if (!is_old) {
            EXPECT_EQ(scene.result(), "JPEG");
            continue;
        }
        EXPECT_FALSE(scene.is_answered());
        scene.world.advance(11s);
        EXPECT_TRUE(scene.result().starts_with(
            "503 no key frame from /camera/door within 10 s: last key frame 12"));
    }
}

TEST(Snapshots, of_a_publisher_that_has_fallen_silent_the_last_picture_is_taken_while_it_is_young) {
    for (const auto ago : {30s, 120s}) {
        Scene scene;
        scene.publish();
        scene.push(hub::key(0, kIdr), ago);
        scene.push(hub::delta(40, kInter), ago);
        scene.take();
        if (ago == 30s) {
            EXPECT_EQ(scene.result(), "JPEG");
            continue;
        }
        EXPECT_FALSE(scene.is_answered());
        scene.push(hub::delta(80, kInter));
        EXPECT_FALSE(scene.is_answered());
        scene.push(hub::key(120, kIdr));
        EXPECT_EQ(scene.result(), "JPEG");
    }
}

TEST(Snapshots, the_next_key_frame_is_taken_when_it_comes) {
    Scene scene;
    scene.publish();
    scene.take();
    EXPECT_EQ(scene.publisher->asked, 1);
    EXPECT_FALSE(scene.is_answered());
    scene.push(hub::key(0, kIdr));
    EXPECT_EQ(scene.result(), "JPEG") << "without a moment's delay on the loop's clock";
}

TEST(Snapshots, a_stream_that_comes_later_is_wanted_from_its_start) {
    Scene scene;
    scene.take(true);
    EXPECT_FALSE(scene.is_answered());
    scene.publish();
    EXPECT_TRUE(scene.publication.is_wanted(monotonic_ns()));
    scene.push(hub::key(0, kIdr));
    EXPECT_EQ(scene.result(), "JPEG");
}

TEST(Snapshots, a_stream_that_is_refreshed_bit_by_bit_is_taken_when_it_is_whole) {
    Scene scene;
    scene.publish();
    scene.push(hub::key(0, kRefresh));
    scene.push(hub::delta(40, kInter));
    scene.take();
    EXPECT_FALSE(scene.is_answered());
    scene.push(hub::delta(80, kInter));
    EXPECT_EQ(scene.result(), "JPEG");
    EXPECT_GT(scene.helper.clip_bytes, static_cast<off_t>(kRefresh.size() + 2 * kInter.size()));
}

TEST(Snapshots, a_stream_that_ends_first_is_a_404) {
    Scene scene;
    scene.publish();
    scene.take();
    EXPECT_FALSE(scene.is_answered());
    scene.publication = {};
    EXPECT_EQ(scene.result(),
              "404 no stream at /camera/door; a camera has one while it records or is previewed");
}

TEST(Snapshots, another_publisher_in_its_place_is_waited_for) {
    Scene scene;
    scene.publish();
    scene.take();
    auto next = scene.world.live.hub().publish(kPath, std::make_shared<IdlePublisher>(),
                                               {"camera", "peer", ""}, hub::Clock::bits_64,
                                               monotonic_ns(), hub::Hub::kAnybody);
    ASSERT_TRUE(next);
    EXPECT_FALSE(scene.is_answered());
    scene.publication = std::move(*next);
    scene.push(hub::config("\x01"));
    scene.push(hub::key(0, kIdr));
    EXPECT_EQ(scene.result(), "JPEG");
}

TEST(Snapshots, a_key_frame_that_does_not_come_is_waited_for_10_seconds) {
    Scene scene;
    scene.publish();
    scene.take();
    scene.world.advance(9'900ms);
    EXPECT_FALSE(scene.is_answered());
    scene.world.advance(200ms);
    EXPECT_EQ(scene.result(), "503 no key frame from /camera/door within 10 s");
    EXPECT_TRUE(scene.is_left_alone());
}

TEST(Snapshots, pictures_that_are_not_whole_within_10_seconds_are_taken_as_they_are) {
    Scene scene;
    scene.publish();
    scene.push(hub::key(0, kRefresh));
    scene.take();
    EXPECT_FALSE(scene.is_answered());
    scene.world.advance(10'100ms);
    EXPECT_EQ(scene.result(), "JPEG");
}

TEST(Snapshots, an_asker_who_leaves_ends_the_wait_for_a_key_frame) {
    Scene scene;
    scene.publish();
    scene.take();
    EXPECT_FALSE(scene.is_answered());
    scene.asker.request_stop();
    EXPECT_TRUE(scene.is_answered());
    EXPECT_TRUE(scene.is_left_alone());
    EXPECT_EQ(scene.helper.jobs, 0);
}

TEST(Snapshots, a_picture_that_nobody_waits_for_any_more_is_cancelled) {
    Scene scene;
    scene.helper.hangs = true;
    scene.publish();
    scene.push(hub::key(0, kIdr));
    scene.take();
    ASSERT_EQ(scene.helper.begun.get_future().wait_for(10s), std::future_status::ready);
    EXPECT_FALSE(scene.is_answered());
    scene.asker.request_stop();
    EXPECT_EQ(scene.result(), "503 the key frame cannot be decoded: cancelled");
}

TEST(Snapshots, one_that_fails_says_what_its_helper_said) {
    Scene scene;
    scene.helper.fails = true;
    scene.publish();
    scene.push(hub::key(0, kIdr));
    scene.take();
    EXPECT_EQ(scene.result(), "503 the key frame cannot be decoded: a helper died: no memory");
}

TEST(Snapshots, their_end_leaves_the_streams_they_waited_for) {
    Scene scene;
    scene.publish();
    scene.take();
    scene.snapshots.reset();
    scene.push(hub::key(0, kIdr));
    EXPECT_FALSE(scene.is_answered());
    EXPECT_TRUE(scene.is_left_alone());
}

}  // namespace
}  // namespace st::live
