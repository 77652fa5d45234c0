#include "worker/filter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>

#include "base/fd.h"
#include "worker/spawn.h"

namespace st::worker {
namespace {

/// What `step` returns in a process whose calls are restricted; -1: it did not get that far.
int under_filter(const std::function<int()>& step) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (!restrict_system_calls().empty()) ::_exit(250);
        ::_exit(step());
    }
    const Exit exit = exit_of(wait_for(child));
    return exit.signal != 0 ? -1 : exit.code;
}

int error_of(long result) { return result < 0 ? errno : 0; }

class Filter : public ::testing::Test {
 protected:
    void SetUp() override {
        if (is_sanitized()) GTEST_SKIP() << "there is no filter under sanitizers";
    }
};

TEST_F(Filter, refuses_what_reaches_beyond_open_descriptors) {
    EXPECT_EQ(under_filter([] { return error_of(::open("/etc/hostname", O_RDONLY)); }), EPERM);
    EXPECT_EQ(under_filter([] { return error_of(::socket(AF_INET, SOCK_STREAM, 0)); }), EPERM);
    EXPECT_EQ(under_filter([] { return error_of(::socket(AF_UNIX, SOCK_STREAM, 0)); }), EPERM);
    EXPECT_EQ(under_filter([] { return error_of(::execl("/bin/true", "true", nullptr)); }), EPERM);
    EXPECT_EQ(under_filter([] { return error_of(::fork()); }), EPERM);
    EXPECT_EQ(under_filter([] { return error_of(::kill(::getppid(), 0)); }), EPERM);
    EXPECT_EQ(under_filter([] { return error_of(::unlink("/no/such/file")); }), EPERM);
    EXPECT_EQ(under_filter([] { return error_of(::syscall(SYS_ptrace, 0, 0, 0, 0)); }), EPERM);
    EXPECT_EQ(under_filter([] { return error_of(::syscall(SYS_clone3, nullptr, 0)); }), ENOSYS);
}

TEST_F(Filter, refuses_memory_that_can_be_executed) {
    const auto map = [](int protection) {
        return ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    };
    EXPECT_EQ(under_filter([&] { return map(PROT_READ | PROT_EXEC) == MAP_FAILED ? errno : 0; }),
              EPERM);
    EXPECT_EQ(under_filter([&] {
                  void* const page = map(PROT_READ | PROT_WRITE);
                  return error_of(::mprotect(page, 4096, PROT_READ | PROT_EXEC));
              }),
              EPERM);
}

TEST_F(Filter, leaves_work_on_what_is_open) {
    const Fd file(::memfd_create("test", MFD_CLOEXEC));
    ASSERT_EQ(::write(file.get(), "abc", 3), 3);
    EXPECT_EQ(under_filter([&] {
                  char byte = 0;
                  const bool reads = ::lseek(file.get(), 1, SEEK_SET) == 1 &&
                                     ::read(file.get(), &byte, 1) == 1 && byte == 'b';
                  const bool writes = ::pwrite(file.get(), "x", 1, 2) == 1;
                  void* const memory = std::malloc(std::size_t{64} << 20);
                  std::free(memory);
                  return reads && writes && memory != nullptr ? 42 : 1;
              }),
              42);
}

TEST_F(Filter, an_abort_is_still_one) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (restrict_system_calls().empty()) std::abort();
        ::_exit(0);
    }
    EXPECT_EQ(exit_of(wait_for(child)).signal, SIGABRT);
}

}  // namespace
}  // namespace st::worker
