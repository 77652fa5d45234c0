#pragma once
/// What users call a live stream.
#include <string>

#include "json/value.h"

namespace st::streamctl {

/// "/app/name" of "/app/name" or "app/name"; a name alone is a camera's. Throws Failed.
std::string stream_path(const std::string& given);
/// {"app","name"} of such a path.
json::Object path_object(const std::string& path);

}  // namespace st::streamctl
