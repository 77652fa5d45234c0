#include <gtest/gtest.h>

#include "api/event_log.h"

namespace st::api {
namespace {

TEST(EventLog, gives_events_after_an_id_and_pages_them) {
    EventLog events{Log()};
    for (int i = 0; i < 5; ++i)
        events.add("camera.connected", {{"camera", "c" + std::to_string(i)}});
    const control::List page = events.since(1, 2);
    ASSERT_EQ(page.items.size(), 2U);
    EXPECT_NE(page.items[0].find("\"id\":2,"), std::string::npos);
    EXPECT_NE(page.items[0].find("\"camera\":\"c1\""), std::string::npos);
    EXPECT_EQ(page.next, "3");
    EXPECT_EQ(events.since(3, 100).items.size(), 2U);
    EXPECT_FALSE(events.since(3, 100).next);
}

TEST(EventLog, of_a_later_start_has_higher_ids_and_gives_all_for_one_it_never_gave) {
    EventLog events(Log(), 1'769'847'330'000'000);
    EXPECT_EQ(events.last_id(), 1'769'847'330'000'000U);
    events.add("camera.connected", {});
    EXPECT_EQ(events.since(500, 100).items.size(), 1U) << "of an earlier start";
    EXPECT_EQ(events.since(events.last_id(), 100).items.size(), 0U);
    EXPECT_EQ(events.since(events.last_id() + 7, 100).items.size(), 1U) << "the clock was ahead";
    int heard = 0;
    events.subscribe({{}, [&](auto, const auto&, const auto&) { ++heard; }}, events.last_id() + 7);
    EXPECT_EQ(heard, 1);
}

TEST(EventLog, forgets_the_oldest_over_its_bound) {
    EventLog events{Log()};
    for (std::size_t i = 0; i < EventLog::kKeptMax + 10; ++i) events.add("camera.text", {});
    EXPECT_EQ(events.since(0, 100'000).items.size(), EventLog::kKeptMax);
}

class Listening : public ::testing::Test {
 protected:
    EventLog::ListenerId listen(std::vector<std::string> types,
                                std::optional<std::uint64_t> since = std::nullopt) {
        return events.subscribe(
            {std::move(types),
             [this](std::uint64_t id, const std::string& type, const std::string&) {
                 heard.push_back(std::to_string(id) + " " + type);
             }},
            since);
    }
    EventLog events{Log()};
    std::vector<std::string> heard;
};

TEST_F(Listening, hears_what_is_kept_and_then_what_comes) {
    events.add("camera.connected", {});
    events.add("camera.ready", {});
    listen({}, 1);
    events.add("session.opened", {});
    EXPECT_EQ(heard, (std::vector<std::string>{"2 camera.ready", "3 session.opened"}));
    EXPECT_EQ(events.last_id(), 3U);
}

TEST_F(Listening, without_a_since_hears_new_events_alone) {
    events.add("camera.connected", {});
    listen({});
    events.add("camera.ready", {});
    EXPECT_EQ(heard, std::vector<std::string>{"2 camera.ready"});
}

TEST_F(Listening, hears_the_types_it_asked_for_until_it_leaves) {
    const auto id = listen({"camera.ready", "session.*"});
    for (const char* type : {"camera.connected", "camera.ready", "session.opened", "server.disk"}) {
        events.add(type, {});
    }
    events.unsubscribe(id);
    events.add("camera.ready", {});
    EXPECT_EQ(heard, (std::vector<std::string>{"2 camera.ready", "3 session.opened"}));
}

TEST_F(Listening, everybody_hears_and_a_listener_may_be_unsubscribed_twice) {
    const auto first = listen({});
    listen({});
    events.add("camera.ready", {});
    EXPECT_EQ(heard.size(), 2U);
    events.unsubscribe(first);
    events.unsubscribe(first);
    events.add("camera.ready", {});
    EXPECT_EQ(heard.size(), 3U);
}

}  // namespace
}  // namespace st::api
