#include "worker/serve.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <vector>

#include "base/heap.h"
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

/// Pictures of one size come one after the other, and each takes the same few large buffers: a
/// fifth of a job's CPU time would go into clearing the pages anew.
constexpr std::size_t kMappedBytes = std::size_t{32} << 20;
constexpr std::size_t kKeptBytes = std::size_t{256} << 20;

/// Waits for the next job; a helper that is idle holds no memory of the last one.
void wait_for_job() {
    constexpr int kIdleMs = 500;
    ::pollfd peer{STDIN_FILENO, POLLIN, 0};
    if (::poll(&peer, 1, kIdleMs) == 0) give_back_freed_memory();
}

}  // namespace

int serve(const Perform& perform, std::string_view remark) {
    try {
        send_message(STDIN_FILENO, std::string(kGreeting) + std::string(remark));
        keep_freed_memory(kMappedBytes, kKeptBytes);
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
