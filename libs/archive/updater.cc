#include "archive/updater.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/clock.h"

namespace st::archive {
namespace {

/// Rows written together: a crash loses that many, and a reader never waits for them.
constexpr std::size_t kBatchRows = 256;
/// A folder that changed less than this ago may change again within the same tick of the clock.
constexpr std::int64_t kSettledNs = 50'000'000;
/// A folder without session.json may be a recording that is being copied there.
constexpr std::int64_t kArrivingNs = 300'000'000'000;
/// Who changed at that time can be told apart from who changes from now on.
std::int64_t settled(std::int64_t changed_ns) {
    return wall_us() * 1000 - changed_ns < kSettledNs ? 0 : changed_ns;
}

}  // namespace

void Updater::update_all() {
    update_names();
    const auto known = store_.recording_stamps();
    std::size_t looked = 0;
    for (const auto& [id, stamp] : known) {
        if (uses_.is_stopping()) return;
        if (recordings_.stamp(id) != stamp) update_recording(id);
        if (++looked % kBatchRows == 0) uses_.between_steps();
    }
    const std::vector<SegmentFolder> folders = segment_folders(recordings_.path());
    for (const SegmentFolder& folder : folders) {
        if (uses_.is_stopping()) return;
        update_folder(folder);
        uses_.between_steps();
    }
    for (const std::string& stream : store_.streams_of_segments()) update_stream(stream);
}

void Updater::update_names() {
    const std::int64_t changed_ns = folder_changed_ns(recordings_.path(), "");
    const std::vector<std::string> names = recordings_.names();
    const auto known = store_.recording_stamps();
    std::vector<std::string> gone;
    std::vector<std::string> come;
    auto at = names.begin();
    for (const auto& [id, stamp] : known) {
        while (at != names.end() && *at < id) come.push_back(*at++);
        if (at != names.end() && *at == id) {
            ++at;
        } else {
            gone.push_back(id);
        }
    }
    come.insert(come.end(), at, names.end());
    for (std::size_t first = 0; first < gone.size(); first += kBatchRows) {
        Transaction all = store_.begin();
        const std::size_t end = std::min(first + kBatchRows, gone.size());
        for (std::size_t i = first; i < end; ++i) store_.drop_recording(gone[i]);
        all.commit();
    }
    bool are_all_there = true;
    for (std::size_t first = 0; first < come.size() && !uses_.is_stopping(); first += kBatchRows) {
        Transaction all = store_.begin();
        const std::size_t end = std::min(first + kBatchRows, come.size());
        for (std::size_t i = first; i < end; ++i) {
            const auto scanned = scan_recording(recordings_, come[i]);
            if (scanned) {
                store_.put(scanned->row);
                for (const MediaRow& media : scanned->media) store_.put(media);
            } else if (wall_us() * 1000 - folder_changed_ns(recordings_.path(), come[i]) <
                       kArrivingNs) {
                are_all_there = false;
            }
        }
        all.commit();
        uses_.between_steps();
    }
    uses_.saw("", are_all_there ? settled(changed_ns) : 0);
}

void Updater::update_recording(const std::string& id) {
    const auto scanned = scan_recording(recordings_, id);
    Transaction all = store_.begin();
    store_.drop_recording(id);
    if (scanned) {
        store_.put(scanned->row);
        for (const MediaRow& media : scanned->media) store_.put(media);
    }
    all.commit();
}

void Updater::update_file(const std::string& file) {
    const auto folder = segment_folder_of_file(file);
    const auto there =
        folder ? segment_file(recordings_.path(), *folder, file.substr(file.rfind('/') + 1))
               : std::nullopt;
    if (!there) return store_.drop_file(file);
    update_segment(*folder, *there);
}

/// False: nothing can be read of it.
bool Updater::update_segment(const SegmentFolder& folder, const SegmentFile& file) {
    auto scanned = scan_segment(recordings_.path(), folder, file);
    if (!scanned) {
        store_.drop_file(folder.folder + "/" + file.name);
        return false;
    }
    // Where it ends now is asked of the file.
    if (is_growing(scanned->form)) scanned->end_us = 0;
    store_.put(*scanned);
    return true;
}

void Updater::update_stream(const std::string& stream) {
    for (const SegmentFolder& folder : segment_folders_of(stream)) update_folder(folder);
}

void Updater::update_folder(const SegmentFolder& folder) {
    const std::int64_t changed_ns = folder_changed_ns(recordings_.path(), folder.folder);
    const std::vector<SegmentFile> files = segment_files(recordings_.path(), folder);
    const std::string begin = folder.folder + "/";
    std::map<std::string, MediaRow> known;
    for (MediaRow& row : store_.segments(folder.stream)) {
        // A stream may have a folder of each layout.
        if (row.file.starts_with(begin) && row.file.find('/', begin.size()) == std::string::npos) {
            known.emplace(row.file.substr(begin.size()), std::move(row));
        }
    }
    std::optional<Transaction> batch;
    std::size_t written = 0;
    const auto next_row = [&] {
        if (written++ % kBatchRows != 0) return;
        if (batch) batch->commit();
        batch.reset();
        batch.emplace(store_.database());
    };
    bool is_awaited = false;  // one that nothing can be read of yet
    for (const SegmentFile& file : files) {
        const auto row = known.find(file.name);
        const bool is_known = row != known.end() && row->second.stamp == file.stamp &&
                              row->second.kept == file.kept && !is_growing(row->second.form);
        if (row != known.end()) known.erase(row);
        if (is_known) continue;
        if (uses_.is_stopping()) break;
        next_row();
        if (!update_segment(folder, file)) is_awaited = is_awaited || file.is_open;
    }
    for (const auto& [name, row] : known) {
        if (uses_.is_stopping()) break;
        next_row();
        store_.drop_file(row.file);
    }
    if (batch) batch->commit();
    uses_.saw(folder.folder, is_awaited ? 0 : settled(changed_ns));
}

}  // namespace st::archive
