#include "streamd/repeat_filter.h"

#include <gtest/gtest.h>

namespace st::streamd {
namespace {

using Texts = std::vector<std::string>;

constexpr std::int64_t kSecondUs = 1'000'000;

Texts texts(const std::vector<LogLine>& lines) {
    Texts all;
    for (const LogLine& line : lines) all.push_back(line.text);
    return all;
}

LogLine line(LogLevel level, const std::string& text) { return {level, "rtmp", text, 0, {}}; }

TEST(RepeatFilter, lets_a_few_through_and_tells_how_many_more_there_were) {
    RepeatFilter filter;
    Texts written;
    for (int i = 0; i < 100; ++i) {
        for (const std::string& text :
             texts(filter.feed(line(LogLevel::warning, "peer 10.0.0.7:" + std::to_string(i)), 5))) {
            written.push_back(text);
        }
    }
    EXPECT_EQ(written.size(), RepeatFilter::kLinesMax);
    EXPECT_TRUE(filter.has_counted());
    EXPECT_EQ(texts(filter.due(kSecondUs - 1)), Texts{});
    EXPECT_EQ(texts(filter.due(kSecondUs)), Texts{"peer 10.0.0.7:99 (and 89 more like this)"});
    EXPECT_FALSE(filter.has_counted());
    EXPECT_EQ(texts(filter.feed(line(LogLevel::warning, "peer 10.0.0.7:1"), kSecondUs)).size(), 1U);
}

TEST(RepeatFilter, tells_kinds_apart_and_counts_trouble_alone) {
    RepeatFilter filter;
    std::size_t written = 0;
    for (int i = 0; i < 50; ++i) {
        written += filter.feed(line(LogLevel::info, "camera.text 7"), 5).size();
        written += filter.feed(line(LogLevel::error, "disk " + std::to_string(i)), 5).size();
        written += filter.feed(line(LogLevel::warning, "disk " + std::to_string(i)), 5).size();
    }
    EXPECT_EQ(written, 50 + 2 * RepeatFilter::kLinesMax);
    EXPECT_EQ(filter.finish().size(), 2U);
}

TEST(RepeatFilter, says_a_single_line_more_as_it_is) {
    RepeatFilter filter;
    for (std::uint64_t i = 0; i <= RepeatFilter::kLinesMax; ++i) {
        filter.feed(line(LogLevel::error, "no room"), 5);
    }
    EXPECT_EQ(texts(filter.due(2 * kSecondUs)), Texts{"no room"});
}

TEST(RepeatFilter, holds_a_bounded_number_of_kinds) {
    RepeatFilter filter;
    std::size_t written = 0;
    std::string text;
    for (std::size_t i = 0; i < RepeatFilter::kKindsMax + 100; ++i) {
        text += 'x';
        written += filter.feed(line(LogLevel::error, text), 5).size();
    }
    EXPECT_EQ(written, RepeatFilter::kKindsMax + 100);
    EXPECT_EQ(filter.feed(line(LogLevel::error, text), -kSecondUs).size(), 1U) << "clock set back";
}

}  // namespace
}  // namespace st::streamd
