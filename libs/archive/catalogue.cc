#include "archive/catalogue.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "archive/scan.h"
#include "archive/updater.h"
#include "base/this_thread.h"

namespace st::archive {
namespace {

/// Until a catalogue that cannot be written is tried again.
constexpr std::chrono::seconds kRetryAfter{10};

}  // namespace

Catalogue::Catalogue(std::string recordings_path, Log log)
    : recordings_(std::move(recordings_path)),
      log_(std::move(log)),
      file_(recordings_.path() + "/" + kCatalogueName) {
    wishes_.all = true;
    asked_ = 1;
    thread_ = std::thread([this] { run(); });
}

Catalogue::~Catalogue() {
    {
        const Lock lock(mutex_);
        stops_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

// ---- the thread that writes --------------------------------------------------------------------

void Catalogue::run() {
    name_this_thread("st-catalogue");
    Wishes wishes;
    std::uint64_t asked = 0;
    while (wait_for_wishes(wishes, asked)) {
        try {
            open_and_carry_out(wishes);
            const Lock lock(mutex_);
            done_ = asked;
            if (wishes.all) is_building_ = false;
        } catch (const DatabaseError& error) {  // C3: the top of a thread
            report(error);
        } catch (const std::exception& error) {  // C3: the top of a thread
            log_.warning(std::string("the recordings folder cannot be read: ") + error.what());
        }
        changed_.notify_all();
    }
}

bool Catalogue::wait_for_wishes(Wishes& wishes, std::uint64_t& asked) {
    std::optional<std::string> damage;
    {
        Lock lock(mutex_);
        // What failed is carried out again, but not at once.
        const auto now = std::chrono::steady_clock::now();
        const bool makes_anew = damage_ && now - anew_at_ > kRetryAfter;
        const bool has_failed = asked > done_ && !makes_anew;
        const auto retry_at = now + kRetryAfter;
        while (!stops_ && (has_failed || !damage_) &&
               (has_failed ? std::chrono::steady_clock::now() < retry_at : asked_ == done_)) {
            if (has_failed) {
                changed_.wait_until(lock.native(), retry_at);
            } else {
                changed_.wait(lock.native());
            }
        }
        if (stops_) return false;
        damage = std::exchange(damage_, std::nullopt);
        if (has_failed || damage) wishes_.all = true;
        if (asked_ == done_) ++asked_;
        wishes = std::exchange(wishes_, {});
        asked = asked_;
    }
    if (damage) make_anew(*damage);
    return true;
}

bool Catalogue::is_stopping() const {
    const Lock lock(mutex_);
    return stops_;
}

/// A full disk must not keep retention from making room, for which it has to know what is there.
void Catalogue::open_and_carry_out(const Wishes& wishes) {
    try {
        if (!store_) open_file();
        carry_out(wishes);
    } catch (const DatabaseError& error) {
        if (!error.is_refusal() || !is_building()) throw;
        open_in_memory(error.what());
        carry_out(wishes);
    }
}

void Catalogue::open_file() {
    auto store = std::make_unique<Store>(file_, Database::Mode::write);
    if (!store->prepare()) {
        store.reset();
        make_anew("it is of another version");
        store = std::make_unique<Store>(file_, Database::Mode::write);
        store->prepare();
    }
    use(std::move(store), file_);
}

void Catalogue::open_in_memory(const std::string& why) {
    log_.warning(why + "; until the next start the catalogue is in memory");
    // SQLite finds it by its name, in this program alone: nobody else's may be called so.
    const std::string place = "file:/streamd-" +
                              std::to_string(reinterpret_cast<std::uintptr_t>(this)) + "-" +
                              std::to_string(generations_ + 1) + "?vfs=memdb";
    auto store = std::make_unique<Store>(place, Database::Mode::write);
    store->prepare();
    use(std::move(store), place);
}

void Catalogue::use(std::unique_ptr<Store> store, const std::string& place) {
    store_ = std::move(store);
    const Lock lock(mutex_);
    readers_.clear();
    generation_ = ++generations_;
    place_ = place;
}

void Catalogue::make_anew(const std::string& why) {
    log_.warning("rebuilding the catalogue: " + why);
    {
        const Lock lock(mutex_);
        generation_ = 0;
        readers_.clear();
        seen_.clear();
        is_building_ = true;
    }
    anew_at_ = std::chrono::steady_clock::now();
    store_.reset();
    for (const char* more : {"", "-wal", "-shm"}) ::unlink((file_ + more).c_str());
}

void Catalogue::carry_out(const Wishes& wishes) {
    Updater updater(recordings_, *store_,
                    {[this] { return is_stopping(); }, [this] { serve_small_wishes(); },
                     [this](const std::string& folder, std::int64_t changed_ns) {
                         const Lock lock(mutex_);
                         if (!stops_) seen_[folder] = changed_ns;
                     }});
    if (wishes.all) updater.update_all();
    if (wishes.names && !wishes.all) updater.update_names();
    for (const std::string& id : wishes.recordings) updater.update_recording(id);
    for (const std::string& stream : wishes.streams) updater.update_stream(stream);
    for (const std::string& file : wishes.files) updater.update_file(file);
}

/// During a long look at everything: what changed meanwhile is not left waiting for its end.
void Catalogue::serve_small_wishes() {
    Wishes small;
    {
        const Lock lock(mutex_);
        small.recordings.swap(wishes_.recordings);
        small.streams.swap(wishes_.streams);
        small.files.swap(wishes_.files);
    }
    carry_out(small);
}

// ---- whoever asks ------------------------------------------------------------------------------

template <class Add>
void Catalogue::wish(const Add& add) {
    {
        const Lock lock(mutex_);
        add(wishes_);
        ++asked_;
    }
    changed_.notify_all();
}

void Catalogue::changed(const std::string& id) {
    wish([&](Wishes& wishes) { wishes.recordings.insert(id); });
}

void Catalogue::segment_changed(const std::string& file) {
    wish([&](Wishes& wishes) { wishes.files.insert(file); });
}

void Catalogue::stream_changed(const std::string& stream) {
    wish([&](Wishes& wishes) { wishes.streams.insert(stream); });
}

bool Catalogue::is_building() const {
    const Lock lock(mutex_);
    return is_building_;
}

bool Catalogue::wait(std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    Lock lock(mutex_);
    const std::uint64_t wanted = asked_;
    while (done_ < wanted && !stops_) {
        if (changed_.wait_until(lock.native(), deadline) == std::cv_status::timeout) break;
    }
    return done_ >= wanted;
}

Catalogue::Reader Catalogue::take_reader(std::uint64_t& generation, std::string& place) {
    const Lock lock(mutex_);
    generation = generation_;
    place = place_;
    if (readers_.empty()) return nullptr;
    Reader reader = std::move(readers_.back());
    readers_.pop_back();
    return reader;
}

void Catalogue::return_reader(Reader reader, std::uint64_t generation) {
    const Lock lock(mutex_);
    if (generation == generation_) readers_.push_back(std::move(reader));
}

void Catalogue::report(const DatabaseError& error) {
    log_.warning(error.what());
    {
        const Lock lock(mutex_);
        if (error.is_damage() && !damage_) damage_ = error.what();
    }
    changed_.notify_all();
}

template <class Ask>
auto Catalogue::ask(const Ask& ask) -> std::optional<decltype(ask(std::declval<Store&>()))> {
    std::uint64_t generation = 0;
    std::string place;
    Reader reader = take_reader(generation, place);
    if (generation == 0) return std::nullopt;
    try {
        if (!reader) reader = std::make_unique<Store>(place, Database::Mode::read);
        auto answer = ask(*reader);
        return_reader(std::move(reader), generation);
        return answer;
    } catch (const DatabaseError& error) {
        report(error);
        return std::nullopt;
    }
}

/// With what came or went in the folder without our being told. False: not within kPatience.
bool Catalogue::catch_up() {
    bool has_changed = false;
    {
        const std::int64_t changed_ns = folder_changed_ns(path(), "");
        const Lock lock(mutex_);
        const auto seen = seen_.find("");
        has_changed = !is_building_ && (seen == seen_.end() || seen->second != changed_ns);
    }
    if (has_changed) {
        wish([](Wishes& wishes) { wishes.names = true; });
    }
    return wait(kPatience);
}

TakeRows Catalogue::takes() {
    const bool has_caught_up = catch_up();
    TakeRows takes;
    auto rows = ask([](Store& store) { return store.takes(); });
    takes.is_building = !has_caught_up || is_building() || !rows;
    if (rows) takes.items = std::move(*rows);
    return takes;
}

RecordingPage Catalogue::list(const RecordingQuery& query) {
    const bool has_caught_up = catch_up();
    RecordingPage page;
    auto rows = ask([&](Store& store) { return store.recordings(query); });
    page.is_building = !has_caught_up || is_building() || !rows;
    if (!rows) return page;
    if (rows->size() > query.limit) {
        rows->resize(std::max<std::size_t>(query.limit, 1));
        page.next = cursor_behind(rows->back().started_us, rows->back().id);
    }
    std::size_t bytes = 0;
    for (const RecordingRow& row : *rows) {
        // What it says now; else it was deleted just now.
        auto entry = recordings_.get(row.id);
        if (!entry) {
            page.is_building = page.is_building || entry.error().code != 404;
            changed(row.id);
            continue;
        }
        if (entry->state != row.state || entry->kept != row.kept) {
            changed(row.id);
            if (query.state && entry->state != *query.state) continue;
        }
        bytes += entry->json.size();
        page.items.push_back(std::move(*entry));
        if (bytes < kPageBytesMax || &row == &rows->back()) continue;
        page.next = cursor_behind(row.started_us, row.id);
        break;
    }
    return page;
}

/// What came or went in the folders of a stream without our being told.
void Catalogue::look_for_news(const std::string& stream) {
    const auto look = [&](const std::string& folder) {
        const std::int64_t changed_ns = folder_changed_ns(path(), folder);
        const Lock lock(mutex_);
        const auto seen = seen_.find(folder);
        return !is_building_ && changed_ns != (seen == seen_.end() ? 0 : seen->second);
    };
    if (look("")) {
        wish([](Wishes& wishes) { wishes.names = true; });
    }
    for (const SegmentFolder& folder : segment_folders_of(stream)) {
        if (look(folder.folder)) stream_changed(stream);
    }
}

/// A segment that grew when it was looked at last, as it is now. nullopt: it is gone.
std::optional<MediaRow> Catalogue::look_again(const MediaRow& row) {
    const std::size_t slash = row.file.rfind('/');
    auto now = scan_segment(path(), {row.file.substr(0, slash), row.stream},
                            {row.file.substr(slash + 1), row.stamp, row.kept});
    if (now && !is_growing(now->form)) segment_changed(row.file);
    return now;
}

Catalogue::Media Catalogue::media(const std::string& stream, std::int64_t from_us,
                                  std::int64_t to_us, std::size_t limit) {
    look_for_news(stream);
    bool has_caught_up = true;
    const auto known = [&] {
        has_caught_up = wait(kPatience);
        return ask([&](Store& store) { return store.media(stream, from_us, to_us, limit); });
    };
    auto rows = known();
    // Whoever finished a recording may not have told yet.
    bool is_stale = false;
    for (const MediaRow& row : rows.value_or(std::vector<MediaRow>())) {
        if (row.form != MediaForm::dump || recordings_.stamp(row.recording) == row.stamp) continue;
        changed(row.recording);
        is_stale = true;
    }
    if (is_stale) rows = known();
    Media media;
    media.is_building = !has_caught_up || is_building() || !rows;
    if (!rows) return media;
    for (MediaRow& row : *rows) {
        if (is_growing(row.form)) {
            const auto now = look_again(row);
            if (!now) continue;  // it was deleted just now
            row = *now;
            if (row.end_us <= from_us) continue;
        }
        media.rows.push_back(std::move(row));
    }
    return media;
}

std::vector<RecordingRow> Catalogue::oldest_recordings(std::int64_t after_us,
                                                       const std::string& after,
                                                       std::size_t limit) {
    return ask([&](Store& store) { return store.oldest_recordings(after_us, after, limit); })
        .value_or(std::vector<RecordingRow>());
}

std::vector<MediaRow> Catalogue::oldest_segments(std::int64_t after_us, const std::string& after,
                                                 std::size_t limit) {
    return ask([&](Store& store) { return store.oldest_segments(after_us, after, limit); })
        .value_or(std::vector<MediaRow>());
}

std::optional<std::set<std::string>> Catalogue::kept_takes() {
    return ask([](Store& store) { return store.kept_takes(); });
}

bool Catalogue::is_kept_take(const std::string& take) {
    const auto ids = ask([&](Store& store) { return store.recordings_of_take(take); });
    return !ids || std::ranges::any_of(*ids, [&](const std::string& id) {
        const auto entry = recordings_.get(id);
        return entry ? entry->kept : entry.error().code != 404;
    });
}

std::optional<std::int64_t> Catalogue::newest_us() {
    return ask([](Store& store) { return store.newest_us(); }).value_or(std::nullopt);
}

SegmentPage Catalogue::segments(const SegmentQuery& query) {
    look_for_news(query.stream);
    const bool has_caught_up = wait(kPatience);
    SegmentPage page;
    auto rows = ask([&](Store& store) { return store.segments(query); });
    page.is_building = !has_caught_up || is_building() || !rows;
    if (!rows) return page;
    if (rows->size() > query.limit) {
        rows->resize(std::max<std::size_t>(query.limit, 1));
        page.next = cursor_behind(rows->back().start_us, rows->back().file);
    }
    for (MediaRow& row : *rows) {
        if (is_growing(row.form)) {
            const auto now = look_again(row);
            if (!now) continue;  // it was deleted just now
            row = *now;
        }
        page.items.push_back(std::move(row));
    }
    return page;
}

std::vector<MediaRow> Catalogue::newest_segments(const std::string& stream, std::size_t limit) {
    look_for_news(stream);
    wait(kPatience);
    return ask([&](Store& store) { return store.newest_segments(stream, limit); })
        .value_or(std::vector<MediaRow>());
}

std::vector<SegmentTotal> Catalogue::segment_totals() {
    for (const SegmentFolder& folder : segment_folders(path())) look_for_news(folder.stream);
    wait(kPatience);
    return ask([](Store& store) { return store.segment_totals(); })
        .value_or(std::vector<SegmentTotal>());
}

std::map<std::string, std::uint64_t> Catalogue::bytes_by_stream() {
    std::map<std::string, std::uint64_t> bytes;
    std::vector<OpenItem> open;
    ask([&](Store& store) {
        for (const auto& [stream, known] : store.bytes_by_stream()) bytes[stream] += known;
        open = store.open_items();
        return true;
    });
    for (const OpenItem& item : open) {
        std::uint64_t now = 0;
        if (!item.recording.empty()) {
            now = recordings_.bytes(item.recording);
        } else if (const Fd file = open_below(path(), item.file)) {
            struct stat status {};
            if (::fstat(file.get(), &status) == 0) now = static_cast<std::uint64_t>(status.st_size);
        }
        bytes[item.stream] += now - std::min(now, item.bytes);
    }
    return bytes;
}

Result<void, record::RemoveError> Catalogue::remove(std::string_view id) {
    auto removed = recordings_.remove(id);
    changed(std::string(id.substr(0, 255)));
    return removed;
}

Result<void, record::RemoveError> Catalogue::remove_segment(const std::string& file) {
    auto removed = archive::remove_segment(path(), file);
    // What the disk refused is as it was: of thousands of those each would be read again.
    if (removed || removed.error().error_number == 0) segment_changed(file);
    return removed;
}

Result<void> Catalogue::keep(std::string_view id, bool kept) {
    auto done = recordings_.keep(id, kept);
    if (done) changed(std::string(id));
    return done;
}

}  // namespace st::archive
