#include "worker/serve.h"

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

}  // namespace

int serve(const Perform& perform, std::string_view remark) {
    try {
        send_message(STDIN_FILENO, std::string(kGreeting) + std::string(remark));
        while (const auto job = receive_message(STDIN_FILENO)) {
            send_message(STDIN_FILENO, answer_to(perform, *job));
        }
        return 0;
    } catch (const std::exception&) {  // nobody is there any more
        return 1;
    }
}

}  // namespace st::worker
