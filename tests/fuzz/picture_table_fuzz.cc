// Any text: it is refused with the line that is wrong, or it is written again as it stood.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mux/picture_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace st;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto table = mux::read_picture_table(text);
    if (!table) {
        if (!table.error().message.starts_with("line ")) std::abort();
        return 0;
    }
    // Numbers may have been written with leading zeros: what counts is what is read again.
    const auto again = mux::read_picture_table(mux::to_csv(*table));
    if (!again || mux::to_csv(*again) != mux::to_csv(*table)) std::abort();
    return 0;
}
