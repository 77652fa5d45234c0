#include "av/decodable.h"

#include <algorithm>
#include <vector>

#include "av/error.h"
#include "av/shown_pictures.h"

namespace st::av {

void find_decodable(const media::DecodableRequest& wanted, std::span<const int> fds) {
    constexpr std::uint64_t kReorderMax = 16;
    if (fds.size() != 3) throw Error("no files came with the job");
    if (wanted.pictures > media::kPicturesMax) throw Error("more pictures than are looked at");
    std::vector<std::uint32_t> lost(wanted.pictures);
    read_all(fds[1],
             {reinterpret_cast<std::uint8_t*>(lost.data()), lost.size() * sizeof(std::uint32_t)});
    ShownPictures pictures(fds.first(1), wanted.pixels_max, lost);
    std::vector<std::uint8_t> is_whole;
    std::vector<std::uint64_t> coded;
    while (const auto picture = pictures.next()) {
        const std::uint64_t number = picture->number;
        is_whole.resize(pictures.count());
        coded.resize(pictures.count());
        coded[number] = picture->coded;
        is_whole[number] = picture->is_flawed ? 0 : 1;
        if (!picture->is_flawed) continue;
        // What is shown before it and coded behind it may refer to it.
        for (std::uint64_t i = number - std::min(number, kReorderMax); i < number; ++i)
            if (coded[i] > picture->coded) is_whole[i] = 0;
    }
    is_whole.resize(pictures.count());
    write_all(fds[2], is_whole);
}

}  // namespace st::av
