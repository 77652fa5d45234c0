#include "httpd/static_folders.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "httpd/answers.h"
#include "httpd/file_answer.h"

namespace st::httpd {
namespace {

constexpr const char* kIndex = "index.html";

Error nothing() { return Error{"there is nothing here", 404}; }

bool is_folder(int fd) {
    struct stat facts {};
    return ::fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode);
}

/// The whole answer; on the disk's threads.
Answer answer(int root, const std::vector<std::string>& names, const Request& request) {
    auto opened = open_below(root, names);
    if (!opened) return {error_response(404, opened.error().message), {}};
    std::string name = names.empty() ? "" : names.back();
    if (is_folder(opened->get())) {
        if (!request.target.path.ends_with('/')) {
            // So that relative addresses in the page begin in the folder.
            http::Response moved = error_response(301, "it is a folder");
            moved.fields.push_back(
                {"Location", request.target.path.substr(request.target.path.rfind('/') + 1) + "/"});
            return {std::move(moved), {}};
        }
        name = kIndex;
        opened = open_below(opened->get(), {name});
        if (!opened || is_folder(opened->get()))
            return {error_response(404, nothing().message), {}};
    }
    return file_answer(std::make_shared<Fd>(std::move(*opened)), name, request.head);
}

}  // namespace

Result<Fd> open_below(int root, const std::vector<std::string>& names) {
    Fd at(::openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (const std::string& name : names) {
        if (name.empty() || name.starts_with('.') || name.find('/') != std::string::npos) {
            return nothing();
        }
        // A pipe would block whoever opens it, and a link may lead anywhere.
        Fd next(::openat(at.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        if (next.get() < 0) return nothing();
        at = std::move(next);
    }
    struct stat facts {};
    const bool is_there = at.get() >= 0 && ::fstat(at.get(), &facts) == 0;
    if (!is_there || (!S_ISREG(facts.st_mode) && !S_ISDIR(facts.st_mode))) return nothing();
    return at;
}

StaticFolders::StaticFolders(const std::vector<StaticFolder>& folders) {
    for (const StaticFolder& folder : folders) {
        Root root;
        root.route = folder.route;
        root.folder.reset(::open(folder.root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (root.folder.get() < 0) {
            throw std::system_error(errno, std::generic_category(), "web.static: " + folder.root);
        }
        roots_.push_back(std::move(root));
    }
    std::stable_sort(roots_.begin(), roots_.end(),
                     [](const Root& a, const Root& b) { return a.route.size() > b.route.size(); });
}

const StaticFolders::Root* StaticFolders::find(const std::vector<std::string>& segments) const {
    const auto found = std::find_if(roots_.begin(), roots_.end(), [&](const Root& root) {
        return root.route.size() <= segments.size() &&
               std::equal(root.route.begin(), root.route.end(), segments.begin());
    });
    return found == roots_.end() ? nullptr : &*found;
}

void StaticFolders::add_route(Router& router, loop::BlockingWork& disk) const {
    router.add_request([this, &disk](const Request& request) -> std::optional<Plan> {
        const auto& segments = request.target.segments;
        const Root* root = find(segments);
        if (root == nullptr) return std::nullopt;
        const std::string& method = request.head.method;
        if (method != "GET" && method != "HEAD") {
            return Plan::refuse_method(method, "GET, HEAD");
        }
        Plan plan;
        std::vector<std::string> names(
            segments.begin() + static_cast<std::ptrdiff_t>(root->route.size()), segments.end());
        plan.answer = [root, &disk, names = std::move(names)](const Request& asked,
                                                              const Reply& reply) {
            disk.post(loop::Effort::quick, [root, names, asked, reply] {
                reply(answer(root->folder.get(), names, asked));
            });
        };
        return plan;
    });
}

}  // namespace st::httpd
