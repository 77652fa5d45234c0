#pragma once
/// Pictures of a movie file as JPEG or PNG. Decodes input we do not trust: only in a helper
/// program.
#include <chrono>
#include <cstdint>
#include <vector>

#include "av/handles.h"

namespace st::av {

/// What a picture may have at most, whatever else is asked for.
constexpr std::uint64_t kPixelsMax = std::uint64_t{16384} * 16384;

/// Decodes the first picture of the file `fd`. If `wants_jpeg`, returns it as one: full resolution,
/// best quality. Throws av::Error if nothing can be decoded, or if it has more than `pixels_max`.
std::vector<std::uint8_t> decode_first_picture(int fd, std::uint64_t pixels_max, bool wants_jpeg);

enum class PictureForm : std::uint8_t { jpeg, png };

/// The picture of the file `fd` that is shown `at` after the first one: full resolution, as JPEG of
/// the best quality or as PNG. After the last one that is the last. Throws av::Error as above.
std::vector<std::uint8_t> decode_picture_at(int fd, std::chrono::microseconds at,
                                            std::uint64_t pixels_max, PictureForm form);

/// The decoder did not have to make up a part of it.
bool is_clean(const AVFrame& picture);

/// One thread; larger pictures than that are errors of the stream. Throws av::Error.
CodecPtr open_decoder(const AVCodecParameters& stream, std::uint64_t pixels_max);

/// Opens decoder and encoder once, so that everything they need later is loaded. Throws av::Error.
void warm_up();

}  // namespace st::av
