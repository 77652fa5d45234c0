#include "streamctl/console/table.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace st::streamctl {

void Table::print(std::ostream& out) const {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t width = columns_[i].title.size();
        for (const auto& row : rows_) width = std::max(width, row[i].size());
        widths.push_back(width);
    }
    const auto print_row = [&](const auto& cell) {
        std::string line;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const std::string text = cell(i);
            const std::string pad(widths[i] - text.size(), ' ');
            line += (i == 0 ? "" : "  ") + (columns_[i].is_number ? pad + text : text + pad);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out << line << '\n';
    };
    print_row([&](std::size_t i) { return columns_[i].title; });
    for (const auto& row : rows_) print_row([&](std::size_t i) { return row[i]; });
}

std::string fixed(double value, int decimals) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
    return text.data();
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

}  // namespace st::streamctl
