#include "streamctl/console/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "streamctl/commands/completion_names.h"

namespace st::streamctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

Candidates complete_line(const std::string& line) {
    return candidates_for(line, [](const std::string& kind) {
        return kind == "cameras" ? std::vector<std::string>{"door", "garden"}
                                 : std::vector<std::string>{kind + "-name"};
    });
}

TEST(Completion, begins_with_the_commands) {
    const Candidates found = complete_line("st");
    EXPECT_EQ(found.word, "st");
    EXPECT_THAT(found.words, Contains("start"));
    EXPECT_THAT(found.words, Contains("exit"));
    EXPECT_THAT(found.words, Not(Contains("__complete")));
}

TEST(Completion, offers_live_names_where_they_belong) {
    EXPECT_THAT(complete_line("start ").words, Contains("garden"));
    EXPECT_THAT(complete_line("start door ").words, Contains("garden"));
    EXPECT_THAT(complete_line("recordings delete ").words, Contains("recordings-name"));
    EXPECT_THAT(complete_line("snapshot ").words, Contains("streams-name"));
}

TEST(Completion, offers_the_options_of_the_command_and_of_the_program) {
    const auto words = complete_line("start --").words;
    EXPECT_THAT(words, Contains("--bitrate"));
    EXPECT_THAT(words, Contains("--json"));
    EXPECT_THAT(words, Not(Contains("--duration")));
}

TEST(Completion, offers_the_value_of_an_option) {
    EXPECT_THAT(complete_line("recordings --state ").words,
                ElementsAre("recording", "finalising", "done", "failed"));
    EXPECT_THAT(complete_line("recordings --camera ").words, ElementsAre("door", "garden"));
}

TEST(Completion, offers_files_where_files_are_meant) {
    namespace fs = std::filesystem;
    const fs::path folder = fs::path(testing::TempDir()) / "completion";
    fs::remove_all(folder);
    fs::create_directories(folder / "walks");
    for (const char* name : {"walk.mp4", "two words.mp4", ".hidden", "other.txt"}) {
        std::ofstream(folder / name) << "x";
    }
    const std::string in = folder.string() + "/";
    EXPECT_THAT(complete_line("push " + in + "w").words,
                UnorderedElementsAre(in + "walk.mp4", in + "walks/"));
    EXPECT_THAT(complete_line("get id -o " + in).words,
                UnorderedElementsAre(in + "walk.mp4", in + "walks/", in + "other.txt"));
    EXPECT_THAT(complete_line("capture -o " + in).words, ElementsAre(in + "walks/"));
    EXPECT_THAT(complete_line("push " + in + "nothing").words, IsEmpty());
    fs::remove_all(folder);
}

TEST(CompletionNames, leaves_out_what_a_shell_could_take_for_something_else) {
    const auto ask = [](std::string_view, std::string_view) {
        return std::string(R"j({"items":[{"name":"door"},{"name":"$(reboot)"},{"name":"-rf"},
                {"name":"a b"},{"name":"door"},{"name":"cam-2"}]})j");
    };
    EXPECT_THAT(names_of("cameras", ask), ElementsAre("cam-2", "door"));
    EXPECT_THAT(names_of("tokens", ask), ElementsAre("cam-2", "door"));
}

TEST(CompletionNames, know_types_of_events_and_their_groups) {
    const auto names = names_of("events", [](auto, auto) { return std::string("{}"); });
    EXPECT_THAT(names, Contains("camera.*"));
    EXPECT_THAT(names, Contains("camera.connected"));
    EXPECT_THAT(names, Contains("source.restarted"));
}

}  // namespace
}  // namespace st::streamctl
