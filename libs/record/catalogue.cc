#include "record/catalogue.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/clock.h"
#include "base/fd.h"
#include "base/name.h"
#include "record/folder.h"
#include "record/session_json.h"

namespace st::record {
namespace {

constexpr int kNotFound = 404;
constexpr int kConflict = 409;
constexpr int kBroken = 500;

Error no_recording(std::string_view id) {
    return Error{"no recording \"" + std::string(id.substr(0, kIdBytesMax)) + "\"", kNotFound};
}

bool is_recording_id(std::string_view id) {
    return id.size() <= kIdBytesMax && is_safe_file_name(id);
}

Fd open_root(const std::string& path) {
    return Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

Fd open_child(int root, const std::string& id) {
    return Fd(::openat(root, id.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
}

/// Newest first; two of the same moment by id, so that pages never repeat or miss one.
bool comes_before(const CatalogueEntry& a, const CatalogueEntry& b) {
    return a.started_us != b.started_us ? a.started_us > b.started_us : a.id > b.id;
}

std::string cursor_of(const CatalogueEntry& entry) {
    return std::to_string(entry.started_us) + ":" + entry.id;
}

/// The entry a cursor stands for, as far as comes_before looks at it.
std::optional<CatalogueEntry> entry_of(const std::string& cursor) {
    const std::size_t colon = cursor.find(':');
    if (colon == std::string::npos) return std::nullopt;
    CatalogueEntry entry;
    const char* end = cursor.data() + colon;
    const auto parsed = std::from_chars(cursor.data(), end, entry.started_us);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    entry.id = cursor.substr(colon + 1);
    return entry;
}

}  // namespace

bool is_cursor(const std::string& text) { return entry_of(text).has_value(); }

namespace {

bool matches(const CatalogueEntry& entry, const CatalogueQuery& query) {
    if (!query.cameras.empty() && std::find(query.cameras.begin(), query.cameras.end(),
                                            entry.camera) == query.cameras.end()) {
        return false;
    }
    return (!query.take || entry.take == query.take) &&
           (!query.state || entry.state == *query.state) &&
           (!query.since_us || entry.started_us >= *query.since_us) &&
           (!query.until_us || entry.started_us < *query.until_us);
}

CatalogueEntry make_entry(const std::string& id, StoredSession stored, std::string json) {
    CatalogueEntry entry;
    entry.id = id;
    entry.camera = std::move(stored.meta.camera);
    entry.take = std::move(stored.meta.take);
    entry.state = stored.meta.state;
    entry.started_us = stored.meta.started_us;
    entry.started_at = rfc3339(entry.started_us);
    entry.files = std::move(stored.files);
    entry.json = std::move(json);
    return entry;
}

}  // namespace

Catalogue::Catalogue(std::string recordings_path) : path_(std::move(recordings_path)) {}

/// Brings one recording's cached entry up to date. False: there is none.
bool Catalogue::refresh_one(int root, const std::string& id) {
    struct stat status {};
    const std::string file = id + "/" + kSessionName;
    if (::fstatat(root, file.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode)) {
        cache_.erase(id);
        return false;
    }
    const std::int64_t mtime_ns =
        std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
    const auto cached = cache_.find(id);
    // It is replaced by rename, so the inode changes even within one tick of the clock.
    if (cached != cache_.end() && cached->second.mtime_ns == mtime_ns &&
        cached->second.inode == status.st_ino) {
        return true;
    }
    const Fd directory = open_child(root, id);
    auto text =
        directory ? read_file(directory.get(), kSessionName, kSessionJsonBytesMax) : std::nullopt;
    auto stored = text ? decode_session(*text) : Result<StoredSession>(Error{"none"});
    if (!stored) {
        cache_.erase(id);
        return false;
    }
    cache_[id] = {mtime_ns, status.st_ino, make_entry(id, std::move(*stored), std::move(*text))};
    return true;
}

void Catalogue::refresh() {
    const Fd root = open_root(path_);
    if (!root) {
        cache_.clear();
        return;
    }
    std::vector<std::string> names = file_names(root.get());  // sorted
    std::erase_if(names, [](const std::string& name) { return !is_recording_id(name); });
    std::erase_if(cache_, [&](const auto& item) {
        return !std::binary_search(names.begin(), names.end(), item.first);
    });
    for (const std::string& name : names) refresh_one(root.get(), name);
}

CataloguePage Catalogue::list(const CatalogueQuery& query) {
    refresh();
    std::vector<const CatalogueEntry*> found;
    const auto after = entry_of(query.cursor);
    for (const auto& [id, cached] : cache_) {
        if (!matches(cached.entry, query)) continue;
        if (after && !comes_before(*after, cached.entry)) continue;
        found.push_back(&cached.entry);
    }
    std::sort(found.begin(), found.end(),
              [](const auto* a, const auto* b) { return comes_before(*a, *b); });
    CataloguePage page;
    const std::size_t count = std::min(found.size(), std::max<std::size_t>(1, query.limit));
    page.items.reserve(count);
    for (std::size_t i = 0; i < count; ++i) page.items.push_back(*found[i]);
    if (count < found.size()) page.next = cursor_of(page.items.back());
    return page;
}

Result<CatalogueEntry> Catalogue::get(std::string_view id) {
    const Fd root = open_root(path_);
    const std::string name(id);
    if (!is_recording_id(id) || !root || !refresh_one(root.get(), name)) return no_recording(id);
    return cache_.at(name).entry;
}

Result<void> Catalogue::remove(std::string_view id) {
    // Whoever takes a recording back to work does so under this lock (record/recovery.h).
    const Fd root = open_root(path_);
    const Fd directory =
        root && is_recording_id(id) ? open_child(root.get(), std::string(id)) : Fd();
    if (!directory) return no_recording(id);
    lock_recording(directory.get());
    const auto entry = get(id);
    if (!entry) return entry.error();
    if (entry->state == RecordingState::recording || entry->state == RecordingState::finalising) {
        return Error{"recording \"" + entry->id + "\" is " + std::string(to_string(entry->state)) +
                         ": stop it first",
                     kConflict};
    }
    std::vector<std::string> names = file_names(directory.get());
    // session.json last: a folder that has a dump and no session.json is one to be finished.
    std::stable_partition(names.begin(), names.end(),
                          [](const std::string& name) { return name != kSessionName; });
    for (const std::string& name : names) {
        if (::unlinkat(directory.get(), name.c_str(), 0) != 0) {
            return Error{"delete " + entry->id + "/" + name + ": " + std::strerror(errno), kBroken};
        }
    }
    if (::unlinkat(root.get(), entry->id.c_str(), AT_REMOVEDIR) != 0) {
        return Error{"delete " + entry->id + ": " + std::strerror(errno), kBroken};
    }
    cache_.erase(entry->id);
    return {};
}

Result<int> Catalogue::open_file(std::string_view id, std::string_view name) {
    const Error none{"no file \"" + std::string(name.substr(0, 80)) + "\" in \"" +
                         std::string(id.substr(0, kIdBytesMax)) + "\"",
                     kNotFound};
    if (!is_recording_id(id)) return no_recording(id);
    if (!is_safe_file_name(name)) return none;
    const Fd root = open_root(path_);
    const Fd directory = root ? open_child(root.get(), std::string(id)) : Fd();
    if (!directory) return no_recording(id);
    Fd file(::openat(directory.get(), std::string(name).c_str(),
                     O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return none;
    return file.release();
}

}  // namespace st::record
