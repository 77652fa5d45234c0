#include "streamctl/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <sstream>

#include "base/clock.h"
#include "cli/exit_codes.h"
#include "cli/parse.h"

namespace st::streamctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TemporaryFolder {
 public:
    explicit TemporaryFolder(const std::string& name) : path_(testing::TempDir() + name) {
        std::filesystem::create_directories(path_);
    }
    ~TemporaryFolder() { std::filesystem::remove(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::string& path() const { return path_; }

 private:
    std::string path_;
};

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
    expect_refused({"start", "16:9", "4", "10", "5"}, "unexpected word 5 after W:H MBIT FPS");
    expect_refused({"start", "16:9", "4", "--fps", "5"},
                   "use either W:H MBIT FPS or --resolution, --aspect, --bitrate and --fps");
    expect_refused({"start", "0:9"}, "aspect ");
    expect_refused({"start", "16:9", "fast"}, "fast");
    expect_refused({"start", "4"}, "\"4\" could be a bit rate: use --bitrate 4, or start 4:3 4");
}

TEST(StartOptions, no_other_command_has_the_positional_form) {
    const std::string why = "\"16:9\" is no camera's name: W:H MBIT FPS is a form of start alone";
    expect_refused({"stop", "16:9"}, why);
    expect_refused({"stop", "16:9", "4", "10"}, why);
    expect_refused({"stop", "door", "16:9"}, why);
    expect_refused({"preview", "16:9"}, why + "; use --aspect 16:9");
    expect_refused({"preview", "--stop", "16:9"}, why);
    expect_refused({"capture", "16:9", "--duration", "1s"}, why + "; use --aspect 16:9");
    expect_refused({"take", "run", "walk", "16:9"}, why + "; use --aspect 16:9");
    expect_refused({"start", "door", "16:9"}, "\"16:9\" is no camera's name");
    for (const std::vector<std::string>& words : {std::vector<std::string>{"preview", "4"},
                                                  {"capture", "4", "--duration", "1s"},
                                                  {"take", "run", "walk", "4"}}) {
        expect_refused(words, "\"4\" could be a bit rate: use --bitrate 4; for a camera");
    }
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

TEST(StartOptions, a_resolution_may_be_a_word) {
    const auto size = [](const char* text) {
        return parse({"start", "--resolution", text}).options.start.parameters.resolution;
    };
    EXPECT_EQ(size("720p"), (control::Size{1280, 720}));
    EXPECT_EQ(size("1080p"), (control::Size{1920, 1080}));
    expect_refused({"start", "--resolution", "721p"},
                   "\"721p\": expected WIDTHxHEIGHT, e.g. 1280x720");
    expect_refused({"start", "--fps", "29.97"},
                   "expected a whole number from 0 to 1000, got 29.97");
}

TEST(StartOptions, a_resolution_and_an_aspect_exclude_each_other) {
    expect_refused({"start", "--resolution", "1280x720", "--aspect", "16:9"},
                   "use either --resolution or --aspect");
}

TEST(StartOptions, the_timeout_has_bounds) {
    EXPECT_EQ(parse({"--timeout", "3s", "start"}).options.start.timeout, milliseconds(3'000));
    expect_refused({"--timeout", "0s", "start"}, "--timeout: less than 1ms");
    for (const char* command : {"start", "stop", "preview"}) {
        expect_refused({"--timeout", "25h", command}, "--timeout: more than 24h");
    }
    EXPECT_EQ(parse({"events", "--timeout", "7d"}).code, std::nullopt) << "it is not sent";
    EXPECT_EQ(parse({"wait", "session.finished", "--timeout", "2d"}).code, std::nullopt);
}

TEST(Durations, have_the_bounds_of_the_server) {
    expect_refused({"record", "start", "x", "--preroll", "25s"}, "25s is more than 20s");
    expect_refused({"record", "start", "x", "--segment-duration", "500ms"},
                   "500ms is less than 1s");
    expect_refused({"sign", "/live/x", "--expires", "500ms"}, "500ms is less than 1s");
    expect_refused({"sign", "/live/x", "--expires", "400d"}, "400d is more than 366d");
    EXPECT_EQ(parse({"record", "start", "x", "--preroll", "20s"}).code, std::nullopt);
}

TEST(CaptureOptions, one_of_duration_and_until_interrupt_is_needed) {
    expect_refused({"capture"}, "capture needs either --duration or --until-interrupt");
    expect_refused({"capture", "--duration", "1s", "--until-interrupt"},
                   "capture needs either --duration or --until-interrupt");
    EXPECT_FALSE(parse({"capture", "--duration", "1s"}).code);
    expect_refused({"capture", "--duration", "1s", "--align"},
                   "--align needs a folder for the files: --output DIR");
}

TEST(GetOptions, recordings_are_named_or_filtered) {
    expect_refused({"get"}, "get needs an id, a pattern, or a filter such as --take");
    expect_refused({"recordings", "keep"},
                   "recordings keep needs an id, a pattern, or a filter such as --take");
    EXPECT_FALSE(parse({"get", "id", "--take", "t"}).code);
    EXPECT_FALSE(parse({"get", "--take", "walk*"}).code);
    EXPECT_FALSE(parse({"get", "door_*", "--since", "yesterday"}).code);
    expect_refused({"get", "--take", "../t"},
                   "\"../t\" is neither the name of a take nor a pattern");
    expect_refused({"get", "--camera", "a/b"}, "\"a/b\" is not a camera name");
}

TEST(GetOptions, an_output_that_ends_in_mp4_is_a_file) {
    const Parsed file = parse({"get", "id", "-o", "walk/x.MP4"});
    EXPECT_EQ(file.options.file, "walk/x.MP4");
    EXPECT_EQ(file.options.folder, "");
    EXPECT_EQ(parse({"get", "id", "-o", "walk"}).options.folder, "walk");
    const TemporaryFolder folder("taken.mp4");
    EXPECT_EQ(parse({"get", "id", "-o", folder.path()}).options.folder, folder.path());
    expect_refused({"get", "id", "-o", "x.mp4", "--all-files"},
                   "--all-files makes several files: --output must be a folder");
    expect_refused({"get", "id", "-o", "x.mp4", "--align"},
                   "--align makes several files: --output must be a folder");
}

TEST(TimeOptions, are_sent_as_instants) {
    const Parsed parsed = parse(
        {"recordings", "--since", "2026-01-31T08:15:30+01:00", "--until", "2026-01-31T08:15:30Z"});
    ASSERT_FALSE(parsed.code) << parsed.said;
    EXPECT_EQ(parsed.options.recordings.since, "2026-01-31T07:15:30.000Z");
    EXPECT_EQ(parsed.options.recordings.until, "2026-01-31T08:15:30.000Z");
    for (const char* command : {"recordings", "get", "takes"}) {
        const Parsed relative = parse({command, "--since", "2h"});
        ASSERT_FALSE(relative.code) << relative.said;
        EXPECT_TRUE(parse_rfc3339(*relative.options.recordings.since));
        expect_refused({command, "--since", "soon"}, "\"soon\" is not a time; examples: ");
    }
    expect_refused({"recordings", "--since", "1h", "--until", "2h"},
                   "--since must be before --until");
}

TEST(DeleteOptions, something_must_be_chosen) {
    expect_refused({"recordings", "delete"}, "'*' means all");
    expect_refused({"recordings", "delete", "-y"}, "'*' means all");
    const Parsed old = parse({"recordings", "delete", "--older-than", "7d", "--dry-run"});
    ASSERT_FALSE(old.code) << old.said;
    EXPECT_TRUE(old.options.dry_run);
    EXPECT_LT(*parse_rfc3339(*old.options.recordings.until), wall_us() - 6 * 86'400'000'000LL);
    expect_refused({"recordings", "delete", "--older-than", "7d", "--until", "today"}, "--until");
    const Parsed many = parse({"recordings", "delete", "a", "b_*", "-y"});
    EXPECT_THAT(many.options.recording_ids, ElementsAre("a", "b_*"));
    EXPECT_TRUE(many.options.is_confirmed);
    EXPECT_TRUE(parse({"recordings", "keep", "a", "--release"}).options.release);
}

TEST(ListOptions, commands_below_a_command_are_both_named) {
    EXPECT_THAT(parse({"recordings"}).options.command, ElementsAre("recordings"));
    const Parsed parsed = parse({"recordings", "delete", "door_20260101_120000"});
    EXPECT_THAT(parsed.options.command, ElementsAre("recordings", "delete"));
    EXPECT_THAT(parsed.options.recording_ids, ElementsAre("door_20260101_120000"));
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
