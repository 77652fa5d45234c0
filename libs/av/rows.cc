#include "av/rows.h"

#include <string>
#include <vector>

#include "av/error.h"
#include "av/shown_pictures.h"

namespace st::av {
namespace {

/// Mean luma of the rows from `begin` to `end`, in 1/256.
std::uint16_t mean_of(const AVFrame& picture, int begin, int end) {
    std::uint64_t sum = 0;
    for (int y = begin; y < end; ++y) {
        const std::uint8_t* const row = picture.data[0] + std::ptrdiff_t{y} * picture.linesize[0];
        for (int x = 0; x < picture.width; ++x) sum += row[x];
    }
    const auto pixels =
        static_cast<std::uint64_t>(end - begin) * static_cast<std::uint64_t>(picture.width);
    return static_cast<std::uint16_t>(sum * 256 / pixels);
}

}  // namespace

void measure_rows(const media::RowsRequest& wanted, std::span<const int> fds) {
    if (fds.size() != 2) throw Error("no files came with the job");
    if (wanted.bands == 0 || wanted.bands > media::kBandsMax) throw Error("bands that are none");
    ShownPictures pictures(fds.first(1), wanted.pixels_max);
    std::vector<std::uint16_t> means(wanted.bands);
    const int bands = static_cast<int>(wanted.bands);
    std::uint64_t written = 0;
    const auto write_up_to = [&](std::uint64_t number) {
        const std::span bytes(reinterpret_cast<const std::uint8_t*>(means.data()),
                              means.size() * sizeof(std::uint16_t));
        for (; written < number; ++written) write_all(fds[1], bytes);
    };
    while (const auto shown = pictures.next()) {
        const AVFrame& picture = *shown->frame;
        if (picture.format != AV_PIX_FMT_YUV420P && picture.format != AV_PIX_FMT_YUVJ420P)
            throw Error("pixel format " + std::to_string(picture.format) + " is not measured");
        if (picture.height < bands)
            throw Error("a picture of " + std::to_string(picture.height) + " rows");
        write_up_to(shown->number);
        for (int band = 0; band < bands; ++band) {
            means[static_cast<std::size_t>(band)] = mean_of(picture, picture.height * band / bands,
                                                            picture.height * (band + 1) / bands);
        }
        write_up_to(shown->number + 1);
    }
    write_up_to(pictures.count());
}

}  // namespace st::av
