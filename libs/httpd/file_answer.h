#pragma once
/// The answer to a request for a file on the disk: conditions and one range (RFC 9110, 13 and 14).
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "http/head.h"
#include "httpd/router.h"

namespace st::httpd {

/// "text/html; charset=utf-8" for x.html; application/octet-stream for what is not known.
std::string_view content_type_of(std::string_view name);

/// Whether a list such as If-None-Match names that entity tag.
bool has_tag(const http::RequestHead& head, std::string_view field, std::string_view etag);

/// The open regular file `file`, called `name`: whole, a part, 304 or 416. Its ETag is made of its
/// time and size. Blocks on the disk for an fstat.
Answer file_answer(std::shared_ptr<Fd> file, std::string_view name, const http::RequestHead& head);

}  // namespace st::httpd
