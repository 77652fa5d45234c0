#include "streamd/log_queue.h"

#include <deque>
#include <thread>

#include "base/clock.h"
#include "base/sync.h"
#include "base/this_thread.h"
#include "streamd/repeat_filter.h"

namespace st::streamd {

struct LogQueue::Shared {
    Writer writer;
    std::function<void()> reopen;
    std::thread thread;  ///< the owner's alone
    Mutex mutex;
    std::condition_variable news;
    std::condition_variable done;  ///< written has grown
    std::deque<LogLine> lines ST_GUARDED_BY(mutex);
    std::size_t bytes ST_GUARDED_BY(mutex) = 0;
    std::uint64_t pushed ST_GUARDED_BY(mutex) = 0;
    std::uint64_t written ST_GUARDED_BY(mutex) = 0;
    std::uint64_t lost ST_GUARDED_BY(mutex) = 0;  ///< since it was last said
    bool wants_reopen ST_GUARDED_BY(mutex) = false;
    bool stopping ST_GUARDED_BY(mutex) = false;
};

namespace {

/// How soon the count of what repeated is told when nothing else happens.
constexpr std::chrono::milliseconds kRepeatsInterval{500};

std::size_t size_of(const LogLine& line) { return line.prefix.size() + line.text.size(); }

LogLine lost_line(std::uint64_t lost) {
    return {LogLevel::warning, "log",
            std::to_string(lost) + " lines left out: they came faster than they can be written",
            wall_us()};
}

}  // namespace

LogQueue::LogQueue(Writer writer, std::function<void()> reopen)
    : shared_(std::make_shared<Shared>()) {
    shared_->writer = std::move(writer);
    shared_->reopen = std::move(reopen);
    shared_->thread = std::thread([shared = shared_] {
        name_this_thread("log");
        run(shared);
    });
}

LogQueue::~LogQueue() {
    {
        const Lock lock(shared_->mutex);
        shared_->stopping = true;
    }
    shared_->news.notify_one();
    if (flush(kPatience)) {
        shared_->thread.join();
    } else {
        shared_->thread.detach();
    }
}

void LogQueue::push(LogLine line) {
    {
        Shared& s = *shared_;
        const Lock lock(s.mutex);
        if (s.lines.size() >= kLinesMax || s.bytes + size_of(line) > kBytesMax) {
            ++s.lost;
            return;
        }
        s.bytes += size_of(line);
        s.lines.push_back(std::move(line));
        ++s.pushed;
    }
    shared_->news.notify_one();
}

bool LogQueue::flush(std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    Shared& s = *shared_;
    Lock lock(s.mutex);
    const std::uint64_t wanted = s.pushed;
    while (s.written < wanted) {
        if (s.done.wait_until(lock.native(), until) == std::cv_status::timeout)
            return s.written >= wanted;
    }
    return true;
}

void LogQueue::reopen() {
    {
        const Lock lock(shared_->mutex);
        shared_->wants_reopen = true;
    }
    shared_->news.notify_one();
}

void LogQueue::run(const std::shared_ptr<Shared>& shared) {
    Shared& s = *shared;
    RepeatFilter repeats;
    const auto write_all = [&s](const std::vector<LogLine>& lines) {
        for (const LogLine& line : lines) s.writer(line);
    };
    for (;;) {
        std::deque<LogLine> lines;
        std::uint64_t lost = 0;
        bool wants_reopen = false;
        {
            Lock lock(s.mutex);
            const auto until = std::chrono::steady_clock::now() + kRepeatsInterval;
            while (s.lines.empty() && !s.wants_reopen && !s.stopping) {
                if (!repeats.has_counted()) {
                    s.news.wait(lock.native());
                } else if (s.news.wait_until(lock.native(), until) == std::cv_status::timeout) {
                    break;
                }
            }
            if (s.lines.empty() && !s.wants_reopen && s.stopping) break;
            lines.swap(s.lines);
            s.bytes = 0;
            lost = std::exchange(s.lost, 0);
            wants_reopen = std::exchange(s.wants_reopen, false);
        }
        if (wants_reopen && s.reopen) s.reopen();
        const std::size_t count = lines.size();
        for (LogLine& line : lines) write_all(repeats.feed(std::move(line), wall_us()));
        write_all(repeats.due(wall_us()));
        if (lost > 0) s.writer(lost_line(lost));
        {
            const Lock lock(s.mutex);
            s.written += count;
        }
        s.done.notify_all();
    }
    write_all(repeats.finish());
}

}  // namespace st::streamd
