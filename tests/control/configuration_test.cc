#include "control/configuration.h"

#include <gtest/gtest.h>

#include "control/list.h"

namespace st::control {
namespace {

TEST(Config, keeps_values_of_every_kind_as_the_json_they_are) {
    const std::vector<ConfigEntry> entries = {
        {"server.threads", "0", "default"},
        {"recording.path", "\"/a \\\"b\\\"\"", "file /etc/x.json"},
        {"recording.keep", "[\"dump\",\"mp4\"]", "environment"},
        {"camera.auto_start", "null", "default"},
        {"camera.auto_start", "{}", "command line"},
    };
    const std::string body = encode(entries);
    EXPECT_TRUE(body.starts_with(
        R"({"items":[{"key":"server.threads","value":0,"source":"default"},{"key":)"))
        << body;
    const auto list = decode_list(body);
    ASSERT_TRUE(list) << list.error().message;
    ASSERT_EQ(list->items.size(), entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const auto entry = decode_config_entry(list->items[i]);
        ASSERT_TRUE(entry) << entry.error().message;
        EXPECT_EQ(*entry, entries[i]);
    }
}

TEST(Config, misses_a_key_by_name) {
    const auto entry = decode_config_entry(R"({"value":1,"source":"default"})");
    ASSERT_FALSE(entry);
    EXPECT_EQ(entry.error().field, "key");
}

TEST(ReloadReply, is_what_it_was_encoded_from) {
    const ReloadReply reply{{"log.level", "limits.cameras"}, {"listeners[0].port"}};
    EXPECT_EQ(encode(reply), R"({"ok":true,"changed":["log.level","limits.cameras"],)"
                             R"("needs_restart":["listeners[0].port"]})");
    const auto decoded = decode_reload_reply(encode(reply));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, reply);
    EXPECT_FALSE(decode_reload_reply(R"({"ok":true,"changed":[]})"));
    EXPECT_FALSE(decode_reload_reply(R"({"changed":[1],"needs_restart":[]})"));
}

}  // namespace
}  // namespace st::control
