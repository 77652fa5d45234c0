#include "httpd/file_answer.h"

#include "httpd/answers.h"
#include "httpd/file_range.h"

namespace st::httpd {
namespace {

/// One of the list, or all: RFC 9110, 13.1.2. Ours are strong and have no commas.
bool lists(const std::string& list, const std::string& etag) {
    return list == "*" || (!etag.empty() && list.find('"' + etag + '"') != std::string::npos);
}

/// The range that holds: none after an If-Range for another version (RFC 9110, 13.1.5).
const std::string* range_of(const Request& request, const std::string& etag) {
    const std::string* condition = request.head.find("If-Range");
    if (condition != nullptr && (etag.empty() || *condition != '"' + etag + '"')) return nullptr;
    return request.head.find("Range");
}

}  // namespace

Answer answer_with(const Request& request, FileContent content) {
    const std::uint64_t size = bytes_of(content.ranges);
    Answer answer;
    std::vector<Field>& fields = answer.response.fields;
    fields = {{"Accept-Ranges", "bytes"}, {"X-Content-Type-Options", "nosniff"}};
    if (!content.etag.empty()) fields.push_back({"ETag", '"' + content.etag + '"'});
    const std::string* known = request.head.find("If-None-Match");
    if (known != nullptr && lists(*known, content.etag)) {
        answer.response.status = 304;
        return answer;
    }
    const std::string* header = range_of(request, content.etag);
    const ByteRange range = header == nullptr ? ByteRange{0, size} : read_range(*header, size);
    if (range.status == 416) {
        answer.response = error_response(416, "the file has " + std::to_string(size) + " bytes");
        answer.response.fields.push_back({"Content-Range", "bytes */" + std::to_string(size)});
        return answer;
    }
    answer.response.status = range.status;
    answer.response.content_type = std::move(content.type);
    if (range.status == 206) {
        fields.push_back({"Content-Range", "bytes " + std::to_string(range.offset) + "-" +
                                               std::to_string(range.offset + range.bytes - 1) +
                                               "/" + std::to_string(size)});
    }
    answer.files = part_of(content.ranges, range.offset, range.bytes);
    return answer;
}

bool asks_for_more(const Request& request) {
    const std::string* range = request.head.find("Range");
    return range != nullptr && !range->starts_with("bytes=0-");
}

}  // namespace st::httpd
