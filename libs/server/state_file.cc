#include "server/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include "base/fd.h"
#include "record/folder.h"

namespace st::server {
namespace {

constexpr std::size_t kBytesMax = std::size_t{4} << 20;

}  // namespace

StateFile::StateFile(const std::string& folder, std::string name)
    : folder_(folder + "/.streamd"), name_(std::move(name)), path_(folder_ + "/" + name_) {}

Result<std::optional<std::string>> StateFile::read() const {
    struct stat there {};
    if (::lstat(path_.c_str(), &there) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return std::optional<std::string>();
    }
    errno = 0;
    const Fd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    auto text = folder ? record::read_file(folder.get(), name_, kBytesMax) : std::nullopt;
    if (text) return text;
    return Error{"cannot be read: " + (errno != 0 ? std::generic_category().message(errno)
                                                  : "no plain file, or too large")};
}

void StateFile::write(std::uint64_t turn, std::string_view text) {
    const Lock lock(mutex_);
    if (turn <= written_) return;
    if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) {
        throw std::system_error(errno, std::generic_category(), "mkdir");
    }
    const Fd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) throw std::system_error(errno, std::generic_category(), "open");
    if (sets_aside_.exchange(false)) {
        ::renameat(folder.get(), name_.c_str(), folder.get(), (name_ + ".bad").c_str());
    }
    record::replace_file(folder.get(), name_, text, true);
    written_ = turn;
}

void StateFile::write_later(loop::BlockingWork& pool, std::string text,
                            std::function<void(const std::string& problem)> done) {
    pool.post(loop::Effort::quick, [self = shared_from_this(), turn = next_turn(),
                                    text = std::move(text), done = std::move(done)] {
        std::string problem;
        try {
            self->write(turn, text);
        } catch (const std::exception& e) {  // C3: a thread of the pool
            problem = e.what();
        }
        done(problem);
    });
}

}  // namespace st::server
