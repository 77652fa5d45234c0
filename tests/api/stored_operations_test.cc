#include "api/stored_operations.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace st::api {
namespace {

/// Those of the control loop have theirs where the compiler misses one.
TEST(StoredOperations, have_one_row_each) {
    std::size_t stored = 0;
    for (const control::OperationInfo& info : control::operations()) {
        const auto rows = std::ranges::count(kStoredOperations, info.operation,
                                             &StoredOperations::Row::operation);
        EXPECT_LE(rows, 1) << info.rpc;
        EXPECT_EQ(find_stored(info.operation) != nullptr, rows == 1) << info.rpc;
        stored += static_cast<std::size_t>(rows);
    }
    EXPECT_EQ(stored, kStoredOperations.size());
}

TEST(StoredOperations, keep_the_disk_for_long_unless_they_are_of_one_recording) {
    for (const control::OperationInfo& info : control::operations()) {
        const StoredOperations::Row* row = find_stored(info.operation);
        if (row == nullptr) continue;
        const bool is_quick = info.rpc == "recordings.get" || info.rpc == "recordings.keep";
        EXPECT_EQ(row->effort, is_quick ? loop::Effort::quick : loop::Effort::slow) << info.rpc;
    }
}

}  // namespace
}  // namespace st::api
