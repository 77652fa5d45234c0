#pragma once
/// Log lines on their way to a place that may block: a terminal, a pipe, a disk. Whoever logs waits
/// for nothing; one thread writes.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"

namespace st::streamd {

struct LogLine {
    LogLevel level = LogLevel::info;
    std::string prefix;
    std::string text;
    std::int64_t time_us = 0;  ///< wall clock
    LogFields fields{};
};

class LogQueue {
 public:
    /// Lines that may wait; those over it are left out, counted, and said once there is room.
    static constexpr std::size_t kLinesMax = 10'000;
    static constexpr std::size_t kBytesMax = std::size_t{4} << 20;
    /// How long the destructor waits for what is queued to be written.
    static constexpr std::chrono::milliseconds kPatience{2'000};

    /// Called on the queue's thread, one line at a time. Trouble that repeats is counted before:
    /// see RepeatFilter.
    using Writer = std::function<void(const LogLine&)>;

    /// `reopen` is called on that thread too, between two lines, for each reopen().
    explicit LogQueue(Writer writer, std::function<void()> reopen = {});
    LogQueue(const LogQueue&) = delete;
    LogQueue& operator=(const LogQueue&) = delete;
    /// Flushes. If the writer is stuck for longer than kPatience, its thread is left behind.
    ~LogQueue();

    /// Any thread; never waits for the writer.
    void push(LogLine line);
    /// Any thread: waits until what was pushed before is written. False: not within `patience`.
    bool flush(std::chrono::milliseconds patience);
    /// Any thread: the writer's file was moved away.
    void reopen();

 private:
    struct Shared;
    static void run(const std::shared_ptr<Shared>& shared);

    std::shared_ptr<Shared> shared_;  ///< the thread's, too, which may outlive us
};

}  // namespace st::streamd
