#include "api/segment_files.h"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include "api/tell.h"
#include "archive/catalogue.h"
#include "base/fd.h"
#include "base/fd_io.h"
#include "base/name.h"
#include "base/out_of_descriptors.h"
#include "httpd/answers.h"
#include "httpd/file_answer.h"
#include "httpd/static_folders.h"

namespace st::api {
namespace {

using Names = std::vector<std::string>;

/// Where a segment of that name may lie below the recordings folder: of our layout, and of the
/// older server's. None for what is no path of a stream, or no name of a segment.
std::vector<Names> places_of(const std::string& stream, const std::string& name) {
    if (!is_stream_path(stream) || !is_safe_file_name(name) || !archive::is_segment_name(name)) {
        return {};
    }
    const std::size_t slash = stream.find('/', 1);
    const std::string app = stream.substr(1, slash - 1);
    const std::string last = stream.substr(slash + 1);
    return {{"live", app, last, name}, {app, last, name}};
}

std::string joined(const Names& names) {
    std::string path;
    for (const std::string& name : names) (path += path.empty() ? "" : "/") += name;
    return path;
}

Error no_segment(const std::string& stream, const std::string& name) {
    return {"there is no segment " + stream + "/" + name.substr(0, 255), 404};
}

}  // namespace

httpd::Answer SegmentFiles::answer(const std::string& stream, const std::string& name,
                                   const http::RequestHead& head) const {
    Error none = no_segment(stream, name);
    errno = 0;
    const Fd root(::open(parts_.recordings_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (const Names& place : places_of(stream, name)) {
        auto opened = root ? httpd::open_below(root.get(), place) : Result<Fd>(none);
        if (!opened && is_out_of_descriptors(errno)) {
            none = {"the server has too many files open: try again in a moment", 503};
            break;
        }
        // A stream's folder may be called like a segment.
        if (!opened || !is_plain(*opened)) continue;
        return httpd::file_answer(std::make_shared<Fd>(std::move(*opened)), name, head);
    }
    return {httpd::error_response(none.code, none.message), {}};
}

Result<void> SegmentFiles::remove(const std::string& stream, const std::string& name,
                                  const std::string& by) const {
    Error why = no_segment(stream, name);
    for (const Names& place : places_of(stream, name)) {
        const std::string path = joined(place);
        if (auto removed = parts_.catalogue.remove_segment(path); !removed) {
            if (removed.error().code != 404) why = removed.error();
            continue;
        }
        tell(parts_, "recording.deleted",
             {{"stream", stream}, {"file", path}, {"reason", "asked"}, {"deleted_by", by}});
        return {};
    }
    return why;
}

}  // namespace st::api
