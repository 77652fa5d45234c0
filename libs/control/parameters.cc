#include "control/parameters.h"

namespace st::control {
namespace {

using json::Object;

void read_size(ObjectReader& reader, const std::string& key, std::uint32_t min,
               std::optional<Size>& out) {
    const Object* object = reader.object(key);
    if (!object) return;
    ObjectReader fields(*object, reader.path(key));
    Size size;
    for (const char* side : {"width", "height"}) fields.require(side);
    fields.read("width", size.width, {min, kSideMax});
    fields.read("height", size.height, {min, kSideMax});
    fields.refuse_unknown();
    if (fields.failed())
        reader.fail(fields.error());
    else
        out = size;
}

Object to_object(const Size& size) {
    Object object;
    object.set("width", size.width);
    object.set("height", size.height);
    return object;
}

}  // namespace

void parameter_fields(ObjectReader& reader, StartParameters& out) {
    read_size(reader, "resolution", 16, out.resolution);
    read_size(reader, "aspect", 1, out.aspect);
    reader.read("bitrate_bps", out.bitrate_bps, {1, kBitrateMax});
    reader.read("fps", out.fps, {0, kFpsMax});
    if (out.resolution && out.aspect) {
        reader.fail("aspect", "cannot go with resolution, which says the ratio");
    }
}

void parameter_fields(Object& object, const StartParameters& parameters) {
    if (parameters.resolution) object.set("resolution", to_object(*parameters.resolution));
    if (parameters.aspect) object.set("aspect", to_object(*parameters.aspect));
    if (parameters.bitrate_bps) object.set("bitrate_bps", *parameters.bitrate_bps);
    if (parameters.fps) object.set("fps", *parameters.fps);
}

}  // namespace st::control
