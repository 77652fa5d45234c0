#pragma once
/// Counts trouble that repeats, so that one peer or one broken disk does not fill the log: of
/// warnings and errors that differ in their numbers alone, a few a second are let through, and the
/// others are told as one line once the second is over. Pure; one thread.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "streamd/log_queue.h"

namespace st::streamd {

class RepeatFilter {
 public:
    /// Lines of one kind that are let through in a second.
    static constexpr std::uint64_t kLinesMax = 10;
    /// Kinds that are told apart in a second; what is beyond is let through.
    static constexpr std::size_t kKindsMax = 512;

    /// What is to be written now: counts of the second before, and this line unless it is counted.
    std::vector<LogLine> feed(LogLine line, std::int64_t now_us);
    /// Counts that are due, though no line came.
    std::vector<LogLine> due(std::int64_t now_us);
    /// Everything that was counted.
    std::vector<LogLine> finish();
    /// Whether due() will have something to say.
    bool has_counted() const { return counted_ > 0; }

 private:
    struct Kind {
        std::uint64_t lines = 0;
        std::uint64_t counted = 0;
        LogLine last;
    };

    std::map<std::string, Kind> kinds_;  ///< of this second, by what they have in common
    std::uint64_t counted_ = 0;
    std::int64_t second_ = -1;
};

}  // namespace st::streamd
