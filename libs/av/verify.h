#pragma once
/// Opens an MP4 the way a player does and says what is in it. Parses only; decodes nothing.
#include <cstdint>
#include <string>
#include <vector>

namespace st::av {

/// The one video track, times in its own time base.
struct Mp4Facts {
    std::uint64_t samples = 0;
    std::uint64_t bytes = 0;  ///< of all samples
    std::uint64_t key_frames = 0;
    std::int64_t ticks_per_second = 0;
    std::int64_t first_ticks = 0;  ///< display time of the first picture shown
    std::int64_t last_ticks = 0;   ///< and of the last one
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint32_t index_crc = 0;  ///< see index_crc_of

    bool operator==(const Mp4Facts&) const = default;
};

/// CRC-32C over every sample's { u32 bytes, i64 decoding time after the first one's }, big-endian.
class IndexCrc {
 public:
    void add(std::uint32_t bytes, std::int64_t ticks_after_first);
    std::uint32_t value() const { return value_; }

 private:
    std::uint32_t value_ = 0;
};

/// Throws av::Error if it cannot be opened, has no H.264 track with its parameter sets, or a sample
/// that was read (the first and the last few) is not made of whole NAL units.
Mp4Facts read_mp4(const std::string& path);

/// The pictures of a fragmented MP4 or an FLV file, read one after the other. Times in ms, as the
/// file rounds them.
struct PictureFacts {
    std::uint64_t pictures = 0;
    std::uint64_t bytes = 0;
    std::uint64_t key_frames = 0;
    std::int64_t first_ms = 0;  ///< display time of the picture shown first
    std::int64_t last_ms = 0;

    bool operator==(const PictureFacts&) const = default;
};

/// Reads the whole file. Throws av::Error if it cannot be opened, has no H.264 track or holds a
/// picture that is not made of whole NAL units.
PictureFacts read_pictures(const std::string& path);

/// When each picture is shown, rising, ms. Reads the whole file. Throws av::Error.
std::vector<double> display_times_ms(const std::string& path);

}  // namespace st::av
