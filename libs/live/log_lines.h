#pragma once
/// What a child process says on its standard error, cut into lines fit for a log: bounded in length
/// and in number, clean (base/text.h). Pure.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace st::live {

class LogLines {
 public:
    static constexpr std::size_t kLineBytesMax = 400;  ///< longer lines are cut, and marked so
    static constexpr unsigned kLinesPerSecondMax = 20;

    LogLines() = default;
    /// Lines that begin with `helper_prefix` are of the process itself, the others of what it runs.
    explicit LogLines(std::string helper_prefix) : helper_prefix_(std::move(helper_prefix)) {}

    /// The lines that are whole now and may be logged. Beyond kLinesPerSecondMax they are counted;
    /// the count is a line of its own, once the second is over.
    std::vector<std::string> feed(Bytes bytes, std::int64_t now_ns);
    /// No more comes: the unfinished line, and what was counted.
    std::vector<std::string> finish();

    /// The newest line that was not empty, logged or not.
    const std::string& last() const { return last_; }
    /// The same of those that begin with the helper's prefix, which is taken off.
    const std::string& last_of_helper() const { return last_of_helper_; }

 private:
    void end_line(std::vector<std::string>& out);
    void tell_skipped(std::vector<std::string>& out);

    std::string line_;
    bool is_cut_ = false;
    std::string helper_prefix_;
    std::string last_;
    std::string last_of_helper_;
    std::int64_t second_ = -1;
    unsigned lines_ = 0;         ///< of this second
    std::uint64_t skipped_ = 0;  ///< since the last one logged
};

}  // namespace st::live
