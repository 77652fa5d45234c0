#pragma once
/// What is left of a journal, written to a file beside it that takes its place. The journal goes on
/// being written to meanwhile. docs/hooks.md, "The journal".
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "notify/journal_record.h"

namespace st::notify {

/// Where the "add" line of a message stands.
struct JournalPlace {
    std::uint64_t number = 0;
    std::uint64_t offset = 0;
    std::uint32_t bytes = 0;
    std::int64_t at_us = 0;
};

/// Of one that was given up.
struct FailedPlace {
    JournalPlace place;
    std::uint32_t attempts = 0;
    std::string why;
};

/// nullopt: it cannot be read. Blocks.
std::optional<Added> read_added(int fd, const JournalPlace& place);
/// All or nothing; throws std::system_error. Blocks.
void write_at(int fd, std::string_view text, std::uint64_t offset, const std::string& path);

/// Made and finished on the journal's thread; write() may run on another in between.
class JournalRewrite {
 public:
    struct Left {
        JournalHead head;
        std::deque<FailedPlace> failed;
        std::deque<JournalPlace> waiting;
        std::optional<Tried> tried;
        std::uint64_t size = 0;  ///< of the journal: what comes behind is not in here
    };

    JournalRewrite(std::shared_ptr<const Fd> journal, Left left, std::string path)
        : journal_(std::move(journal)), left_(std::move(left)), path_(std::move(path)) {}
    /// Takes the file away again unless it took the journal's place.
    ~JournalRewrite();
    JournalRewrite(const JournalRewrite&) = delete;
    JournalRewrite& operator=(const JournalRewrite&) = delete;

    /// Blocks for as long as the disk does. Throws std::system_error.
    void write();

    /// Of that file, and not of one that had the journal's name before.
    bool is_made_from(const Fd& journal) const { return &journal == journal_.get(); }

    // Once it is written:
    /// Appends what the journal has got meanwhile, up to `size`, and takes the place of
    /// `journal_path`. Throws std::system_error: then the journal stays.
    std::shared_ptr<const Fd> take_place(std::uint64_t size, const std::string& journal_path);
    /// False: that message could not be read, and is not in here.
    bool move(JournalPlace& place) const;
    /// Of this file, for a journal of that size.
    std::uint64_t size_for(std::uint64_t journal_size) const {
        return size_ + (journal_size - left_.size);
    }

 private:
    void append(const JournalRecord& record);
    bool copy(const JournalPlace& place);

    const std::shared_ptr<const Fd> journal_;
    const Left left_;
    const std::string path_;
    std::shared_ptr<Fd> file_;  ///< null: it is not there (any more)
    std::uint64_t size_ = 0;
    std::map<std::uint64_t, JournalPlace> moved_;  ///< by number
};

}  // namespace st::notify
