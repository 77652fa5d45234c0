#include "worker/helper.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "worker/channel.h"

namespace st::worker {
namespace {

/// False: nothing came. A poll that fails has an answer of its own in the read that follows.
bool wait_readable(int fd, std::int64_t nanoseconds) {
    pollfd entry{fd, POLLIN, 0};
    const timespec time{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    const int ready = ::ppoll(&entry, 1, &time, nullptr);
    return ready > 0 || (ready < 0 && errno != EINTR);
}

/// Not our standard error: whoever reads that would wait for our helpers as well.
StandardStreams streams_of(const Channel& channel, const LastWords& words) {
    return {channel.theirs.get(), StandardStreams::kNull, words.theirs()};
}

}  // namespace

Helper::Helper(const std::vector<std::string>& command, const ProcessLimits& limits) {
    if (command[0].find('/') != std::string::npos && ::access(command[0].c_str(), X_OK) != 0) {
        throw std::system_error(errno, std::generic_category(), command[0]);
    }
    Channel channel = make_channel();
    pid_ = spawn(command, streams_of(channel, words_), limits);
    words_.close_theirs();
    socket_ = std::move(channel.ours);
}

Helper::Helper(const Perform& perform, const ProcessLimits& limits) {
    Channel channel = make_channel();
    pid_ = spawn_copy([&] { return serve(perform, ""); }, streams_of(channel, words_), limits);
    words_.close_theirs();
    socket_ = std::move(channel.ours);
}

Helper::~Helper() { end(); }

bool Helper::is_ready() const { return !wait_readable(socket_.get(), 0); }

/// A process that is ending already keeps the exit it had.
Exit Helper::end() {
    if (pid_ < 0) return {};
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    return exit_of(wait_for(std::exchange(pid_, -1)));
}

/// Ends it, and says how it ended and what it said last.
std::string Helper::end_text() {
    const std::string how = end().text();
    const std::string why = words_.take();
    return why.empty() ? how : how + ": " + why;
}

Result<std::string> Helper::greet(std::chrono::milliseconds patience) {
    const std::int64_t deadline = monotonic_ns() + Nanoseconds(patience).count();
    for (std::int64_t left = Nanoseconds(patience).count(); left > 0;
         left = deadline - monotonic_ns()) {
        if (!wait_readable(socket_.get(), left)) continue;
        const auto word = receive_message(socket_.get());
        if (!word) {
            return Error{"it ended at once: " + end_text()};
        }
        if (!word->text.starts_with(kGreeting)) return Error{"it is no helper of this version"};
        idle_since_ns_ = monotonic_ns();
        return word->text.substr(kGreeting.size());
    }
    return Error{"it gave no sign of life"};
}

std::int64_t Helper::cpu_ns() const {
    clockid_t clock{};
    timespec time{};
    if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// A helper has one thread: what it can use of a processor is no more than the time that passes, so
/// there is no need to look before that.
Helper::Wait Helper::wait_for_answer(const JobLimits& limits) const {
    const std::int64_t deadline = monotonic_ns() + Nanoseconds(limits.elapsed).count();
    for (;;) {
        const std::int64_t cpu_left = Nanoseconds(limits.cpu).count() - (cpu_ns() - cpu_before_ns_);
        const std::int64_t left = std::min(cpu_left, deadline - monotonic_ns());
        if (left <= 0) return Wait::too_slow;
        // Not less than a tick of the kernel's accounting.
        if (wait_readable(socket_.get(), std::max<std::int64_t>(left, 1'000'000))) {
            return Wait::answer;
        }
    }
}

JobResult Helper::run(const Job& job) {
    ++jobs_;
    words_.forget();  // of an earlier job
    cpu_before_ns_ = cpu_ns();
    JobResult result{exchange(job), {}};
    result.cpu = Nanoseconds(std::max<std::int64_t>(0, cpu_ns() - cpu_before_ns_));
    idle_since_ns_ = monotonic_ns();
    if (result.answer.ok()) return result;
    JobError error = result.answer.error();
    if (error.fault == Fault::too_slow) {
        const std::string why = words_.take();
        error.message = "a helper ran out of time" + (why.empty() ? "" : ": " + why);
    } else if (error.message.empty()) {
        error.message = "a helper died: " + end_text();
    }
    result.answer = std::move(error);
    return result;
}

Result<std::string, JobError> Helper::exchange(const Job& job) {
    // Its end is how a cancelled job shows here. It is waited for in this thread only, later.
    const std::stop_callback stop(job.cancel, [this] { ::kill(pid_, SIGKILL); });
    try {
        send_message(socket_.get(), job.name + '\0' + job.request, job.fds);
        if (wait_for_answer(job.limits) == Wait::too_slow) {
            return JobError{Fault::too_slow, ""};
        }
        const auto answer = receive_message(socket_.get());
        if (job.cancel.stop_requested()) return JobError{Fault::cancelled, "cancelled"};
        if (!answer) return JobError{Fault::died, ""};
        if (answer->text.starts_with(kAnswered)) return answer->text.substr(1);
        if (answer->text.starts_with(kRefused)) {
            return JobError{Fault::refused, answer->text.substr(1)};
        }
        return JobError{Fault::died, "a helper's answer makes no sense"};
    } catch (const std::system_error& error) {
        if (job.cancel.stop_requested()) return JobError{Fault::cancelled, "cancelled"};
        const bool is_gone = error.code().value() == EPIPE || error.code().value() == ECONNRESET;
        return JobError{is_gone ? Fault::died : Fault::unavailable, is_gone ? "" : error.what()};
    }
}

}  // namespace st::worker
