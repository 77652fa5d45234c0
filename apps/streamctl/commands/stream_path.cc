#include "streamctl/commands/stream_path.h"

#include "base/name.h"
#include "streamctl/client/failed.h"
#include "streamctl/client/printable.h"

namespace st::streamctl {

std::string stream_path(const std::string& given) {
    if (is_valid_name(given)) return "/camera/" + given;
    std::string path = given.starts_with('/') ? given : "/" + given;
    if (is_stream_path(path)) return path;
    throw Failed(cli::kUsage, "\"" + printable(given) +
                                  "\": expected a stream's path such as /camera/door, or a "
                                  "camera's name");
}

json::Object path_object(const std::string& path) {
    const std::size_t slash = path.find('/', 1);
    json::Object params;
    params.set("app", path.substr(1, slash - 1));
    params.set("name", path.substr(slash + 1));
    return params;
}

}  // namespace st::streamctl
