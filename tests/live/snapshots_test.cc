#include "live/snapshots.h"

#include <gtest/gtest.h>

#include "hub/fakes.h"
#include "live/connections_world.h"

namespace st::live {
namespace {

class IdlePublisher final : public hub::Publisher {
 public:
    void probe() override {}
    void replaced() override {}
    void kicked(const std::string&) override {}
    void wanted() override { ++asked; }
    int asked = 0;
};

TEST(Snapshots, a_stream_that_comes_later_is_told_that_it_is_wanted) {
    ConnectionsWorld world;
    Snapshots snapshots(world.parts);
    std::optional<std::string> refusal;
    snapshots.take("/camera/door", {}, true, [&](const Result<std::string>& jpeg) {
        refusal = jpeg ? "" : jpeg.error().message;
    });
    world.advance(std::chrono::milliseconds(60));
    const auto publisher = std::make_shared<IdlePublisher>();
    auto publication =
        world.live.hub().publish("/camera/door", publisher, {"camera", "peer", ""},
                                 hub::Clock::bits_64, monotonic_ns(), hub::Hub::kAnybody);
    ASSERT_TRUE(publication);
    EXPECT_FALSE(publication->is_wanted(monotonic_ns()));
    world.advance(std::chrono::milliseconds(60));
    EXPECT_TRUE(publication->is_wanted(monotonic_ns()));
    world.advance(std::chrono::milliseconds(60));
    EXPECT_EQ(publisher->asked, 1);
    EXPECT_FALSE(refusal) << *refusal;
}

TEST(Snapshots, a_stream_that_is_not_there_is_refused_at_once) {
    ConnectionsWorld world;
    Snapshots snapshots(world.parts);
    int code = 0;
    snapshots.take("/live/x", {}, false,
                   [&](const Result<std::string>& jpeg) { code = jpeg ? 200 : jpeg.error().code; });
    EXPECT_EQ(code, 404);
}

}  // namespace
}  // namespace st::live
