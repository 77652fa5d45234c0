#pragma once
/// How live streams are recorded in segments; plain values, checked before they get here.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace st::record {

enum class SegmentFormat : std::uint8_t { mp4, flv };
enum class SegmentTracksWanted : std::uint8_t { all, video, audio };

// The words that the API and the configuration have for them, which are the names above.
constexpr std::string_view to_text(SegmentFormat format) {
    return format == SegmentFormat::flv ? "flv" : "mp4";
}
constexpr std::string_view to_text(SegmentTracksWanted tracks) {
    if (tracks == SegmentTracksWanted::video) return "video";
    return tracks == SegmentTracksWanted::audio ? "audio" : "all";
}
/// None: it is no such word.
constexpr std::optional<SegmentFormat> format_of(std::string_view text) {
    for (const auto format : {SegmentFormat::mp4, SegmentFormat::flv}) {
        if (text == to_text(format)) return format;
    }
    return std::nullopt;
}
constexpr std::optional<SegmentTracksWanted> tracks_of(std::string_view text) {
    using enum SegmentTracksWanted;
    for (const auto tracks : {all, video, audio}) {
        if (text == to_text(tracks)) return tracks;
    }
    return std::nullopt;
}

/// Where segments lie below the recordings folder.
enum class SegmentLayout : std::uint8_t {
    streamd,  ///< live/<app>/<name>/
    nms,      ///< <app>/<name>/, as the older server had it
};

constexpr std::chrono::seconds kPrerollMax{20};

/// How one stream is recorded.
struct SegmentOrder {
    SegmentFormat format = SegmentFormat::mp4;
    std::chrono::milliseconds segment_duration{1'800'000};
    SegmentTracksWanted tracks = SegmentTracksWanted::all;
    std::chrono::milliseconds preroll{0};       ///< at most kPrerollMax
    std::chrono::milliseconds max_duration{0};  ///< 0: until it is stopped

    bool operator==(const SegmentOrder&) const = default;
};

/// Streams that are recorded whenever they are published.
struct SegmentRule {
    std::string match;  ///< "app/name", a pattern of control/glob.h
    SegmentOrder order;

    bool operator==(const SegmentRule&) const = default;
};

struct SegmentOptions {
    std::vector<SegmentRule> rules;  ///< the first that matches
    SegmentLayout layout = SegmentLayout::streamd;
    std::chrono::milliseconds fragment{1'000};
    std::size_t buffer_bytes = std::size_t{64} << 20;  ///< of each stream, for a slow disk
    std::uint64_t max_bytes_per_file = 0;  ///< a segment ends before it is larger; 0: none
    /// A publisher that returns so soon goes on with its recording.
    std::chrono::milliseconds resume{10'000};
};

}  // namespace st::record
