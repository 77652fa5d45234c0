/// What a JPEG picture says of its size: any bytes.
#include <cstdlib>

#include "media/jpeg.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto found = st::media::read_jpeg_size({data, size});
    if (found && (found->width == 0 || found->height == 0)) std::abort();
    return 0;
}
