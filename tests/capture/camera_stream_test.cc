#include "capture/camera_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/fakes.h"
#include "loop/manual_timers.h"
#include "media/synthetic.h"

namespace st::capture {
namespace {

using Octets = std::vector<std::uint8_t>;
using std::chrono::milliseconds;
using testing::IsEmpty;
using testing::SizeIs;

hub::Options of_a_second() {
    hub::Options options;
    options.gop.age_ms = 1'000;
    return options;
}

/// A camera whose messages come when they are fed.
struct Camera {
    Camera() {
        link->send = [](const ToConnection&) {};
        link->report = [](const FromConnection&) {};
    }
    static void add(Octets& to, Bytes nal) {
        to.insert(to.end(), {0, 0, 0, 1});
        to.insert(to.end(), nal.begin(), nal.end());
    }
    Octets key() {
        Octets buffer;
        add(buffer, media::make_sps(sps));
        add(buffer, media::make_pps());
        add(buffer, media::make_slice(sps, {.idr = true}));
        return buffer;
    }
    Octets delta(std::uint32_t frame_num) {
        Octets buffer;
        add(buffer, media::make_slice(sps, {.kind = 5, .frame_num = frame_num}));
        return buffer;
    }
    static Octets sei() {
        Octets buffer;
        add(buffer, Octets{6, 5, 4, 1, 2, 3, 4, 0x80});
        return buffer;
    }
    void feed(const Octets& payload) {
        const SharedBuffer message = share(Buffer(Bytes(payload)));
        const std::int64_t now_ns = timers.clock_ns();
        const camera::Frame frame{static_cast<std::uint64_t>(now_ns / 1'000'000), 0,
                                  message->bytes()};
        stream.feed("door", frame, message, media::peek_nals(payload), now_ns);
        world.executor.run();
    }
    void wait(std::int64_t ms) {
        timers.advance(milliseconds(ms));
        world.executor.advance(ms);
    }
    void watch() {
        world.join(viewer, 0, "/camera/door");
        stream.give_kept(timers.clock_ns());
        world.executor.run();
        viewer.take();
    }
    /// What the viewer got, but for headers.
    std::vector<std::string> pictures() {
        std::vector<std::string> all = viewer.take();
        std::erase_if(all, [](const std::string& one) { return !one.starts_with("Av@"); });
        return all;
    }
    hub::StreamStatus status() { return world.hub.streams(timers.clock_ns()).at(0); }

    media::SpsSpec sps{.poc_type = 2};
    hub::World world{of_a_second()};
    loop::ManualTimers timers;
    CameraClock clock{timers, [](const auto&...) {}};
    LinkPtr link = std::make_shared<CameraLink>(1, "192.0.2.7:40112", "/", 0);
    hub::FakeViewer viewer;
    bool is_caught_up = true;
    CameraStream stream{world.hub, timers, link, clock, [this] { return is_caught_up; }};
};

TEST(CameraStream, gives_a_picture_after_a_while_though_none_follows) {
    Camera camera;
    camera.feed(camera.key());
    camera.wait(50);
    camera.watch();
    EXPECT_THAT(camera.pictures(), IsEmpty()) << "more of it may come";
    camera.wait(300);
    EXPECT_THAT(camera.pictures(), SizeIs(2)) << "configuration and picture";
    camera.feed(camera.delta(1));
    EXPECT_THAT(camera.pictures(), SizeIs(1)) << "pictures come in one message each";
}

TEST(CameraStream, waits_for_a_picture_whose_pieces_keep_coming) {
    Camera camera;
    camera.watch();
    camera.feed(camera.key());
    for (int i = 0; i < 10; ++i) {
        camera.wait(150);
        camera.feed({0x11, 0x22, 0x33});
        EXPECT_THAT(camera.pictures(), IsEmpty());
    }
    camera.wait(300);
    const auto given = camera.pictures();
    ASSERT_THAT(given, SizeIs(2));
    EXPECT_GT(given[1].size(), 40U) << "all of it";
    EXPECT_EQ(camera.status().unusable, 0U);
    camera.feed({0x44});
    EXPECT_EQ(camera.status().unusable, 1U);
}

TEST(CameraStream, waits_for_the_rest_of_a_picture_that_is_on_its_way_or_not_read_yet) {
    for (const bool comes_late : {false, true}) {
        SCOPED_TRACE(comes_late ? "a viewer that comes in the middle of it"
                                : "a viewer from before");
        Camera camera;
        if (!comes_late) camera.watch();
        camera.feed(camera.key());
        camera.is_caught_up = false;
        camera.wait(500);
        if (comes_late) camera.watch();
        EXPECT_THAT(camera.pictures(), IsEmpty());
        camera.wait(500);
        EXPECT_THAT(camera.pictures(), IsEmpty());
        camera.is_caught_up = true;
        camera.wait(150);
        camera.feed({0x11, 0x22, 0x33});
        camera.wait(200);
        EXPECT_THAT(camera.pictures(), IsEmpty()) << "nothing was awaited for so long only";
        camera.wait(200);
        EXPECT_THAT(camera.pictures(), SizeIs(2));
        EXPECT_EQ(camera.status().unusable, 0U);
    }
}

TEST(CameraStream, messages_that_add_nothing_to_a_picture_do_not_put_it_off) {
    const std::vector<Octets> all = {{}, {0, 0, 0}, Camera::sei(), {0, 0, 0, 1, 9, 0xF0}};
    for (const Octets& nothing : all) {
        Camera camera;
        camera.watch();
        camera.feed(camera.key());
        for (int i = 0; i < 2; ++i) {
            camera.wait(150);
            camera.feed(nothing);
        }
        camera.wait(100);
        EXPECT_THAT(camera.pictures(), SizeIs(2));
        for (int i = 0; i < 3; ++i) {
            EXPECT_TRUE(camera.status().is_kept) << i;
            camera.wait(250);
            camera.feed(nothing);
        }
        EXPECT_FALSE(camera.status().is_kept) << "the last picture is older";
    }
}

TEST(CameraStream, keeps_nothing_of_a_camera_that_is_silent) {
    for (const bool is_watched : {false, true}) {
        Camera camera;
        if (is_watched) camera.watch();
        camera.feed(camera.key());
        camera.feed(camera.delta(1));
        EXPECT_TRUE(camera.status().is_kept);
        EXPECT_EQ(camera.status().gop_packets, 2U);
        camera.wait(600);
        camera.feed(camera.delta(2));
        camera.wait(900);
        EXPECT_EQ(camera.status().gop_packets, 3U) << "the last one is younger";
        camera.wait(200);
        EXPECT_FALSE(camera.status().is_kept);
        EXPECT_EQ(camera.status().gop_packets, 0U);
        camera.pictures();
        camera.feed(camera.delta(3));
        EXPECT_THAT(camera.pictures(), SizeIs(is_watched ? 1 : 0)) << "who watches goes on";
        camera.stream.end("over");
        if (is_watched) continue;
        EXPECT_EQ(camera.world.memory.total(), 0U);
    }
}

TEST(CameraStream, copies_no_picture_that_nobody_watches) {
    Camera camera;
    camera.feed(camera.key());
    const std::size_t one = camera.world.memory.total();
    Octets large = camera.key();
    large.resize(large.size() + 100'000, 0x55);
    camera.feed(large);
    EXPECT_LT(camera.world.memory.total(), one + 110'000);
}

}  // namespace
}  // namespace st::capture
