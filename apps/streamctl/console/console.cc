#include "streamctl/console/console.h"

#include <unistd.h>

#include <algorithm>

#include "streamctl/client/local_server.h"
#include "streamctl/recordings/fetch_line.h"

namespace st::streamctl {

void Console::body(std::string_view body) {
    std::string line(body);
    for (char& c : line) {
        if (c == '\n' || c == '\r') c = ' ';  // JSON has no line break that means anything
    }
    line.erase(line.find_last_not_of(' ') + 1);
    result(line);
}

void Console::server_file(const std::string& path, const std::string& recording) {
    const auto server = options_.server.empty() ? Result<ServerUrl>(local_server())
                                                : parse_server_url(options_.server);
    // A path of another machine may name something here as well.
    if (server && is_of_this_machine(*server) && ::access(path.c_str(), R_OK) == 0) {
        return result(path);
    }
    result("server:" + path);
    if (std::ranges::find(out_of_reach_, recording) == out_of_reach_.end()) {
        out_of_reach_.push_back(recording);
    }
}

void Console::say_how_to_fetch() {
    if (out_of_reach_.empty()) return;
    std::cout.flush();
    note("these files are on the server; to fetch them: " + fetch_line(options_, out_of_reach_));
    out_of_reach_.clear();
}

}  // namespace st::streamctl
