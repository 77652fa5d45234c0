#include "mux/picture_table.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/clock.h"

namespace st::mux {
namespace {

constexpr std::size_t kColumns = 12;
constexpr std::int64_t kSecondUs = 1'000'000;
/// A name has at most 255 bytes, a number 20 digits.
constexpr std::size_t kLineBytesMax = 1024;

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

Error PictureTableReader::wrong(const std::string& what) const {
    return Error{"line " + std::to_string(lines_ + 1) + ": " + what};
}

Result<void> PictureTableReader::feed(std::string_view piece) {
    while (!piece.empty()) {
        const std::size_t end = piece.find('\n');
        const std::string_view part = piece.substr(0, end);
        if (begun_.size() + part.size() > kLineBytesMax) return wrong("is too long");
        if (end == std::string_view::npos) {
            begun_ += part;
            return {};
        }
        piece.remove_prefix(end + 1);
        if (begun_.empty()) {
            if (auto read = line(part); !read) return read;
        } else {
            begun_ += part;
            const auto read = line(begun_);
            begun_.clear();
            if (!read) return read;
        }
        ++lines_;
    }
    return {};
}

Result<void> PictureTableReader::line(std::string_view text) {
    if (lines_ == 0) {
        if (text == kPictureTableHeader.substr(0, kPictureTableHeader.size() - 1)) return {};
        return wrong("not the header of this table");
    }
    if (const auto column = row(text))
        return wrong("column " + std::to_string(*column + 1) + " is wrong");
    take_(row_, files_.back());
    return {};
}

std::optional<std::size_t> PictureTableReader::row(std::string_view text) {
    std::array<std::string_view, kColumns> fields;
    for (std::size_t i = 0; i < kColumns; ++i) {
        const std::size_t comma = i + 1 == kColumns ? text.size() : text.find(',');
        if (comma == std::string_view::npos) return i;
        fields[i] = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    row_ = PictureRow();
    std::uint32_t key = 0;
    const std::array good{read_number(fields[0], row_.picture) && row_.picture + 1 == lines_,
                          read_known(fields[1], row_.seq),
                          read_known(fields[2], row_.take_us),
                          read_wall(fields[3], row_.wall_us),
                          read_known(fields[4], row_.device_us),
                          read_known(fields[5], row_.arrival_us),
                          read_number(fields[6], row_.pts_us),
                          read_number(fields[7], row_.duration_us),
                          read_number(fields[8], row_.bytes),
                          read_number(fields[9], key) && key <= 1,
                          read_number(fields[10], row_.lost_before),
                          find_file(fields[11])};
    for (std::size_t i = 0; i < kColumns; ++i) {
        if (!good[i]) return i;
    }
    row_.is_key = key == 1;
    row_.file = static_cast<std::uint32_t>(files_.size() - 1);
    return std::nullopt;
}

/// Rows of one second share the text of its date.
bool PictureTableReader::read_wall(std::string_view text, std::optional<std::int64_t>& out) {
    constexpr std::size_t kToSecond = 19;  // 2026-01-31T08:15:30
    if (text.empty()) return true;
    if (text.size() != kToSecond + 8 || text[kToSecond] != '.' || text.back() != 'Z') return false;
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

bool PictureTableReader::find_file(std::string_view name) {
    if (!files_.empty() && files_.back() == name) return true;
    if (files_.size() >= kTableFilesMax) return false;
    files_.emplace_back(name);
    return true;
}

Result<void> PictureTableReader::finish() const {
    if (lines_ == 0) return wrong("not the header of this table");
    return begun_.empty() ? Result<void>() : wrong("is cut off");
}

Result<PictureTable> read_picture_table(std::string_view text) {
    PictureTable table;
    PictureTableReader reader(
        [&](const PictureRow& row, const std::string&) { table.rows.push_back(row); });
    if (std::ranges::count(text, '\n') > static_cast<std::ptrdiff_t>(kTableRowsMax) + 1)
        return Error{"more rows than are read"};
    if (auto read = reader.feed(text); !read) return read.error();
    if (auto whole = reader.finish(); !whole) return whole.error();
    table.files = reader.files();
    return table;
}

}  // namespace st::mux
