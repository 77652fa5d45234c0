#include "streamctl/recordings/fetch_line.h"

#include <string_view>

namespace st::streamctl {
namespace {

std::string quoted(const std::string& word) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,=";
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
    std::string out = "'";
    for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

}  // namespace

std::string fetch_line(const Options& options, const std::vector<std::string>& ids) {
    std::string line = "streamctl";
    if (!options.server.empty()) line += " -s " + quoted(options.server);
    line += " get";
    if (options.start.take) {
        line += " --take " + quoted(*options.start.take);
    } else {
        for (const std::string& id : ids) line += " " + quoted(id);
    }
    if (!options.folder.empty()) line += " -o " + quoted(options.folder);
    if (options.align) line += " --align";
    return line;
}

}  // namespace st::streamctl
