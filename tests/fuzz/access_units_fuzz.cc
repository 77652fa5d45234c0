/// A whole Annex B stream: NAL units are found by both scans alike, and put into pictures.
#include <cstdlib>

#include "media/access_unit.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const st::Bytes bytes(data, size);
    if (st::media::find_start_code(data, data + size) !=
        st::media::find_start_code_portable(data, data + size)) {
        std::abort();
    }
    st::media::AccessUnits units;
    st::media::NalWalker walker(bytes);
    std::size_t end = walker.leading_bytes();
    for (st::media::NalSpan nal{}; walker.next(nal);) {
        if (nal.begin < end + 3 || nal.end <= nal.begin || nal.end > size) std::abort();
        end = nal.end;
        units.feed(bytes.subspan(nal.begin, nal.end - nal.begin));
    }
    return 0;
}
