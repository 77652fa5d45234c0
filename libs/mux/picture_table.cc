#include "mux/picture_table.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/clock.h"

namespace st::mux {
namespace {

constexpr std::size_t kColumns = 12;
constexpr std::int64_t kSecondUs = 1'000'000;

template <class Number>
void append_number(std::string& out, Number value) {
    std::array<char, 24> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    out.append(text.data(), end);
}

template <class Number>
void append_known(std::string& out, const std::optional<Number>& value) {
    if (value) append_number(out, *value);
    out += ',';
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out);
    return error == std::errc{} && stop == end;
}

template <class Number>
bool read_known(std::string_view text, std::optional<Number>& out) {
    if (text.empty()) return true;
    out.emplace();
    return read_number(text, *out);
}

/// Parses rows; those of one second share the text of its date.
class Rows {
 public:
    /// The column that is wrong; nullopt: none.
    std::optional<std::size_t> take(std::string_view line, PictureTable& table) {
        std::array<std::string_view, kColumns> fields;
        for (std::size_t i = 0; i < kColumns; ++i) {
            const std::size_t comma = i + 1 == kColumns ? line.size() : line.find(',');
            if (comma == std::string_view::npos) return i;
            fields[i] = line.substr(0, comma);
            line.remove_prefix(std::min(comma + 1, line.size()));
        }
        PictureRow& row = table.rows.emplace_back();
        std::uint32_t key = 0;
        const std::array good{
            read_number(fields[0], row.picture) && row.picture + 1 == table.rows.size(),
            read_known(fields[1], row.seq),
            read_known(fields[2], row.take_us),
            read_wall(fields[3], row.wall_us),
            read_known(fields[4], row.device_us),
            read_known(fields[5], row.arrival_us),
            read_number(fields[6], row.pts_us),
            read_number(fields[7], row.duration_us),
            read_number(fields[8], row.bytes),
            read_number(fields[9], key) && key <= 1,
            read_number(fields[10], row.lost_before),
            find_file(fields[11], table)};
        for (std::size_t i = 0; i < kColumns; ++i) {
            if (!good[i]) return i;
        }
        row.is_key = key == 1;
        row.file = static_cast<std::uint32_t>(table.files.size() - 1);
        return std::nullopt;
    }

 private:
    bool read_wall(std::string_view text, std::optional<std::int64_t>& out) {
        constexpr std::size_t kToSecond = 19;  // 2026-01-31T08:15:30
        if (text.empty()) return true;
        if (text.size() != kToSecond + 8 || text[kToSecond] != '.' || text.back() != 'Z')
            return false;
        if (text.substr(0, kToSecond) != second_text_) {
            const auto second = parse_rfc3339(std::string(text.substr(0, kToSecond)) + "Z");
            if (!second) return false;
            second_text_ = text.substr(0, kToSecond);
            second_us_ = *second;
        }
        std::uint32_t us = 0;
        if (!read_number(text.substr(kToSecond + 1, 6), us)) return false;
        out = second_us_ + us;
        return true;
    }

    static bool find_file(std::string_view name, PictureTable& table) {
        if (!table.files.empty() && table.files.back() == name) return true;
        if (table.files.size() >= kTableFilesMax) return false;
        table.files.emplace_back(name);
        return true;
    }

    std::string second_text_;
    std::int64_t second_us_ = 0;
};

}  // namespace

void WallText::append(std::string& out, std::int64_t wall_us) {
    const std::int64_t us = (wall_us % kSecondUs + kSecondUs) % kSecondUs;
    const std::int64_t second = (wall_us - us) / kSecondUs;
    if (second != second_ || text_.empty()) {
        second_ = second;
        text_ = rfc3339(second * kSecondUs).substr(0, 19);
    }
    std::array<char, 8> fraction{'.', '0', '0', '0', '0', '0', '0', 'Z'};
    std::int64_t rest = us;
    for (std::size_t i = 6; i > 0; --i, rest /= 10)
        fraction[i] = static_cast<char>('0' + rest % 10);
    out += text_;
    out.append(fraction.data(), fraction.size());
}

void append_row(std::string& out, const PictureRow& row, std::string_view file, WallText& wall) {
    append_number(out, row.picture);
    out += ',';
    append_known(out, row.seq);
    append_known(out, row.take_us);
    if (row.wall_us) wall.append(out, *row.wall_us);
    out += ',';
    append_known(out, row.device_us);
    append_known(out, row.arrival_us);
    append_number(out, row.pts_us);
    out += ',';
    append_number(out, row.duration_us);
    out += ',';
    append_number(out, row.bytes);
    out += row.is_key ? ",1," : ",0,";
    append_number(out, row.lost_before);
    out += ',';
    out += file;
    out += '\n';
}

std::string to_csv(const PictureTable& table) {
    constexpr std::size_t kRowBytes = 128;
    std::string out(kPictureTableHeader);
    out.reserve(out.size() + table.rows.size() * kRowBytes);
    WallText wall;
    for (const PictureRow& row : table.rows) append_row(out, row, table.files[row.file], wall);
    return out;
}

Result<PictureTable> read_picture_table(std::string_view text) {
    if (!text.starts_with(kPictureTableHeader))
        return Error{"line 1: not the header of this table"};
    text.remove_prefix(kPictureTableHeader.size());
    PictureTable table;
    Rows rows;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const auto wrong = [line = table.rows.size() + 2](const std::string& what) {
            return Error{"line " + std::to_string(line) + ": " + what};
        };
        if (end == std::string_view::npos) return wrong("is cut off");
        if (table.rows.size() == kTableRowsMax) return wrong("more rows than are read");
        if (const auto column = rows.take(text.substr(0, end), table))
            return wrong("column " + std::to_string(*column + 1) + " is wrong");
        text.remove_prefix(end + 1);
    }
    return table;
}

}  // namespace st::mux
