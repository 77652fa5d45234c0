#include "media/jpeg.h"

namespace st::media {
namespace {

constexpr std::uint8_t kMarker = 0xFF;
constexpr std::uint8_t kStartOfImage = 0xD8;
constexpr std::uint8_t kEndOfImage = 0xD9;
constexpr std::uint8_t kStartOfScan = 0xDA;
constexpr std::uint8_t kBaseline = 0xC0;
constexpr std::uint8_t kProgressive = 0xC2;

/// RSTn and TEM stand alone: no length follows.
bool stands_alone(std::uint8_t marker) { return (marker >= 0xD0 && marker <= 0xD7) || marker == 1; }

}  // namespace

std::optional<JpegSize> read_jpeg_size(Bytes picture) {
    if (picture.size() < 4 || picture[0] != kMarker || picture[1] != kStartOfImage) return {};
    for (std::size_t at = 2; at + 4 <= picture.size();) {
        if (picture[at] != kMarker) return {};
        const std::uint8_t marker = picture[at + 1];
        if (marker == kMarker) {  // fill bytes
            ++at;
            continue;
        }
        if (marker == kEndOfImage || marker == kStartOfScan || marker == 0) return {};
        if (stands_alone(marker)) {
            at += 2;
            continue;
        }
        const std::size_t length = std::size_t{picture[at + 2]} << 8 | picture[at + 3];
        if (length < 2 || length > picture.size() - at - 2) return {};
        if (marker >= kBaseline && marker <= kProgressive) {
            // Length, precision, height, width, components.
            if (length < 8) return {};
            const JpegSize size{std::uint32_t{picture[at + 7]} << 8 | picture[at + 8],
                                std::uint32_t{picture[at + 5]} << 8 | picture[at + 6]};
            if (size.width == 0 || size.height == 0) return {};
            return size;
        }
        at += 2 + length;
    }
    return {};
}

}  // namespace st::media
