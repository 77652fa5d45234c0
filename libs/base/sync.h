#pragma once
/// std::mutex with clang's thread-safety annotations: an unlocked access to a guarded member does
/// not compile.
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define ST_ANNOTATION(x) __attribute__((x))
#else
#define ST_ANNOTATION(x)
#endif
#define ST_GUARDED_BY(mutex) ST_ANNOTATION(guarded_by(mutex))
#define ST_REQUIRES(...) ST_ANNOTATION(requires_capability(__VA_ARGS__))
#define ST_EXCLUDES(...) ST_ANNOTATION(locks_excluded(__VA_ARGS__))

namespace st {

class ST_ANNOTATION(capability("mutex")) Mutex {
 public:
    void lock() ST_ANNOTATION(acquire_capability()) { mutex_.lock(); }
    void unlock() ST_ANNOTATION(release_capability()) { mutex_.unlock(); }
    std::mutex& native() { return mutex_; }

 private:
    std::mutex mutex_;
};

class ST_ANNOTATION(scoped_lockable) Lock {
 public:
    explicit Lock(Mutex& mutex) ST_ANNOTATION(acquire_capability(mutex)) : lock_(mutex.native()) {}
    ~Lock() ST_ANNOTATION(release_capability()) {}
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    /// For std::condition_variable::wait; the lock is held again when that returns.
    std::unique_lock<std::mutex>& native() { return lock_; }

 private:
    std::unique_lock<std::mutex> lock_;
};

}  // namespace st
