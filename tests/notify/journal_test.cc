#include "notify/journal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "notify/fakes.h"

namespace st::notify {
namespace {

using Texts = std::vector<std::string>;

std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

/// The bodies of all that wait; they are delivered.
Texts drain(Journal& journal) {
    Texts bodies;
    while (const auto message = journal.front()) {
        bodies.push_back(message->body);
        journal.note_delivered();
    }
    return bodies;
}

TEST(Journal, gives_back_what_was_not_delivered_in_order_after_a_crash) {
    const Folder folder;
    const std::string path = folder.file("a.journal");
    std::string first_id;
    {
        Journal journal(path);
        for (const char* body : {"one", "two", "three"}) EXPECT_TRUE(journal.add(7, "t", body));
        EXPECT_EQ(journal.front()->body, "one");
        journal.note_delivered();
        journal.note_tried(2, 99, "HTTP 503");
        first_id = journal.front()->id;
    }  // as after kill -9: nothing is written at the end
    Journal journal(path);
    EXPECT_EQ(journal.waiting(), 2U);
    EXPECT_EQ(journal.front()->id, first_id);
    EXPECT_EQ(journal.front()->at_us, 7);
    ASSERT_NE(journal.tried(), nullptr);
    EXPECT_EQ(*journal.tried(), (Tried{2, 2, 99, "HTTP 503"}));
    EXPECT_EQ(drain(journal), (Texts{"two", "three"}));
    EXPECT_EQ(journal.unreadable_lines(), 0U);
}

TEST(Journal, is_whole_wherever_the_last_write_was_cut) {
    const Folder folder;
    const std::string path = folder.file("a.journal");
    {
        Journal journal(path);
        journal.add(1, "t", "one");
    }
    const std::size_t whole = content(path).size();
    {
        Journal journal(path);
        journal.add(2, "t", "two");
    }
    const std::string text = content(path);
    for (std::size_t size = whole; size < text.size(); ++size) {
        write(path, text.substr(0, size));
        Journal journal(path);
        EXPECT_TRUE(journal.add(3, "t", "three"));
        EXPECT_EQ(drain(journal), (Texts{"one", "three"})) << size;
    }
}

TEST(Journal, leaves_out_damaged_lines_and_counts_them) {
    const Folder folder;
    const std::string path = folder.file("a.journal");
    {
        Journal journal(path);
        for (const char* body : {"one", "two", "three"}) journal.add(1, "t", body);
    }
    std::string text = content(path);
    text[text.find("two") - 4] = '\0';
    write(path, text + std::string(3 * kJournalLineMax, 'x') + "\n{\"done\":99}\n{\"failed\":7}\n");
    Journal journal(path);
    EXPECT_EQ(drain(journal), (Texts{"one", "three"}));
    EXPECT_GE(journal.unreadable_lines(), 2U);
}

TEST(Journal, is_written_anew_when_most_of_it_is_past_and_gives_no_id_twice) {
    const Folder folder;
    const std::string path = folder.file("a.journal");
    std::set<std::string> ids;
    const std::string body(20'000, 'b');
    for (int round = 0; round < 3; ++round) {
        Journal journal(path);
        for (int i = 0; i < 100; ++i) {
            ASSERT_TRUE(journal.add(i, "t", body));
            EXPECT_TRUE(ids.insert(journal.front()->id).second);
            journal.note_delivered();
            if (journal.is_mostly_past()) journal.compact();
        }
        EXPECT_LE(std::filesystem::file_size(path), Journal::kCompactBytes + 100'000);
    }
    const auto mode = std::filesystem::status(path).permissions();
    EXPECT_EQ(mode, std::filesystem::perms(0600));
}

TEST(Journal, takes_no_more_when_it_is_full_and_goes_on_once_there_is_room) {
    const Folder folder;
    Journal journal(folder.file("a.journal"), 200);
    int taken = 0;
    while (journal.add(1, "t", "body")) ++taken;
    EXPECT_GT(taken, 1);
    EXPECT_EQ(journal.waiting(), static_cast<std::size_t>(taken));
    EXPECT_EQ(journal.front()->body, "body");
    journal.note_delivered();
    EXPECT_TRUE(journal.add(1, "t", "body"));
    EXPECT_FALSE(Journal(folder.file("b.journal")).add(1, "t", std::string(70'000, 'x')));
}

TEST(Journal, that_is_full_loses_nothing_and_tells_nothing_out_of_order_wherever_it_is_killed) {
    const Folder folder;
    const std::string path = folder.file("a.journal");
    constexpr std::uint64_t kBytesMax = 20'000;
    const auto body = [](int number) { return std::to_string(number) + std::string(100, 'x'); };
    Texts taken;
    {
        Journal journal(path, kBytesMax);
        while (journal.add(1, "t", body(static_cast<int>(taken.size())))) {
            taken.push_back(body(static_cast<int>(taken.size())));
        }
    }
    ASSERT_GT(taken.size(), 50U);
    // Killed before each delivery is noted, after it, and in the middle of writing that down: what
    // was under way comes again, before everything behind it.
    Texts told;
    std::set<std::string> ids;
    std::string last;
    for (std::size_t kill = 0; told.size() < taken.size(); ++kill) {
        if (kill % 3 == 2) {
            write(path, content(path) + "half a li");  // what kill -9 left of a write
        }
        Journal journal(path, kBytesMax);
        ASSERT_EQ(journal.waiting(), taken.size() - told.size()) << kill;
        EXPECT_LE(journal.waiting_bytes(), kBytesMax);
        const auto message = journal.front();
        ASSERT_TRUE(message.has_value());
        EXPECT_EQ(message->body, taken[told.size()]) << kill;
        if (kill % 3 == 1) {  // sent, not noted
            last = message->id;
            continue;
        }
        if (!last.empty()) {
            EXPECT_EQ(message->id, last) << "the same one again";
        }
        last.clear();
        EXPECT_TRUE(ids.insert(message->id).second) << kill;
        told.push_back(message->body);
        journal.note_delivered();
    }
    EXPECT_EQ(told, taken);
    Journal journal(path, kBytesMax);
    EXPECT_FALSE(journal.front().has_value());
    EXPECT_TRUE(journal.add(1, "t", "more")) << "there is room again";
}

TEST(Journal, knows_by_what_was_noted_later_what_was_over_before) {
    const Folder folder;
    const std::string path = folder.file("a.journal");
    {
        Journal journal(path);
        for (const char* body : {"1", "2", "3", "4", "5", "6", "7"}) journal.add(1, "t", body);
        journal.note_delivered();
        journal.note_delivered();
        journal.note_failed(10, "HTTP 500");
        journal.note_delivered();
        journal.note_tried(2, 99, "HTTP 503");
    }
    const std::string text = content(path);
    const Texts notes{R"({"done":1})", R"({"done":2})", R"({"failed":3)", R"({"done":4})",
                      R"({"tried":5)"};
    // Each of them was not written, or is damaged: what is noted behind it still holds.
    for (std::size_t note = 0; note + 1 < notes.size(); ++note) {
        std::string damaged = text;
        damaged[damaged.find(notes[note])] = '\0';
        write(path, damaged);
        Journal journal(path);
        EXPECT_EQ(journal.failed(), note == 2 ? 0U : 1U) << notes[note];
        ASSERT_NE(journal.tried(), nullptr) << notes[note];
        EXPECT_EQ(journal.tried()->attempts, 2U);
        EXPECT_EQ(drain(journal), (Texts{"5", "6", "7"})) << notes[note];
    }
    // Of several that are missing the last one says it all.
    std::string damaged = text.substr(0, text.find(notes[0]));
    write(path, damaged + "{\"done\":6}\n");
    Journal journal(path);
    EXPECT_EQ(drain(journal), Texts{"7"});
}

TEST(Journal, writes_down_later_what_the_disk_refused) {
    const Folder folder;
    const std::string path = folder.file("a.journal");
    {
        Journal journal(path);
        for (const char* body : {"1", "2", "3", "4"}) journal.add(1, "t", body);
        {
            const LargestFile full(std::filesystem::file_size(path));
            EXPECT_THROW(journal.note_failed(10, "HTTP 500"), std::system_error);
            EXPECT_THROW(journal.note_delivered(), std::system_error);
            EXPECT_THROW(journal.add(1, "t", "lost"), std::system_error);
            EXPECT_THROW(journal.sync(), std::system_error);
            EXPECT_TRUE(journal.is_dirty());
        }
        journal.sync();
        EXPECT_FALSE(journal.is_dirty());
        EXPECT_TRUE(journal.add(1, "t", "5"));
    }
    Journal journal(path);
    EXPECT_EQ(journal.failed(), 1U);
    EXPECT_EQ(drain(journal), (Texts{"3", "4", "5"}));
    EXPECT_EQ(journal.unreadable_lines(), 0U);
}

TEST(Journal, gives_no_id_again_that_power_took_away) {
    const Folder folder;
    const std::string path = folder.file("a.journal");
    std::string text;
    std::string id;
    {
        Journal journal(path);
        text = content(path);
        journal.add(1, "t", "told, and not on the disk yet");
        id = journal.front()->id;
        journal.note_delivered();
    }
    write(path, text);
    Journal journal(path);
    journal.add(1, "t", "another");
    EXPECT_NE(journal.front()->id, id);
}

TEST(Journal, keeps_what_failed_for_a_replay_under_its_id) {
    const Folder folder;
    const std::string path = folder.file("a.journal");
    std::string id;
    {
        Journal journal(path);
        journal.add(5, "camera.started", "one");
        journal.add(6, "t", "two");
        id = journal.front()->id;
        journal.note_failed(10, "HTTP 500");
    }
    Journal journal(path);
    const auto failed = journal.failed_messages();
    ASSERT_EQ(failed.size(), 1U);
    EXPECT_EQ(failed[0].id, id);
    EXPECT_EQ(failed[0].type, "camera.started");
    EXPECT_EQ(failed[0].attempts, 10U);
    EXPECT_EQ(journal.replay("msg_other"), Journal::Replayed::unknown);
    EXPECT_EQ(journal.replay(id), Journal::Replayed::waits);
    EXPECT_EQ(journal.replay(id), Journal::Replayed::unknown);
    Journal again(path);
    EXPECT_EQ(again.failed(), 0U);
    EXPECT_EQ(again.front()->body, "two");
    again.note_delivered();
    EXPECT_EQ(again.front()->body, "one");
    EXPECT_EQ(again.front()->id, id);
}

/// A journal with one message that failed, and its id.
std::string fail_one(Journal& journal) {
    journal.add(1, "t", "one");
    const std::string id = journal.front()->id;
    journal.note_failed(10, "HTTP 500");
    return id;
}

TEST(Journal, stays_as_it_was_where_the_disk_refuses_any_part_of_a_replay) {
    const Folder folder;
    const std::string path = folder.file("a.journal");
    Journal journal(path);
    const std::string id = fail_one(journal);
    const std::string before = content(path);
    const auto is_refused = [&](std::size_t room) {
        const LargestFile full(room);
        try {
            EXPECT_EQ(journal.replay(id), Journal::Replayed::waits);
            return false;
        } catch (const std::system_error&) {
            return true;
        }
    };
    std::size_t room = before.size();
    for (; is_refused(room); ++room) {
        ASSERT_EQ(content(path), before) << room;
        ASSERT_EQ(journal.failed(), 1U) << room;
        ASSERT_EQ(journal.waiting(), 0U) << room;
    }
    EXPECT_EQ(content(path).size(), room) << "there was room for all of it";
    EXPECT_EQ(journal.failed(), 0U);
    EXPECT_EQ(drain(journal), Texts{"one"});
}

TEST(Journal, keeps_what_is_sent_again_wherever_the_write_was_cut) {
    const Folder folder;
    const std::string path = folder.file("a.journal");
    std::size_t before = 0;
    {
        Journal journal(path);
        const std::string id = fail_one(journal);
        before = content(path).size();
        EXPECT_EQ(journal.replay(id), Journal::Replayed::waits);
    }
    const std::string text = content(path);
    for (std::size_t size = before; size <= text.size(); ++size) {
        write(path, text.substr(0, size));
        Journal journal(path);
        EXPECT_GE(journal.failed() + journal.waiting(), 1U) << size;
        EXPECT_EQ(journal.failed(), size < text.size() ? 1U : 0U) << size;
    }
}

TEST(Journal, that_is_full_keeps_what_failed) {
    const Folder folder;
    Journal journal(folder.file("a.journal"), 200);
    const std::string id = fail_one(journal);
    while (journal.add(1, "t", "body")) continue;
    EXPECT_EQ(journal.replay(id), Journal::Replayed::no_room);
    EXPECT_EQ(journal.failed(), 1U);
}

TEST(Journal, forgets_the_oldest_failures) {
    const Folder folder;
    Journal journal(folder.file("a.journal"));
    for (std::size_t i = 0; i < Journal::kFailedMax + 3; ++i) {
        journal.add(static_cast<std::int64_t>(i), "t", "b");
        journal.note_failed(10, "why");
    }
    const auto failed = journal.failed_messages();
    ASSERT_EQ(failed.size(), Journal::kFailedMax);
    EXPECT_EQ(failed.front().at_us, 3);
}

TEST(Journal, survives_being_written_anew_with_everything_in_it) {
    const Folder folder;
    const std::string path = folder.file("a.journal");
    {
        Journal journal(path);
        journal.add(1, "t", "failed");
        journal.note_failed(10, "why");
        const std::string body(30'000, 'b');
        for (int i = 0; i < 60; ++i) {
            journal.add(2, "t", body);
            journal.note_delivered();
        }
        journal.add(3, "t", "one");
        journal.add(4, "t", "two");
        journal.note_tried(3, 77, "HTTP 500");
        ASSERT_TRUE(journal.is_mostly_past());
        journal.compact();
        EXPECT_FALSE(journal.is_mostly_past());
    }
    Journal journal(path);
    EXPECT_EQ(journal.failed_messages().size(), 1U);
    ASSERT_NE(journal.tried(), nullptr);
    EXPECT_EQ(journal.tried()->attempts, 3U);
    EXPECT_EQ(drain(journal), (Texts{"one", "two"}));
}

TEST(Journal, loses_nothing_that_comes_while_it_is_written_anew) {
    const Folder folder;
    const std::string path = folder.file("a.journal");
    std::string failed_id;
    {
        Journal journal(path);
        for (const char* body : {"past", "failed", "one", "two"}) journal.add(1, "t", body);
        journal.note_delivered();
        failed_id = journal.front()->id;
        journal.note_failed(10, "HTTP 500");
        const auto next = journal.begin_rewrite();
        journal.add(2, "t", "three");
        journal.note_delivered();  // "one"
        next->write();
        journal.note_tried(4, 77, "HTTP 503");  // "two"
        EXPECT_EQ(journal.replay(failed_id), Journal::Replayed::waits);
        journal.finish_rewrite(*next);
        EXPECT_EQ(journal.front()->body, "two");
        journal.add(3, "t", "four");
    }
    EXPECT_EQ(content(path).find("past"), std::string::npos);
    Journal journal(path);
    ASSERT_NE(journal.tried(), nullptr);
    EXPECT_EQ(journal.tried()->attempts, 4U);
    EXPECT_TRUE(journal.failed_messages().empty());
    EXPECT_EQ(journal.waiting(), 4U);
    EXPECT_EQ(drain(journal), (Texts{"two", "three", "failed", "four"}));
    EXPECT_EQ(journal.unreadable_lines(), 0U);
}

TEST(Journal, that_is_left_while_it_is_written_anew_stays) {
    const Folder folder;
    const std::string path = folder.file("a.journal");
    std::shared_ptr<JournalRewrite> left;
    {
        Journal journal(path);
        journal.add(1, "t", "one");
        left = journal.begin_rewrite();
        left->write();
    }
    Journal journal(path);
    EXPECT_FALSE(std::filesystem::exists(path + ".next"));
    const auto next = journal.begin_rewrite();
    next->write();
    left.reset();
    EXPECT_THROW(journal.finish_rewrite(*next), std::system_error);
    EXPECT_EQ(drain(journal), (Texts{"one"}));
}

TEST(Journal, refuses_a_rewrite_of_a_file_that_another_rewrite_has_replaced) {
    const Folder folder;
    const std::string path = folder.file("a.journal");
    {
        Journal journal(path);
        for (const char* body : {"past", "one"}) journal.add(1, "t", body);
        journal.note_delivered();
        const auto first = journal.begin_rewrite();
        const auto second = journal.begin_rewrite();
        first->write();
        journal.finish_rewrite(*first);
        journal.add(2, "t", "two");
        second->write();
        const std::string before = content(path);
        EXPECT_THROW(journal.finish_rewrite(*second), std::logic_error);
        EXPECT_EQ(content(path), before);
        EXPECT_THROW(journal.finish_rewrite(*first), std::logic_error) << "which has been used";
        journal.add(3, "t", "three");
        EXPECT_EQ(journal.front()->body, "one");
    }
    EXPECT_FALSE(std::filesystem::exists(path + ".next"));
    Journal journal(path);
    EXPECT_EQ(drain(journal), (Texts{"one", "two", "three"}));
    EXPECT_EQ(journal.unreadable_lines(), 0U);
}

TEST(Journal, that_cannot_be_written_anew_stays_as_it_was_and_leaves_nothing_behind) {
    const Folder folder;
    const std::string path = folder.file("a.journal");
    {
        Journal journal(path);
        for (const char* body : {"one", "two", "three"}) journal.add(1, "t", body);
        {
            const LargestFile full(100);
            EXPECT_THROW(journal.compact(), std::system_error);
        }
        EXPECT_FALSE(std::filesystem::exists(path + ".next"));
        EXPECT_EQ(journal.front()->body, "one");
        journal.note_delivered();
    }
    write(path + ".next", "of a server that was killed");
    Journal journal(path);
    EXPECT_FALSE(std::filesystem::exists(path + ".next"));
    EXPECT_EQ(drain(journal), (Texts{"two", "three"}));
}

}  // namespace
}  // namespace st::notify
