#include "live/viewer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "hub/fakes.h"

namespace st::live {
namespace {

using hub::ManualExecutor;
using std::chrono::milliseconds;
using Texts = std::vector<std::string>;

constexpr char kPath[] = "/live/x";

/// A protocol that writes down what it is asked to say.
class FakeTransport : public ViewerTransport {
 public:
    bool announces_tracks() const override { return announces; }
    void accept(hub::Tracks tracks, const std::string& why_waiting) override {
        said.push_back(std::string("accept") + (tracks.video ? " video" : "") +
                       (tracks.audio ? " audio" : "") +
                       (why_waiting.empty() ? "" : ", waits: " + why_waiting));
    }
    void say_waiting(const std::string& why) override { said.push_back("waits: " + why); }
    void note_publisher(bool is_there) override {
        publisher.emplace_back(is_there ? "back" : "none");
    }
    void refuse(const Error& why) override {
        said.push_back("refuse " + std::to_string(why.code) + " " + why.message);
    }
    void finish(ViewerEnd /*why*/, const std::string& words) override {
        said.push_back("finish " + words);
    }
    void send(std::span<const SharedBuffer> wires) override {
        for (const SharedBuffer& wire : wires) {
            packets.emplace_back(reinterpret_cast<const char*>(wire->data()), wire->size());
            (takes ? taken : queued) += wire->size();
        }
    }
    std::size_t queued_bytes() const override { return queued; }
    std::uint64_t bytes_taken() const override { return taken; }

    bool announces = true;
    bool takes = true;
    std::size_t queued = 0;
    std::size_t taken = 0;
    Texts said;
    Texts publisher;  ///< what it was told of one
    Texts packets;
};

struct Watching {
    explicit Watching(hub::World& its_world)
        : world(its_world),
          viewer(world.hub, world.delivery,
                 {milliseconds(10'000), [this](const std::string&) { return is_coming; }},
                 transport) {}
    void start() { viewer.start(kPath, 0, {"http-flv", "viewer", ""}); }
    Texts said() { return std::exchange(transport.said, {}); }

    hub::World& world;
    FakeTransport transport;
    bool is_coming = false;  ///< its source is being tried
    Viewer viewer;
};

std::string left_reason(const hub::World& world) {
    for (const hub::Event& event : world.events) {
        if (const auto* left = std::get_if<hub::Left>(&event)) return left->reason;
    }
    return "";
}

TEST(Viewer, is_refused_when_nobody_publishes_in_time) {
    hub::World world;
    Watching watching(world);
    watching.start();
    world.executor.advance(9'999);
    EXPECT_EQ(watching.said(), Texts{});
    EXPECT_EQ(watching.viewer.state(), Viewer::State::waiting_for_publisher);
    world.executor.advance(1);
    EXPECT_EQ(watching.said(), Texts{"refuse 404 no stream at /live/x"});
    EXPECT_EQ(watching.viewer.state(), Viewer::State::draining);
    EXPECT_EQ(left_reason(world), "no stream at /live/x");
    EXPECT_EQ(world.hub.viewer_count(), 0U);
}

TEST(Viewer, gets_the_cached_pictures_when_it_comes_to_a_stream) {
    hub::World world;
    hub::Publication publication = world.publish();
    world.push(publication, hub::key(0));
    Watching watching(world);
    watching.start();
    EXPECT_EQ(watching.said(), Texts{"accept video"});
    EXPECT_EQ(watching.transport.packets, Texts{"Av@0:k"});
    EXPECT_EQ(watching.viewer.state(), Viewer::State::playing);
}

TEST(Viewer, waits_as_long_as_its_source_is_tried) {
    hub::World world;
    Watching watching(world);
    watching.is_coming = true;
    watching.start();
    world.executor.advance(95'000);
    EXPECT_EQ(watching.said(), Texts{});
    watching.is_coming = false;  // it has failed
    world.executor.advance(10'000);
    EXPECT_EQ(watching.said(), Texts{"refuse 404 no stream at /live/x"});
}

TEST(Viewer, that_closed_its_side_waits_for_a_source_too_but_not_for_ever) {
    for (const std::int64_t after_ms : {15'000, 75'000}) {
        hub::World world;
        Watching watching(world);
        watching.is_coming = true;
        watching.start();
        watching.viewer.on_half_end();
        world.executor.advance(after_ms);
        hub::Publication publication = world.publish();
        world.push(publication, hub::key(0));
        const Texts in_time{"accept video"};
        EXPECT_EQ(watching.said(),
                  after_ms == 15'000 ? in_time : Texts{"refuse 404 no stream at /live/x"});
    }
}

TEST(Viewer, is_answered_a_second_after_the_publisher_came_and_gets_pictures_later) {
    hub::World world;
    Watching watching(world);
    watching.start();
    world.executor.advance(9'000);
    hub::Publication publication = world.publish();
    world.executor.run();
    EXPECT_EQ(watching.viewer.state(), Viewer::State::waiting_for_entry);
    world.executor.advance(999);
    EXPECT_EQ(watching.said(), Texts{});
    world.executor.advance(1);
    EXPECT_EQ(watching.said(), Texts{"accept video"});
    world.executor.advance(60'000);  // the publisher is there: nobody is refused
    EXPECT_EQ(watching.said(), Texts{});
    world.push(publication, hub::key(0));
    EXPECT_EQ(watching.said(), Texts{});
    EXPECT_EQ(watching.transport.packets.size(), 1U);
    EXPECT_EQ(watching.viewer.state(), Viewer::State::playing);
}

TEST(Viewer, is_told_now_and_then_why_it_gets_no_picture) {
    hub::World world;
    hub::Publication publication = world.publish();
    world.push(publication, hub::config("avcC"));
    Watching watching(world);
    watching.transport.announces = false;
    watching.start();
    EXPECT_EQ(watching.said(), Texts{"accept"});
    world.push(publication, hub::delta(0));
    world.executor.advance(1'000);
    EXPECT_EQ(watching.said(), Texts{"waits: no key frame yet"});
    world.executor.advance(9'999);
    EXPECT_EQ(watching.said(), Texts{});
    world.executor.advance(1);
    EXPECT_EQ(watching.said(), Texts{"waits: no key frame yet"});
    world.push(publication, hub::key(40));
    world.executor.advance(60'000);
    EXPECT_EQ(watching.said(), Texts{});
    EXPECT_EQ(watching.viewer.state(), Viewer::State::playing);
}

TEST(Viewer, is_answered_at_once_when_the_tracks_are_known) {
    hub::World world;
    hub::Publication publication = world.publish();
    world.push(publication, hub::config("avcC"));
    world.push(publication, hub::sound_config());
    Watching watching(world);
    watching.start();
    EXPECT_EQ(watching.said(), Texts{"accept video audio"});
    EXPECT_EQ(watching.viewer.state(), Viewer::State::waiting_for_entry);
}

TEST(Viewer, is_answered_at_once_where_the_answer_names_no_tracks) {
    hub::World world;
    Watching watching(world);
    watching.transport.announces = false;
    watching.start();
    hub::Publication publication = world.publish();
    world.executor.run();
    EXPECT_EQ(watching.said(), Texts{"accept"});
}

TEST(Viewer, waits_again_when_the_publisher_leaves_before_its_first_picture) {
    hub::World world;
    Watching watching(world);
    watching.start();
    {
        hub::Publication publication = world.publish();
        world.executor.advance(500);
    }
    world.executor.run();
    EXPECT_EQ(watching.viewer.state(), Viewer::State::waiting_for_publisher);
    world.executor.advance(9'999);
    EXPECT_EQ(watching.said(), Texts{});
    world.executor.advance(1);
    EXPECT_EQ(watching.said(), Texts{"refuse 404 no stream at /live/x"});
}

TEST(Viewer, that_was_answered_is_told_the_end_when_no_publisher_returns) {
    hub::World world;
    Watching watching(world);
    watching.start();
    {
        hub::Publication publication = world.publish();
        world.executor.run();
        world.executor.advance(1'000);
        EXPECT_EQ(watching.said(), Texts{"accept video"});
    }
    world.executor.run();
    world.executor.advance(10'000);
    EXPECT_EQ(watching.said(), Texts{"finish stream ended"});
}

TEST(Viewer, that_plays_is_told_that_its_publisher_has_gone_and_is_back) {
    hub::World world;
    hub::Publication first = world.publish();
    world.push(first, hub::key(0));
    Watching watching(world);
    watching.is_coming = true;
    watching.start();
    EXPECT_EQ(watching.transport.publisher, Texts{}) << "there is one";
    first.end("publisher left");
    world.executor.advance(60'000);
    EXPECT_EQ(watching.transport.publisher, Texts{"none"});
    hub::Publication second = world.publish();
    world.executor.run();
    EXPECT_EQ(watching.transport.publisher, (Texts{"none", "back"}));
    EXPECT_EQ(watching.viewer.state(), Viewer::State::playing);
}

TEST(Viewer, is_told_once_that_it_waits_for_a_publisher) {
    hub::World world;
    Watching watching(world);
    watching.is_coming = true;
    watching.start();
    world.executor.advance(60'000);
    EXPECT_EQ(watching.transport.publisher, Texts{"none"});
    {
        hub::Publication publication = world.publish();
        world.executor.run();
        EXPECT_EQ(watching.viewer.state(), Viewer::State::waiting_for_entry);
    }
    world.executor.advance(60'000);
    EXPECT_EQ(watching.transport.publisher, (Texts{"none", "none"})) << "it left again";
}

TEST(Viewer, keeps_its_place_when_its_publisher_returns) {
    hub::World world;
    hub::Publication first = world.publish();
    world.push(first, hub::key(0));
    Watching watching(world);
    watching.start();
    first.end("publisher left");
    hub::Publication second = world.publish();
    world.push(second, hub::key(0, "K"));
    EXPECT_EQ(watching.said(), Texts{"accept video"});
    EXPECT_EQ(watching.transport.packets.size(), 2U);
    EXPECT_EQ(watching.viewer.state(), Viewer::State::playing);
}

TEST(Viewer, has_what_waits_for_it_before_it_is_told_the_end) {
    hub::World world;
    hub::Publication publication = world.publish();
    world.push(publication, hub::key(0));
    Watching watching(world);
    watching.start();
    watching.transport.takes = false;
    world.push(publication, hub::delta(40));
    const std::uint64_t number = publication.number();
    publication.end("publisher left");
    world.hub.give_up(kPath, number);
    world.executor.run();
    EXPECT_EQ(watching.viewer.state(), Viewer::State::playing);
    watching.transport.queued = 0;
    watching.viewer.on_drained();
    world.executor.run();
    EXPECT_EQ(watching.said(), (Texts{"accept video", "finish stream ended"}));
    EXPECT_EQ(watching.viewer.state(), Viewer::State::draining);
}

TEST(Viewer, that_is_kicked_while_it_waits_is_refused) {
    hub::World world;
    Watching watching(world);
    watching.start();
    EXPECT_TRUE(world.hub.kick_viewer(world.hub.viewers().front()->id, "kim@desk"));
    world.executor.run();
    EXPECT_EQ(watching.said(), Texts{"refuse 403 kicked by kim@desk"});
}

TEST(Viewer, that_is_kicked_while_it_plays_is_told_goodbye) {
    hub::World world;
    hub::Publication publication = world.publish();
    world.push(publication, hub::key(0));
    Watching watching(world);
    watching.start();
    EXPECT_TRUE(world.hub.kick_viewer(world.hub.viewers().front()->id, "kim@desk"));
    world.executor.run();
    EXPECT_EQ(watching.said(), (Texts{"accept video", "finish kicked by kim@desk"}));
    EXPECT_EQ(left_reason(world), "kicked by kim@desk");
}

TEST(Viewer, over_the_limit_of_viewers_is_refused_at_once) {
    hub::Options options;
    options.viewers_max = 1;
    hub::World world(options);
    Watching first(world);
    Watching second(world);
    first.start();
    second.start();
    EXPECT_EQ(second.said(), Texts{"refuse 503 limits.viewers reached (1)"});
    second.viewer.leave("");
    EXPECT_EQ(second.viewer.state(), Viewer::State::over);
}

TEST(Viewer, is_told_of_the_shutdown_in_each_state_and_once) {
    const auto shut_down_in = [](Viewer::State state) {
        hub::World world;
        Watching watching(world);
        hub::Publication publication;
        if (state != Viewer::State::waiting_for_publisher) publication = world.publish();
        if (state == Viewer::State::playing) world.push(publication, hub::key(0));
        watching.start();
        if (state == Viewer::State::draining) {
            EXPECT_TRUE(world.hub.kick_viewer(world.hub.viewers().front()->id, "kim@desk"));
            world.executor.run();
        }
        if (state == Viewer::State::over) watching.viewer.leave("viewer left");
        EXPECT_EQ(watching.viewer.state(), state);
        watching.said();
        watching.viewer.shut_down();
        watching.viewer.shut_down();
        world.executor.advance(60'000);
        return watching.said();
    };
    const Texts refused{"refuse 503 the server is shutting down"};
    EXPECT_EQ(shut_down_in(Viewer::State::waiting_for_publisher), refused);
    EXPECT_EQ(shut_down_in(Viewer::State::waiting_for_entry), refused);
    EXPECT_EQ(shut_down_in(Viewer::State::playing), Texts{"finish the server is shutting down"});
    EXPECT_EQ(shut_down_in(Viewer::State::draining), Texts{});
    EXPECT_EQ(shut_down_in(Viewer::State::over), Texts{});
}

TEST(Viewer, that_left_is_never_called_again) {
    hub::World world;
    Watching watching(world);
    watching.start();
    watching.viewer.leave("viewer left");
    hub::Publication publication = world.publish();
    world.push(publication, hub::key(0));
    world.executor.advance(60'000);
    EXPECT_EQ(watching.said(), Texts{});
    EXPECT_EQ(watching.transport.packets, Texts{});
    EXPECT_EQ(left_reason(world), "viewer left");
}

TEST(Viewer, that_is_destroyed_while_it_waits_leaves_no_timer) {
    hub::World world;
    {
        Watching watching(world);
        watching.start();
    }
    EXPECT_EQ(world.hub.viewer_count(), 0U);
    world.executor.advance(60'000);
}

TEST(Viewer, that_closed_its_side_is_refused_at_once_where_nobody_publishes) {
    hub::World world;
    Watching watching(world);
    watching.start();
    watching.viewer.on_half_end();
    EXPECT_EQ(watching.said(), Texts{"refuse 404 no stream at /live/x"});
}

TEST(Viewer, that_closed_its_side_stays_as_long_as_it_is_sent_something) {
    hub::World world;
    hub::Publication publication = world.publish();
    world.push(publication, hub::key(0));
    Watching watching(world);
    watching.start();
    watching.viewer.on_half_end();
    for (int i = 1; i <= 5; ++i) {
        world.executor.advance(2'000);
        world.push(publication, hub::delta(i * 2'000));
    }
    EXPECT_EQ(watching.said(), Texts{"accept video"});
    world.executor.advance(6'000);
    EXPECT_EQ(watching.said(), Texts{"finish viewer left"});
}

TEST(Viewer, begins_at_the_next_key_frame_if_it_wants_nothing_of_what_is_kept) {
    hub::World world;
    hub::Publication publication = world.publish();
    world.push(publication, hub::key(0));
    Watching watching(world);
    watching.viewer.start(kPath, 0, {"http-flv", "viewer", "a=1&cache=0"});
    EXPECT_EQ(watching.transport.packets, Texts{});
    world.push(publication, hub::delta(40));
    EXPECT_EQ(watching.transport.packets, Texts{});
    world.push(publication, hub::key(80));
    EXPECT_EQ(watching.transport.packets, Texts{"Av@80:k"});
}

TEST(Viewer, that_has_had_what_it_asked_for_is_told_the_end) {
    hub::World world;
    hub::Publication publication = world.publish();
    world.push(publication, hub::key(0));
    Watching watching(world);
    watching.start();
    watching.viewer.end_as_asked();
    EXPECT_EQ(watching.said(), (Texts{"accept video", "finish played as long as was asked"}));
    EXPECT_EQ(world.hub.viewer_count(), 0U);
}

TEST(Viewer, chooses_tracks_before_and_while_it_plays) {
    hub::World world;
    hub::Publication publication = world.publish();
    world.push(publication, hub::key(0));
    Watching watching(world);
    watching.viewer.start(kPath, 0, {"rtmp", "viewer", ""}, {true, false});
    world.push(publication, hub::sound(10));
    world.push(publication, hub::delta(40));
    EXPECT_EQ(watching.transport.packets, (Texts{"Av@0:k", "Av@40:p"}));
    watching.viewer.choose({true, true});
    world.push(publication, hub::sound(50));
    EXPECT_EQ(watching.transport.packets.back(), "Aa@50:s");
}

TEST(Viewer, joins_once_somebody_elsewhere_has_allowed_it) {
    for (const bool is_allowed : {true, false}) {
        hub::World world;
        hub::Publication publication = world.publish();
        world.push(publication, hub::key(0));
        FakeTransport transport;
        auth::Decided answer;
        const auth::Decide ask = [&](const auth::Question& what, auth::Decided done) {
            EXPECT_FALSE(what.is_publish);
            EXPECT_EQ(what.path, kPath);
            answer = std::move(done);
            return true;
        };
        Viewer viewer(world.hub, world.delivery, {milliseconds(10'000), {}, ask}, transport);
        viewer.start(kPath, 0, {"http-flv", "viewer", ""});
        viewer.choose({true, false});
        EXPECT_EQ(viewer.state(), Viewer::State::deciding);
        world.executor.advance(60'000);
        EXPECT_EQ(transport.said, Texts{});
        EXPECT_EQ(world.hub.viewer_count(), 0U);
        answer(is_allowed ? Result<void>() : Result<void>(Error{"not allowed", 403}));
        world.executor.run();
        EXPECT_EQ(transport.said, Texts{is_allowed ? "accept video" : "refuse 403 not allowed"});
        EXPECT_EQ(world.hub.viewer_count(), is_allowed ? 1U : 0U);
    }
}

TEST(Viewer, is_let_go_when_the_server_ends_before_it_was_decided) {
    hub::World world;
    FakeTransport transport;
    auth::Decided answer;
    Viewer viewer(world.hub, world.delivery,
                  {milliseconds(10'000),
                   {},
                   [&](const auth::Question&, auth::Decided done) {
                       answer = std::move(done);
                       return true;
                   }},
                  transport);
    viewer.start(kPath, 0, {"http-flv", "viewer", ""});
    viewer.shut_down();
    EXPECT_EQ(transport.said, Texts{"refuse 503 the server is shutting down"});
    answer({});
    world.executor.run();
    EXPECT_EQ(world.hub.viewer_count(), 0U);
}

}  // namespace
}  // namespace st::live
