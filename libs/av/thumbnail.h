#pragma once
/// A JPEG of the first picture of an MP4. Decodes input we do not trust: call it in a child
/// (av/worker.h).
#include <cstdint>
#include <string>

namespace st::av {

constexpr std::int64_t kThumbnailPixelsMax = std::int64_t{16384} * 16384;

/// Full resolution, best quality; written to `<jpg>.part`, then renamed over `jpg`.
/// Throws av::Error if nothing can be decoded without errors or the file cannot be written.
void write_thumbnail(const std::string& mp4, const std::string& jpg);

/// Decodes the first picture and throws it away. Throws av::Error if that fails.
void check_first_picture(const std::string& mp4);

}  // namespace st::av
