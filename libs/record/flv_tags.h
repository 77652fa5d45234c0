#pragma once
/// Tags of an FLV file by their heads: where each lies, and what it says of itself. The bodies are
/// not read. Private to libs/record. Adobe Flash Video File Format 10.1, annex E.4; Enhanced RTMP
/// v2.
#include <array>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "flv/tag.h"
#include "mp4/movie.h"

namespace st::record {

struct FlvTag {
    static constexpr std::size_t kAvcHeadBytes = 5;
    static constexpr std::size_t kAacHeadBytes = 2;

    flv::TagType type = flv::TagType::script;
    std::uint32_t ms = 0;
    std::uint64_t at = 0;                            ///< of its body
    std::uint32_t bytes = 0;                         ///< of its body
    std::array<std::uint8_t, kAvcHeadBytes> head{};  ///< of its body; zeros behind a shorter one

    std::uint64_t next() const { return at + bytes + flv::kPreviousTagSizeBytes; }
    bool is_video() const { return type == flv::TagType::video && bytes > 0; }
    bool is_audio() const { return type == flv::TagType::audio && bytes > 0; }
    bool is_of_track() const { return is_video() || is_audio(); }
    /// Its codec is named by a FourCC.
    bool is_four_cc() const { return is_video() && (head[0] & 0x80) != 0; }
    bool is_h264() const;
    bool is_aac() const;
    /// A picture or sound, in any codec.
    bool is_frame() const;
    /// A configuration of H.264 or AAC.
    bool is_config() const;
    bool is_key() const { return bytes > 0 && flv::is_key_picture(type, head[0]); }
    /// What stands before the payload; of H.264 and AAC.
    std::size_t head_bytes() const { return is_video() ? kAvcHeadBytes : kAacHeadBytes; }
    /// Composition time of a picture of H.264; else 0.
    std::int32_t shown_after_ms() const;
};

/// Where the first tag begins. Error: it is no FLV.
Result<std::uint64_t> first_flv_tag(const mp4::MovieSource& file);
/// nullopt: not all of it is there, the size behind it included.
std::optional<FlvTag> flv_tag_at(const mp4::MovieSource& file, std::uint64_t at);

}  // namespace st::record
