/// Parameter sets: any bytes, as SPS and as PPS.
#include <cstdlib>

#include "media/parameter_sets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const st::Bytes nal(data, size);
    const auto sps = st::media::parse_sps(nal);
    if (sps && (sps->width == 0 || sps->width > sps->coded_width ||
                sps->coded_width > st::media::kPictureSideMax || sps->height == 0 ||
                sps->height > sps->coded_height)) {
        std::abort();
    }
    (void)st::media::parse_pps(nal);
    return 0;
}
