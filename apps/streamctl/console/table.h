#pragma once
/// Columns of text, aligned; numbers to the right; as narrow as the terminal needs them.
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace st::streamctl {

class Table {
 public:
    struct Column {
        std::string title;
        bool is_number = false;
        /// Where there is no room, the column with the highest is left out first; 0: never.
        int leave_out = 0;
        /// Where there is no room, cells are cut to this first; 0: not.
        std::size_t cut_to = 0;
        /// The first column alone: names that people copy. Where they take much of the room, each
        /// stands whole on a line of its own, above the rest of its row.
        bool own_line = false;
    };
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    /// As many cells as columns. What would move the cursor is taken out.
    void add(std::vector<std::string> cells);
    /// Columns of the terminal that all of it takes.
    std::size_t width() const;
    /// `width` 0: no limit. Else columns are left out, and if that does not do, cells cut off,
    /// until no line is longer.
    void print(std::ostream& out, std::size_t width = 0) const;

 private:
    std::vector<std::size_t> column_widths() const;
    std::vector<std::size_t> fitting(std::vector<std::size_t> shown,
                                     std::vector<std::size_t>& widths, std::size_t width) const;

    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

/// Columns of the terminal that standard output is; 0 if it is none: then nothing is cut.
std::size_t output_width();
/// `names` in as many columns as `width` has room for, read downwards, each line ended.
std::string in_columns(const std::vector<std::string>& names, std::size_t width);
/// An RFC 3339 time as "2026-01-31 09:15:30 +01:00"; what is none is shown as it is.
std::string local_time(const std::string& rfc3339);
/// Milliseconds as "1:02:03" or "12.3s".
std::string clock_text(std::uint64_t ms);
/// Microseconds as milliseconds: "12.3".
std::string ms_text(double us);
std::string ms_text(std::int64_t us);
/// "1280x720"
std::string size_text(std::uint64_t width, std::uint64_t height);
/// "microseconds", of the "us" in which a camera counts.
std::string unit_text(std::string_view unit);
/// "1 message", "2 messages".
std::string counted(std::uint64_t count, const std::string& one);
/// "1 message that is", "2 messages that are".
std::string counted(std::uint64_t count, const std::string& one, const std::string& many);

}  // namespace st::streamctl
