#pragma once
/// streams.* and viewers.*: live streams, who watches them, and a picture of one. Pure: values and
/// their JSON. Spec: docs/live.md. GET /api/v1/streams, /api/v1/viewers.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "control/error.h"

namespace st::control {

struct VideoFacts {
    std::string codec;  ///< "h264"; of what is passed through "hevc", "av1", "flv1"
    std::optional<std::uint32_t> width;
    std::optional<std::uint32_t> height;
    bool operator==(const VideoFacts&) const = default;
};
struct AudioFacts {
    std::string codec;  ///< "aac", "opus", "mp3"
    std::optional<std::uint32_t> sample_rate;
    std::optional<std::uint32_t> channels;
    bool operator==(const AudioFacts&) const = default;
};

struct StreamStatus {
    std::string path;         ///< "/<app>/<name>"
    bool is_live = false;     ///< else viewers wait for a publisher
    bool is_refused = false;  ///< nothing of its last publisher could be used: see problem
    std::string protocol;     ///< the publisher's: "camera", "rtmp", "http-flv", "ws-flv", "source"
    std::string peer;
    std::optional<std::string> since;  ///< RFC 3339; of the publisher
    std::optional<VideoFacts> video;
    std::optional<AudioFacts> audio;
    double fps_1s = 0;
    double fps_10s = 0;
    std::uint64_t bitrate_1s = 0;  ///< bits per second
    std::uint64_t bitrate_10s = 0;
    std::uint64_t key_interval_ms = 0;
    std::optional<std::uint64_t> key_age_ms;  ///< since the last key frame; none: there was none
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::uint64_t unusable = 0;          ///< packets of the publisher that could not be used
    std::optional<std::string> problem;  ///< what viewers lack, and why
    std::uint64_t clock_jumps = 0;       ///< of the publisher's clock, closed
    std::uint64_t viewers = 0;
    std::uint64_t dropped = 0;  ///< packets, of the viewers there are
    std::uint64_t queue_bytes_max = 0;
    std::uint64_t gop_packets = 0;
    std::uint64_t gop_bytes = 0;
    bool operator==(const StreamStatus&) const = default;
};

/// "live", "waiting" or "refused".
const char* to_text(const StreamStatus& status);

struct ViewerStatus {
    std::uint64_t id = 0;
    std::string stream;
    std::string protocol;
    std::string peer;
    std::string since;
    std::uint64_t bytes = 0;
    std::uint64_t packets = 0;
    std::uint64_t dropped = 0;  ///< packets it was too slow for
    std::uint64_t cuts = 0;     ///< how often its queue was cut to a key frame
    std::uint64_t queue_bytes = 0;
    std::uint64_t queue_bytes_max = 0;
    bool operator==(const ViewerStatus&) const = default;
};

/// A picture of a stream. Over HTTP it is the answer's body itself.
struct Snapshot {
    std::string stream;
    std::string data;  ///< JPEG, base64
    bool operator==(const Snapshot&) const = default;
};

std::string encode(const StreamStatus& status);
std::string encode(const ViewerStatus& status);
std::string encode(const Snapshot& snapshot);
Decoded<StreamStatus> decode_stream_status(std::string_view body);
Decoded<ViewerStatus> decode_viewer_status(std::string_view body);
Decoded<Snapshot> decode_snapshot(std::string_view body);

}  // namespace st::control
