#include "httpd/pages.h"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/encodings.h"
#include "base/field.h"
#include "base/read_text.h"
#include "digest/digest.h"
#include "httpd/file_answer.h"

namespace st::httpd {
namespace {

namespace fs = std::filesystem;

/// Scripts, styles and connections of this server alone; nothing inline. Players hand media to the
/// browser as blob: URLs.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

bool takes_gzip(const http::RequestHead& head) {
    bool takes = false;
    for (const std::string_view coding : list_elements(head.fields, "Accept-Encoding")) {
        const std::size_t semicolon = std::min(coding.find(';'), coding.size());
        const std::string_view weight = trim(coding.substr(std::min(semicolon + 1, coding.size())));
        const bool is_refused = weight == "q=0" || weight == "q=0.0";
        if (iequals(trim(coding.substr(0, semicolon)), "gzip")) takes = !is_refused;
    }
    return takes;
}

}  // namespace

Result<Pages> Pages::load(const std::string& folder) {
    Pages pages;
    std::error_code error;
    if (!fs::exists(folder, error)) return pages;
    std::size_t bytes = 0;
    std::map<std::string, std::string> compressed;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (!at->is_regular_file(error)) continue;
        auto content = read_text(at->path(), kBytesMax - bytes);
        if (!content && content.error().code == EFBIG) {
            return Error{folder + ": more than 16 MiB of pages"};
        }
        if (!content) return content.error();
        bytes += content->size();
        const std::string name = at->path().filename().string();
        if (name.ends_with(".gz")) {
            compressed[name.substr(0, name.size() - 3)] = std::move(*content);
            continue;
        }
        const auto digest = digest::sha256(as_bytes(*content));
        const std::string etag =
            "\"" + hex_encode(Bytes(digest.data(), digest.size())).substr(0, 20) + "\"";
        pages.files_[name] =
            PageFile{std::string(content_type_of(name)), std::move(*content), {}, etag};
    }
    if (error) return Error{folder + ": " + error.message()};
    for (auto& [name, content] : compressed) {
        const auto found = pages.files_.find(name);
        if (found != pages.files_.end()) found->second.gzip = std::move(content);
    }
    return pages;
}

const PageFile* Pages::find(std::string_view name) const {
    const auto found = files_.find(name);
    return found == files_.end() ? nullptr : &found->second;
}

const PageFile* Pages::find_path(std::string_view path) const {
    constexpr std::string_view kFolder = "/web/";
    if (path == "/") return find("index.html");
    if (path.starts_with(kFolder)) return find(path.substr(kFolder.size()));
    if (!path.starts_with('/')) return nullptr;
    return find(std::string(path.substr(1)) + ".html");
}

void Pages::add_route(Router& router) const {
    router.add_request([this](const Request& request) -> std::optional<Plan> {
        const PageFile* file = find_path(request.target.path);
        if (file == nullptr) return std::nullopt;
        const std::string& method = request.head.method;
        if (method != "GET" && method != "HEAD") {
            return Plan::refuse_method(method, "GET, HEAD");
        }
        Plan plan;
        plan.answer = [file](const Request& asked, const Reply& reply) {
            reply({page_response(*file, asked.head), {}});
        };
        return plan;
    });
}

http::Response page_response(const PageFile& file, const http::RequestHead& head) {
    http::Response response;
    // Always asked for again, which costs a 304: a page and its script are of one build.
    response.fields = {
        {"Cache-Control", "no-cache"},         {"ETag", file.etag},
        {"Vary", "Accept-Encoding"},           {"Content-Security-Policy", std::string(kPolicy)},
        {"X-Content-Type-Options", "nosniff"}, {"Referrer-Policy", "no-referrer"}};
    if (has_tag(head, "If-None-Match", file.etag)) {
        response.status = 304;
        return response;
    }
    response.content_type = file.content_type;
    const bool is_compressed = !file.gzip.empty() && takes_gzip(head);
    if (is_compressed) response.fields.push_back({"Content-Encoding", "gzip"});
    response.body = is_compressed ? file.gzip : file.bytes;
    return response;
}

}  // namespace st::httpd
