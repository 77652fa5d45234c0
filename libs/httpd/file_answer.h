#pragma once
/// The answer to a request for bytes that lie in files: all, or the range that is asked for
/// (RFC 9110, sections 13 and 14). Any thread.
#include <string>
#include <vector>

#include "httpd/router.h"

namespace st::httpd {

struct FileContent {
    std::vector<FileRange> ranges;
    std::string type;
    /// What a condition of the request is compared with; "": none is met.
    std::string etag{};
};

Answer answer_with(const Request& request, FileContent content);

/// Whether the request has got the begin already: a range from somewhere behind it.
bool asks_for_more(const Request& request);

}  // namespace st::httpd
