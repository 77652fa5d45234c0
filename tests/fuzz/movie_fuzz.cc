/// A movie file that is any bytes: what is read lies within it, and in order.
#include <cstdlib>

#include "mp4/movie.h"

namespace {

void check(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace st;
    const mp4::MovieSource file = mp4::source_of(Bytes(data, size));
    const auto movie = mp4::read_movie(file);
    (void)mp4::read_movie_head(file);
    if (!movie) {
        check(!movie.error().message.empty());
        return 0;
    }
    check(movie->ticks_per_second != 0);
    for (const mp4::MovieTrack& track : movie->tracks) {
        check(track.ticks_per_second != 0 && !track.descriptions.empty());
        (void)track.zero(movie->ticks_per_second);
        std::int64_t before = 0;
        for (const mp4::MovieSample& sample : track.samples) {
            check(sample.at <= size && sample.bytes <= size - sample.at);
            check(sample.decoded >= before && sample.description < track.descriptions.size());
            before = sample.decoded;
        }
    }
    (void)movie->duration_us();
    return 0;
}
