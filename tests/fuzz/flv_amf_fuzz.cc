/// AMF0 and the scalars of AMF3 inside it: what was read is written in a form that reads the same.
#include <algorithm>
#include <cstdlib>

#include "flv/amf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace st::flv;
    Amf0Reader reader({data, size});
    for (int i = 0; i < 100 && !reader.at_end(); ++i) {
        const auto value = reader.next();
        if (!value) break;
        const st::Buffer once = encode_amf0(*value);
        Amf0Reader second(once.bytes());
        const auto again = second.next();
        if (!again || !second.at_end()) std::abort();
        if (!std::ranges::equal(encode_amf0(*again).bytes(), once.bytes())) std::abort();
    }
    return 0;
}
