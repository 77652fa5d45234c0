#include "httpd/pages.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "support/temporary_folder.h"

namespace st::httpd {
namespace {

namespace fs = std::filesystem;

class PagesTest : public ::testing::Test {
 protected:
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(fs::path(folder) / name) << text;
    }
    Pages load() const {
        auto pages = Pages::load(folder);
        EXPECT_TRUE(pages.ok());
        return pages.ok() ? std::move(*pages) : Pages();
    }

    const test::TemporaryFolder temporary;
    const std::string& folder = temporary.path();
};

std::string field(const http::Response& response, const std::string& name) {
    const std::string* value = find_field(response.fields, name);
    return value == nullptr ? "" : *value;
}

http::RequestHead head_with(std::vector<Field> fields) {
    http::RequestHead head;
    head.method = "GET";
    head.fields = std::move(fields);
    return head;
}

TEST_F(PagesTest, finds_a_page_by_its_path_and_its_parts_below_web) {
    write("index.html", "monitor");
    write("wall.html", "wall");
    write("wall.js", "script");
    fs::create_directory(fs::path(folder) / "sub");
    const Pages pages = load();
    EXPECT_EQ(pages.find_path("/")->bytes, "monitor");
    EXPECT_EQ(pages.find_path("/wall")->bytes, "wall");
    EXPECT_EQ(pages.find_path("/web/wall.js")->bytes, "script");
    EXPECT_EQ(pages.find_path("/web/wall.js")->content_type, "text/javascript; charset=utf-8");
    for (const char* path : {"", "/wall/", "/wall.js", "/web/", "/web/sub", "/web/../wall.js",
                             "/web//wall.js", "/camera", "wall", "/healthz"}) {
        EXPECT_EQ(pages.find_path(path), nullptr) << path;
    }
}

TEST_F(PagesTest, a_folder_that_is_not_there_has_no_pages) {
    const auto pages = Pages::load(folder + "/none");
    ASSERT_TRUE(pages.ok());
    EXPECT_TRUE(pages->empty());
}

TEST_F(PagesTest, refuses_a_folder_that_holds_more_than_pages_do) {
    write("big.js", "");
    fs::resize_file(fs::path(folder) / "big.js", Pages::kBytesMax + 1);
    const auto pages = Pages::load(folder);
    ASSERT_FALSE(pages.ok());
    EXPECT_EQ(pages.error().message, folder + ": more than 16 MiB of pages");
}

TEST_F(PagesTest, nothing_inline_and_nothing_from_elsewhere_may_run) {
    write("index.html", "monitor");
    const Pages pages = load();
    const auto response = page_response(*pages.find_path("/"), head_with({}));
    const std::string policy = field(response, "Content-Security-Policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self'; ")) << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
    EXPECT_EQ(policy.find("http"), std::string::npos) << policy;
    EXPECT_EQ(field(response, "X-Content-Type-Options"), "nosniff");
}

TEST_F(PagesTest, a_browser_that_has_the_page_is_not_sent_it_again) {
    write("index.html", "monitor");
    const Pages pages = load();
    const PageFile& page = *pages.find_path("/");
    EXPECT_EQ(page_response(page, head_with({})).status, 200);
    for (const std::string& known :
         {page.etag, "W/" + page.etag, "\"x\", " + page.etag, std::string("*")}) {
        const auto response = page_response(page, head_with({{"If-None-Match", known}}));
        EXPECT_EQ(response.status, 304) << known;
        EXPECT_EQ(response.body, "") << known;
        EXPECT_EQ(field(response, "ETag"), page.etag);
    }
    EXPECT_EQ(page_response(page, head_with({{"If-None-Match", "\"x\""}})).status, 200);
    write("index.html", "another");
    EXPECT_NE(load().find_path("/")->etag, page.etag);
}

TEST_F(PagesTest, sends_the_compressed_form_to_who_takes_it) {
    write("index.html", "monitor");
    write("index.html.gz", "packed");
    write("stray.js.gz", "packed");
    const Pages pages = load();
    const PageFile& page = *pages.find_path("/");
    EXPECT_EQ(pages.find("index.html.gz"), nullptr);
    EXPECT_EQ(pages.find("stray.js"), nullptr);
    for (const char* accepted : {"gzip", "br, GZIP", "deflate,gzip;q=0.5"}) {
        const auto response = page_response(page, head_with({{"Accept-Encoding", accepted}}));
        EXPECT_EQ(response.body, "packed") << accepted;
        EXPECT_EQ(field(response, "Content-Encoding"), "gzip") << accepted;
    }
    for (const char* accepted : {"", "identity", "gzip;q=0", "xgzip"}) {
        const auto response = page_response(page, head_with({{"Accept-Encoding", accepted}}));
        EXPECT_EQ(response.body, "monitor") << accepted;
        EXPECT_EQ(field(response, "Content-Encoding"), "") << accepted;
    }
}

}  // namespace
}  // namespace st::httpd
