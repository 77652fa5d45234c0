#include "base/read_text.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/fd.h"

namespace st {

Result<std::string> read_text(const std::string& path, std::size_t bytes_max) {
    constexpr std::size_t kStep = 64 * 1024;
    const auto failed = [&](int error) {
        return Error{path + ": " + std::generic_category().message(error), error};
    };
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return failed(errno);
    std::string text;
    for (;;) {
        const std::size_t done = text.size();
        text.resize(std::min(done + kStep, bytes_max + 1));  // one more shows that it is too long
        const ssize_t got = ::read(file.get(), text.data() + done, text.size() - done);
        const int error = errno;
        text.resize(done + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got < 0 && error == EINTR) continue;
        if (got < 0) return failed(error);
        if (got == 0) return text;
        if (text.size() > bytes_max) return failed(EFBIG);
    }
}

}  // namespace st
