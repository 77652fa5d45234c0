#include "notify/outbox.h"

#include <gtest/gtest.h>

#include "notify/fakes.h"
#include "notify/ladder.h"
#include "notify/signature.h"

namespace st::notify {
namespace {

using control::HookState;
using namespace std::chrono_literals;

constexpr char kSecret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

Endpoint endpoint(Format format = Format::standard) {
    Endpoint made;
    made.url = "https://u:secret@host/hook";
    made.format = format;
    made.keys = {*parse_secret(kSecret)};
    return made;
}

std::string event(int number) {
    return R"({"id":)" + std::to_string(number) +
           R"(,"time":"2026-01-31T08:15:30.250Z","type":"camera.started","camera":"door"})";
}

/// Each takes so much that a journal with a hundred of them is worth being written anew.
std::string large_event(const std::string& words = "") {
    return R"({"text":")" + words + std::string(15'000, 'x') + R"("})";
}

struct Sending {
    explicit Sending(World& its_world, Endpoint to = endpoint())
        : world(its_world),
          outbox(std::make_unique<Outbox>(world.uses, to, world.folder.file("a.journal"),
                                          [this] { ++changes; })) {
        outbox->start();
    }
    /// As kill -9 and a new start.
    void restart() {
        outbox.reset();
        world.http.open.clear();
        outbox =
            std::make_unique<Outbox>(world.uses, endpoint(), world.folder.file("a.journal"), [] {});
        outbox->start();
    }
    /// The numbers of the events in the requests so far.
    std::vector<int> sent() const {
        std::vector<int> numbers;
        for (const HttpPost& post : world.http.requests) {
            const std::size_t at = post.body.find("\"id\":");
            numbers.push_back(std::stoi(post.body.substr(at + 5)));
        }
        return numbers;
    }

    World& world;
    int changes = 0;
    std::unique_ptr<Outbox> outbox;
};

TEST(Outbox, sends_signed_messages_one_after_the_other) {
    World world;
    Sending sending(world);
    for (int i = 1; i <= 3; ++i) sending.outbox->add("camera.started", event(i));
    ASSERT_EQ(world.http.requests.size(), 1U);
    const HttpPost& post = world.http.requests[0];
    EXPECT_EQ(post.url, "https://u:secret@host/hook");
    EXPECT_EQ(post.body, R"({"type":"camera.started","timestamp":"2026-01-31T08:15:30.250Z",)"
                         R"("data":{"id":1,"camera":"door"}})");
    EXPECT_EQ(world.http.header(0, "webhook-timestamp"), "1769847330");
    EXPECT_EQ(world.http.header(0, "webhook-signature"),
              signature(endpoint().keys, world.http.last_id(), 1'769'847'330, post.body));
    world.http.answer(204);
    world.http.answer(200);
    EXPECT_EQ(sending.sent(), (std::vector<int>{1, 2, 3}));
    world.http.answer(200);
    EXPECT_EQ(sending.outbox->status().state, HookState::idle);
    EXPECT_EQ(sending.outbox->status().delivered, 3U);
    EXPECT_EQ(sending.outbox->status().url, "https://u:***@host/hook");
    EXPECT_EQ("msg_" + sending.outbox->status().id.value_or("none") + "_1",
              world.http.header(0, "webhook-id"));
}

TEST(Outbox, sends_what_its_filter_lets_through) {
    World world;
    Endpoint to = endpoint();
    to.events = {"session.*", "camera.text"};
    Sending sending(world, to);
    for (const char* type : {"camera.started", "session.opened", "camera.text", "viewer.left"}) {
        sending.outbox->add(type, "{}");
    }
    EXPECT_EQ(sending.outbox->status().queued, 2U);
}

TEST(Outbox, keeps_room_for_recordings_whatever_viewers_do) {
    World world;
    constexpr std::uint64_t kBytesMax = 100'000;
    Outbox outbox(
        world.uses, endpoint(), world.folder.file("a.journal"), [] {}, kBytesMax);
    outbox.start();
    for (int i = 0; i < 1000; ++i) outbox.add("viewer.joined", event(i));
    const control::HookStatus full = outbox.status();
    EXPECT_GT(full.dropped, 0U);
    EXPECT_NEAR(static_cast<double>(full.queued_bytes), kBytesMax / 2.0, 1000);
    for (const char* type :
         {"session.finished", "take.finished", "record.stopped", "server.disk"}) {
        outbox.add(type, event(1));
    }
    EXPECT_EQ(outbox.status().queued, full.queued + 4);
    EXPECT_EQ(outbox.status().dropped, full.dropped);
    for (const char* type : {"viewer.left", "stream.published", "camera.connected"}) {
        outbox.add(type, event(1));
    }
    EXPECT_EQ(outbox.status().dropped, full.dropped + 3);
}

TEST(Outbox, tries_a_dead_target_for_three_days_and_keeps_the_order) {
    World world;
    Sending sending(world);
    sending.outbox->add("camera.started", event(1));
    sending.outbox->add("camera.started", event(2));
    const std::string id = world.http.last_id();
    for (const auto step : {5'000ms, 300'000ms, 1'800'000ms, 7'200'000ms, 18'000'000ms,
                            36'000'000ms, 50'400'000ms, 72'000'000ms, 86'400'000ms}) {
        world.http.answer({0, "Connection refused", {}});
        EXPECT_EQ(sending.outbox->status().state, HookState::waiting);
        EXPECT_EQ(sending.outbox->status().last_error, "Connection refused");
        const std::size_t before = world.http.requests.size();
        world.timers.advance(step - 1ms);
        EXPECT_EQ(world.http.requests.size(), before) << step.count();
        world.timers.advance(1ms);
        ASSERT_EQ(world.http.requests.size(), before + 1) << step.count();
        EXPECT_EQ(world.http.last_id(), id);
    }
    world.http.answer(302);  // the last one: a redirect is no delivery
    EXPECT_EQ(sending.outbox->status().failed, 1U);
    EXPECT_EQ(sending.sent().back(), 2);
    world.http.answer(200);
    EXPECT_TRUE(sending.outbox->replay(id).ok());
    EXPECT_EQ(world.http.last_id(), id);
    EXPECT_EQ(sending.sent().back(), 1);
    EXPECT_EQ(sending.outbox->status().failed, 0U);
    EXPECT_EQ(sending.outbox->status().given_up, 1U) << "a replay takes back nothing of what was";
    world.http.answer(200);
}

TEST(Outbox, whose_disk_fails_says_nothing_of_the_target) {
    World world;
    Sending sending(world);
    {
        const LargestFile full(std::filesystem::file_size(world.folder.file("a.journal")));
        sending.outbox->add("camera.started", event(1));
    }
    EXPECT_TRUE(sending.outbox->status().journal_error);
    EXPECT_FALSE(sending.outbox->status().last_error);
    sending.outbox->add("camera.started", event(2));
    EXPECT_FALSE(sending.outbox->status().journal_error) << "there is room again";
    world.http.answer(500);
    EXPECT_EQ(sending.outbox->status().last_error, "HTTP 500");
    EXPECT_FALSE(sending.outbox->status().journal_error);
}

TEST(Outbox, waits_as_long_as_the_target_asks) {
    World world;
    Sending sending(world);
    sending.outbox->add("camera.started", event(1));
    world.http.answer({429, {}, 3600s});
    world.timers.advance(3599s);
    EXPECT_EQ(world.http.requests.size(), 1U);
    world.timers.advance(1s);
    EXPECT_EQ(world.http.requests.size(), 2U);
}

TEST(Outbox, goes_on_after_a_crash_where_it_was_with_the_same_id) {
    World world;
    Sending sending(world);
    for (int i = 1; i <= 3; ++i) sending.outbox->add("camera.started", event(i));
    world.http.answer(200);
    world.http.answer(500);
    world.timers.advance(5s);
    world.http.answer(500);  // twice in vain: the next step is 5 min
    const std::string id = world.http.last_id();
    world.timers.advance(60s);
    sending.restart();
    EXPECT_EQ(sending.outbox->status().queued, 2U);
    EXPECT_EQ(sending.outbox->status().attempts, 2U);
    const std::size_t before = world.http.requests.size();
    world.timers.advance(239s);
    EXPECT_EQ(world.http.requests.size(), before);
    world.timers.advance(1s);
    ASSERT_EQ(world.http.requests.size(), before + 1);
    EXPECT_EQ(world.http.last_id(), id);
    world.http.answer(200);
    world.http.answer(200);
    EXPECT_EQ(sending.sent().back(), 3);
    EXPECT_EQ(sending.outbox->status().queued, 0U);
}

TEST(Outbox, that_was_killed_while_sending_sends_again_under_the_same_id) {
    World world;
    Sending sending(world);
    sending.outbox->add("camera.started", event(1));
    const std::string id = world.http.last_id();
    sending.restart();
    ASSERT_EQ(world.http.requests.size(), 2U);
    EXPECT_EQ(world.http.last_id(), id);
}

TEST(Outbox, is_not_held_up_by_a_clock_that_was_set_back) {
    World world;
    Sending sending(world);
    sending.outbox->add("camera.started", event(1));
    world.http.answer(500);
    world.wall_offset_us = -std::int64_t{365} * 86'400'000'000;
    sending.restart();
    world.timers.advance(kRetryDelayMax);
    EXPECT_EQ(world.http.requests.size(), 2U);
}

TEST(Outbox, ends_at_410_and_begins_again_when_it_is_configured_anew) {
    World world;
    Sending sending(world);
    sending.outbox->add("camera.started", event(1));
    sending.outbox->add("camera.started", event(2));
    world.http.answer(410);
    EXPECT_EQ(sending.outbox->status().state, HookState::ended);
    sending.outbox->add("camera.started", event(3));
    world.timers.advance(100h);
    EXPECT_EQ(world.http.requests.size(), 1U);
    EXPECT_EQ(sending.outbox->status().dropped, 1U);
    sending.outbox->reconfigure(endpoint());
    world.http.answer(200);
    world.http.answer(200);
    EXPECT_EQ(sending.sent(), (std::vector<int>{1, 1, 2}));
}

TEST(Outbox, tries_what_waits_when_a_test_arrives) {
    World world;
    Sending sending(world);
    sending.outbox->add("camera.started", event(1));
    world.http.answer(500);
    std::optional<HttpResult> said;
    sending.outbox->test([&](const HttpResult& result) { said = result; });
    EXPECT_NE(world.http.requests.back().body.find("hook.test"), std::string::npos);
    world.http.answer(200);
    ASSERT_TRUE(said && said->is_good());
    ASSERT_EQ(world.http.requests.size(), 3U);
    world.http.answer(200);
    EXPECT_EQ(sending.outbox->status().queued, 0U);
}

TEST(Outbox, whose_journal_cannot_be_opened_says_so_and_counts) {
    World world;
    Outbox outbox(world.uses, endpoint(), "/proc/none/a.journal", [] {});
    outbox.start();
    outbox.add("camera.started", event(1));
    EXPECT_EQ(outbox.status().state, HookState::broken);
    EXPECT_NE(outbox.status().journal_error.value_or("").find("/proc/none"), std::string::npos);
    EXPECT_FALSE(outbox.status().last_error);
    EXPECT_EQ(outbox.status().dropped, 1U);
    EXPECT_NE(outbox.replay("msg_1").error().message.find("cannot be opened"), std::string::npos);
}

/// In the way of the journal, until it is removed.
std::string obstacle(const World& world) {
    const std::string path = world.folder.file("a.journal");
    std::filesystem::create_directories(path);
    return path;
}

TEST(Outbox, that_was_broken_goes_on_once_its_journal_can_be_opened) {
    World world;
    const std::string path = obstacle(world);
    Sending sending(world);
    sending.outbox->add("camera.started", event(1));
    world.timers.advance(100s);
    EXPECT_EQ(sending.outbox->status().state, HookState::broken);
    std::filesystem::remove(path);
    const int changes = sending.changes;
    world.timers.advance(30s);
    EXPECT_EQ(sending.outbox->status().state, HookState::idle);
    EXPECT_FALSE(sending.outbox->status().journal_error);
    EXPECT_GT(sending.changes, changes);
    sending.outbox->add("camera.started", event(2));
    world.http.answer(200);
    EXPECT_EQ(sending.sent(), std::vector<int>{2});
    world.timers.advance(100s);
    EXPECT_EQ(sending.outbox->status().state, HookState::idle);
}

TEST(Outbox, that_was_broken_is_tried_at_a_reload) {
    World world;
    const std::string path = obstacle(world);
    Sending sending(world);
    std::filesystem::remove(path);
    sending.outbox->reconfigure(endpoint());
    EXPECT_EQ(sending.outbox->status().state, HookState::idle);
}

TEST(Outbox, whose_new_journal_finds_the_disk_full_begins_when_there_is_room) {
    World world;
    auto full = std::make_unique<LargestFile>(0);
    Sending sending(world);
    EXPECT_EQ(sending.outbox->status().state, HookState::broken);
    full.reset();
    world.timers.advance(30s);
    EXPECT_EQ(sending.outbox->status().state, HookState::idle);
}

TEST(Outbox, notes_on_disk_what_was_delivered_while_the_disk_was_full) {
    World world;
    Sending sending(world);
    for (int i = 1; i <= 3; ++i) sending.outbox->add("camera.started", event(i));
    {
        const LargestFile full(std::filesystem::file_size(world.folder.file("a.journal")));
        world.http.answer(200);
        world.http.answer(200);
        world.timers.advance(20s);
    }
    world.timers.advance(20s);  // and nothing else happens
    EXPECT_EQ(Journal(world.folder.file("a.journal")).waiting(), 1U);
    sending.restart();
    EXPECT_EQ(sending.outbox->status().queued, 1U);
    EXPECT_EQ(sending.sent(), (std::vector<int>{1, 2, 3, 3}));
}

TEST(Outbox, writes_its_journal_anew_and_does_not_try_all_the_time_on_a_full_disk) {
    World world;
    Sending sending(world);
    const std::string path = world.folder.file("a.journal");
    for (int i = 0; i < 100; ++i) sending.outbox->add("camera.text", large_event());
    world.timers.advance(1s);
    for (int i = 0; i < 99; ++i) world.http.answer(200);
    std::filesystem::create_directory(path + ".next");  // the disk refuses
    world.timers.advance(1s);
    EXPECT_GT(std::filesystem::file_size(path), 1'000'000U);
    EXPECT_NE(sending.outbox->status().journal_error.value_or("").find(".next"), std::string::npos);
    EXPECT_FALSE(sending.outbox->status().last_error);
    std::filesystem::remove(path + ".next");
    world.http.answer(200);
    world.timers.advance(1s);
    EXPECT_GT(std::filesystem::file_size(path), 1'000'000U) << "it waits for a minute";
    world.timers.advance(60s);
    sending.outbox->add("camera.text", large_event());
    world.timers.advance(1s);
    EXPECT_LT(std::filesystem::file_size(path), 100'000U);
    EXPECT_EQ(sending.outbox->status().queued, 1U);
}

TEST(Outbox, writes_down_and_sends_what_comes_while_the_disk_syncs) {
    World world;
    Sending sending(world);
    const std::string path = world.folder.file("a.journal");
    sending.outbox->add("camera.started", event(1));
    world.is_disk_slow = true;
    world.timers.advance(1s);
    ASSERT_EQ(world.aside.size(), 1U);
    sending.outbox->add("camera.started", event(2));
    world.http.answer(200);
    world.timers.advance(5s);
    EXPECT_EQ(world.aside.size(), 1U) << "one at a time";
    EXPECT_EQ(Journal(path).waiting(), 1U);
    EXPECT_EQ(sending.sent(), (std::vector<int>{1, 2}));
    world.finish_aside();
    world.timers.advance(1s);
    EXPECT_EQ(world.aside.size(), 1U) << "what came meanwhile is synced, too";
    world.finish_aside();
    world.timers.advance(5s);
    EXPECT_EQ(world.aside.size(), 0U);
}

TEST(Outbox, that_is_being_written_anew_is_not_written_anew_a_second_time) {
    World world;
    Sending sending(world);
    const std::string path = world.folder.file("a.journal");
    for (int i = 0; i < 100; ++i) sending.outbox->add("camera.text", large_event());
    world.timers.advance(1s);
    world.is_disk_slow = true;
    {
        const LargestFile full(std::filesystem::file_size(path));
        for (int i = 0; i < 99; ++i) world.http.answer(200);
        world.timers.advance(1s);  // what was delivered cannot be written: no sync, and later again
        ASSERT_EQ(world.aside.size(), 1U);
        EXPECT_EQ(world.aside[0].effort, loop::Effort::slow) << "a rewrite";
    }
    world.timers.advance(15s);
    EXPECT_EQ(world.aside.size(), 1U) << "it still waits for its turn";
    sending.outbox->add("camera.text", large_event("while it waits"));
    world.timers.advance(15s);
    EXPECT_EQ(world.aside.size(), 1U);
    world.finish_aside();
    sending.outbox->add("camera.text", large_event("after it"));
    for (int i = 0; i < 4 && !world.aside.empty(); ++i) {
        world.finish_aside();
        world.timers.advance(15s);
    }
    EXPECT_EQ(world.aside.size(), 0U);
    EXPECT_FALSE(sending.outbox->status().journal_error);
    EXPECT_LT(std::filesystem::file_size(path), 100'000U) << "it was written anew";
    EXPECT_EQ(sending.outbox->status().queued, 3U);
    Journal journal(path);
    EXPECT_EQ(journal.waiting(), 3U);
    EXPECT_EQ(journal.unreadable_lines(), 0U);
    journal.note_delivered();
    EXPECT_NE(journal.front()->body.find("while it waits"), std::string::npos);
    journal.note_delivered();
    EXPECT_NE(journal.front()->body.find("after it"), std::string::npos);
}

TEST(Outbox, has_what_came_while_it_was_written_anew_synced_at_once) {
    World world;
    Sending sending(world);
    for (int i = 0; i < 100; ++i) sending.outbox->add("camera.text", large_event());
    for (int i = 0; i < 99; ++i) world.http.answer(200);
    world.is_disk_slow = true;
    world.timers.advance(1s);
    ASSERT_EQ(world.aside.size(), 1U);
    EXPECT_EQ(world.aside[0].effort, loop::Effort::quick) << "no sync waits for slow work";
    world.finish_aside();
    ASSERT_EQ(world.aside.size(), 1U);
    EXPECT_EQ(world.aside[0].effort, loop::Effort::slow) << "the rewrite";
    world.finish_aside();
    ASSERT_EQ(world.aside.size(), 1U);
    EXPECT_EQ(world.aside[0].effort, loop::Effort::quick) << "its sync";
}

TEST(Outbox, that_goes_while_its_journal_is_written_anew_keeps_it) {
    World world;
    Sending sending(world);
    for (int i = 0; i < 100; ++i) sending.outbox->add("camera.text", large_event());
    world.is_disk_slow = true;
    for (int i = 0; i < 99; ++i) world.http.answer(200);
    world.timers.advance(1s);
    world.finish_aside();
    ASSERT_EQ(world.aside.size(), 1U) << "the journal is to be written anew";
    sending.restart();
    world.finish_aside();
    EXPECT_EQ(sending.outbox->status().queued, 1U);
    EXPECT_FALSE(std::filesystem::exists(world.folder.file("a.journal.next")));
}

/// One that was given up, and its id.
std::string give_one_up(World& world, Outbox& outbox) {
    outbox.add("session.finished", event(1));
    const std::string id = world.http.last_id();
    for (int attempt = 1; attempt < 10; ++attempt) {
        world.http.answer(500);
        world.timers.advance(kRetryDelayMax);
    }
    world.http.answer(500);
    EXPECT_EQ(outbox.failed_messages().size(), 1U);
    return id;
}

TEST(Outbox, says_why_a_message_cannot_be_sent_again) {
    World world;
    Outbox outbox(
        world.uses, endpoint(), world.folder.file("a.journal"), [] {}, 600);
    outbox.start();
    const std::string id = give_one_up(world, outbox);
    EXPECT_EQ(outbox.replay("msg_other").error().code, control::ErrorCode::not_found);
    {
        const LargestFile full(std::filesystem::file_size(world.folder.file("a.journal")));
        const auto refused = outbox.replay(id);
        EXPECT_EQ(refused.error().code, control::ErrorCode::unavailable);
        EXPECT_NE(refused.error().message.find("File too large"), std::string::npos)
            << refused.error().message;
    }
    for (int i = 2; i < 9; ++i) outbox.add("session.finished", event(i));
    const auto refused = outbox.replay(id);
    EXPECT_EQ(refused.error().code, control::ErrorCode::unavailable);
    EXPECT_NE(refused.error().message.find("full"), std::string::npos) << refused.error().message;
}

TEST(Outbox, that_could_not_write_a_replay_down_has_not_begun_it) {
    World world;
    Sending sending(world);
    const std::string path = world.folder.file("a.journal");
    const std::string id = give_one_up(world, *sending.outbox);
    const std::size_t sent = world.http.requests.size();
    const std::uintmax_t before = std::filesystem::file_size(path);
    const auto is_refused = [&](std::uintmax_t room) {
        const LargestFile full(before + room);
        const auto made = sending.outbox->replay(id);
        if (made) return false;
        EXPECT_EQ(made.error().code, control::ErrorCode::unavailable);
        return true;
    };
    std::uintmax_t room = 0;
    for (; is_refused(room); ++room) {
        ASSERT_EQ(sending.outbox->status().queued, 0U) << room;
        ASSERT_EQ(sending.outbox->status().failed, 1U) << room;
        ASSERT_EQ(world.http.requests.size(), sent) << room;
    }
    EXPECT_GT(room, 100U) << "refused in the middle of any of its lines";
    EXPECT_EQ(world.http.requests.size(), sent + 1) << "it is sent";
    EXPECT_EQ(sending.outbox->status().failed, 0U);
}

TEST(Outbox, says_that_the_disk_refuses_until_that_takes_something) {
    World world;
    Outbox outbox(
        world.uses, endpoint(), world.folder.file("a.journal"), [] {}, 600);
    outbox.start();
    const std::string id = give_one_up(world, outbox);
    {
        const LargestFile full(std::filesystem::file_size(world.folder.file("a.journal")));
        EXPECT_FALSE(outbox.replay(id).ok());
    }
    ASSERT_TRUE(outbox.status().journal_error);
    EXPECT_FALSE(outbox.replay("msg_other").ok());
    EXPECT_TRUE(outbox.status().journal_error) << "nothing was written for an unknown id";
    outbox.add("session.finished", R"({"text":")" + std::string(1000, 'x') + R"("})");
    EXPECT_TRUE(outbox.status().journal_error) << "nor for what there is no room for";
    outbox.add("session.finished", event(2));
    EXPECT_FALSE(outbox.status().journal_error);
}

TEST(Outbox, whose_syncs_fail_says_so_until_one_does_not) {
    World world;
    Sending sending(world);
    sending.outbox->add("camera.started", event(1));
    world.is_disk_slow = true;
    world.timers.advance(1s);
    ASSERT_EQ(world.aside.size(), 1U);
    const auto fail = [&] {
        for (const auto& one : std::exchange(world.aside, {})) one.done("sync: Input/output error");
    };
    fail();
    EXPECT_TRUE(sending.outbox->status().journal_error);
    world.timers.advance(10s);
    ASSERT_EQ(world.aside.size(), 1U) << "it is tried again";
    EXPECT_TRUE(sending.outbox->status().journal_error) << "and has not succeeded yet";
    fail();
    world.timers.advance(10s);
    world.finish_aside();
    EXPECT_FALSE(sending.outbox->status().journal_error);
}

TEST(Outbox, makes_two_posts_of_a_publication_for_the_older_server) {
    World world;
    Sending sending(world, endpoint(Format::nms));
    sending.outbox->add("stream.published", R"({"time":"2026-01-31T08:15:30.000Z",)"
                                            R"("stream":"/live/x","publication":3})");
    EXPECT_EQ(sending.outbox->status().queued, 2U);
    sending.outbox->add("camera.text", "{}");
    EXPECT_EQ(sending.outbox->status().queued, 2U);
}

}  // namespace
}  // namespace st::notify
