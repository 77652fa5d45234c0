#include "streamd/exit_deadline.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>

#include "base/clock.h"

namespace st::streamd {
namespace {

TEST(ExitDeadline, is_told_of_when_it_is_missed) {
    std::promise<void> missed;
    ExitDeadline deadline([&] { missed.set_value(); });
    deadline.set(monotonic_ns() + 1'000'000);
    EXPECT_EQ(missed.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
}

TEST(ExitDeadline, that_is_kept_is_not_told_of_nor_waited_for) {
    const std::int64_t began_ns = monotonic_ns();
    std::optional<ExitDeadline> deadline(std::in_place, [] { FAIL(); });
    deadline->set(began_ns + 600'000'000'000);
    deadline.reset();
    EXPECT_LT(monotonic_ns() - began_ns, 300'000'000'000);
}

TEST(ExitDeadline, that_is_never_set_costs_nothing) {
    const ExitDeadline deadline([] { FAIL(); });
}

}  // namespace
}  // namespace st::streamd
