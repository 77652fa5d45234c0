#include "control/rename.h"

#include "control/fields.h"

namespace st::control {

Decoded<RenameRequest> decode_rename_request(std::string_view body) {
    const auto object = parse_request(body);
    if (!object) return object.error();
    ObjectReader reader(*object);
    RenameRequest request;
    reader.read("camera", request.camera);
    reader.read("name", request.name);
    read_client(reader, request.client);
    reader.refuse_unknown();
    reader.require("name");
    if (reader.failed()) return reader.error();
    return request;
}

std::string encode(const RenameRequest& request) {
    json::Object object;
    if (!request.camera.empty()) object.set("camera", request.camera);
    object.set("name", request.name);
    if (!request.client.empty()) object.set("client", request.client);
    return json::write(object);
}

}  // namespace st::control
