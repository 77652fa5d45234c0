#include "streamctl/client/name_lookup.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "streamctl/client/connection.h"

namespace st::streamctl {

NameLookup::NameLookup(const ServerUrl& server) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_failure(cli::kIoFailed, "pipe");
    over_ = Fd(ends[0]);
    Fd end(ends[1]);
    std::packaged_task<Poco::Net::SocketAddress()> task([asked = server]() mutable {
        look_up(asked, false);
        return *asked.address;
    });
    found_ = task.get_future();
    try {
        // Its end of the pipe is closed when it has ended.
        std::thread([task = std::move(task), end = std::move(end)]() mutable { task(); }).detach();
    } catch (const std::system_error& error) {
        throw Failed(cli::kIoFailed, std::string("a thread: ") + error.what());
    }
}

bool NameLookup::is_over() const {
    return found_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

}  // namespace st::streamctl
