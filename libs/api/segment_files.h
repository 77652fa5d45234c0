#pragma once
/// Files of segments by the stream and their name, in whichever layout they lie, for all doors that
/// give or delete one. On the disk's threads.
#include <string>

#include "api/parts.h"
#include "base/result.h"
#include "http/head.h"
#include "httpd/router.h"

namespace st::api {

class SegmentFiles {
 public:
    explicit SegmentFiles(Parts& parts) : parts_(parts) {}

    /// The bytes, or what of them is asked for; 404 for what is no segment of that stream. Of one
    /// that grows, those there are now. `stream`: "/app/name".
    httpd::Answer answer(const std::string& stream, const std::string& name,
                         const http::RequestHead& head) const;

    /// Deletes one, and tells of it. Error.code: 404 there is none, 409 it is kept or being
    /// written.
    Result<void> remove(const std::string& stream, const std::string& name,
                        const std::string& by) const;

 private:
    Parts& parts_;
};

}  // namespace st::api
