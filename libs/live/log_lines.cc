#include "live/log_lines.h"

#include <utility>

#include "base/text.h"

namespace st::live {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

/// Beyond the limit, so that a character is cut off whole.
constexpr std::size_t kKeptBytesMax = LogLines::kLineBytesMax + 4;

}  // namespace

void LogLines::tell_skipped(std::vector<std::string>& out) {
    if (skipped_ == 0) return;
    out.push_back("(" + std::to_string(std::exchange(skipped_, 0)) + " more lines)");
}

void LogLines::end_line(std::vector<std::string>& out) {
    const std::string said = std::exchange(line_, {});
    std::string line = clean_text(said, std::string::npos);
    const bool is_cut = std::exchange(is_cut_, false) || line.size() > kLineBytesMax;
    line = clean_text(line, kLineBytesMax);
    while (!line.empty() && line.back() == ' ') line.pop_back();
    if (is_cut) line += "...";
    if (line.empty()) return;
    const bool is_helpers = !helper_prefix_.empty() && line.starts_with(helper_prefix_);
    if (is_helpers) line.erase(0, helper_prefix_.size());
    (is_helpers ? last_of_helper_ : last_) = line;
    if (lines_ >= kLinesPerSecondMax) {
        ++skipped_;
        return;
    }
    ++lines_;
    out.push_back(std::move(line));
}

std::vector<std::string> LogLines::feed(Bytes bytes, std::int64_t now_ns) {
    std::vector<std::string> out;
    if (now_ns / kSecondNs != second_) {
        second_ = now_ns / kSecondNs;
        lines_ = 0;
        tell_skipped(out);
    }
    for (const std::uint8_t byte : bytes) {
        // FFmpeg's progress ends in a carriage return alone.
        if (byte == '\n' || byte == '\r') {
            end_line(out);
        } else if (line_.size() < kKeptBytesMax) {
            line_ += static_cast<char>(byte);
        } else {
            is_cut_ = true;
        }
    }
    return out;
}

std::vector<std::string> LogLines::finish() {
    std::vector<std::string> out;
    end_line(out);
    tell_skipped(out);
    return out;
}

}  // namespace st::live
