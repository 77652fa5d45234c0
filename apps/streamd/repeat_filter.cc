#include "streamd/repeat_filter.h"

#include <utility>

namespace st::streamd {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Level, prefix and text with every number as one '#'.
std::string kind_of(const LogLine& line) {
    std::string kind(1, static_cast<char>('0' + static_cast<int>(line.level)));
    for (const std::string* text : {&line.prefix, &line.text}) {
        kind += '\n';
        bool was_digit = false;
        for (const char c : *text) {
            if (!is_digit(c)) kind += c;
            if (is_digit(c) && !was_digit) kind += '#';
            was_digit = is_digit(c);
        }
    }
    return kind;
}

}  // namespace

std::vector<LogLine> RepeatFilter::feed(LogLine line, std::int64_t now_us) {
    std::vector<LogLine> out = due(now_us);
    const bool is_trouble = line.level == LogLevel::warning || line.level == LogLevel::error;
    if (is_trouble) {
        const std::string name = kind_of(line);
        const auto known = kinds_.find(name);
        if (known != kinds_.end() || kinds_.size() < kKindsMax) {
            Kind& kind = known != kinds_.end() ? known->second : kinds_[name];
            if (++kind.lines > kLinesMax) {
                ++kind.counted;
                ++counted_;
                kind.last = std::move(line);
                return out;
            }
        }
    }
    out.push_back(std::move(line));
    return out;
}

std::vector<LogLine> RepeatFilter::due(std::int64_t now_us) {
    // A clock that was set back ends the second, too.
    const std::int64_t second = now_us / kSecondUs;
    if (second == second_) return {};
    second_ = second;
    return finish();
}

std::vector<LogLine> RepeatFilter::finish() {
    std::vector<LogLine> out;
    for (auto& [name, kind] : kinds_) {
        if (kind.counted == 0) continue;
        kind.last.text += " (and " + std::to_string(kind.counted - 1) + " more like this)";
        if (kind.counted == 1) kind.last.text.resize(kind.last.text.rfind(" (and "));
        out.push_back(std::move(kind.last));
    }
    kinds_.clear();
    counted_ = 0;
    return out;
}

}  // namespace st::streamd
