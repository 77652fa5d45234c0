#include "record/folder.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/when.h"
#include "record/world.h"
#include "support/time_zone.h"

namespace st::record {
namespace {

using world::TemporaryFolder;

constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";

std::string make(Folder& folder, std::string_view at) {
    return folder.make_recording("door", *parse_rfc3339(at)).id;
}

TEST(Folder, names_recordings_after_local_time_or_utc) {
    const TimeZone zone(kBerlin);
    const TemporaryFolder there;
    {
        Folder local(there.path());
        EXPECT_EQ(make(local, "2026-07-01T22:00:00Z"), "door_20260702_000000");
    }
    Folder utc(there.path(), utc_stamp);
    EXPECT_EQ(make(utc, "2026-07-01T22:00:00Z"), "door_20260701_220000");
}

TEST(Folder, gives_no_id_twice_in_the_hour_that_comes_twice_even_if_the_first_is_deleted) {
    const TimeZone zone(kBerlin);
    const TemporaryFolder there;
    Folder folder(there.path());
    const std::string first = make(folder, "2026-10-25T00:30:00Z");
    EXPECT_EQ(first, "door_20261025_023000");
    std::filesystem::remove_all(there.path() + "/" + first);
    EXPECT_EQ(make(folder, "2026-10-25T00:59:59Z"), "door_20261025_025959");
    EXPECT_EQ(make(folder, "2026-10-25T01:30:00Z"), "door_20261025_023000_2");
    EXPECT_EQ(make(folder, "2026-10-25T01:59:59Z"), "door_20261025_025959_2");
}

}  // namespace
}  // namespace st::record
