#include "base/when.h"

#include <time.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <optional>

#include "base/clock.h"
#include "base/units.h"

namespace st {
namespace {

constexpr std::int64_t kMicros = 1'000'000;

struct Moment {
    tm local{};
    int millis = 0;
};

Moment moment_of(std::int64_t wall_us) {
    std::int64_t seconds = wall_us / kMicros;
    std::int64_t micros = wall_us % kMicros;
    if (micros < 0) {
        micros += kMicros;
        --seconds;
    }
    const time_t at = static_cast<time_t>(seconds);
    Moment moment;
    localtime_r(&at, &moment.local);
    moment.millis = static_cast<int>(micros / 1000);
    return moment;
}

std::string formatted(const tm& local, const char* format) {
    std::array<char, 64> text{};
    return {text.data(), strftime(text.data(), text.size(), format, &local)};
}

std::string offset_of(const tm& local) {
    const long minutes = local.tm_gmtoff / 60;
    const long size = minutes < 0 ? -minutes : minutes;
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%c%02ld:%02ld", minutes < 0 ? '-' : '+',
                  size / 60 % 100, size % 60);
    return text.data();
}

/// `count` digits at the front of `text`, taken off it.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
    if (text.size() < count) return std::nullopt;
    int value = 0;
    for (const char c : text.substr(0, count)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool take(std::string_view& text, char wanted) {
    if (text.empty() || text.front() != wanted) return false;
    text.remove_prefix(1);
    return true;
}

struct TimeOfDay {
    int hour = 0;
    int minute = 0;
    int second = 0;
    std::int64_t micros = 0;
};

/// "HH:MM[:SS[.fraction]]", all of `text`.
std::optional<TimeOfDay> time_of_day(std::string_view text) {
    TimeOfDay time;
    const auto hour = take_digits(text, 2);
    if (!hour || !take(text, ':')) return std::nullopt;
    const auto minute = take_digits(text, 2);
    if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
    time.hour = *hour;
    time.minute = *minute;
    if (text.empty()) return time;
    if (!take(text, ':')) return std::nullopt;
    const auto second = take_digits(text, 2);
    if (!second || *second > 59) return std::nullopt;
    time.second = *second;
    if (text.empty()) return time;
    if (!take(text, '.') || text.empty()) return std::nullopt;
    for (std::int64_t unit = kMicros / 10; !text.empty(); unit /= 10) {
        const auto digit = take_digits(text, 1);
        if (!digit) return std::nullopt;
        time.micros += unit * *digit;
    }
    return time;
}

/// nullopt: that day has no such time.
std::optional<std::int64_t> at_local(tm day, const TimeOfDay& time) {
    tm wanted{};
    wanted.tm_year = day.tm_year;
    wanted.tm_mon = day.tm_mon;
    wanted.tm_mday = day.tm_mday;
    wanted.tm_hour = time.hour;
    wanted.tm_min = time.minute;
    wanted.tm_sec = time.second;
    wanted.tm_isdst = -1;
    tm made = wanted;
    std::int64_t seconds = mktime(&made);
    if (made.tm_mon != wanted.tm_mon || made.tm_mday != wanted.tm_mday) return std::nullopt;
    // Of an hour that comes twice mktime() may choose either.
    for (const std::int64_t earlier : {seconds - 3600, seconds - 1800}) {
        const time_t at = static_cast<time_t>(earlier);
        tm local{};
        localtime_r(&at, &local);
        if (local.tm_hour == made.tm_hour && local.tm_min == made.tm_min &&
            local.tm_mday == made.tm_mday) {
            seconds = earlier;
            break;
        }
    }
    return seconds * kMicros + time.micros;
}

std::optional<tm> date_of(std::string_view& text) {
    std::string_view rest = text;
    const auto year = take_digits(rest, 4);
    if (!year || !take(rest, '-')) return std::nullopt;
    const auto month = take_digits(rest, 2);
    if (!month || !take(rest, '-')) return std::nullopt;
    const auto day = take_digits(rest, 2);
    if (!day || *month < 1 || *month > 12 || *day < 1 || *day > 31) return std::nullopt;
    text = rest;
    tm date{};
    date.tm_year = *year - 1900;
    date.tm_mon = *month - 1;
    date.tm_mday = *day;
    return date;
}

/// The day that `text` begins with, taken off it with the blank or T behind it.
std::optional<tm> take_day(std::string_view& text, std::int64_t now_us) {
    std::optional<tm> day;
    const tm today = moment_of(now_us).local;
    constexpr std::string_view kToday = "today";
    constexpr std::string_view kYesterday = "yesterday";
    if (text.starts_with(kToday)) {
        text.remove_prefix(kToday.size());
        day = today;
    } else if (text.starts_with(kYesterday)) {
        text.remove_prefix(kYesterday.size());
        tm noon = today;
        noon.tm_mday -= 1;
        noon.tm_hour = 12;
        noon.tm_isdst = -1;
        mktime(&noon);
        day = noon;
    } else if (text.size() > 2 && text[2] == ':') {
        return today;
    } else {
        day = date_of(text);
    }
    if (!day) return std::nullopt;
    if (text.empty()) return day;
    // A blank or T says that a time of day follows.
    const bool goes_on = take(text, ' ') || take(text, 'T');
    return goes_on && !text.empty() ? day : std::nullopt;
}

}  // namespace

std::string rfc3339_local(std::int64_t wall_us) {
    const Moment moment = moment_of(wall_us);
    std::array<char, 16> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03d", moment.millis);
    return formatted(moment.local, "%Y-%m-%dT%H:%M:%S") + fraction.data() + offset_of(moment.local);
}

std::string local_text(std::int64_t wall_us) {
    const Moment moment = moment_of(wall_us);
    return formatted(moment.local, "%Y-%m-%d %H:%M:%S ") + offset_of(moment.local);
}

std::string local_clock(std::int64_t wall_us) {
    return formatted(moment_of(wall_us).local, "%H:%M:%S");
}

std::string utc_stamp(std::int64_t wall_us) {
    const time_t at = static_cast<time_t>(wall_us / kMicros);
    tm utc{};
    gmtime_r(&at, &utc);
    return formatted(utc, "%Y%m%d_%H%M%S");
}

Result<std::int64_t> parse_when(std::string_view text, std::int64_t now_us) {
    const Error error{"\"" + std::string(text.substr(0, 80)) +
                      "\" is not a time; examples: 2026-01-31, \"2026-01-31 08:15\", 08:15, today, "
                      "yesterday, \"yesterday 18:00\", 2h (two hours ago), 2026-01-31T08:15:30Z"};
    if (text == "now") return now_us;
    if (text.find('T') != std::string_view::npos) {
        if (const auto exact = parse_rfc3339(text)) return *exact;
    }
    std::string_view rest = text;
    if (const auto day = take_day(rest, now_us)) {
        TimeOfDay time;
        if (!rest.empty()) {
            const auto given = time_of_day(rest);
            if (!given) return error;
            time = *given;
        }
        const auto at = at_local(*day, time);
        if (!at) return Error{"\"" + std::string(text.substr(0, 80)) + "\": there is no such time"};
        return *at;
    }
    // A bare number could be anything: seconds, a year, a day.
    if (text.find_first_not_of("0123456789.") == std::string_view::npos) return error;
    const auto age = parse_duration(text);
    if (!age) return error;
    return now_us - std::chrono::duration_cast<std::chrono::microseconds>(*age).count();
}

}  // namespace st
