#include "worker/filter.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "worker/spawn.h"

#ifdef __clang__
// libseccomp's macros are C.
#pragma clang diagnostic ignored "-Wc99-extensions"
#pragma clang diagnostic ignored "-Wmissing-field-initializers"
#endif

namespace st::worker {
namespace {

struct Release {
    void operator()(scmp_filter_ctx filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

/// No arguments are looked at: these reach nothing that is not open or mapped already.
constexpr int kAllowed[] = {
    // Descriptors.
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(readv),
    SCMP_SYS(writev), SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(close),
    SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(poll), SCMP_SYS(ppoll),
    // Memory. mmap and mprotect: see allow_memory().
    SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
    // Time, locks, the end; what libc asks about the machine.
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(futex),
    SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(sysinfo), SCMP_SYS(getrandom),
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group)};

/// Nothing becomes executable any more.
int allow_memory(scmp_filter_ctx filter) {
    int failed = 0;
    for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                                   SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    }
    return failed;
}

}  // namespace

std::string restrict_system_calls() {
    if (is_sanitized()) return "";
    const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
    if (!filter) return "no memory for a system call filter";
    int failed = allow_memory(filter.get());
    for (const int call : kAllowed) {
        failed |= seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0);
    }
    failed |= seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    // abort() raises its signal itself.
    failed |= seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                               SCMP_A0_64(SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid())));
    if (failed != 0) return "the system call filter cannot be made";
    const int loaded = seccomp_load(filter.get());
    if (loaded < 0) return std::string("no system call filter: ") + std::strerror(-loaded);
    return "";
}

}  // namespace st::worker
