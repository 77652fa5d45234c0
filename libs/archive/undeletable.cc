#include "archive/undeletable.h"

#include <cerrno>

namespace st::archive {
namespace {

std::string key_of_folder(const std::string& folder) { return folder + "/"; }

}  // namespace

void Undeletable::begin_look(std::int64_t boot_us) {
    boot_us_ = boot_us;
    tries_ = 0;
    failed_.clear();
    while (!order_.empty() && until_us_[order_.front()] <= boot_us_) {
        until_us_.erase(order_.front());
        order_.pop_front();
    }
}

bool Undeletable::leaves_alone(const std::string& folder, const std::string& name) const {
    return until_us_.contains(key_of_folder(folder)) || until_us_.contains(name);
}

void Undeletable::remember(const std::string& key) {
    if (!until_us_.emplace(key, boot_us_ + kLeaveForUs).second) return;
    order_.push_back(key);
    if (order_.size() <= kMax) return;
    until_us_.erase(order_.front());
    order_.pop_front();
}

bool Undeletable::add(const std::string& folder, const std::string& name,
                      const record::RemoveError& why) {
    ++tries_;
    Kind& kind = kinds_[{why.error_number, why.is_of_folder}];
    if (kind.count++ == 0) kind.first = why.message;
    if (why.error_number == 0) return false;  // the program could not ask: no descriptors
    remember(why.is_of_folder ? key_of_folder(folder) : name);
    if (why.error_number == EROFS || why.error_number == EIO) return false;
    const bool is_of_rights = why.error_number == EACCES || why.error_number == EPERM;
    // A recording is a folder of its own.
    const bool is_within = folder.empty() && !why.is_of_folder;
    if (!is_of_rights) failed_.insert(is_within ? name : folder);
    return failed_.size() < kFoldersMax && tries_ < kTriesMax;
}

std::vector<std::string> Undeletable::end_look() {
    std::vector<std::string> told;
    for (auto& [what, kind] : kinds_) {
        if (kind.count == 0 || boot_us_ < kind.quiet_until_us) continue;
        const bool is_of_folder = what.second;
        told.push_back(
            kind.first + (is_of_folder ? "; nothing in its folder can be deleted" : "") +
            (kind.count > 1 ? "; " + std::to_string(kind.count - 1) + " more like it" : ""));
        kind = {"", 0, boot_us_ + kQuietUs};
    }
    return told;
}

}  // namespace st::archive
