#pragma once
/// The messages of one endpoint on disk, until they are delivered: a file of lines
/// (journal_record.h), appended to by one write each, so that kill -9 takes none away. Lines that
/// cannot be read are left out and counted. One thread; it blocks.
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "notify/journal_record.h"
#include "notify/journal_rewrite.h"

namespace st::notify {

class Journal {
 public:
    /// What the messages that wait may take on disk; a further one is not taken.
    static constexpr std::uint64_t kWaitingBytesMax = std::uint64_t{64} << 20;
    /// Failed messages that are kept for a replay; the oldest go.
    static constexpr std::size_t kFailedMax = 1'000;
    /// A shorter file is not worth being written anew.
    static constexpr std::uint64_t kCompactBytes = std::uint64_t{1} << 20;

    struct Message {
        std::string id;
        std::int64_t at_us = 0;
        std::string type;
        std::string body;
    };
    struct FailedMessage {
        std::string id;
        std::int64_t at_us = 0;
        std::string type;
        std::uint32_t attempts = 0;
        std::string why;
    };

    /// Opens the file or makes it (0600), and the folder it lies in (0700). Throws
    /// std::system_error.
    explicit Journal(std::string path, std::uint64_t waiting_bytes_max = kWaitingBytesMax);

    const std::string& path() const { return path_; }
    /// Its own, as long as the file is there; stands in the ids of its messages.
    const std::string& id() const { return salt_; }
    std::size_t waiting() const { return waiting_.size(); }
    std::uint64_t waiting_bytes() const { return waiting_bytes_; }
    std::size_t failed() const { return failed_.size(); }
    std::uint64_t unreadable_lines() const { return unreadable_; }

    /// False: full. Throws std::system_error if it cannot be written: then it was not taken.
    bool add(std::int64_t at_us, const std::string& type, const std::string& body);
    /// The oldest that waits; nullopt: none does. One that cannot be read is given up.
    std::optional<Message> front();
    /// What is known of tries to deliver it; nullptr: none, or no message waits.
    const Tried* tried() const { return tried_ ? &*tried_ : nullptr; }
    /// When the oldest happened.
    std::int64_t front_at_us() const { return waiting_.front().at_us; }

    // Of the oldest that waits. Throw std::system_error if that cannot be written; it holds all the
    // same, and is written with what comes next, or by sync().
    void note_delivered();
    void note_tried(std::uint32_t attempts, std::int64_t next_us, const std::string& why);
    void note_failed(std::uint32_t attempts, const std::string& why);

    /// Oldest first.
    std::vector<FailedMessage> failed_messages();
    enum class Replayed : std::uint8_t { waits, unknown, no_room };
    /// A failed message waits again, behind the others. Throws std::system_error: it stays as it
    /// was.
    Replayed replay(const std::string& id);

    /// Lets what was written outlive a power failure.
    class Sync {
     public:
        Sync(std::shared_ptr<const Fd> file, std::string path, bool is_new)
            : file_(std::move(file)), path_(std::move(path)), is_new_(is_new) {}
        /// Blocks for as long as the disk does; any thread. Throws std::system_error.
        void run() const;

     private:
        std::shared_ptr<const Fd> file_;
        std::string path_;
        bool is_new_;  ///< its name is to be synced, too
    };
    /// Of what was written so far. Throws std::system_error.
    Sync begin_sync();
    /// Sync::run() has failed.
    void note_unsynced();
    void sync() { begin_sync().run(); }
    bool is_dirty() const { return is_dirty_ || !owed_.empty(); }

    /// Most of the file is over and done with: it is to be written anew with what is left.
    bool is_mostly_past() const;
    std::shared_ptr<JournalRewrite> begin_rewrite() const;
    /// It was written, and becomes the file. Throws std::system_error, or std::logic_error if it
    /// was made from a file that another rewrite has replaced since: the journal stays as it was.
    void finish_rewrite(JournalRewrite& next);
    /// All of that at once.
    void compact();

 private:
    using Place = JournalPlace;

    void load();
    void take(const JournalRecord& record, std::uint64_t offset, std::uint32_t bytes);
    bool reach(std::uint64_t number);
    /// `behind`: a line that is written with it or not at all.
    bool append_added(const Added& added, std::string_view behind = {});
    void keep_failed(FailedPlace failed);
    void append(const JournalRecord& record);
    void write_owed();
    void remove_front();
    std::optional<Added> read(const Place& place) const { return read_added(file_->get(), place); }
    std::string id_of(const Added& added) const;
    std::string next_path() const { return path_ + ".next"; }

    const std::string path_;
    const std::uint64_t waiting_bytes_max_;
    std::shared_ptr<const Fd> file_;
    std::uint64_t size_ = 0;
    std::string salt_;
    std::uint64_t next_number_ = 1;
    std::deque<Place> waiting_;
    std::uint64_t waiting_bytes_ = 0;
    std::uint64_t failed_bytes_ = 0;
    std::deque<FailedPlace> failed_;
    std::optional<Tried> tried_;
    std::uint64_t unreadable_ = 0;
    std::string owed_;  ///< lines that the disk has refused so far
    bool is_dirty_ = false;
    bool is_new_ = false;  ///< another file than the name stood for at the last sync
};

}  // namespace st::notify
