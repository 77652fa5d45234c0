// Any text: it is refused with a reason, or it survives writing and reading unchanged.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "takes/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace st;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto manifest = takes::decode_manifest(text);
    if (!manifest) {
        if (manifest.error().message.empty()) std::abort();
        return 0;
    }
    const std::string written = takes::encode(*manifest);
    const auto again = takes::decode_manifest(written);
    if (!again || takes::encode(*again) != written) std::abort();
    return 0;
}
