#include "api/disk_room.h"

#include <sys/statvfs.h>

#include <utility>

namespace st::api {

std::optional<DiskSpace> disk_space(const std::string& path) {
    struct statvfs disk {};
    if (::statvfs(path.c_str(), &disk) != 0) return std::nullopt;
    return DiskSpace{std::uint64_t{disk.f_bavail} * disk.f_frsize,
                     std::uint64_t{disk.f_blocks} * disk.f_frsize};
}

DiskRoom::DiskRoom(std::function<std::optional<DiskSpace>()> look, loop::BlockingWork& pool,
                   std::function<void(std::function<void()>)> post, loop::Timers& timers)
    : look_(std::move(look)), pool_(pool), post_(std::move(post)), timers_(timers) {}

DiskRoom::~DiskRoom() { timers_.cancel(patience_); }

void DiskRoom::ask(Done done) {
    if (is_late_) return done(std::nullopt);
    waiting_.push_back(std::move(done));
    if (waiting_.size() > 1) return;
    patience_ = timers_.after(kPatience, [this] {
        is_late_ = true;
        tell(std::nullopt);
    });
    pool_.post(loop::Effort::quick,
               [this, look = look_, post = post_, weak = std::weak_ptr<const bool>(here_)] {
                   post([this, space = look(), weak] {
                       if (weak.expired()) return;
                       timers_.cancel(patience_);
                       is_late_ = false;
                       tell(space);
                   });
               });
}

void DiskRoom::tell(const std::optional<DiskSpace>& space) {
    for (const Done& done : std::exchange(waiting_, {})) done(space);
}

}  // namespace st::api
