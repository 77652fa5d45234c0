#include "record/catalogue.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <system_error>

#include "base/clock.h"
#include "base/fd.h"
#include "base/name.h"
#include "control/glob.h"
#include "record/folder.h"
#include "record/session_json.h"

namespace st::record {
namespace {

constexpr int kNotFound = 404;
constexpr int kConflict = 409;
constexpr int kBroken = 500;

Error no_recording(std::string_view id) {
    return Error{"there is no recording " + std::string(id.substr(0, kIdBytesMax)), kNotFound};
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
    return (!query.id || control::glob_match(*query.id, entry.id)) &&
           (!query.camera || control::glob_match(*query.camera, entry.camera)) &&
           (!query.take || (entry.take && control::glob_match(*query.take, *entry.take))) &&
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
    entry.kept = stored.meta.kept;
    entry.json = std::move(json);
    return entry;
}

/// nullopt: there is none that can be read.
std::optional<CatalogueEntry> read_entry(const Fd& root, const std::string& id) {
    const Fd directory = root ? open_child(root.get(), id) : Fd();
    auto text =
        directory ? read_file(directory.get(), kSessionName, kSessionJsonBytesMax) : std::nullopt;
    if (!text) return std::nullopt;
    auto stored = decode_session(*text);
    if (!stored) return std::nullopt;
    if (stored->meta.id != id) {
        json::Object changed;
        changed.set("id", id);
        changed.set("copy_of", stored->meta.id);
        text = *with_values(*text, changed);
    }
    return make_entry(id, std::move(*stored), std::move(*text));
}

/// What remove() renames a folder to: no list has such names.
constexpr std::string_view kDeletedPrefix = ".deleted-";
/// Folders within folders; we make none.
constexpr int kDepthMax = 16;

/// 0, or the errno of the first thing that could not be deleted.
int delete_tree(int parent, const std::string& name, int depth = 0) {
    if (::unlinkat(parent, name.c_str(), 0) == 0) return 0;
    if (errno == ENOENT) return 0;  // another request deletes it as well
    if (errno != EISDIR && errno != EPERM) return errno;
    if (depth > kDepthMax) return ELOOP;
    int failed = 0;
    {
        const Fd directory = open_child(parent, name);
        if (!directory) return errno == ENOENT ? 0 : errno;
        for (const std::string& child : file_names(directory.get())) {
            const int error = delete_tree(directory.get(), child, depth + 1);
            if (failed == 0) failed = error;
        }
    }
    if (failed == 0 && ::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
        failed = errno;
    }
    return failed;
}

}  // namespace

Catalogue::Catalogue(std::string recordings_path) : path_(std::move(recordings_path)) {}

void Catalogue::refresh_one(const Fd& root, const std::string& id) {
    struct stat status {};
    const std::string file = id + "/" + kSessionName;
    if (::fstatat(root.get(), file.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode)) {
        index_.erase(id);
        return;
    }
    const std::int64_t mtime_ns =
        std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
    const auto known = index_.find(id);
    // It is replaced by rename, so the inode changes even within one tick of the clock.
    if (known != index_.end() && known->second.mtime_ns == mtime_ns &&
        known->second.inode == status.st_ino) {
        return;
    }
    ++reads_.session_files;
    auto entry = read_entry(root, id);
    if (!entry) {
        index_.erase(id);
        return;
    }
    entry->json = {};
    index_[id] = {mtime_ns, status.st_ino, std::move(*entry)};
}

void Catalogue::refresh(const Fd& root) {
    if (!root) return index_.clear();
    ++reads_.folder_lists;
    std::vector<std::string> names = file_names(root.get());
    for (const std::string& name : names) {
        // What a deletion left behind, because it failed or we were ended meanwhile.
        if (name.starts_with(kDeletedPrefix)) delete_tree(root.get(), name);
    }
    std::erase_if(names, [](const std::string& name) { return !is_recording_id(name); });
    std::erase_if(index_, [&](const auto& item) {
        return !std::binary_search(names.begin(), names.end(), item.first);
    });
    for (const std::string& name : names) refresh_one(root, name);
}

CataloguePage Catalogue::list(const CatalogueQuery& query) {
    const Lock lock(mutex_);
    const Fd root = open_root(path_);
    refresh(root);
    std::vector<const CatalogueEntry*> found;
    const auto after = entry_of(query.cursor);
    for (const auto& [id, indexed] : index_) {
        if (!matches(indexed.entry, query)) continue;
        if (after && !comes_before(*after, indexed.entry)) continue;
        found.push_back(&indexed.entry);
    }
    std::sort(found.begin(), found.end(),
              [](const auto* a, const auto* b) { return comes_before(*a, *b); });
    CataloguePage page;
    const std::size_t count = std::min(found.size(), std::max<std::size_t>(1, query.limit));
    page.items.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        ++reads_.session_files;
        auto entry = read_entry(root, found[i]->id);
        if (entry) page.items.push_back(std::move(*entry));  // else it was deleted just now
    }
    if (count < found.size()) page.next = cursor_of(*found[count - 1]);
    return page;
}

Catalogue::Reads Catalogue::reads() const {
    const Lock lock(mutex_);
    return reads_;
}

Result<CatalogueEntry> Catalogue::get(std::string_view id) {
    if (!is_recording_id(id)) return no_recording(id);
    auto entry = read_entry(open_root(path_), std::string(id));
    if (!entry) return no_recording(id);
    return std::move(*entry);
}

Result<CatalogueEntry> Catalogue::get_ended(std::string_view id, int directory) {
    // Whoever takes a recording back to work does so under this lock (record/recovery.h).
    lock_recording(directory);
    auto entry = get(id);
    if (!entry) return entry;
    switch (entry->state) {
        case RecordingState::recording:
            return Error{"recording " + entry->id + " is still running: stop it first", kConflict};
        case RecordingState::finalising:
            return Error{"recording " + entry->id + " is still being finished: try again later",
                         kConflict};
        case RecordingState::done:
        case RecordingState::failed:
            break;
    }
    return entry;
}

Result<void> Catalogue::keep(std::string_view id, bool kept) {
    const Fd root = open_root(path_);
    const Fd directory =
        root && is_recording_id(id) ? open_child(root.get(), std::string(id)) : Fd();
    if (!directory) return no_recording(id);
    const auto entry = get_ended(id, directory.get());
    if (!entry) return entry.error();
    if (entry->kept == kept) return {};
    json::Object changed;
    changed.set("kept", kept);
    const auto text = read_file(directory.get(), kSessionName, kSessionJsonBytesMax);
    if (!text) return no_recording(id);
    const auto written = with_values(*text, changed);
    if (!written) return Error{written.error().message, kBroken};
    try {
        replace_file(directory.get(), kSessionName, *written, true);
    } catch (const std::system_error& error) {
        return Error{"keep " + entry->id + ": " + error.what(), kBroken};
    }
    return {};
}

Result<void> Catalogue::remove(std::string_view id) {
    const Fd root = open_root(path_);
    const Fd directory =
        root && is_recording_id(id) ? open_child(root.get(), std::string(id)) : Fd();
    if (!directory) return no_recording(id);
    const auto entry = get_ended(id, directory.get());
    if (!entry) return entry.error();
    if (entry->kept) {
        return Error{"recording " + entry->id + " is kept: release it first", kConflict};
    }
    const std::string gone = std::string(kDeletedPrefix) + entry->id;
    // One step takes all of it out of sight: nobody ever sees half a recording.
    if (::renameat(root.get(), entry->id.c_str(), root.get(), gone.c_str()) != 0) {
        if (errno == ENOENT) return no_recording(id);
        return Error{"delete " + entry->id + ": " + std::strerror(errno), kBroken};
    }
    if (const int error = delete_tree(root.get(), gone); error != 0) {
        return Error{"delete " + entry->id + ": what is left in " + path_ + "/" + gone +
                         " cannot be deleted: " + std::strerror(error),
                     kBroken};
    }
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
