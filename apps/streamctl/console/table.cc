#include "streamctl/console/table.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>

#include "base/clock.h"
#include "base/when.h"
#include "cli/terminal.h"
#include "streamctl/client/printable.h"

namespace st::streamctl {
namespace {

constexpr std::size_t kGap = 2;
/// Of a row whose name stands above it.
constexpr std::size_t kIndent = 2;

/// Places on the screen. What is shown went through printable(): no character is wider than one.
std::size_t places(const std::string& text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

/// Of a longer text the beginning, and an ellipsis.
std::string cut(const std::string& text, std::size_t width) {
    if (places(text) <= width) return text;
    if (width == 0) return {};
    std::size_t end = 0;
    for (std::size_t left = width - 1; end < text.size(); ++end) {
        if ((text[end] & 0xC0) == 0x80) continue;
        if (left == 0) break;
        --left;
    }
    return text.substr(0, end) + "…";
}

std::size_t total(const std::vector<std::size_t>& widths, const std::vector<std::size_t>& shown) {
    std::size_t sum = 0;
    for (const std::size_t i : shown) sum += widths[i] + kGap;
    return sum == 0 ? 0 : sum - kGap;
}

/// Takes from the widest until the sum fits.
void narrow(std::vector<std::size_t>& widths, const std::vector<std::size_t>& shown,
            std::size_t width) {
    constexpr std::size_t kNarrowest = 4;
    while (total(widths, shown) > width) {
        const auto widest = std::ranges::max_element(
            shown, [&](std::size_t a, std::size_t b) { return widths[a] < widths[b]; });
        if (widths[*widest] <= kNarrowest) return;
        --widths[*widest];
    }
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
    for (std::string& cell : cells) cell = printable(cell);
    rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::column_widths() const {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t width = places(columns_[i].title);
        for (const auto& row : rows_) width = std::max(width, places(row[i]));
        widths.push_back(width);
    }
    return widths;
}

std::size_t Table::width() const {
    std::vector<std::size_t> all(columns_.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return total(column_widths(), all);
}

/// Of the columns `shown` those that there is room for; their widths are made to fit.
std::vector<std::size_t> Table::fitting(std::vector<std::size_t> shown,
                                        std::vector<std::size_t>& widths, std::size_t width) const {
    if (total(widths, shown) > width) {
        for (const std::size_t i : shown) {
            const std::size_t cut_to = std::max(columns_[i].cut_to, places(columns_[i].title));
            if (columns_[i].cut_to != 0) widths[i] = std::min(widths[i], cut_to);
        }
    }
    while (total(widths, shown) > width) {
        const auto least = std::ranges::max_element(shown, [&](std::size_t a, std::size_t b) {
            return columns_[a].leave_out < columns_[b].leave_out;
        });
        if (least == shown.end() || columns_[*least].leave_out == 0) break;
        shown.erase(least);
    }
    narrow(widths, shown, width);
    return shown;
}

void Table::print(std::ostream& out, std::size_t width) const {
    std::vector<std::size_t> widths = column_widths();
    std::vector<std::size_t> shown(columns_.size());
    std::iota(shown.begin(), shown.end(), std::size_t{0});
    // Nearly half is much.
    const bool is_apart = width != 0 && columns_.front().own_line && total(widths, shown) > width &&
                          widths[0] * 20 >= width * 9;
    if (is_apart) shown.erase(shown.begin());
    if (width != 0) shown = fitting(shown, widths, width - (is_apart ? kIndent : 0));
    const auto print_row = [&](const auto& cell) {
        if (is_apart) out << cell(0) << '\n';
        std::string line(is_apart ? kIndent : 0, ' ');
        for (const std::size_t i : shown) {
            const std::string text = cut(cell(i), widths[i]);
            const std::string pad(widths[i] - places(text), ' ');
            line += std::string(i == shown.front() ? 0 : kGap, ' ');
            line += columns_[i].is_number ? pad + text : text + pad;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out << line << '\n';
    };
    print_row([&](std::size_t i) { return columns_[i].title; });
    for (const auto& row : rows_) print_row([&](std::size_t i) { return row[i]; });
}

std::size_t output_width() {
    return cli::is_terminal(STDOUT_FILENO) ? static_cast<std::size_t>(cli::columns(STDOUT_FILENO))
                                           : 0;
}

std::string in_columns(const std::vector<std::string>& names, std::size_t width) {
    std::size_t widest = 0;
    for (const std::string& name : names) widest = std::max(widest, places(name));
    const std::size_t across = std::max<std::size_t>(1, (width + kGap) / (widest + kGap));
    const std::size_t down = (names.size() + across - 1) / across;
    std::string text;
    for (std::size_t row = 0; row < down; ++row) {
        for (std::size_t i = row; i < names.size(); i += down) {
            const bool is_last = i + down >= names.size();
            text += names[i];
            if (!is_last) text += std::string(widest + kGap - places(names[i]), ' ');
        }
        text += '\n';
    }
    return text;
}

std::string local_time(const std::string& rfc3339) {
    const auto at = parse_rfc3339(rfc3339);
    return at ? local_text(*at) : printable(rfc3339);
}

std::string clock_text(std::uint64_t ms) {
    if (ms < 60'000) return fixed(static_cast<double>(ms) / 1000, 1) + "s";
    std::array<char, 64> text{};
    const std::uint64_t s = ms / 1000;
    std::snprintf(
        text.data(), text.size(), "%llu:%02llu:%02llu", static_cast<unsigned long long>(s / 3600),
        static_cast<unsigned long long>(s / 60 % 60), static_cast<unsigned long long>(s % 60));
    return text.data();
}

std::string ms_text(double us) { return fixed(us / 1000, 1); }

std::string ms_text(std::int64_t us) { return ms_text(static_cast<double>(us)); }

std::string size_text(std::uint64_t width, std::uint64_t height) {
    return std::to_string(width) + "x" + std::to_string(height);
}

std::string unit_text(std::string_view unit) {
    if (unit == "us") return "microseconds";
    return unit == "ms" ? "milliseconds" : printable(unit);
}

std::string counted(std::uint64_t count, const std::string& one) {
    return counted(count, one, one + "s");
}

std::string counted(std::uint64_t count, const std::string& one, const std::string& many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

}  // namespace st::streamctl
