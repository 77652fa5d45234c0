#pragma once
/// The answer to a request for bytes that lie in files: all, or the range that is asked for, under
/// its conditions (RFC 9110, sections 13 and 14).
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "http/head.h"
#include "httpd/router.h"

namespace st::httpd {

struct FileContent {
    std::vector<FileRange> ranges;
    std::string type;
    /// An entity tag with its quotes, which conditions are compared with; "": none is met.
    std::string etag{};
};

/// Whole, a part, 304 or 416. Any thread.
Answer answer_with(const http::RequestHead& head, FileContent content);

/// The open regular file `file`, called `name`. Its entity tag is made of its time and size. Blocks
/// on the disk for an fstat.
Answer file_answer(std::shared_ptr<Fd> file, std::string_view name, const http::RequestHead& head);

/// "text/html; charset=utf-8" for x.html; application/octet-stream for what is not known.
std::string_view content_type_of(std::string_view name);

/// Whether a list such as If-None-Match names that entity tag.
bool has_tag(const http::RequestHead& head, std::string_view field, std::string_view etag);

/// Whether the client has the beginning already: it asks for a range that starts later.
bool asks_for_more(const http::RequestHead& head);

}  // namespace st::httpd
