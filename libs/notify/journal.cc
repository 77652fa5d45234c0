#include "notify/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "base/encodings.h"
#include "base/random.h"

namespace st::notify {
namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

void make_folders(const std::string& path) {
    for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
        const std::string part = path.substr(0, at);
        if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) fail("mkdir " + part);
        if (at == std::string::npos) return;
    }
}

void sync_folder(const std::string& path) {
    const Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // Some file systems cannot; the file itself was synced.
    if (folder) ::fsync(folder.get());
}

/// More than a second brings, which is what a power failure may take away.
constexpr std::uint64_t kLostNumbersMax = 1'000'000;

/// What of its lines a journal writes later if the disk refuses them.
constexpr std::size_t kOwedMax = kJournalLineMax;

}  // namespace

Journal::Journal(std::string path, std::uint64_t waiting_bytes_max)
    : path_(std::move(path)), waiting_bytes_max_(waiting_bytes_max) {
    make_folders(folder_of(path_));
    Fd file(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) fail("open " + path_);
    file_ = std::make_shared<const Fd>(std::move(file));
    ::unlink(next_path().c_str());  // of a server that was killed meanwhile
    load();
    // What power took away may have been told: nothing else is told under its id.
    if (size_ > 0) next_number_ += kLostNumbersMax;
    if (salt_.empty()) {
        salt_ = hex_encode(random_bytes<8>());
        compact();
    }
}

void Journal::load() {
    static constexpr std::size_t kPieceBytes = 256 * 1024;
    std::string text;
    std::uint64_t text_offset = 0;
    std::uint64_t read_to = 0;
    for (;;) {
        const std::size_t before = text.size();
        text.resize(before + kPieceBytes);
        const ssize_t got =
            ::pread(file_->get(), text.data() + before, kPieceBytes, static_cast<off_t>(read_to));
        if (got < 0) fail("read " + path_);
        text.resize(before + static_cast<std::size_t>(got));
        read_to += static_cast<std::uint64_t>(got);
        std::size_t at = 0;
        for (std::size_t end = text.find('\n'); end != std::string::npos;
             end = text.find('\n', at)) {
            const std::string_view line(text.data() + at, end - at);
            const auto record = decode_journal_record(line);
            if (record) {
                take(*record, text_offset + at, static_cast<std::uint32_t>(line.size() + 1));
            } else {
                ++unreadable_;
            }
            at = end + 1;
        }
        // A line longer than any we write is damage: its end is looked for.
        if (at == 0 && text.size() > kJournalLineMax) at = text.size();
        text.erase(0, at);
        text_offset += at;
        if (got == 0) break;
    }
    // The last line was not written to its end: what comes next takes its place.
    if (!text.empty()) ++unreadable_;
    size_ = text_offset;
    if (size_ < read_to && ::ftruncate(file_->get(), static_cast<off_t>(size_)) != 0) {
        fail("truncate " + path_);
    }
}

void Journal::take(const JournalRecord& record, std::uint64_t offset, std::uint32_t bytes) {
    if (const auto* head = std::get_if<JournalHead>(&record)) {
        salt_ = head->salt;
        next_number_ = std::max(next_number_, head->next);
    } else if (const auto* added = std::get_if<Added>(&record)) {
        next_number_ = std::max(next_number_, added->number + 1);
        waiting_.push_back({added->number, offset, bytes, added->at_us});
        waiting_bytes_ += bytes;
    } else if (const auto* tried = std::get_if<Tried>(&record)) {
        if (reach(tried->number)) tried_ = *tried;
    } else if (const auto* finished = std::get_if<Finished>(&record)) {
        if (reach(finished->number)) return remove_front();
        const auto found = std::find_if(failed_.begin(), failed_.end(), [&](const auto& it) {
            return it.place.number == finished->number;
        });
        if (found == failed_.end()) return;
        failed_bytes_ -= found->place.bytes;
        failed_.erase(found);
    } else if (const auto* failed = std::get_if<Failed>(&record)) {
        if (!reach(failed->number)) return;
        const Place place = waiting_.front();
        remove_front();
        keep_failed({place, failed->attempts, failed->why});
    }
}

/// False also for one that waits no longer. Whatever waits before it is over: one message at a time
/// is dealt with, so the line that said so is missing.
bool Journal::reach(std::uint64_t number) {
    if (number >= next_number_) {  // none was given that number
        ++unreadable_;
        return false;
    }
    while (!waiting_.empty() && waiting_.front().number < number) remove_front();
    return !waiting_.empty() && waiting_.front().number == number;
}

bool Journal::add(std::int64_t at_us, const std::string& type, const std::string& body) {
    return append_added({next_number_, {}, at_us, type, body});
}

bool Journal::append_added(const Added& added, std::string_view behind) {
    const std::string line = encode(JournalRecord(added));
    if (line.size() > kJournalLineMax || waiting_bytes_ + line.size() > waiting_bytes_max_) {
        return false;
    }
    write_owed();
    write_at(file_->get(), line + std::string(behind), size_, path_);
    const auto bytes = static_cast<std::uint32_t>(line.size());
    waiting_.push_back({added.number, size_, bytes, added.at_us});
    waiting_bytes_ += bytes;
    size_ += bytes + behind.size();
    ++next_number_;
    is_dirty_ = true;
    return true;
}

void Journal::append(const JournalRecord& record) {
    const std::string line = encode(record);
    // Behind too much of it the last line has to do: it tells that those before are over.
    if (owed_.size() + line.size() > kOwedMax) owed_.clear();
    owed_ += line;
    write_owed();
}

void Journal::write_owed() {
    if (owed_.empty()) return;
    write_at(file_->get(), owed_, size_, path_);
    size_ += owed_.size();
    owed_.clear();
    is_dirty_ = true;
}

std::string Journal::id_of(const Added& added) const {
    return added.id.empty() ? "msg_" + salt_ + "_" + std::to_string(added.number) : added.id;
}

std::optional<Journal::Message> Journal::front() {
    while (!waiting_.empty()) {
        if (auto added = read(waiting_.front())) {
            return Message{id_of(*added), added->at_us, std::move(added->type),
                           std::move(added->body)};
        }
        ++unreadable_;
        remove_front();
    }
    return std::nullopt;
}

void Journal::remove_front() {
    waiting_bytes_ -= waiting_.front().bytes;
    waiting_.pop_front();
    tried_.reset();
}

void Journal::keep_failed(FailedPlace failed) {
    failed_bytes_ += failed.place.bytes;
    failed_.push_back(std::move(failed));
    if (failed_.size() <= kFailedMax) return;
    failed_bytes_ -= failed_.front().place.bytes;
    failed_.pop_front();
}

void Journal::note_delivered() {
    const std::uint64_t number = waiting_.front().number;
    remove_front();
    append(Finished{number});
}

void Journal::note_tried(std::uint32_t attempts, std::int64_t next_us, const std::string& why) {
    tried_ = Tried{waiting_.front().number, attempts, next_us, why};
    append(*tried_);
}

void Journal::note_failed(std::uint32_t attempts, const std::string& why) {
    const Place place = waiting_.front();
    remove_front();
    keep_failed({place, attempts, why});
    append(Failed{place.number, attempts, why});
}

std::vector<Journal::FailedMessage> Journal::failed_messages() {
    std::vector<FailedMessage> list;
    for (const FailedPlace& failed : failed_) {
        const auto added = read(failed.place);
        if (!added) continue;
        list.push_back({id_of(*added), added->at_us, added->type, failed.attempts, failed.why});
    }
    return list;
}

Journal::Replayed Journal::replay(const std::string& id) {
    for (auto at = failed_.begin(); at != failed_.end(); ++at) {
        const auto added = read(at->place);
        if (!added || id_of(*added) != id) continue;
        const std::string finished = encode(JournalRecord(Finished{at->place.number}));
        if (!append_added({next_number_, id, added->at_us, added->type, added->body}, finished)) {
            return Replayed::no_room;
        }
        failed_bytes_ -= at->place.bytes;
        failed_.erase(at);
        return Replayed::waits;
    }
    return Replayed::unknown;
}

void Journal::Sync::run() const {
    if (::fdatasync(file_->get()) != 0) fail("sync " + path_);
    if (is_new_) sync_folder(folder_of(path_));
}

Journal::Sync Journal::begin_sync() {
    write_owed();
    is_dirty_ = false;
    return {file_, path_, std::exchange(is_new_, false)};
}

void Journal::note_unsynced() {
    is_dirty_ = true;
    is_new_ = true;
}

bool Journal::is_mostly_past() const {
    return size_ > kCompactBytes && size_ > 2 * (waiting_bytes_ + failed_bytes_);
}

std::shared_ptr<JournalRewrite> Journal::begin_rewrite() const {
    return std::make_shared<JournalRewrite>(
        file_,
        JournalRewrite::Left{JournalHead{salt_, next_number_}, failed_, waiting_, tried_, size_},
        next_path());
}

/// Lines that the disk refuses stay owed: written twice, they say the same.
void Journal::finish_rewrite(JournalRewrite& next) {
    if (!next.is_made_from(*file_)) {
        throw std::logic_error(path_ + " was written anew meanwhile");
    }
    file_ = next.take_place(size_, path_);
    size_ = next.size_for(size_);
    waiting_bytes_ = 0;
    for (Place place : std::exchange(waiting_, {})) {
        if (!next.move(place)) continue;
        waiting_bytes_ += place.bytes;
        waiting_.push_back(place);
    }
    failed_bytes_ = 0;
    for (FailedPlace& failed : std::exchange(failed_, {})) {
        if (!next.move(failed.place)) continue;
        failed_bytes_ += failed.place.bytes;
        failed_.push_back(std::move(failed));
    }
    is_dirty_ = true;
    is_new_ = true;
}

void Journal::compact() {
    const auto next = begin_rewrite();
    next->write();
    finish_rewrite(*next);
    sync();
}

}  // namespace st::notify
