#include "load_probe.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>

namespace st::bench {
namespace {

constexpr int kUserTicksField = 14;  // proc(5), /proc/PID/stat, counted from 1
constexpr int kRssPagesField = 24;

}  // namespace

Usage usage_of(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/stat";
    std::ifstream in(path);
    std::string line((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const auto name_end = line.rfind(')');
    if (name_end == std::string::npos) throw std::runtime_error(path + ": no such process");
    std::istringstream fields(line.substr(name_end + 1));
    Usage usage;
    std::string text;
    const double tick_s = 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK));
    for (int field = 3; fields >> text; ++field) {
        if (field == kUserTicksField) usage.user_s = std::stod(text) * tick_s;
        if (field == kUserTicksField + 1) usage.system_s = std::stod(text) * tick_s;
        if (field == kRssPagesField)
            usage.rss_kb = std::stol(text) * (::sysconf(_SC_PAGESIZE) / 1024);
    }
    return usage;
}

}  // namespace st::bench
