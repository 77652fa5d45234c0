#pragma once
/// Which stream a client means: clients write one URL into app, tcUrl and stream name in many ways.
/// Pure.
#include <string>
#include <string_view>

namespace st::rtmp {

/// What connect said.
struct ConnectTarget {
    std::string app;     ///< "live", "live/", "live?key=1", "live/inst", or empty
    std::string tc_url;  ///< "rtmp://user:pass@host:1935/live?key=1", or empty
};

/// The stream's path and what was asked with it. Nothing here has been judged: names are as the
/// client sent them, but for what it meant by %XX.
struct Target {
    std::string path;   ///< "/app/name"; of any number of pieces, the caller wants two
    std::string query;  ///< "a=1&b=2": of the name, then of app (or of tcUrl without one)
};

/// `name` as publish or play gave it: with or without a leading slash, "mp4:", "flv:" or "mp3:",
/// and a query, or as a whole URL. FMS's default instance, "_definst_", is left out.
Target find_target(const ConnectTarget& connect, std::string_view name);

}  // namespace st::rtmp
