#include "streamctl/console/console.h"

#include <string>

namespace st::streamctl {

void Console::body(std::string_view body) {
    std::string line(body);
    for (char& c : line) {
        if (c == '\n' || c == '\r') c = ' ';  // JSON has no line break that means anything
    }
    line.erase(line.find_last_not_of(' ') + 1);
    result(line);
}

}  // namespace st::streamctl
