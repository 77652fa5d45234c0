#include "capture/cameras.h"

#include <gtest/gtest.h>

#include "capture/fakes.h"

namespace st::capture {
namespace {

using std::chrono::milliseconds;

/// One claim of a name, and what became of it.
struct Claimant {
    LinkPtr link;
    std::optional<Result<void>> answer;
    std::vector<ToConnection> sent;

    template <class Message>
    bool was_sent() const {
        for (const ToConnection& message : sent) {
            if (std::holds_alternative<Message>(message)) return true;
        }
        return false;
    }
    bool is_granted() const { return answer && answer->ok(); }
};

class CamerasTest : public ::testing::Test {
 protected:
    std::shared_ptr<Claimant> claim(std::optional<std::string> name, const std::string& from = "") {
        auto one = std::make_shared<Claimant>();
        one->link = std::make_shared<CameraLink>(++links, "10.0.0.7:5", "/", 0);
        one->link->send = [raw = one.get()](ToConnection message) {
            raw->sent.push_back(std::move(message));
        };
        CameraClaim made;
        made.link = one->link;
        made.name = std::move(name);
        made.default_name = "10.0.0.7";
        made.place_of = from;
        made.done = [raw = one.get()](Result<void> result) { raw->answer = std::move(result); };
        cameras.claim(std::move(made));
        all.push_back(one);
        return one;
    }
    std::string holder_of(const Claimant& one) const {
        const CameraEntry* entry = cameras.find(one.link->id);
        return entry == nullptr ? "" : entry->name;
    }

    ManualTimers timers;
    Current<Options> options{Options{}};
    Counters counters;
    EventList events;
    Cameras cameras{options, counters, timers, events};
    std::vector<std::shared_ptr<Claimant>> all;
    std::uint64_t links = 0;
};

TEST_F(CamerasTest, a_holder_that_answers_keeps_its_name) {
    const auto first = claim("door");
    const auto second = claim("door");
    EXPECT_TRUE(first->was_sent<Probe>());
    EXPECT_FALSE(second->answer);
    cameras.alive(first->link);
    ASSERT_TRUE(second->answer && !second->answer->ok());
    EXPECT_EQ(second->answer->error().code, 409);
    EXPECT_EQ(holder_of(*first), "door");
    EXPECT_EQ(timers.size(), 0U);
}

TEST_F(CamerasTest, a_silent_holder_is_replaced_when_its_time_is_over) {
    const auto first = claim("door");
    const auto second = claim("door");
    timers.advance(options->takeover_after - milliseconds(1));
    EXPECT_FALSE(second->answer);
    timers.advance(milliseconds(1));
    EXPECT_TRUE(second->is_granted());
    EXPECT_TRUE(first->was_sent<Replace>());
    EXPECT_EQ(cameras.find("door")->link, second->link);
    EXPECT_FALSE(cameras.left(first->link, "late")) << "it must not take the name along";
    EXPECT_EQ(cameras.find("door")->link, second->link);
    EXPECT_EQ(counters.cameras.load(), 1);
}

TEST_F(CamerasTest, a_name_whose_holder_goes_is_given_to_who_waits_at_once) {
    const auto first = claim("door");
    const auto second = claim("door");
    EXPECT_FALSE(second->answer);
    cameras.left(first->link, "code 1006");
    EXPECT_TRUE(second->is_granted());
    EXPECT_EQ(timers.size(), 0U);
}

TEST_F(CamerasTest, of_two_that_wait_the_first_gets_the_name_and_the_other_waits_for_it) {
    const auto first = claim("door");
    const auto second = claim("door");
    const auto third = claim("door");
    cameras.left(first->link, "code 1006");
    EXPECT_TRUE(second->is_granted());
    EXPECT_FALSE(third->answer);
    EXPECT_TRUE(second->was_sent<Probe>());
    cameras.alive(second->link);
    ASSERT_TRUE(third->answer && !third->answer->ok());
}

TEST_F(CamerasTest, a_claim_that_is_given_up_gets_nothing) {
    const auto first = claim("door");
    const auto second = claim("door");
    cameras.give_up(second->link);
    EXPECT_EQ(timers.size(), 0U);
    cameras.left(first->link, "gone");
    EXPECT_FALSE(second->answer);
    EXPECT_EQ(cameras.find("door"), nullptr);
}

TEST_F(CamerasTest, two_cameras_that_change_names_while_both_are_alive_keep_theirs) {
    const auto a = claim("a");
    const auto b = claim("b");
    const auto a_again = claim("b");
    const auto b_again = claim("a");
    cameras.alive(a->link);
    cameras.alive(b->link);
    EXPECT_FALSE(a_again->is_granted());
    EXPECT_FALSE(b_again->is_granted());
    EXPECT_EQ(holder_of(*a), "a");
    EXPECT_EQ(holder_of(*b), "b");
}

TEST_F(CamerasTest, a_lone_camera_of_an_address_has_the_same_name_at_every_reconnect) {
    for (int i = 0; i < 3; ++i) {
        const auto camera = claim(std::nullopt);
        EXPECT_TRUE(camera->is_granted());
        EXPECT_EQ(holder_of(*camera), "10.0.0.7");
        cameras.left(camera->link, "gone");
    }
    const auto dead = claim(std::nullopt);  // its connection is lost, and nobody has noticed yet
    const auto back = claim(std::nullopt);
    timers.advance(options->takeover_after);
    EXPECT_EQ(holder_of(*back), "10.0.0.7");
    EXPECT_TRUE(dead->was_sent<Replace>());
}

TEST_F(CamerasTest, more_cameras_of_an_address_get_numbers) {
    const auto first = claim(std::nullopt);
    const auto second = claim(std::nullopt);
    EXPECT_FALSE(second->answer);
    cameras.alive(first->link);
    EXPECT_EQ(holder_of(*second), "10.0.0.7_2");
    const auto third = claim(std::nullopt);
    cameras.alive(first->link);
    EXPECT_FALSE(third->answer) << "the holder of _2 is asked too";
    cameras.alive(second->link);
    EXPECT_EQ(holder_of(*third), "10.0.0.7_3");
}

TEST_F(CamerasTest, a_name_that_is_not_allowed_is_refused_with_the_rule) {
    for (const std::string name : {"", ".x", "a/b", "\x1b[31m", "a b"}) {
        const auto camera = claim(name);
        ASSERT_TRUE(camera->answer && !camera->answer->ok()) << name;
        EXPECT_EQ(camera->answer->error().code, 400);
        EXPECT_NE(camera->answer->error().message.find("1 to 64 of"), std::string::npos);
        EXPECT_EQ(camera->answer->error().message.find('\x1b'), std::string::npos);
    }
    const auto camera = claim("a b");
    EXPECT_NE(camera->answer->error().message.find("\"a b\""), std::string::npos);
}

TEST_F(CamerasTest, the_limit_of_cameras_refuses_with_a_reason) {
    Options next;
    next.cameras_max = 1;
    options.replace(next);
    const auto first = claim("a");
    const auto second = claim("b");
    EXPECT_TRUE(first->is_granted());
    ASSERT_TRUE(second->answer && !second->answer->ok());
    EXPECT_EQ(second->answer->error().code, 503);
    const auto again = claim("a");
    timers.advance(options->takeover_after);
    EXPECT_TRUE(again->is_granted()) << "it takes a place that is counted already";
}

TEST_F(CamerasTest, the_limit_of_an_address_refuses_its_cameras_alone) {
    Options next;
    next.cameras_per_address = 2;
    options.replace(next);
    const auto first = claim("a", "10.0.0.1");
    EXPECT_TRUE(first->is_granted());
    EXPECT_TRUE(claim("b", "10.0.0.1")->is_granted());
    const auto third = claim("c", "10.0.0.1");
    ASSERT_TRUE(third->answer && !third->answer->ok());
    EXPECT_EQ(third->answer->error().code, 429);
    EXPECT_EQ(third->answer->error().message, "limits.cameras_per_address (2) reached");
    EXPECT_TRUE(claim("d", "10.0.0.2")->is_granted());
    for (const char* name : {"e", "f", "g"}) EXPECT_TRUE(claim(name)->is_granted()) << name;
    cameras.left(first->link, "gone");
    EXPECT_TRUE(claim("c", "10.0.0.1")->is_granted()) << "its place is free again";
}

TEST_F(CamerasTest, a_device_model_names_a_camera_that_did_not_name_itself) {
    Options next;
    next.name_rules = {{std::nullopt, "Pixel 9", "phone"}};
    options.replace(next);
    const auto camera = claim(std::nullopt);
    cameras.set_model(camera->link, "Pixel 9");
    EXPECT_EQ(holder_of(*camera), "phone");
    EXPECT_EQ(cameras.find("10.0.0.7"), nullptr);
    EXPECT_EQ(cameras.find("phone")->model, "Pixel 9");
    EXPECT_EQ(camera->link->name, "phone");
    const auto named = claim("mine");
    cameras.set_model(named->link, "Pixel 9");
    EXPECT_EQ(holder_of(*named), "mine");
    EXPECT_TRUE(named->was_sent<Named>()) << "it waits for the answer";
}

TEST(CameraState, is_told_by_the_name_it_has_here) {
    for (std::size_t i = 0; i < camera::kStates; ++i) {
        EXPECT_EQ(control::to_text(static_cast<control::CameraState>(i)),
                  camera::to_string(static_cast<camera::State>(i)));
    }
}

TEST_F(CamerasTest, a_camera_that_is_said_to_record_has_a_recording) {
    const auto camera = claim("a");
    cameras.set_state(camera->link, camera::State::recording, "");
    EXPECT_EQ(cameras.status(*cameras.find("a")).state, control::CameraState::starting);
    cameras.set_state(camera->link, camera::State::recording, "a_1");
    EXPECT_EQ(cameras.status(*cameras.find("a")).state, control::CameraState::recording);
    EXPECT_EQ(cameras.status(*cameras.find("a")).session, "a_1");
    EXPECT_EQ(counters.cameras_recording.load(), 1);
    cameras.left(camera->link, "gone");
    EXPECT_EQ(counters.cameras_recording.load(), 0);
}

TEST_F(CamerasTest, the_nearest_name_is_near) {
    claim("front-door");
    claim("shed");
    EXPECT_EQ(nearest_name(cameras.all(), "front-dor"), "front-door");
    EXPECT_EQ(nearest_name(cameras.all(), "shad"), "shed");
    EXPECT_EQ(nearest_name(cameras.all(), "garage"), "");
}

// ---- names that users give
// -------------------------------------------------------------------------

class RenameTest : public CamerasTest {
 protected:
    RenameTest() {
        cameras.keep_names({}, [this](const GivenNames& names) { saved = names; });
    }
    /// A camera of the address 10.0.0.7 that does not name itself.
    std::shared_ptr<Claimant> come(const std::string& model) {
        auto one = claim(std::nullopt);
        if (one->is_granted()) describe(*one, model);
        return one;
    }
    void describe(const Claimant& one, const std::string& model) {
        cameras.joined(one.link);
        cameras.set_model(one.link, model);
    }
    void go(const Claimant& one) { cameras.left(one.link, "code 1006"); }
    std::string refusal(const std::string& name, const std::string& next) {
        const auto made = cameras.give_name(name, next);
        return made ? "" : made.error().message;
    }
    std::optional<GivenNames> saved;
};

TEST_F(RenameTest, a_name_is_kept_when_the_camera_returns_and_after_a_restart) {
    const auto first = come("Pixel 7");
    EXPECT_EQ(holder_of(*first), "10.0.0.7");
    ASSERT_TRUE(cameras.give_name("10.0.0.7", "door"));
    EXPECT_EQ(holder_of(*first), "door");
    EXPECT_TRUE(first->was_sent<Named>());
    EXPECT_EQ(events.last("camera.renamed", "was"), "10.0.0.7");
    go(*first);
    const auto again = come("Pixel 7");
    EXPECT_EQ(holder_of(*again), "door");
    go(*again);
    ASSERT_TRUE(saved);
    Cameras restarted(options, counters, timers, events);
    restarted.keep_names(*GivenNames::decode(saved->encode()), {});
    auto link = std::make_shared<CameraLink>(99, "10.0.0.7:9", "/", 0);
    link->send = [](const ToConnection&) {};
    CameraClaim made;
    made.link = link;
    made.default_name = "10.0.0.7";
    made.done = [](const Result<void>& granted) { EXPECT_TRUE(granted.ok()); };
    restarted.claim(std::move(made));
    EXPECT_NE(restarted.find("door"), nullptr);
}

TEST_F(RenameTest, a_camera_that_returns_while_its_old_connection_hangs_takes_the_name_over) {
    const auto first = come("Pixel 7");
    ASSERT_TRUE(cameras.give_name("10.0.0.7", "door"));
    const auto again = come("Pixel 7");
    EXPECT_TRUE(first->was_sent<Probe>());
    timers.advance(options->takeover_after);
    EXPECT_TRUE(again->is_granted());
    describe(*again, "Pixel 7");
    EXPECT_EQ(holder_of(*again), "door");
}

TEST_F(RenameTest, another_device_of_the_address_is_not_taken_for_it) {
    const auto first = come("Pixel 7");
    ASSERT_TRUE(cameras.give_name("10.0.0.7", "door"));
    const auto second = claim(std::nullopt);
    cameras.alive(first->link);
    ASSERT_TRUE(second->is_granted());
    EXPECT_EQ(holder_of(*second), "10.0.0.7");
    describe(*second, "Galaxy");
    EXPECT_EQ(holder_of(*second), "10.0.0.7");
    ASSERT_TRUE(cameras.give_name("10.0.0.7", "gate"));
    go(*first);
    go(*second);
    // Two are known there: the model decides.
    const auto back = claim(std::nullopt);
    EXPECT_EQ(holder_of(*back), "10.0.0.7");
    EXPECT_TRUE(back->link->may_be_renamed) << "a recording waits for its name";
    describe(*back, "Galaxy");
    EXPECT_EQ(holder_of(*back), "gate");
}

TEST_F(RenameTest, a_new_device_at_a_known_address_gets_no_others_name) {
    const auto first = come("Pixel 7");
    ASSERT_TRUE(cameras.give_name("10.0.0.7", "door"));
    go(*first);
    const auto stranger = claim(std::nullopt);
    EXPECT_EQ(holder_of(*stranger), "door") << "until it says what it is";
    describe(*stranger, "Galaxy");
    EXPECT_EQ(holder_of(*stranger), "10.0.0.7");
}

TEST_F(RenameTest, refusals_say_why) {
    come("Pixel 7");
    const auto gate = claim("gate");
    EXPECT_EQ(refusal("dor", "x"), "no such camera: dor");
    EXPECT_EQ(refusal("gat", "x"), "no such camera: gat (did you mean gate?)");
    EXPECT_EQ(refusal("10.0.0.7", "gate"), "another camera is connected as gate");
    EXPECT_NE(refusal("10.0.0.7", "../up").find("is not a name"), std::string::npos);
    EXPECT_NE(refusal("gate", "x").find("change it there"), std::string::npos);
    cameras.set_state(cameras.find("10.0.0.7")->link, camera::State::recording, "x_1");
    EXPECT_EQ(refusal("10.0.0.7", "x"), "10.0.0.7 is recording; rename it when that is over");
    EXPECT_FALSE(saved);
}

}  // namespace
}  // namespace st::capture
