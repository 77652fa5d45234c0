// To be preloaded: this machine's disk behaves like a network share or a FUSE file system.
//
// ODD_SHARE holds words. CALL=ERRNO: that call fails with that error; the calls are flock (and the
// locks of fcntl), syncfs, fsync_folder (fsync of a folder), link, renameat2 (with flags), fallocate
// and rename_open (any renaming of a file that the process has open). slow_statvfs=MS, slow_unlink=MS,
// slow_writev=MS (of a plain file): that takes so long. `exclusive`: while a
// descriptor holds a lock of a file's data, no other one of the process, or of one that it forks,
// can read it, as with CIFS.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name, ...)              \
    static int (*real)(__VA_ARGS__); \
    if (!real) *(void**)&real = dlsym(RTLD_NEXT, name)

// The error that a call is to fail with; 0: none.
static int refusal(const char* call) {
    const char* words = getenv("ODD_SHARE");
    const size_t length = strlen(call);
    for (const char* at = words; at && (at = strstr(at, call)); at += length) {
        if ((at == words || at[-1] == ' ') && at[length] == '=') return atoi(at + length + 1);
    }
    return 0;
}

static int refused(const char* call) {
    const int error = refusal(call);
    if (error) errno = error;
    return error;
}

static int is_exclusive(void) {
    const char* words = getenv("ODD_SHARE");
    return words && strstr(words, "exclusive");
}

static struct Held {
    dev_t device;
    ino_t inode;
    int fd;
} held[256];
enum { kHeld = sizeof held / sizeof held[0] };

// `from`: the first byte that is locked.
static void note_lock(int fd, off_t from) {
    struct stat status;
    if (!is_exclusive() || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return;
    if (from > status.st_size + (1 << 30)) return;
    for (int i = 0; i < kHeld; ++i) {
        if (held[i].inode) continue;
        held[i] = (struct Held){status.st_dev, status.st_ino, fd};
        break;
    }
}

int flock(int fd, int operation) {
    REAL("flock", int, int);
    if (refused("flock")) return -1;
    const int result = real(fd, operation);
    if (result == 0 && (operation & LOCK_EX)) note_lock(fd, 0);
    return result;
}

int fcntl64(int fd, int command, ...) {
    REAL("fcntl64", int, int, ...);
    va_list list;
    va_start(list, command);
    void* argument = va_arg(list, void*);
    va_end(list);
    const int is_lock = command == F_OFD_SETLK || command == F_SETLK;
    if (is_lock && refused("flock")) return -1;
    const int result = real(fd, command, argument);
    const struct flock* lock = argument;
    if (is_lock && result == 0 && lock->l_type == F_WRLCK) note_lock(fd, lock->l_start);
    return result;
}

int fcntl(int fd, int command, ...) __attribute__((alias("fcntl64")));

int close(int fd) {
    REAL("close", int);
    for (int i = 0; i < kHeld; ++i) {
        if (held[i].inode && held[i].fd == fd) held[i].inode = 0;
    }
    return real(fd);
}

static int is_kept_out(int fd) {
    struct stat status;
    if (!is_exclusive() || fstat(fd, &status) != 0) return 0;
    for (int i = 0; i < kHeld; ++i) {
        const int is_this = held[i].inode == status.st_ino && held[i].device == status.st_dev;
        if (held[i].inode && is_this && held[i].fd != fd) {
            errno = EACCES;
            return 1;
        }
    }
    return 0;
}

ssize_t read(int fd, void* buffer, size_t bytes) {
    static ssize_t (*real)(int, void*, size_t);
    if (!real) *(void**)&real = dlsym(RTLD_NEXT, "read");
    return is_kept_out(fd) ? -1 : real(fd, buffer, bytes);
}

ssize_t pread(int fd, void* buffer, size_t bytes, off_t at) {
    static ssize_t (*real)(int, void*, size_t, off_t);
    if (!real) *(void**)&real = dlsym(RTLD_NEXT, "pread");
    return is_kept_out(fd) ? -1 : real(fd, buffer, bytes, at);
}

ssize_t pread64(int fd, void* buffer, size_t bytes, off64_t at) {
    static ssize_t (*real)(int, void*, size_t, off64_t);
    if (!real) *(void**)&real = dlsym(RTLD_NEXT, "pread64");
    return is_kept_out(fd) ? -1 : real(fd, buffer, bytes, at);
}

static void be_slow(const char* call) { usleep(1000 * refusal(call)); }

int statvfs(const char* path, struct statvfs* disk) {
    REAL("statvfs", const char*, struct statvfs*);
    be_slow("slow_statvfs");
    return real(path, disk);
}

int statvfs64(const char* path, struct statvfs64* disk) {
    REAL("statvfs64", const char*, struct statvfs64*);
    be_slow("slow_statvfs");
    return real(path, disk);
}

int unlinkat(int folder, const char* name, int flags) {
    REAL("unlinkat", int, const char*, int);
    be_slow("slow_unlink");
    return real(folder, name, flags);
}

ssize_t writev(int fd, const struct iovec* pieces, int count) {
    static ssize_t (*real)(int, const struct iovec*, int);
    if (!real) *(void**)&real = dlsym(RTLD_NEXT, "writev");
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) be_slow("slow_writev");
    return real(fd, pieces, count);
}

int syncfs(int fd) {
    REAL("syncfs", int);
    return refused("syncfs") ? -1 : real(fd);
}

int fsync(int fd) {
    REAL("fsync", int);
    struct stat status;
    const int is_folder = fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
    return is_folder && refused("fsync_folder") ? -1 : real(fd);
}

int link(const char* from, const char* to) {
    REAL("link", const char*, const char*);
    return refused("link") ? -1 : real(from, to);
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) {
    REAL("linkat", int, const char*, int, const char*, int);
    return refused("link") ? -1 : real(from_folder, from, to_folder, to, flags);
}

// Whether the process has a descriptor of this file.
static int is_open(int folder, const char* name) {
    struct stat wanted, status;
    if (fstatat(folder, name, &wanted, 0) != 0 || !S_ISREG(wanted.st_mode)) return 0;
    for (int fd = 0; fd < 1024; ++fd) {
        const int is_same = fstat(fd, &status) == 0 && status.st_ino == wanted.st_ino;
        if (is_same && status.st_dev == wanted.st_dev) return 1;
    }
    return 0;
}

static int is_refused_open(int folder, const char* name) {
    return refusal("rename_open") && is_open(folder, name) && refused("rename_open");
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) {
    REAL("renameat", int, const char*, int, const char*);
    return is_refused_open(from_folder, from) ? -1 : real(from_folder, from, to_folder, to);
}

int rename(const char* from, const char* to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
    REAL("renameat2", int, const char*, int, const char*, unsigned);
    if (is_refused_open(from_folder, from) || (flags && refused("renameat2"))) return -1;
    return real(from_folder, from, to_folder, to, flags);
}

int fallocate(int fd, int mode, off_t at, off_t bytes) {
    REAL("fallocate", int, int, off_t, off_t);
    return refused("fallocate") ? -1 : real(fd, mode, at, bytes);
}
