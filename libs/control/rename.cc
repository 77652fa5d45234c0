#include "control/rename.h"

#include "control/fields.h"

namespace st::control {

namespace {

constexpr auto kRename = [](auto& way, auto& request) {
    rare_field(way, "camera", request.camera);
    required(way, "name", request.name);
    client_field(way, request.client);
};

}  // namespace

Decoded<RenameRequest> decode_rename_request(std::string_view body) {
    return read_request<RenameRequest>(body, kRename);
}

std::string encode(const RenameRequest& request) { return write_fields(request, kRename); }

}  // namespace st::control
