#pragma once
/// Columns of text, aligned; numbers to the right.
#include <ostream>
#include <string>
#include <vector>

namespace st::streamctl {

class Table {
 public:
    struct Column {
        std::string title;
        bool is_number = false;
    };
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    /// As many cells as columns.
    void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    void print(std::ostream& out) const;

 private:
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

/// "29.97"
std::string fixed(double value, int decimals);
/// Milliseconds as "1:02:03.4" or "12.3s".
std::string clock_text(std::uint64_t ms);

}  // namespace st::streamctl
