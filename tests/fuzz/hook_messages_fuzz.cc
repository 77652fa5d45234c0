// Any event: what hooks send of it is JSON.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "json/read.h"
#include "notify/messages.h"

namespace {

void check(const std::string& body) {
    if (!st::json::read(body, {4 * 1024 * 1024, 20})) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view event(reinterpret_cast<const char*>(data), size);
    check(st::notify::standard_body("camera.text", event, "2026-01-31T08:15:30.250Z"));
    for (const char* type : {"stream.published", "viewer.left", "session.finished"}) {
        for (const std::string& body : st::notify::nms_bodies(type, event)) check(body);
    }
    return 0;
}
