#pragma once
/// What could not be deleted lately. It is left alone for some minutes, so that what is newer has
/// its turn, and is told of once an hour. Pure; one thread. Private to libs/archive.
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "record/recordings.h"

namespace st::archive {

class Undeletable {
 public:
    static constexpr std::int64_t kLeaveForUs = 300'000'000;
    /// Remembered.
    static constexpr std::size_t kMax = 20'000;
    /// In vain in one look, which on a slow disk takes long: the next one goes on behind them.
    static constexpr std::size_t kTriesMax = 2'000;
    /// In a row, in which the disk fails for another reason than rights: it is the disk's.
    static constexpr std::size_t kFoldersMax = 10;
    static constexpr std::int64_t kQuietUs = 3'600'000'000;

    /// `boot_us`: CLOCK_BOOTTIME.
    void begin_look(std::int64_t boot_us);
    /// `folder`: that it lies in; "": the recordings folder. `name`: its id, or its file counted
    /// from there.
    bool leaves_alone(const std::string& folder, const std::string& name) const;
    /// False: the look shall end, nothing else can be deleted either.
    bool add(const std::string& folder, const std::string& name, const record::RemoveError& why);
    void note_deleted() { failed_.clear(); }
    /// What is to be said, one sentence for all of a kind.
    std::vector<std::string> end_look();

 private:
    struct Kind {
        std::string first;        ///< since it was told
        std::uint64_t count = 0;  ///< likewise
        std::int64_t quiet_until_us = 0;
    };

    void remember(const std::string& key);

    std::int64_t boot_us_ = 0;
    std::unordered_map<std::string, std::int64_t> until_us_;  ///< folders end in a slash
    std::deque<std::string> order_;                           ///< of those, the first to be tried
    std::set<std::string> failed_;                            ///< folders, in a row
    std::size_t tries_ = 0;                                   ///< in vain, of this look
    std::map<std::pair<int, bool>, Kind> kinds_;
};

}  // namespace st::archive
