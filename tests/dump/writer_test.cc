#include "dump/writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <system_error>

#include "dump/samples.h"

namespace st::dump {
namespace {

class TemporaryFile {
 public:
    TemporaryFile() : fd_(::mkostemp(path_.data(), O_CLOEXEC)) { ::unlink(path_.c_str()); }
    Fd duplicate() const { return Fd(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0)); }
    std::vector<std::uint8_t> read() const {
        struct stat status {};
        EXPECT_EQ(::fstat(fd_.get(), &status), 0);
        std::vector<std::uint8_t> bytes(static_cast<std::size_t>(status.st_size));
        EXPECT_EQ(::pread(fd_.get(), bytes.data(), bytes.size(), 0), status.st_size);
        return bytes;
    }

 private:
    std::string path_ = testing::TempDir() + "dump_XXXXXX";
    Fd fd_;
};

TEST(Writer, what_it_writes_the_reader_reads) {
    const TemporaryFile file;
    Writer writer(file.duplicate(), samples::header(9), "test.fdump");
    writer.append_note(1'000'000, "{}");
    for (std::uint64_t n = 1; n <= 20; ++n) {
        writer.append(RecordType::frame, 1'000'000 + static_cast<std::int64_t>(n) * 10,
                      samples::body_of(n, n * 100));
    }
    writer.append_close(2'000'000, R"({"messages":20})");
    const auto bytes = file.read();
    EXPECT_EQ(writer.bytes(), bytes.size());
    EXPECT_EQ(writer.records(), 22U);

    const auto found = samples::read_all(bytes);
    EXPECT_EQ(found.numbers, samples::counting(0, 22));
    EXPECT_EQ(found.bodies[7], samples::body_of(7, 700));
    EXPECT_EQ(found.losses.count, 0U);
    EXPECT_TRUE(found.closed);
}

TEST(Writer, a_frame_from_before_the_start_arrives_at_zero) {
    const TemporaryFile file;
    Writer writer(file.duplicate(), samples::header(9), "test.fdump");
    writer.append(RecordType::frame, 999'999, samples::body_of(0, 8));
    const auto bytes = file.read();
    EXPECT_EQ(decode_record_header(Bytes(bytes).subspan(kFileHeaderBytes))->arrival_ns, 0U);
}

TEST(Writer, cuts_the_torn_record_off_when_the_file_may_not_grow) {
    // A child, for its own RLIMIT_FSIZE: the write stops short in the middle of a record, then
    // fails.
    const TemporaryFile file;
    const pid_t child = ::fork();
    if (child == 0) {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{10'000, 10'000};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        Writer writer(file.duplicate(), samples::header(9), "test.fdump");
        std::uint64_t written = 0;
        try {
            for (;;) {
                writer.append(RecordType::frame, 0, samples::body_of(written, 3000));
                ++written;
            }
        } catch (const std::system_error& e) {
            const bool says = std::string(e.what()).find("write test.fdump at byte ") == 0 &&
                              e.code().value() == EFBIG;
            if (!says || written != 3) ::_exit(1);
        }
        try {
            writer.append(RecordType::note, 0, samples::body_of(3, 100));  // a small one fits
        } catch (const std::system_error&) {
            ::_exit(2);
        }
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_EQ(WEXITSTATUS(status), 0);
    const auto found = samples::read_all(file.read());
    EXPECT_EQ(found.numbers, samples::counting(0, 4));
    EXPECT_EQ(found.losses.count, 0U) << "no torn record is left";
}

TEST(Writer, says_which_file_has_no_room) {
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    ASSERT_GE(full, 0);
    try {
        Writer writer(Fd(full), samples::header(9), "cam1/stream.fdump");
        FAIL() << "wrote to a full device";
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code().value(), ENOSPC);
        EXPECT_STREQ(e.what(), "write cam1/stream.fdump at byte 0: No space left on device");
    }
}

}  // namespace
}  // namespace st::dump
