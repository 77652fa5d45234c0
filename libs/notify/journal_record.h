#pragma once
/// One line of a hook journal. Pure; any thread. docs/hooks.md, "The journal".
///
///     {"journal":1,"salt":"5f0c...","next":7}                              first line of the file
///     {"add":7,"at_us":1769..,"type":"camera.started","body":"{..}"}       a message waits
///     {"add":9,"id":"msg_..","at_us":..,"type":"..","body":".."}           again, under its old id
///     {"tried":7,"attempts":2,"next_us":1769..,"why":"HTTP 503"}           in vain, next at that
///     time
///     {"done":7}                                                           delivered, or given up
///     {"failed":7,"attempts":10,"why":"HTTP 503"}                          kept for a replay
///
/// Numbers rise; times are wall clock.
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace st::notify {

/// The longest line there can be, its end included.
constexpr std::size_t kJournalLineMax = 64 * 1024;

struct JournalHead {
    std::string salt;        ///< makes the ids of this journal unlike all others'
    std::uint64_t next = 1;  ///< no number from here on was given before
    bool operator==(const JournalHead&) const = default;
};
struct Added {
    std::uint64_t number = 0;
    std::string id;  ///< empty: made of salt and number
    std::int64_t at_us = 0;
    std::string type;
    std::string body;
    bool operator==(const Added&) const = default;
};
struct Tried {
    std::uint64_t number = 0;
    std::uint32_t attempts = 0;
    std::int64_t next_us = 0;
    std::string why;
    bool operator==(const Tried&) const = default;
};
struct Finished {
    std::uint64_t number = 0;
    bool operator==(const Finished&) const = default;
};
struct Failed {
    std::uint64_t number = 0;
    std::uint32_t attempts = 0;
    std::string why;
    bool operator==(const Failed&) const = default;
};

using JournalRecord = std::variant<JournalHead, Added, Tried, Finished, Failed>;

/// One line, its end included.
std::string encode(const JournalRecord& record);
/// `line` without its end.
Result<JournalRecord> decode_journal_record(std::string_view line);

}  // namespace st::notify
