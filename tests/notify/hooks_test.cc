#include "notify/hooks.h"

#include <gtest/gtest.h>

#include <future>

#include "notify/fakes.h"

namespace st::notify {
namespace {

Options options_of(std::vector<std::string> events) {
    Endpoint endpoint;
    endpoint.url = "http://127.0.0.1:1/";
    endpoint.events = std::move(events);
    endpoint.format = Format::nms;
    Options options;
    options.endpoints.push_back(endpoint);
    return options;
}

std::vector<control::HookStatus> list(Hooks& hooks) {
    std::promise<std::vector<control::HookStatus>> listed;
    hooks.list([&](const auto& statuses) { listed.set_value(statuses); });
    return listed.get_future().get();
}

TEST(Hooks, hold_no_more_than_so_much_for_a_disk_that_hangs_and_count_the_rest) {
    Folder folder;
    Hooks hooks(folder.file(""), "1", options_of({"camera.*"}), Log());
    std::promise<void> goes_on;
    hooks.list([hangs = goes_on.get_future().share()](const auto&) { hangs.wait(); });
    const std::string large = R"({"id":1,"text":")" + std::string(50'000, 'x') + "\"}";
    for (int i = 0; i < 500; ++i) hooks.add("camera.text", large);
    hooks.add("viewer.left", large);  // which it is not told of
    goes_on.set_value();
    const auto after = list(hooks);
    ASSERT_EQ(after.size(), 1U);
    const std::uint64_t taken = (std::uint64_t{16} << 20) / (large.size() + 300);
    EXPECT_NEAR(static_cast<double>(after[0].dropped), static_cast<double>(500 - taken), 3);
    hooks.add("camera.text", "{}");
    EXPECT_EQ(list(hooks)[0].dropped, after[0].dropped) << "there is room again";
}

TEST(Hooks, that_were_prepared_apply_with_a_reload) {
    Folder folder;
    Hooks hooks(folder.file(""), "1", {}, Log());
    hooks.prepare(options_of({"*"}));
    EXPECT_TRUE(hooks.status().empty()) << "not yet in force";
    EXPECT_FALSE(hooks.decide({}, [](const Result<void>&) {}));
    Options both = options_of({"*"});
    both.decide.url = "http://127.0.0.1:1/";
    hooks.prepare(both);
    EXPECT_FALSE(hooks.decide({}, [](const Result<void>&) {}));
    hooks.reconfigure(both);
    EXPECT_EQ(list(hooks).size(), 1U);
    std::promise<bool> answered;
    EXPECT_TRUE(hooks.decide({}, [&](const Result<void>& made) { answered.set_value(made.ok()); }));
    EXPECT_FALSE(answered.get_future().get());
}

}  // namespace
}  // namespace st::notify
