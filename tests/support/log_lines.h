#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/sync.h"

namespace st::test {

/// Keeps what is logged from `least` on. Any thread.
class LogLines final : public LogSink {
 public:
    explicit LogLines(LogLevel least = LogLevel::debug) : least_(least) {}

    bool enabled(LogLevel level) const override { return level >= least_; }
    void write(LogLevel, std::string_view prefix, std::string_view text) override {
        const Lock lock(mutex_);
        lines_.push_back((prefix.empty() ? "" : std::string(prefix) + ": ") + std::string(text));
    }
    std::vector<std::string> lines() const {
        const Lock lock(mutex_);
        return lines_;
    }
    std::string text() const {
        std::string all;
        for (const std::string& line : lines()) all += line + '\n';
        return all;
    }

 private:
    const LogLevel least_;
    mutable Mutex mutex_;
    std::vector<std::string> lines_ ST_GUARDED_BY(mutex_);
};

}  // namespace st::test
