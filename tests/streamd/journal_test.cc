#include "streamd/journal.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string>

#include "streamd/log_sink.h"
#include "support/temporary_folder.h"

namespace st::streamd {
namespace {

/// The journal's side of the socket.
class FakeJournal {
 public:
    explicit FakeJournal(const std::string& path)
        : path_(path), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::copy(path.begin(), path.end(), address.sun_path);
        EXPECT_EQ(
            ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    const std::string& path() const { return path_; }
    std::string receive() const {
        std::array<char, 65536> bytes{};
        const auto got = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
        return got < 0 ? std::string() : std::string(bytes.data(), static_cast<std::size_t>(got));
    }

 private:
    std::string path_;
    Fd socket_;
};

TEST(JournalEntry, has_the_text_the_priority_and_a_field_of_our_own_for_each_of_the_lines) {
    const LogLine line{LogLevel::warning,
                       "camera 10.0.0.7:51544",
                       "lost 4 messages",
                       0,
                       {{"peer", "10.0.0.7:51544"}, {"camera", "door"}}};
    EXPECT_EQ(encode_journal_entry(line, 4, "camera 10.0.0.7:51544: lost 4 messages"),
              "MESSAGE=camera 10.0.0.7:51544: lost 4 messages\n"
              "PRIORITY=4\n"
              "SYSLOG_IDENTIFIER=streamd\n"
              "STREAMD_SOURCE=camera 10.0.0.7:51544\n"
              "STREAMD_PEER=10.0.0.7:51544\n"
              "STREAMD_CAMERA=door\n");
}

TEST(JournalEntry, cannot_be_given_fields_by_a_value_with_a_line_break) {
    const LogLine line{LogLevel::info, "", "", 0, {{"text", "a\nPRIORITY=0"}}};
    const std::string length("\x0c\0\0\0\0\0\0\0", 8);
    EXPECT_EQ(encode_journal_entry(line, 6, "x"),
              "MESSAGE=x\nPRIORITY=6\nSYSLOG_IDENTIFIER=streamd\nSTREAMD_TEXT\n" + length +
                  "a\nPRIORITY=0\n");
}

TEST(JournalEntry, leaves_out_names_that_the_journal_would_not_take) {
    const LogLine line{
        LogLevel::info,
        "",
        "",
        0,
        {{"", "1"}, {"a b", "2"}, {"a=b", "3"}, {std::string(80, 'a'), "4"}, {"b_2", "5"}}};
    EXPECT_EQ(encode_journal_entry(line, 6, "x"),
              "MESSAGE=x\nPRIORITY=6\nSYSLOG_IDENTIFIER=streamd\nSTREAMD_B_2=5\n");
}

class JournalLog : public ::testing::Test {
 protected:
    void set_stream(const struct stat& of) {
        const std::string value = std::to_string(of.st_dev) + ":" + std::to_string(of.st_ino);
        ::setenv("JOURNAL_STREAM", value.c_str(), 1);
    }
    struct stat standard_error() {
        struct stat is {};
        EXPECT_EQ(::fstat(STDERR_FILENO, &is), 0);
        return is;
    }
    ~JournalLog() override { ::unsetenv("JOURNAL_STREAM"); }

    const test::TemporaryFolder temporary;
    const std::string& folder = temporary.path();
    LogConfig config;
};

TEST_F(JournalLog, goes_to_the_journal_with_its_fields_where_standard_error_does) {
    const FakeJournal journal(folder + "/socket");
    set_stream(standard_error());
    {
        const auto sink = make_log_sink(config, false, journal.path());
        const Log log =
            Log(sink).with("camera").with("peer", "10.0.0.7:5").with_field("camera", "door");
        log.warning("two\nlines");
    }
    EXPECT_EQ(journal.receive(),
              "MESSAGE=camera 10.0.0.7:5: two lines\nPRIORITY=4\nSYSLOG_IDENTIFIER=streamd\n"
              "STREAMD_SOURCE=camera 10.0.0.7:5\nSTREAMD_PEER=10.0.0.7:5\nSTREAMD_CAMERA=door\n");
}

TEST_F(JournalLog, goes_to_standard_error_when_nobody_takes_it) {
    set_stream(standard_error());
    for (const bool was_there : {false, true}) {
        const std::string path = folder + "/gone";
        std::optional<FakeJournal> journal;
        if (was_there) journal.emplace(path);
        ::testing::internal::CaptureStderr();
        set_stream(standard_error());  // another one while it is captured
        {
            const auto sink = make_log_sink(config, false, path);
            journal.reset();
            Log(sink).with("http").error("trouble");
        }
        EXPECT_EQ(::testing::internal::GetCapturedStderr(), "<3>ERROR http: trouble\n")
            << was_there;
    }
}

TEST_F(JournalLog, in_json_has_a_priority_in_front) {
    config.format = LogFormat::json;
    ::testing::internal::CaptureStderr();
    set_stream(standard_error());
    Log(make_log_sink(config, false, "/nowhere")).warning("slow");
    const std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_TRUE(text.starts_with("<4>{\"time\":")) << text;
    EXPECT_TRUE(text.ends_with("\"text\":\"slow\"}\n")) << text;
}

TEST_F(JournalLog, is_for_people_where_standard_error_was_led_elsewhere) {
    ::setenv("JOURNAL_STREAM", "1:2", 1);
    ::testing::internal::CaptureStderr();
    Log(make_log_sink(config, false, "/nowhere")).info("hello");
    const std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(text.substr(text.find('Z')), "Z INFO  hello\n");
}

}  // namespace
}  // namespace st::streamd
