#include "flv/codec_name.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace st::flv {
namespace {

using media::Track;

constexpr std::uint32_t four_cc(std::string_view text) {
    std::uint32_t value = 0;
    for (const char c : text) value = value << 8 | static_cast<std::uint8_t>(c);
    return value;
}

struct Name {
    Track track;
    std::uint32_t codec_tag;
    std::string_view name;
};

constexpr std::array kNames = {
    Name{Track::video, 2, "flv1"},
    Name{Track::video, 3, "flashsv"},
    Name{Track::video, 4, "vp6f"},
    Name{Track::video, 5, "vp6a"},
    Name{Track::video, 6, "flashsv2"},
    Name{Track::video, 12, "hevc"},
    Name{Track::video, 13, "av1"},
    Name{Track::video, four_cc("avc1"), "h264"},
    Name{Track::video, four_cc("hvc1"), "hevc"},
    Name{Track::video, four_cc("vvc1"), "vvc"},
    Name{Track::video, four_cc("av01"), "av1"},
    Name{Track::video, four_cc("vp08"), "vp8"},
    Name{Track::video, four_cc("vp09"), "vp9"},
    Name{Track::audio, 0, "pcm"},
    Name{Track::audio, 1, "adpcm_swf"},
    Name{Track::audio, 2, "mp3"},
    Name{Track::audio, 3, "pcm"},
    Name{Track::audio, 4, "nellymoser"},
    Name{Track::audio, 5, "nellymoser"},
    Name{Track::audio, 6, "nellymoser"},
    Name{Track::audio, 7, "pcm_alaw"},
    Name{Track::audio, 8, "pcm_mulaw"},
    Name{Track::audio, 11, "speex"},
    Name{Track::audio, 14, "mp3"},
    Name{Track::audio, four_cc(".mp3"), "mp3"},
    Name{Track::audio, four_cc("Opus"), "opus"},
    Name{Track::audio, four_cc("fLaC"), "flac"},
    Name{Track::audio, four_cc("ac-3"), "ac3"},
    Name{Track::audio, four_cc("ec-3"), "eac3"},
};

}  // namespace

std::string codec_name(Track track, std::uint32_t codec_tag) {
    const auto* const known = std::find_if(kNames.begin(), kNames.end(), [&](const Name& it) {
        return it.track == track && it.codec_tag == codec_tag;
    });
    if (known != kNames.end()) return std::string(known->name);
    std::string letters;
    for (int shift = 24; shift >= 0; shift -= 8) {
        letters += static_cast<char>(codec_tag >> shift & 0xFF);
    }
    const bool is_text =
        std::all_of(letters.begin(), letters.end(), [](char c) { return c > ' ' && c < 0x7F; });
    return is_text ? letters : "flv-" + std::to_string(codec_tag);
}

}  // namespace st::flv
