#include "base/fd_io.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "support/largest_file.h"
#include "support/temporary_folder.h"

namespace st {
namespace {

Fd file_of(std::string_view text) {
    Fd file(::memfd_create("test", MFD_CLOEXEC));
    EXPECT_TRUE(write_all(file.get(), as_bytes(text)));
    return file;
}

TEST(OpenPlain, opens_a_plain_file_and_nothing_else) {
    const test::TemporaryFolder folder;
    std::ofstream(folder.path() + "/file") << "12345";
    ASSERT_EQ(::mkfifo((folder.path() + "/pipe").c_str(), 0600), 0);
    ASSERT_EQ(::symlink("file", (folder.path() + "/link").c_str()), 0);
    const Fd directory(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat status {};
    const Fd file = open_plain(directory.get(), "file", O_RDONLY | O_NOFOLLOW, &status);
    ASSERT_TRUE(file);
    EXPECT_EQ(status.st_size, 5);
    EXPECT_NE(::fcntl(file.get(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_TRUE(open_plain(AT_FDCWD, folder.path() + "/link", O_RDONLY));
    EXPECT_FALSE(open_plain(directory.get(), "link", O_RDONLY | O_NOFOLLOW));
    EXPECT_EQ(errno, ELOOP);
    EXPECT_FALSE(open_plain(directory.get(), "none", O_RDONLY));
    EXPECT_EQ(errno, ENOENT);
    for (const char* other : {"pipe", "."}) {
        EXPECT_FALSE(open_plain(directory.get(), other, O_RDONLY)) << other;
        EXPECT_EQ(errno, 0);
    }
    EXPECT_FALSE(is_plain(directory));
    EXPECT_FALSE(is_plain(Fd()));
}

TEST(ReadUpTo, reads_fewer_bytes_only_at_the_end) {
    const Fd file = file_of("0123456789");
    std::vector<std::uint8_t> bytes(4);
    EXPECT_EQ(read_up_to(file.get(), bytes, 2), 4U);
    EXPECT_EQ(bytes, (std::vector<std::uint8_t>{'2', '3', '4', '5'}));
    EXPECT_EQ(read_up_to(file.get(), bytes, 8), 2U);
    EXPECT_EQ(read_up_to(file.get(), bytes, 10), 0U);
}

TEST(ReadUpTo, says_why_it_cannot) {
    std::vector<std::uint8_t> bytes(4);
    EXPECT_FALSE(read_up_to(-1, bytes, 0));
    EXPECT_EQ(errno, EBADF);
}

TEST(WriteAllAt, leaves_what_is_around_it) {
    const Fd file = file_of("0123456789");
    EXPECT_TRUE(write_all_at(file.get(), as_bytes("xyz"), 3));
    std::vector<std::uint8_t> bytes(10);
    EXPECT_EQ(read_up_to(file.get(), bytes, 0), 10U);
    EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "012xyz6789");
}

TEST(WriteAll, says_that_a_part_did_not_fit) {
    const Fd file = file_of("");
    const test::LargestFile limit(5);
    EXPECT_FALSE(write_all(file.get(), as_bytes("0123456789")));
    EXPECT_EQ(errno, EFBIG);
}

TEST(WriteAll, goes_on_after_signals_and_where_little_fits_at_once) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Fd from(ends[0]);
    Fd to(ends[1]);
    struct sigaction noted {};
    noted.sa_handler = [](int) {};  // without SA_RESTART
    struct sigaction before {};
    ::sigaction(SIGALRM, &noted, &before);
    const itimerval often{{0, 1000}, {0, 1000}};
    ::setitimer(ITIMER_REAL, &often, nullptr);
    const std::string text(1 << 20, 'x');
    std::size_t read = 0;
    std::jthread reader([&] {
        std::vector<char> piece(4096);
        for (;;) {
            const ssize_t got = ::read(from.get(), piece.data(), piece.size());
            if (got == 0) return;
            if (got > 0) read += static_cast<std::size_t>(got);
        }
    });
    EXPECT_TRUE(write_all(to.get(), as_bytes(text)));
    to.reset();
    reader.join();
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &before, nullptr);
    EXPECT_EQ(read, text.size());
}

}  // namespace
}  // namespace st
