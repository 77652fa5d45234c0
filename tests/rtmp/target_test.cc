#include "rtmp/target.h"

#include <gtest/gtest.h>

namespace st::rtmp {
namespace {

std::string found(const ConnectTarget& connect, std::string_view name) {
    const Target target = find_target(connect, name);
    return target.query.empty() ? target.path : target.path + "?" + target.query;
}

TEST(Target, is_found_however_it_is_written) {
    struct Case {
        const char* who;
        ConnectTarget connect;
        const char* name;
        const char* expected;
    };
    const Case cases[] = {
        {"everybody", {"live", "rtmp://h/live"}, "cam", "/live/cam"},
        {"a trailing slash", {"live/", "rtmp://h/live/"}, "cam", "/live/cam"},
        {"a leading slash", {"/live", ""}, "/cam", "/live/cam"},
        {"only tcUrl", {"", "rtmp://h:1935/live"}, "cam", "/live/cam"},
        {"only tcUrl, with its query", {"", "rtmp://h/live?k=1"}, "cam", "/live/cam?k=1"},
        {"a user in tcUrl", {"", "rtmp://u:p@h/live"}, "cam", "/live/cam"},
        {"tcUrl without a path", {"", "rtmp://h"}, "live/cam", "/live/cam"},
        {"tcUrl without a scheme", {"", "live"}, "cam", "/cam"},
        {"app of slashes", {"/", "rtmp://h/live"}, "cam", "/live/cam"},
        {"OBS, key in the server's URL", {"live?k=1", "rtmp://h/live?k=1"}, "cam", "/live/cam?k=1"},
        {"key in the name", {"live", "rtmp://h/live"}, "cam?k=1&x=2", "/live/cam?k=1&x=2"},
        {"both", {"live?a=1", "rtmp://h/live?a=1"}, "cam?b=2", "/live/cam?b=2&a=1"},
        {"query in tcUrl only", {"live", "rtmp://h/live?t=1"}, "cam", "/live/cam?t=1"},
        {"all in app", {"live/cam", "rtmp://h/live/cam"}, "", "/live/cam"},
        {"all in the name", {"", ""}, "/live/cam", "/live/cam"},
        {"three pieces", {"live/inst", "rtmp://h/live/inst"}, "cam", "/live/inst/cam"},
        {"the default instance", {"live/_definst_", ""}, "cam", "/live/cam"},
        {"ffmpeg, a name that ends in .mp4", {"live", ""}, "mp4:cam.mp4", "/live/cam.mp4"},
        {"flv:", {"live", ""}, "/flv:cam", "/live/cam"},
        {"a colon that is none of them", {"live", ""}, "mp5:cam", "/live/mp5:cam"},
        {"percent", {"li%76e", ""}, "c%61m", "/live/cam"},
        {"a broken escape is left", {"live", ""}, "c%61m%", "/live/c%61m%"},
        {"percent in a query is left", {"live", ""}, "cam?k=%61", "/live/cam?k=%61"},
        {"a slash behind percent", {"live", ""}, "..%2f..%2Fetc", "/live/../../etc"},
        {"no name", {"live", ""}, "", "/live"},
        {"nothing", {"", ""}, "", ""},
        {"a slash in a query", {"live?u=a/b", ""}, "cam", "/live/cam?u=a/b"},
        {"a URL for a name", {"live", "rtmp://h/live"}, "rtmp://h:1935/app/x?k=1", "/app/x?k=1"},
        {"a URL in a query", {"live", ""}, "cam?from=http://h/x", "/live/cam?from=http://h/x"},
    };
    for (const Case& it : cases) EXPECT_EQ(found(it.connect, it.name), it.expected) << it.who;
}

}  // namespace
}  // namespace st::rtmp
