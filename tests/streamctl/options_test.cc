#include "streamctl/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/exit_codes.h"
#include "cli/parse.h"

namespace st::streamctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A command line as main() takes it: the options it leads to, or what is said about it.
struct Parsed {
    Options options;
    std::optional<int> code;  ///< the program ends with it
    std::string said;
};

Parsed parse(std::vector<std::string> words) {
    Parsed parsed;
    CLI::App app("", "streamctl");
    build(app, parsed.options);
    std::ostringstream out, err;
    parsed.code = cli::parse(app, std::move(words), out, err);
    parsed.said = out.str() + err.str();
    if (parsed.code) return parsed;
    const auto completed = complete(app, parsed.options);
    if (completed) return parsed;
    parsed.code = cli::kUsage;
    parsed.said = completed.error().message;
    return parsed;
}

void expect_refused(const std::vector<std::string>& words, const std::string& why) {
    const Parsed parsed = parse(words);
    SCOPED_TRACE(testing::PrintToString(words));
    EXPECT_EQ(parsed.code, cli::kUsage);
    EXPECT_THAT(parsed.said, HasSubstr(why));
}

TEST(StartOptions, the_positional_form_has_defaults_for_what_is_left_out) {
    const Parsed parsed = parse({"start", "16:9"});
    ASSERT_FALSE(parsed.code) << parsed.said;
    EXPECT_EQ(parsed.options.start.parameters.aspect, (control::Size{16, 9}));
    EXPECT_EQ(parsed.options.start.parameters.bitrate_bps, 4'000'000U);
    EXPECT_EQ(parsed.options.start.parameters.fps, 10U);
    EXPECT_TRUE(parsed.options.start.cameras.empty()) << "it means all cameras";
}

TEST(StartOptions, the_positional_form_takes_megabits_and_pictures_a_second) {
    const Parsed parsed = parse({"start", "4:3", "2.5", "30"});
    ASSERT_FALSE(parsed.code) << parsed.said;
    EXPECT_EQ(parsed.options.start.parameters.aspect, (control::Size{4, 3}));
    EXPECT_EQ(parsed.options.start.parameters.bitrate_bps, 2'500'000U);
    EXPECT_EQ(parsed.options.start.parameters.fps, 30U);
}

TEST(StartOptions, the_positional_form_says_what_is_wrong_with_it) {
    expect_refused({"start", "16:9", "4", "10", "5"}, "unexpected word 5 behind W:H MBIT FPS");
    expect_refused({"start", "16:9", "4", "--fps", "5"},
                   "W:H MBIT FPS cannot be mixed with --resolution, --aspect, --bitrate or --fps");
    expect_refused({"start", "0:9"}, "aspect ");
    expect_refused({"start", "16:9", "fast"}, "fast");
    expect_refused({"start", "4"}, "\"4\" is neither a ratio nor meant as a camera's name");
}

TEST(StartOptions, cameras_are_names_or_patterns) {
    const Parsed parsed = parse({"start", "door", "cam*", "--resolution", "1280x720"});
    ASSERT_FALSE(parsed.code) << parsed.said;
    EXPECT_THAT(parsed.options.start.cameras, ElementsAre("door", "cam*"));
    EXPECT_EQ(parsed.options.start.parameters.resolution, (control::Size{1280, 720}));
    EXPECT_FALSE(parsed.options.start.parameters.bitrate_bps);
    expect_refused({"start", "../x"}, "../x");
    // A camera may be called 4; stop cannot be confused with the positional form.
    EXPECT_FALSE(parse({"stop", "4"}).code);
}

TEST(StartOptions, a_resolution_and_an_aspect_exclude_each_other) {
    expect_refused({"start", "--resolution", "1280x720", "--aspect", "16:9"},
                   "--resolution says the ratio already: leave --aspect out");
}

TEST(StartOptions, the_timeout_has_bounds) {
    EXPECT_EQ(parse({"--timeout", "3s", "start"}).options.start.timeout, milliseconds(3'000));
    expect_refused({"--timeout", "0s", "start"}, "--timeout: outside 1ms .. 24h");
    expect_refused({"--timeout", "25h", "start"}, "--timeout: outside 1ms .. 24h");
}

TEST(CaptureOptions, one_of_duration_and_until_interrupt_is_needed) {
    expect_refused({"capture"}, "capture needs either --duration or --until-interrupt");
    expect_refused({"capture", "--duration", "1s", "--until-interrupt"},
                   "capture needs either --duration or --until-interrupt");
    EXPECT_FALSE(parse({"capture", "--duration", "1s"}).code);
    expect_refused({"capture", "--duration", "1s", "--align"},
                   "--align needs a folder for its files: --output DIR");
}

TEST(GetOptions, recordings_are_named_or_of_a_take) {
    expect_refused({"get"}, "get needs either recordings' ids or --take");
    expect_refused({"get", "id", "--take", "t"}, "get needs either recordings' ids or --take");
    EXPECT_FALSE(parse({"get", "--take", "t"}).code);
    expect_refused({"get", "--take", "../t"}, "is not a name (letters, digits, . _ -, at most 64)");
}

TEST(ListOptions, commands_below_a_command_are_both_named) {
    EXPECT_THAT(parse({"recordings"}).options.command, ElementsAre("recordings"));
    const Parsed parsed = parse({"recordings", "delete", "door_20260101_120000"});
    EXPECT_THAT(parsed.options.command, ElementsAre("recordings", "delete"));
    EXPECT_EQ(parsed.options.recording_id, "door_20260101_120000");
    expect_refused({"recordings", "--state", "broken"},
                   "\"broken\" is not one of recording, finalising, done, failed");
}

TEST(Mistakes, are_usage_errors_that_name_the_nearest_word) {
    expect_refused({"strat"}, "unknown command strat; did you mean start?");
    expect_refused({"start", "--bitrat", "4M"}, "--bitrat; did you mean --bitrate?");
    expect_refused({"start", "--bitrate", "lots"}, "lots");
    expect_refused({"kick"}, "CAMERA");
    expect_refused({"kick-viewer", "x"}, "expected a number, as viewers lists them, got x");
    expect_refused({"wait"}, "TYPE");
    expect_refused({"--timeout", "soon", "status"}, "soon");
}

TEST(Mistakes, no_command_is_none) { EXPECT_TRUE(parse({}).options.command.empty()); }

}  // namespace
}  // namespace st::streamctl
