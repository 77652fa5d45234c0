#include "record/finalising_queue.h"

#include <gtest/gtest.h>

#include "record/mailbox.h"
#include "record/world.h"

namespace st::record {
namespace {

Unfinished job_of(const std::string& camera, const std::string& id, bool is_large = false) {
    Unfinished job;
    job.session =
        std::make_shared<Session>(1, world::start_of(camera), 1000, std::make_shared<Mailbox>());
    job.meta = meta_of(job.session->start(), id);
    job.is_large = is_large;
    return job;
}

Unfinished recovered(const std::string& camera, const std::string& id, bool is_large = false) {
    Unfinished job = job_of(camera, id, is_large);
    job.session.reset();
    return job;
}

/// The ids in the order in which they come out.
std::vector<std::string> order_of(FinalisingQueue& queue, bool may_be_large = true) {
    std::vector<std::string> ids;
    while (const auto job = queue.pop(may_be_large)) ids.push_back(job->meta.id);
    return ids;
}

using Ids = std::vector<std::string>;

TEST(FinalisingQueue, cameras_have_their_turn_however_many_recordings_one_of_them_has) {
    FinalisingQueue queue;
    for (const char* id : {"a1", "a2", "a3", "a4"}) queue.push(job_of("a", id));
    queue.push(job_of("c", "c1"));
    queue.push(job_of("b", "b1"));
    queue.push(job_of("b", "b2"));
    EXPECT_EQ(order_of(queue), (Ids{"a1", "b1", "c1", "a2", "b2", "a3", "a4"}));
}

TEST(FinalisingQueue, a_camera_that_comes_late_waits_for_one_turn_at_most) {
    FinalisingQueue queue;
    for (const char* id : {"x1", "x2", "x3"}) queue.push(job_of("x", id));
    EXPECT_EQ(queue.pop(true)->meta.id, "x1");
    queue.push(job_of("good", "good1"));
    EXPECT_EQ(order_of(queue), (Ids{"good1", "x2", "x3"}));
}

TEST(FinalisingQueue, small_ones_go_first_and_those_of_earlier_runs_last) {
    FinalisingQueue queue;
    queue.push(recovered("a", "old_large", true));
    queue.push(recovered("a", "old"));
    queue.push(job_of("a", "large", true));
    queue.push(job_of("a", "small"));
    EXPECT_EQ(queue.ended(), 2U);
    EXPECT_EQ(queue.recovered(), 2U);
    EXPECT_EQ(order_of(queue), (Ids{"small", "large", "old", "old_large"}));
}

TEST(FinalisingQueue, large_ones_stay_where_the_last_thread_is_for_small_ones) {
    FinalisingQueue queue;
    queue.push(job_of("a", "large", true));
    queue.push(recovered("a", "old_large", true));
    queue.push(recovered("a", "old"));
    EXPECT_EQ(order_of(queue, false), (Ids{"old"}));
    EXPECT_EQ(queue.ended() + queue.recovered(), 2U);
    EXPECT_EQ(order_of(queue), (Ids{"large", "old_large"}));
}

TEST(FinalisingQueue, those_of_earlier_runs_can_be_taken_out) {
    FinalisingQueue queue;
    queue.push(recovered("a", "old"));
    queue.push(job_of("a", "new"));
    queue.push(recovered("b", "old_large", true));
    EXPECT_EQ(queue.take_recovered().size(), 2U);
    EXPECT_EQ(order_of(queue), (Ids{"new"}));
}

}  // namespace
}  // namespace st::record
