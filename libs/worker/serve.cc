#include "worker/serve.h"

#include <malloc.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <vector>

#include "worker/channel.h"

namespace st::worker {
namespace {

std::string answer_to(const Perform& perform, const ChannelMessage& job) {
    std::vector<int> fds;
    for (const Fd& fd : job.descriptors) fds.push_back(fd.get());
    const std::string_view text = job.text;
    const std::size_t end = std::min(text.find('\0'), text.size());
    const std::string_view request = end < text.size() ? text.substr(end + 1) : "";
    std::string answer;
    try {
        answer = std::string(kAnswered) + perform(text.substr(0, end), request, fds);
    } catch (const std::exception& error) {  // the top of a job
        answer = std::string(kRefused) + error.what();
    }
    if (answer.size() > kMessageBytesMax) answer.resize(kMessageBytesMax);
    return answer;
}

/// Pictures of one size come one after the other, and each takes the same few large buffers:
/// without this the allocator returns them to the system after every job, and a fifth of a job's
/// CPU time goes into clearing the pages anew.
void keep_freed_memory() {
    constexpr int kMappedBytes = 32 * 1024 * 1024;  // larger ones go back at once
    constexpr int kKeptBytes = 256 * 1024 * 1024;
    ::mallopt(M_MMAP_THRESHOLD, kMappedBytes);
    ::mallopt(M_TRIM_THRESHOLD, kKeptBytes);
}

/// Waits for the next job; a helper that is idle holds no memory of the last one.
void wait_for_job() {
    constexpr int kIdleMs = 500;
    ::pollfd peer{STDIN_FILENO, POLLIN, 0};
    if (::poll(&peer, 1, kIdleMs) == 0) ::malloc_trim(0);
}

}  // namespace

int serve(const Perform& perform, std::string_view remark) {
    try {
        send_message(STDIN_FILENO, std::string(kGreeting) + std::string(remark));
        keep_freed_memory();
        while (const auto job = receive_message(STDIN_FILENO)) {
            send_message(STDIN_FILENO, answer_to(perform, *job));
            wait_for_job();
        }
        return 0;
    } catch (const std::exception&) {  // nobody is there any more
        return 1;
    }
}

}  // namespace st::worker
