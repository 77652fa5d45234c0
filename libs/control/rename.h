#pragma once
/// cameras.rename: give a camera that does not name itself a name that lasts. Pure.
/// Spec: docs/http-api.md, "Cameras". PATCH /api/v1/cameras/NAME.
#include <string>
#include <string_view>

#include "control/error.h"

namespace st::control {

struct RenameRequest {
    std::string camera;  ///< what it is called now; over HTTP the path says it
    std::string name;    ///< what it is to be called
    std::string client;  ///< "user@host" of who asks; empty: nobody said
    bool operator==(const RenameRequest&) const = default;
};

/// Unknown fields, wrong types and a missing name are errors by field.
Decoded<RenameRequest> decode_rename_request(std::string_view body);
std::string encode(const RenameRequest& request);

}  // namespace st::control
