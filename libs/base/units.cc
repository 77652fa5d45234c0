#include "base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace st {
namespace {

struct Amount {
    double number;
    std::string_view unit;
};

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

/// `what`: with an example, for the message.
Result<Amount> split(std::string_view text, std::string_view what) {
    const std::size_t digits = text.find_first_not_of("0123456789.");
    const std::string_view number = text.substr(0, digits);
    const std::string_view unit = digits == std::string_view::npos ? "" : text.substr(digits);
    double value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (number.empty() || number.front() == '.' || error != std::errc{} ||
        end != number.data() + number.size() || !std::isfinite(value)) {
        return Error{quoted(text) + " is not a " + std::string(what)};
    }
    return Amount{value, unit};
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const auto amount = split(text, "duration such as 10s");
    if (!amount) return amount.error();
    double ms = 0;
    if (amount->unit == "ms")
        ms = amount->number;
    else if (amount->unit.empty() || amount->unit == "s")
        ms = amount->number * 1e3;
    else if (amount->unit == "m")
        ms = amount->number * 60e3;
    else if (amount->unit == "h")
        ms = amount->number * 3600e3;
    else if (amount->unit == "d")
        ms = amount->number * 86400e3;
    else if (amount->unit == "w")
        ms = amount->number * 7 * 86400e3;
    else
        return Error{quoted(text) + ": the unit must be ms, s, m, h, d or w"};
    if (ms > 10.0 * 365 * 86400e3) {
        return Error{quoted(text) + " is over ten years"};
    }
    return std::chrono::milliseconds(std::llround(ms));
}

Result<std::uint64_t> parse_size(std::string_view text) {
    const auto amount = split(text, "size such as 64M");
    if (!amount) return amount.error();
    double factor = 1;
    if (amount->unit == "K" || amount->unit == "k")
        factor = 1024;
    else if (amount->unit == "M")
        factor = 1024.0 * 1024;
    else if (amount->unit == "G")
        factor = 1024.0 * 1024 * 1024;
    else if (!amount->unit.empty()) {
        return Error{quoted(text) + ": the unit must be K, M or G"};
    }
    const double bytes = amount->number * factor;
    if (bytes > 9e15) return Error{quoted(text) + " is too large"};
    return static_cast<std::uint64_t>(std::llround(bytes));
}

Result<std::uint64_t> parse_bitrate(std::string_view text) {
    const auto amount = split(text, "bit rate such as 4M");
    if (!amount) return amount.error();
    double factor = 1e6;
    if (amount->unit == "k" || amount->unit == "K")
        factor = 1e3;
    else if (!amount->unit.empty() && amount->unit != "M") {
        return Error{quoted(text) + ": the unit must be k or M (bits per second)"};
    }
    const double bps = amount->number * factor;
    if (bps < 1) return Error{quoted(text) + " is not above 0"};
    if (bps > 1e12) return Error{quoted(text) + " is too large"};
    return static_cast<std::uint64_t>(std::llround(bps));
}

Result<std::uint64_t> parse_number(std::string_view text, std::uint64_t max) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return Error{"\"" + std::string(text) + "\" is not a whole number"};
    }
    if (value > max) return Error{"\"" + std::string(text) + "\" is over " + std::to_string(max)};
    return value;
}

std::string format_duration(std::chrono::milliseconds duration) {
    const auto ms = duration.count();
    if (ms % 1000 != 0) return std::to_string(ms) + "ms";
    const auto s = ms / 1000;
    if (s == 0 || s % 60 != 0) return std::to_string(s) + "s";
    if (s % 3600 != 0) return std::to_string(s / 60) + "m";
    if (s % 86400 != 0) return std::to_string(s / 3600) + "h";
    return std::to_string(s / 86400) + "d";
}

std::string format_size(std::uint64_t bytes) {
    constexpr std::uint64_t kKilo = 1024;
    if (bytes == 0 || bytes % kKilo != 0) return std::to_string(bytes);
    if (bytes % (kKilo * kKilo) != 0) return std::to_string(bytes / kKilo) + "K";
    if (bytes % (kKilo * kKilo * kKilo) != 0) return std::to_string(bytes / kKilo / kKilo) + "M";
    return std::to_string(bytes / kKilo / kKilo / kKilo) + "G";
}

std::string fixed(double value, int decimals) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
    return text.data();
}

std::string fixed_short(double value, int decimals_max) {
    std::string text = fixed(value, decimals_max);
    if (text.find('.') == std::string::npos) return text;
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text;
}

std::string human_bytes(std::uint64_t bytes) {
    if (bytes < 1000) return std::to_string(bytes) + " B";
    double value = static_cast<double>(bytes);
    const char* unit = "B";
    for (const char* next : {"kB", "MB", "GB", "TB"}) {
        if (value < 1000) break;
        value /= 1000;
        unit = next;
    }
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f %s", value, unit);
    return text.data();
}

}  // namespace st
