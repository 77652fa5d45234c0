#include "base/clock.h"

#include <array>
#include <cstdio>

namespace st {
namespace {

std::string in_utc(std::int64_t wall_us, int digits) {
    std::int64_t seconds = wall_us / 1'000'000;
    std::int64_t micros = wall_us % 1'000'000;
    if (micros < 0) {
        micros += 1'000'000;
        --seconds;
    }
    const time_t at = static_cast<time_t>(seconds);
    tm utc{};
    gmtime_r(&at, &utc);
    std::array<char, 64> text{};
    const std::size_t used = strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    std::array<char, 16> fraction{};
    const auto shown = static_cast<int>(digits == 3 ? micros / 1000 : micros);
    std::snprintf(fraction.data(), fraction.size(), ".%0*dZ", digits, shown);
    return std::string(text.data(), used) + fraction.data();
}

}  // namespace

std::string rfc3339(std::int64_t wall_us) { return in_utc(wall_us, 3); }

std::string rfc3339_us(std::int64_t wall_us) { return in_utc(wall_us, 6); }

Result<std::int64_t> parse_rfc3339(std::string_view text) {
    const std::string copy(text);
    const Error error{"time \"" + copy + "\": expected e.g. 2026-01-31T08:15:30Z"};
    tm utc{};
    const char* rest = strptime(copy.c_str(), "%Y-%m-%d", &utc);
    if (rest == nullptr) return error;
    if (*rest == '\0') return std::int64_t{timegm(&utc)} * 1'000'000;
    if (*rest != 'T' && *rest != 't' && *rest != ' ') return error;
    rest = strptime(rest + 1, "%H:%M:%S", &utc);
    if (rest == nullptr) return error;
    std::int64_t micros = 0;
    if (*rest == '.') {
        std::int64_t unit = 100'000;
        const char* first = ++rest;
        for (; *rest >= '0' && *rest <= '9'; ++rest, unit /= 10) micros += unit * (*rest - '0');
        if (rest == first) return error;
    }
    std::int64_t offset_s = 0;
    if (*rest == '+' || *rest == '-') {
        int hours = 0;
        int minutes = 0;
        int used = 0;
        if (std::sscanf(rest + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 || used != 5 ||
            hours > 23 || minutes > 59) {
            return error;
        }
        offset_s = (*rest == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
        rest += 1 + used;
    } else if (*rest == 'Z' || *rest == 'z') {
        ++rest;
    } else {
        return error;
    }
    if (*rest != '\0') return error;
    return (std::int64_t{timegm(&utc)} - offset_s) * 1'000'000 + micros;
}

std::string local_stamp(std::int64_t wall_us) {
    const time_t at = static_cast<time_t>(wall_us / 1'000'000);
    tm local{};
    localtime_r(&at, &local);
    std::array<char, 32> text{};
    const std::size_t used = strftime(text.data(), text.size(), "%Y%m%d_%H%M%S", &local);
    return {text.data(), used};
}

}  // namespace st
