#pragma once
/// What users call a live stream.
#include <string>

namespace st::streamctl {

/// "/app/name" of "/app/name" or "app/name"; a name alone is a camera's. Throws Failed.
std::string stream_path(const std::string& given);

}  // namespace st::streamctl
