#pragma once
/// The pages of web/ as they were built: read once at start, answered from memory. They hold no
/// secret and can do nothing by themselves, so everybody may load them; what they ask for is
/// checked like any request. docs/pages.md.
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/response.h"
#include "httpd/router.h"

namespace st::httpd {

/// One file of a page.
struct PageFile {
    std::string content_type;
    std::string bytes;
    std::string gzip;  ///< the same, compressed; "": only `bytes` can be sent
    std::string etag;  ///< with its quotation marks
};

class Pages {
 public:
    static constexpr std::size_t kBytesMax = std::size_t{16} << 20;

    /// The regular files of `folder`; NAME.gz is NAME compressed. A folder that is not there has no
    /// pages. Error: the folder cannot be read, or holds more than kBytesMax.
    static Result<Pages> load(const std::string& folder);

    bool empty() const { return files_.empty(); }
    /// "index.html"; null if there is none.
    const PageFile* find(std::string_view name) const;
    /// The file that a path asks for: "/" is index.html, "/wall" is wall.html, "/web/x.js" is x.js.
    const PageFile* find_path(std::string_view path) const;
    /// Takes GET and HEAD of the paths above and no others. Outlives the router.
    void add_route(Router& router) const;

 private:
    std::map<std::string, PageFile, std::less<>> files_;
};

/// The answer to a request for `file`: 304 if its If-None-Match names the file as it is.
http::Response page_response(const PageFile& file, const http::RequestHead& head);

}  // namespace st::httpd
