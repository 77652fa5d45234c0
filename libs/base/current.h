#pragma once
/// Values in force that a reload replaces as a whole. Any thread.
#include <memory>
#include <utility>

#include "base/sync.h"

namespace st {

/// Code that needs several values that belong together, or iterates over a list, holds one get():
/// a reload in between does not change what it points to.
template <class T>
class Current {
 public:
    using Snapshot = std::shared_ptr<const T>;

    explicit Current(T value) : current_(std::make_shared<const T>(std::move(value))) {}

    Snapshot get() const ST_EXCLUDES(mutex_) {
        const Lock lock(mutex_);
        return current_;
    }
    /// One value; valid to the end of the full expression.
    Snapshot operator->() const { return get(); }
    void replace(T value) ST_EXCLUDES(mutex_) {
        auto next = std::make_shared<const T>(std::move(value));
        const Lock lock(mutex_);
        current_.swap(next);
    }

 private:
    mutable Mutex mutex_;
    Snapshot current_ ST_GUARDED_BY(mutex_);
};

}  // namespace st
