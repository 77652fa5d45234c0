#include "httpd/file_answer.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/field.h"
#include "httpd/answers.h"
#include "httpd/file_range.h"

namespace st::httpd {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kTypes{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/plain; charset=utf-8"},
    {".csv", "text/csv; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
    {".json", "application/json"},
    {".mp4", "video/mp4"},
    {".flv", "video/x-flv"},
    {".webm", "video/webm"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".png", "image/png"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".pdf", "application/pdf"},
    {".wasm", "application/wasm"},
}};

std::string etag_of(const struct stat& facts) {
    std::array<char, 80> text{};
    std::snprintf(text.data(), text.size(), "\"%llx-%lx-%llx\"",
                  static_cast<unsigned long long>(facts.st_mtim.tv_sec),
                  static_cast<unsigned long>(facts.st_mtim.tv_nsec),
                  static_cast<unsigned long long>(facts.st_size));
    return text.data();
}

/// The part that is meant; the whole file unless it is still the one whose part the peer has.
ByteRange range_of(const http::RequestHead& head, std::string_view etag, std::uint64_t size) {
    const std::string* header = head.find("Range");
    const std::string* condition = head.find("If-Range");
    const bool is_other = condition != nullptr && (etag.empty() || trim(*condition) != etag);
    return header == nullptr || is_other ? ByteRange{0, size} : read_range(*header, size);
}

}  // namespace

std::string_view content_type_of(std::string_view name) {
    for (const auto& [ending, type] : kTypes) {
        if (name.ends_with(ending)) return type;
    }
    return "application/octet-stream";
}

bool has_tag(const http::RequestHead& head, std::string_view name, std::string_view etag) {
    return std::ranges::any_of(list_elements(head.fields, name), [etag](std::string_view tag) {
        if (tag.starts_with("W/")) tag.remove_prefix(2);
        return tag == etag || tag == "*";
    });
}

Answer answer_with(const http::RequestHead& head, FileContent content) {
    const std::uint64_t size = bytes_of(content.ranges);
    Answer answer;
    std::vector<Field>& fields = answer.response.fields;
    fields = {{"Accept-Ranges", "bytes"}, {"X-Content-Type-Options", "nosniff"}};
    if (!content.etag.empty()) {
        fields.push_back({"ETag", content.etag});
        fields.push_back({"Cache-Control", "no-cache"});
        if (has_tag(head, "If-None-Match", content.etag)) {
            answer.response.status = 304;
            return answer;
        }
    }
    const ByteRange range = range_of(head, content.etag, size);
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

Answer file_answer(std::shared_ptr<Fd> file, std::string_view name, const http::RequestHead& head) {
    struct stat facts {};
    if (::fstat(file->get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return {error_response(500, "cannot read " + std::string(name)), {}};
    }
    FileContent content;
    content.type = content_type_of(name);
    content.etag = etag_of(facts);
    content.ranges = {{std::move(file), 0, static_cast<std::uint64_t>(facts.st_size)}};
    return answer_with(head, std::move(content));
}

bool asks_for_more(const http::RequestHead& head) {
    const std::string* range = head.find("Range");
    return range != nullptr && !range->starts_with("bytes=0-");
}

}  // namespace st::httpd
