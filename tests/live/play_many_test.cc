#include "live/play_many.h"

#include <gtest/gtest.h>

#include <map>

#include "live/connections_world.h"

namespace st::live {
namespace {

/// A whole tag of MP3 sound.
std::string sound(std::uint8_t time_ms) {
    std::string tag("\x08\0\0\x05\0\0", 6);
    tag += static_cast<char>(time_ms);
    return tag + std::string(4, '\0') + "\x2Fxyz!" + std::string("\0\0\0\x10", 4);
}

std::string subscription(int id, const std::string& path) {
    const std::string text =
        R"({"subscribe":[{"id":)" + std::to_string(id) + R"(,"path":")" + path + R"("}]})";
    // Masked with zeros.
    return std::string("\x81") + static_cast<char>(0x80 | text.size()) + std::string(4, '\0') +
           text;
}

/// How many tags of each subscription are in what the server sent.
std::map<int, int> tags_in(const std::string& sent) {
    std::map<int, int> counts;
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(sent.at(at)); };
    for (std::size_t at = 0; at < sent.size();) {
        const bool is_binary = byte(at) == 0x82;
        std::size_t size = byte(at + 1);
        at += 2;
        if (size == 126) {
            size = static_cast<std::size_t>(byte(at) << 8 | byte(at + 1));
            at += 2;
        }
        if (is_binary) ++counts[byte(at) << 8 | byte(at + 1)];
        at += size;
    }
    return counts;
}

class PlayManyTest : public ::testing::Test, protected ConnectionsWorld {};

TEST_F(PlayManyTest, over_a_connection_that_is_too_slow_each_stream_has_its_turn) {
    auto wire = std::make_shared<httpd::Wire>();
    auto wall = std::make_shared<PlayMany>(parts, net, httpd::Admission::Ticket(), transport(wire),
                                           auth::Facts(), "viewer");
    net.add(wall);
    wall->start({});
    std::vector<std::shared_ptr<httpd::Wire>> publishers;
    for (const int id : {1, 2, 700}) {
        const std::string path = "/live/" + std::to_string(id);
        publishers.push_back(http_publisher(path));
        publishers.back()->receive(std::string("FLV\x01\x04\0\0\0\x09\0\0\0\0", 13) + sound(0));
        wire->receive(subscription(id, path));
    }
    loop.run_once();
    wire->take();
    wire->room = 0;
    std::map<int, int> got;
    for (std::uint8_t turn = 1; turn <= 30; ++turn) {
        for (const auto& publisher : publishers) {
            for (int i = 0; i < 70; ++i) publisher->receive(sound(turn));
        }
        loop.run_once();
        wire->drain(0);
        for (const auto& [id, count] : tags_in(wire->take())) got[id] += count;
    }
    ASSERT_EQ(got.size(), 3U);
    for (const auto& [id, count] : got) EXPECT_GT(count, 9 * 64) << id;
}

}  // namespace
}  // namespace st::live
