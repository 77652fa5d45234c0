#include "worker/last_words.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "base/text.h"

namespace st::worker {
namespace {

/// More than a line is shown with.
constexpr std::size_t kTailBytes = 4096;
/// A pipe holds less: whoever writes while it is read does not keep the reader here.
constexpr std::size_t kReadBytesMax = std::size_t{1} << 20;
constexpr std::string_view kBlank = " \t\r\n";

/// The last bytes of what is in the pipe, which is empty then.
std::string drain(int fd) {
    std::string tail;
    std::array<char, kTailBytes> piece{};
    for (std::size_t total = 0; total < kReadBytesMax;) {
        const ssize_t got = ::read(fd, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        total += static_cast<std::size_t>(got);
        tail.append(piece.data(), static_cast<std::size_t>(got));
        if (tail.size() > kTailBytes) tail.erase(0, tail.size() - kTailBytes);
    }
    return tail;
}

}  // namespace

LastWords::LastWords() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
        throw std::system_error(errno, std::generic_category(), "pipe");
    }
    ours_ = Fd(ends[0]);
    theirs_ = Fd(ends[1]);
}

void LastWords::forget() { drain(ours_.get()); }

std::string LastWords::take() {
    const std::string tail = drain(ours_.get());
    std::string_view line = tail;
    const std::size_t end = line.find_last_not_of(kBlank);
    if (end == std::string_view::npos) return "";
    line = line.substr(0, end + 1);
    if (const std::size_t before = line.find_last_of("\r\n"); before != std::string_view::npos) {
        line.remove_prefix(before + 1);
    }
    return shown(line.substr(line.find_first_not_of(kBlank)));
}

}  // namespace st::worker
