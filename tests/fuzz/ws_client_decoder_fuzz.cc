#include "ws_decoder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return st::ws::check(st::ws::Role::client, {data, size});
}
