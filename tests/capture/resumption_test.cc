#include "capture/resumption.h"

#include <gtest/gtest.h>

#include "capture/fakes.h"

namespace st::capture {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ResumptionTest : public ::testing::Test {
 protected:
    Suspended kept(std::uint32_t last_seq) const {
        Suspended one;
        one.capture = "a1";
        one.last_seq = last_seq;
        one.heard_ns = timers.clock_ns();
        return one;
    }

    ManualTimers timers;
    std::vector<std::string> sent;
    std::optional<std::uint32_t> safe;
    Resumption resumption{timers, [this](const std::string& text) { sent.push_back(text); },
                          [this] { return safe; }};
};

TEST_F(ResumptionTest, only_a_capture_of_a_camera_that_resumes_has_a_name) {
    resumption.begin_capture();
    EXPECT_EQ(resumption.capture(), "");
    resumption.set_able(true);
    resumption.begin_capture();
    const std::string first = resumption.capture();
    EXPECT_EQ(first.size(), 16U);
    resumption.begin_capture();
    EXPECT_NE(resumption.capture(), first);
}

TEST_F(ResumptionTest, it_can_go_on_once_something_of_a_named_capture_came) {
    EXPECT_TRUE(resumption.take_seq(0));
    EXPECT_FALSE(resumption.can_go_on());
    resumption.set_able(true);
    resumption.begin_capture();
    EXPECT_FALSE(resumption.can_go_on()) << "what came before is of no capture";
    EXPECT_TRUE(resumption.take_seq(0));
    EXPECT_TRUE(resumption.can_go_on());
}

TEST_F(ResumptionTest, what_is_safe_is_said_each_second_while_it_is_due) {
    resumption.set_telling(true);
    EXPECT_EQ(timers.size(), 0U) << "nothing without a name";
    resumption.set_able(true);
    resumption.begin_capture();
    resumption.set_telling(true);
    timers.advance(seconds(1));
    EXPECT_TRUE(sent.empty()) << "nothing is safe yet";
    safe = 7;
    timers.advance(seconds(2));
    EXPECT_EQ(sent, std::vector<std::string>(2, camera::encode_received(resumption.capture(), 7)));
    resumption.set_telling(false);
    timers.advance(seconds(5));
    EXPECT_EQ(sent.size(), 2U);
}

TEST_F(ResumptionTest, messages_that_had_come_are_passed_over_also_where_their_numbers_run_over) {
    safe = 0xFFFFFFFDU;
    resumption.go_on(kept(0xFFFFFFFEU));
    EXPECT_EQ(sent, std::vector<std::string>{camera::encode_received("a1", 0xFFFFFFFDU)});
    EXPECT_FALSE(resumption.take_seq(0xFFFFFFFDU));
    EXPECT_FALSE(resumption.take_seq(0xFFFFFFFEU));
    EXPECT_TRUE(resumption.take_seq(0xFFFFFFFFU));
    EXPECT_TRUE(resumption.take_seq(0));
    EXPECT_EQ(resumption.last_seq(), 0U);
}

TEST_F(ResumptionTest, one_that_is_back_hears_where_to_go_on_as_soon_as_anything_is_safe) {
    resumption.go_on(kept(3));
    resumption.set_telling(true);
    timers.advance(milliseconds(500));
    EXPECT_TRUE(sent.empty()) << "what came is lost if the server ends now";
    safe = 2;
    timers.advance(milliseconds(20));
    EXPECT_EQ(sent, std::vector<std::string>{camera::encode_received("a1", 2)});
    timers.advance(milliseconds(980));
    EXPECT_EQ(sent.size(), 1U);
    timers.advance(milliseconds(20));
    EXPECT_EQ(sent.size(), 2U) << "each second from then on";
}

TEST_F(ResumptionTest, the_end_of_a_capture_is_said_to_be_safe_when_it_is_and_not_before) {
    resumption.go_on(kept(0xFFFFFFFEU));
    resumption.take_seq(0);
    std::optional<std::uint32_t> written = 0xFFFFFFFFU;
    resumption.tell_all_when_safe([&] { return written; });
    resumption.begin_capture();
    timers.advance(seconds(5));
    EXPECT_TRUE(sent.empty());
    written = 0;
    timers.advance(milliseconds(20));
    EXPECT_EQ(sent, std::vector<std::string>{camera::encode_received("a1", 0)});
    EXPECT_EQ(timers.size(), 0U);
}

TEST_F(ResumptionTest, the_end_of_a_capture_that_is_never_safe_is_not_waited_for_for_ever) {
    resumption.go_on(kept(3));
    resumption.tell_all_when_safe([] { return std::nullopt; });
    timers.advance(Resumption::kEndPatience);
    EXPECT_EQ(timers.size(), 0U);
    EXPECT_TRUE(sent.empty());
}

TEST_F(ResumptionTest,
       what_waited_for_the_answer_is_read_and_of_a_capture_that_is_over_only_texts) {
    for (const bool is_over : {false, true}) {
        resumption.ask();
        EXPECT_TRUE(resumption.is_asking());
        resumption.put_off(Buffer());
        resumption.put_off(std::string("{}"));
        resumption.answered({is_over ? nullptr : std::make_shared<const Suspended>(kept(1))});
        EXPECT_FALSE(resumption.is_asking());
        EXPECT_EQ(resumption.take_offered() == nullptr, is_over);
        EXPECT_EQ(resumption.take_unread().size(), is_over ? 1U : 2U);
        EXPECT_TRUE(resumption.take_unread().empty());
    }
}

TEST_F(ResumptionTest, the_note_says_how_long_it_was_away_and_how_many_came_late) {
    const Suspended one = kept(3);
    timers.advance(milliseconds(2500));
    EXPECT_EQ(resumption.go_on(one), milliseconds(2500));
    EXPECT_FALSE(resumption.count(true));
    EXPECT_FALSE(resumption.count(true));
    EXPECT_TRUE(resumption.is_catching_up());
    EXPECT_EQ(resumption.count(false), (camera::ResumedNote{2'500'000, 2}));
    EXPECT_FALSE(resumption.is_catching_up());
    EXPECT_FALSE(resumption.count(true)) << "once";
}

}  // namespace
}  // namespace st::capture
