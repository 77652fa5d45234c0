#include "hub/hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/fakes.h"

namespace st::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Hub, gives_a_viewer_headers_then_pictures_from_a_key_frame_on) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, metadata());
    world.push(publication, config("avcC"));
    world.push(publication, delta(1000));  // nobody can decode it
    world.push(publication, key(1040));
    world.push(publication, delta(1080));
    EXPECT_THAT(viewer.take(),
                ElementsAre("begin video", "Am@0:meta", "Av@40:avcC", "Av@40:k", "Av@80:p"));
}

TEST(Hub, gives_a_late_viewer_everything_since_the_newest_key_frame) {
    World world;
    Publication publication = world.publish();
    world.push(publication, config("avcC"));
    world.push(publication, sound_config());
    for (int i = 0; i < 3; ++i) {
        world.push(publication, key(i * 120));
        world.push(publication, sound(i * 120 + 5));
        world.push(publication, delta(i * 120 + 40));
    }
    FakeViewer viewer;
    world.join(viewer);
    EXPECT_THAT(viewer.take(), ElementsAre("begin video audio", "Av@240:avcC", "Aa@240:ASC",
                                           "Av@240:k", "Aa@245:s", "Av@280:p"));
    world.push(publication, delta(320));
    EXPECT_THAT(viewer.take(), ElementsAre("Av@320:p"));
}

TEST(Hub, encodes_each_packet_once_per_form_whatever_the_number_of_viewers) {
    World world;
    ManualExecutor other_executor;
    DeliveryQueue& other_delivery = world.hub.add_delivery(other_executor);
    Publication publication = world.publish();
    world.push(publication, config("avcC"));
    std::vector<FakeViewer> viewers(100);
    std::vector<FakeViewer> others(50);
    for (std::size_t i = 0; i < viewers.size(); ++i) world.join(viewers[i], i % 2);
    for (FakeViewer& viewer : others) {
        auto joined = world.hub.subscribe("/live/x", other_delivery, 0, viewer, {});
        ASSERT_TRUE(joined.ok());
        viewer.subscription = std::move(*joined);
        viewer.subscription.start(0);
    }
    const auto before = world.hub.find("/live/x")->encodings_made();
    world.push(publication, key(0));
    for (int i = 1; i < 20; ++i) world.push(publication, delta(40 * i));
    other_executor.run();
    // 20 packets and the header before the first, in two forms.
    EXPECT_EQ(world.hub.find("/live/x")->encodings_made() - before, (20U + 1U) * 2U);
    EXPECT_EQ(viewers[0].last, others[0].last)
        << "the bytes themselves are shared, across deliveries";
    EXPECT_EQ(viewers[0].last, viewers[98].last);
    EXPECT_NE(viewers[0].last, viewers[1].last);
    EXPECT_EQ(viewers[1].got.back(), "Bv@760:p");
}

TEST(Hub, hands_a_packet_to_a_delivery_queue_once) {
    World world;
    Publication publication = world.publish();
    std::vector<FakeViewer> viewers(30);
    for (FakeViewer& viewer : viewers) world.join(viewer);
    world.executor.posts = 0;
    publication.push(key(0), world.executor.now);
    publication.push(delta(40), world.executor.now);
    EXPECT_EQ(world.executor.posts, 1) << "the delivery has not woken up yet";
    world.executor.run();
    EXPECT_EQ(viewers[7].sends, 1) << "both packets in one call";
    world.push(publication, delta(80));
    EXPECT_EQ(world.executor.posts, 2);
    EXPECT_EQ(viewers[7].sends, 2);
}

TEST(Hub, keeps_viewers_over_a_publisher_that_returns) {
    World world;
    FakeViewer viewer;
    world.join(viewer);
    {
        Publication first = world.publish();
        world.push(first, config("one"));
        world.push(first, key(70'000));
        world.push(first, delta(70'040));
    }
    Publication second = world.publish();
    world.push(second, config("two"));
    world.push(second, delta(10));  // goes on from a picture nobody has
    world.push(second, key(50));
    world.executor.run();
    EXPECT_THAT(viewer.take(), ElementsAre("begin video", "Av@0:one", "Av@0:k", "Av@40:p",
                                           "Av@40:two", "Av@80:k"));
}

TEST(Hub, ends_those_who_wait_only_when_there_is_no_hope) {
    World world;
    FakeViewer viewer;
    world.join(viewer);
    Publication publication = world.publish();
    const std::uint64_t number = publication.number();
    publication.end("bye");
    world.hub.give_up("/live/x", number);
    world.executor.run();
    EXPECT_THAT(viewer.take(), IsEmpty());
    world.hub.give_up("/live/x", number, true);
    world.executor.run();
    EXPECT_THAT(viewer.take(), ElementsAre("end: stream ended"));
}

TEST(Hub, ends_viewers_when_no_publisher_returns) {
    World world;
    FakeViewer viewer;
    world.join(viewer);
    Publication publication = world.publish();
    const std::uint64_t number = publication.number();
    world.push(publication, key(0));
    world.hub.give_up("/live/x", number);
    world.executor.run();
    EXPECT_THAT(viewer.take(), ElementsAre("begin video", "Av@0:k")) << "it is still there";
    publication.end("bye");
    {
        Publication again = world.publish();
        world.hub.give_up("/live/x", number);
        world.executor.run();
        EXPECT_THAT(viewer.take(), IsEmpty()) << "another one came";
        again.end("bye");
        world.hub.give_up("/live/x", again.number());
    }
    FakeViewer late;
    world.join(late);
    world.executor.run();
    EXPECT_THAT(viewer.take(), ElementsAre("end: stream ended"));
    EXPECT_THAT(late.take(), IsEmpty()) << "came after the end was decided";
    EXPECT_FALSE(viewer.subscription);
}

TEST(Hub, takes_no_publisher_of_a_forgotten_path_for_one_of_its_successor) {
    World world;
    Publication first = world.publish();
    const std::uint64_t old = first.number();
    first.end("bye");  // nobody watches: the path is forgotten
    FakeViewer viewer;
    world.join(viewer);
    Publication second = world.publish();
    world.push(second, key(0));
    second.end("bye");
    world.hub.give_up("/live/x", old);
    world.executor.run();
    EXPECT_THAT(viewer.take(), ElementsAre("begin video", "Av@0:k")) << "the second one may return";

    FakeViewer other;
    world.join(other, 0, "/live/y");
    world.hub.give_up("/live/y", old, true);
    world.executor.run();
    EXPECT_THAT(other.take(), ElementsAre("end: stream ended")) << "no one came after that one";
}

TEST(Hub, forgets_a_path_nobody_uses) {
    World world;
    {
        FakeViewer viewer;
        world.join(viewer);
        EXPECT_NE(world.hub.find("/live/x"), nullptr);
    }
    EXPECT_EQ(world.hub.find("/live/x"), nullptr);
    world.publish();
    EXPECT_EQ(world.hub.find("/live/x"), nullptr);
    EXPECT_EQ(world.hub.viewer_count() + world.hub.publisher_count(), 0U);
}

TEST(Hub, replaces_a_publisher_only_if_it_stayed_silent) {
    World world;
    Publication first = world.publish();
    const std::int64_t asked_ns = world.executor.now;
    const auto second = std::make_shared<FakePublisher>();
    const auto refused =
        world.hub.publish("/live/x", second, {}, Clock::bits_32, world.executor.now);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, 409);
    EXPECT_EQ(world.publisher->probes, 1);

    world.publisher->last_input_ns = asked_ns + 1;
    EXPECT_FALSE(
        world.hub.publish("/live/x", second, {}, Clock::bits_32, asked_ns + 10, asked_ns).ok())
        << "it answered";
    EXPECT_EQ(world.publisher->replacements, 0);

    const auto taken =
        world.hub.publish("/live/x", second, {}, Clock::bits_32, asked_ns + 20, asked_ns + 1);
    ASSERT_TRUE(taken.ok());
    EXPECT_EQ(world.publisher->replacements, 1);
    EXPECT_FALSE(first.push(key(0), 0)) << "goes nowhere";
    first.end("late");
    EXPECT_TRUE(world.hub.find("/live/x")->is_live()) << "the second one's stream";
    EXPECT_EQ(world.hub.publisher_count(), 1U);
}

TEST(Hub, refuses_over_its_limits) {
    Options options;
    options.viewers_max = 1;
    options.publishers_max = 1;
    World world(options);
    Publication publication = world.publish();
    const auto second =
        world.hub.publish("/live/y", std::make_shared<FakePublisher>(), {}, Clock::bits_64, 0);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, 503);
    EXPECT_EQ(world.hub.find("/live/y"), nullptr);
    FakeViewer viewer;
    world.join(viewer);
    FakeViewer other;
    EXPECT_EQ(world.hub.subscribe("/live/x", world.delivery, 0, other, {}).error().code, 503);
}

TEST(Hub, refuses_an_address_that_has_its_share_and_nobody_else) {
    Options options;
    options.viewers_per_address = 1;
    options.publishers_per_address = 1;
    World world(options);
    const auto publish = [&](const std::string& path, const std::string& address) {
        return world.hub.publish(path, std::make_shared<FakePublisher>(),
                                 {"rtmp", "peer", "", address}, Clock::bits_64, 0);
    };
    auto first = publish("/live/x", "10.0.0.1");
    ASSERT_TRUE(first.ok());
    const auto second = publish("/live/y", "10.0.0.1");
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, 429);
    EXPECT_EQ(second.error().message, "limits.publishers_per_address reached (1)");
    EXPECT_EQ(world.hub.find("/live/y"), nullptr);
    EXPECT_TRUE(publish("/live/z", "10.0.0.2").ok());
    EXPECT_TRUE(publish("/live/a", "").ok()) << "a source, or by a proxy";
    EXPECT_TRUE(publish("/live/b", "").ok());
    first->end("");
    auto again = publish("/live/y", "10.0.0.1");
    EXPECT_TRUE(again.ok()) << "its place is free again";
    // Whoever takes a silent one's path takes its place, too.
    const auto takes_over = [&](const std::string& address) {
        return world.hub.publish("/live/y", std::make_shared<FakePublisher>(),
                                 {"rtmp", "peer", "", address}, Clock::bits_64, 10, 5);
    };
    auto by_itself = takes_over("10.0.0.1");
    EXPECT_TRUE(by_itself.ok());
    by_itself->end("");
    EXPECT_TRUE(publish("/live/y", "10.0.0.1").ok());

    FakeViewer viewer;
    FakeViewer other;
    const auto watch = [&](FakeViewer& who, const std::string& address) {
        return world.hub.subscribe("/live/x", world.delivery, 0, who,
                                   {"http-flv", "viewer", "", address});
    };
    auto watching = watch(viewer, "10.0.0.1");
    ASSERT_TRUE(watching.ok());
    EXPECT_EQ(watch(other, "10.0.0.1").error().code, 429);
    EXPECT_EQ(watch(other, "10.0.0.1").error().message, "limits.viewers_per_address reached (1)");
    EXPECT_TRUE(watch(other, "10.0.0.2").ok());
    watching->leave("");
    EXPECT_TRUE(watch(viewer, "10.0.0.1").ok());
}

TEST(Hub, keeps_the_headers_of_further_tracks_beside_its_own) {
    World world;
    Publication publication = world.publish();
    const auto further = [](media::Packet made, std::uint8_t track_id) {
        made.codec = media::Codec::flv;
        made.track_id = track_id;
        return made;
    };
    world.push(publication, config("avcC"));
    world.push(publication, sound_config());
    world.push(publication, further(sound_config(), 1));
    world.push(publication, further(config("second"), 2));
    media::Packet colour = further(config("colour"), 2);
    colour.is_colour = true;
    world.push(publication, std::move(colour));
    world.push(publication, key(0));
    world.push(publication, further(config("second again"), 2));
    world.push(publication, further(delta(5), 2));
    world.push(publication, sound(20));
    FakeViewer viewer;
    world.join(viewer);
    EXPECT_THAT(viewer.take(),
                ElementsAre("begin video audio", "Av@0:avcC", "Aa@0:ASC", "Aa@0:ASC", "Av@0:second",
                            "Av@0:colour", "Av@0:k", "Av@0:second again", "Av@5:p", "Aa@20:s"));
    const StreamStatus status = world.hub.streams().front();
    EXPECT_EQ(status.video->codec, media::Codec::h264);
    EXPECT_EQ(status.audio->codec, media::Codec::aac);
    EXPECT_FALSE(status.flv_video);
    EXPECT_EQ(status.statistics.pictures(), 1U) << "of the stream's own";
}

TEST(Hub, tells_who_came_and_went) {
    World world;
    {
        Publication publication = world.publish();
        FakeViewer viewer;
        world.join(viewer);
        world.push(publication, key(0));
    }
    ASSERT_EQ(world.events.size(), 4U);
    EXPECT_EQ(std::get<Published>(world.events[0]).path, "/live/x");
    EXPECT_EQ(std::get<Joined>(world.events[1]).viewers, 1U);
    EXPECT_EQ(std::get<Left>(world.events[2]).bytes, 6U);
    EXPECT_EQ(std::get<Left>(world.events[2]).reason, "viewer left");
    EXPECT_EQ(std::get<Unpublished>(world.events[3]).reason, "publisher left");
    EXPECT_EQ(std::get<Unpublished>(world.events[3]).bytes, 1U);
}

TEST(Hub, kicks_a_viewer_by_its_number) {
    World world;
    FakeViewer viewer;
    world.join(viewer);
    EXPECT_FALSE(world.hub.kick_viewer(viewer.subscription.id() + 1, "kim@desk"));
    EXPECT_TRUE(world.hub.kick_viewer(viewer.subscription.id(), "kim@desk"));
    world.executor.run();
    EXPECT_THAT(viewer.take(), ElementsAre("end: kicked by kim@desk"));
    EXPECT_EQ(std::get<Left>(world.events.back()).reason, "kicked by kim@desk");
    EXPECT_EQ(std::get<Left>(world.events.back()).by, "kim@desk");
    EXPECT_EQ(world.hub.viewer_count(), 0U);
}

TEST(Hub, admits_guests_within_the_limits_of_all_viewers) {
    Options options;
    options.viewers_max = 2;
    options.viewers_per_address = 1;
    World world(options);
    FakeViewer viewer;
    world.join(viewer, 0, "/camera/eye");
    const auto admit = [&](const std::string& address) {
        return world.hub.admit("/camera/eye", {"mjpeg", "peer", "q=1", address}, {});
    };
    {
        auto guest = admit("10.0.0.7");
        ASSERT_TRUE(guest.ok());
        const auto& joined = std::get<Joined>(world.events.back());
        EXPECT_EQ(joined.viewer.protocol, "mjpeg");
        EXPECT_EQ(joined.viewers, 2U) << "with the other one";
        EXPECT_EQ(world.hub.viewers_at("/camera/eye"), 2U);
        EXPECT_EQ(world.hub.viewers().back()->id, guest->record().id);
        EXPECT_EQ(admit("10.0.0.8").error().message, "limits.viewers reached (2)");
        viewer.subscription = {};
        EXPECT_EQ(admit("10.0.0.7").error().code, 429);
        EXPECT_TRUE(admit("10.0.0.8").ok());
        guest->record().bytes = 5;
        guest->leave("the camera is gone");
    }
    const auto& left = std::get<Left>(world.events.back());
    EXPECT_EQ(left.bytes, 5U);
    EXPECT_EQ(left.reason, "the camera is gone");
    EXPECT_EQ(left.viewers, 0U);
    EXPECT_EQ(world.hub.viewer_count(), 0U);
    EXPECT_TRUE(admit("10.0.0.7").ok()) << "its place is free";
}

TEST(Hub, kicks_a_guest_as_it_says) {
    World world;
    std::string kicked_by;
    auto guest = world.hub.admit("/camera/eye", {"mjpeg", "peer", ""},
                                 [&](const std::string& by) { kicked_by = by; });
    ASSERT_TRUE(guest.ok());
    EXPECT_TRUE(world.hub.kick_viewer(guest->record().id, "kim@desk"));
    EXPECT_EQ(kicked_by, "kim@desk");
    guest->leave(kicked_text(kicked_by));
    EXPECT_EQ(std::get<Left>(world.events.back()).by, "kim@desk");
    EXPECT_EQ(std::get<Left>(world.events.back()).reason, "kicked by kim@desk");
}

TEST(Hub, drops_a_cache_beyond_its_limits_until_the_next_key_frame) {
    Options options;
    options.gop.packets = 3;
    World world(options);
    Publication publication = world.publish();
    world.push(publication, key(0));
    for (int i = 1; i < 5; ++i) world.push(publication, delta(i * 40));
    FakeViewer viewer;
    world.join(viewer);
    EXPECT_THAT(viewer.take(), IsEmpty());
    world.push(publication, delta(200));
    EXPECT_THAT(viewer.take(), IsEmpty());
    world.push(publication, key(240));
    EXPECT_THAT(viewer.take(), ElementsAre("begin video", "Av@240:k"));
    EXPECT_EQ(world.hub.streams(world.executor.now).at(0).gop_packets, 1U);
}

TEST(Hub, does_not_cache_over_a_change_of_configuration) {
    World world;
    Publication publication = world.publish();
    world.push(publication, config("one"));
    world.push(publication, key(0));
    world.push(publication, config("two"));
    FakeViewer viewer;
    world.join(viewer);
    EXPECT_THAT(viewer.take(), IsEmpty());
    world.push(publication, key(40));
    EXPECT_THAT(viewer.take(), ElementsAre("begin video", "Av@40:two", "Av@40:k"));
}

TEST(Hub, keeps_how_colours_are_meant_beside_the_configuration) {
    World world;
    Publication publication = world.publish();
    media::Packet colours = config("colours");
    colours.is_colour = true;
    world.push(publication, config("c"));
    world.push(publication, std::move(colours));
    world.push(publication, key(0));
    FakeViewer late;
    world.join(late);
    EXPECT_THAT(late.take(), ElementsAre("begin video", "Av@0:c", "Av@0:colours", "Av@0:k"));
    EXPECT_EQ(world.hub.streams().at(0).statistics.packets(), 3U);
}

TEST(Hub, gives_nothing_old_after_a_time_in_which_nobody_wanted_the_stream) {
    World world;
    Publication publication = world.publish();
    EXPECT_FALSE(publication.is_wanted(world.executor.now));
    world.push(publication, key(0));
    EXPECT_TRUE(world.hub.find("/live/x")->newest_entry(world.executor.now));
    publication.count({4, true, false, 0, 0, world.executor.now});
    publication.pause();
    EXPECT_FALSE(world.hub.find("/live/x")->newest_entry(world.executor.now));
    FakeViewer viewer;
    world.join(viewer);
    EXPECT_TRUE(publication.is_wanted(world.executor.now));
    world.push(publication, delta(80));
    EXPECT_THAT(viewer.take(), IsEmpty());
    world.push(publication, key(120));
    EXPECT_THAT(viewer.take(), ElementsAre("begin video", "Av@120:k"));
    EXPECT_EQ(world.hub.streams().at(0).statistics.pictures(), 4U);
    EXPECT_EQ(world.hub.streams().at(0).statistics.bytes(), 1U + 4 + 1 + 1);
}

class FakeTap final : public Tap {
 public:
    void take(const UnitPtr& unit) override { units.push_back(unit); }
    void publisher_left() override {}
    std::vector<UnitPtr> units;
};

TEST(Hub, gives_nothing_to_whoever_comes_of_a_publisher_that_has_fallen_silent) {
    for (const std::int64_t silent_ms : {60'000, 60'001}) {
        SCOPED_TRACE(silent_ms);
        const bool is_old = silent_ms > 60'000;
        World world;
        Publication publication = world.publish();
        const StreamPtr stream = world.hub.find("/live/x");
        stream->keep_history(std::chrono::seconds(10));
        FakeViewer early;
        world.join(early);
        world.push(publication, config("avcC"));
        world.push(publication, key(0));
        world.executor.now += 5'000 * kMs;
        world.push(publication, key(5'000));
        world.push(publication, sound(5'040));
        early.take();
        world.executor.now += silent_ms * kMs;
        publication.note_input(world.executor.now);  // it answers pings
        EXPECT_EQ(world.hub.streams(world.executor.now).at(0).is_kept, !is_old);
        EXPECT_EQ(stream->newest_entry(world.executor.now) == nullptr, is_old);
        const auto tap = std::make_shared<FakeTap>();
        world.hub.attach("/live/x", tap, std::chrono::seconds(10), world.executor.now);
        EXPECT_EQ(tap->units.size(), is_old ? 0U : 3U);
        FakeViewer late;
        world.join(late);
        EXPECT_EQ(late.take().empty(), is_old);
        world.push(publication, delta(5'080));
        EXPECT_THAT(early.take(), ElementsAre("Av@5080:p")) << "who watches goes on";
        EXPECT_EQ(late.take().empty(), is_old);
        world.push(publication, key(5'120));
        EXPECT_FALSE(late.take().empty());
        world.hub.detach(stream, *tap);
    }
}

TEST(Hub, counts_what_came_in_once_and_tells_how_old_the_last_key_frame_is) {
    World world;
    Publication publication = world.publish();
    const auto status = [&] { return world.hub.streams(world.executor.now).at(0); };
    EXPECT_FALSE(status().key_ns);
    publication.count({100, true, true, 3, 90, world.executor.now});
    EXPECT_EQ(status().key_ns, world.executor.now);
    EXPECT_TRUE(status().is_kept) << "by the publisher";
    EXPECT_EQ(status().gop_packets, 3U);
    EXPECT_EQ(status().gop_bytes, 90U);
    const std::int64_t key_ns = world.executor.now;
    world.executor.now += 43'000 * kMs;
    publication.count({50, true, false, 0, 0, world.executor.now});
    EXPECT_FALSE(status().is_kept);
    EXPECT_EQ(status().key_ns, key_ns);
    publication.push(key(0), key_ns, Coming::kept);
    publication.push(delta(43'000), world.executor.now, Coming::measured);
    EXPECT_EQ(status().key_ns, key_ns);
    EXPECT_TRUE(status().is_kept) << "by the hub";
    EXPECT_EQ(status().gop_packets, 2U);
    world.executor.now += 60'001 * kMs;
    EXPECT_FALSE(status().is_kept);
    EXPECT_EQ(status().gop_packets, 0U);
    EXPECT_EQ(status().key_ns, key_ns);
    EXPECT_EQ(status().statistics.pictures(), 2U);
    EXPECT_EQ(status().statistics.bytes(), 150U);
}

TEST(Hub, rates_a_young_stream_by_whole_seconds_only) {
    World world;
    Publication publication = world.publish();
    const std::int64_t start = world.executor.now += 700 * kMs;  // within a second
    const auto rates_at = [&](std::int64_t ms) {
        world.executor.now = start + ms * kMs;
        return world.hub.streams().at(0).statistics.rates(world.executor.now);
    };
    for (std::int64_t ms = 0; ms < 3'000; ms += 40) {
        const Rates rates = rates_at(ms);
        if (ms < 500) {
            EXPECT_EQ(rates.fps_1s, 0) << ms;
        } else {
            EXPECT_NEAR(rates.fps_1s, 25, 2) << ms;
            EXPECT_NEAR(rates.fps_10s, 25, 2) << ms;
        }
        world.push(publication, key(ms));
    }
    EXPECT_EQ(rates_at(3'000).fps_10s, 25);
}

TEST(Hub, counts_truly) {
    World world;
    Publication publication = world.publish();
    const std::int64_t start = world.executor.now;
    for (int i = 0; i < 100; ++i) {  // four seconds at 25 a second, a key frame each second
        world.executor.now = start + i * 40 * kMs;
        world.push(publication, i % 25 == 0 ? key(i * 40, "12345678") : delta(i * 40, "1234"));
    }
    world.executor.now = start + 4'000 * kMs;
    const StreamStatus status = world.hub.streams().at(0);
    EXPECT_EQ(status.statistics.packets(), 100U);
    EXPECT_EQ(status.statistics.bytes(), 4U * 8 + 96U * 4);
    EXPECT_EQ(status.statistics.key_interval_ms(), 1000);
    const Rates rates = status.statistics.rates(world.executor.now);
    EXPECT_EQ(rates.fps_1s, 25);
    EXPECT_EQ(rates.fps_10s, 25);
    EXPECT_EQ(rates.bits_per_second_1s, (8U + 24U * 4) * 8);
}

}  // namespace
}  // namespace st::hub
