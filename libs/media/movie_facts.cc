#include "media/movie_facts.h"

#include <array>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace st::media {

void IndexCrc::add(std::uint32_t bytes, std::int64_t ticks_after_first) {
    std::array<std::uint8_t, 12> entry{};
    store_be32(entry.data(), bytes);
    store_be64(entry.data() + 4, static_cast<std::uint64_t>(ticks_after_first));
    value_ = crc32c(entry, value_);
}

}  // namespace st::media
