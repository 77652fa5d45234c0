/// The catalogue's file after its server was killed, at any moment: what a new one says equals the
/// folders.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "archive/catalogue.h"
#include "archive/folder.h"
#include "archive/retention.h"
#include "support/cases.h"

namespace st::archive {
namespace {

/// Builds, adds, keeps and deletes until it is killed. Never returns.
[[noreturn]] void churn(const TestFolder& folder, unsigned seed) {
    std::mt19937 random(seed);
    Catalogue catalogue(folder.path(), Log());
    for (;;) {
        const std::int64_t day = static_cast<std::int64_t>(random() % 40) + 1;
        const std::string id = folder.put({"c" + std::to_string(random() % 3), day * kDayUs});
        catalogue.changed(id);
        if (random() % 3 == 0) (void)catalogue.keep(id, random() % 2 == 0);
        if (random() % 3 == 0) (void)catalogue.remove(id);
        if (random() % 4 == 0) {
            const std::string file =
                "live/live/s/" + std::to_string(19'700'101'000'000 + day) + "_segment_001.flv";
            folder.put_file(file, "FLV");
            catalogue.stream_changed("/live/s");
            if (random() % 2 == 0) (void)catalogue.remove_segment(file);
        }
    }
}

struct Known {
    std::vector<std::string> recordings;
    std::vector<std::string> segments;
    bool operator==(const Known&) const = default;
};

Known known(const std::string& path) {
    Catalogue catalogue(path, Log());
    EXPECT_TRUE(catalogue.wait(std::chrono::minutes(1)));
    Known all;
    RecordingQuery query;
    query.limit = 10'000;
    for (const auto& entry : catalogue.list(query).items) {
        all.recordings.push_back(entry.id + (entry.kept ? " kept" : ""));
    }
    for (const auto& row : catalogue.media("/live/s", 0, std::int64_t{1} << 60, 10'000).rows) {
        all.segments.push_back(row.file);
    }
    return all;
}

TEST(CatalogueCrash, killed_at_any_moment_it_is_what_the_folders_say) {
    const TestFolder folder;
    std::mt19937 random(7);
    const unsigned kills = static_cast<unsigned>(test::cases(500, 15));
    for (unsigned i = 0; i < kills; ++i) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) churn(folder, i);
        ::usleep(static_cast<useconds_t>(
            5'000 + random() % 60'000));  // when it is killed is the case, not a hope
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself";
        const Known after = known(folder.path());
        for (const char* more : {"", "-wal", "-shm"}) {
            fs::remove(folder.path() + "/" + kCatalogueName + more);
        }
        ASSERT_EQ(known(folder.path()), after) << "after kill " << i;
    }
}

}  // namespace
}  // namespace st::archive
