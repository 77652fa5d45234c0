#include "streamd/journal.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace st::streamd {
namespace {

constexpr std::size_t kNameMax = 64;  // the journal drops longer ones

/// "peer" as STREAMD_PEER; "" if the journal would not take it.
std::string journal_name(std::string_view name) {
    std::string made = "STREAMD_";
    for (const char c : name) {
        const bool is_lower = c >= 'a' && c <= 'z';
        const bool is_plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        if (!is_lower && !is_plain) return {};
        made += is_lower ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return name.empty() || made.size() > kNameMax ? std::string() : made;
}

/// A value with a line break has its length in front, little-endian.
void add(std::string& entry, std::string_view name, std::string_view value) {
    entry += name;
    if (value.find('\n') == std::string_view::npos) {
        ((entry += '=') += value) += '\n';
        return;
    }
    entry += '\n';
    std::uint64_t size = value.size();
    for (int i = 0; i < 8; ++i, size >>= 8) entry += static_cast<char>(size & 0xFF);
    (entry += value) += '\n';
}

}  // namespace

std::string encode_journal_entry(const LogLine& line, int priority, const std::string& text) {
    std::string entry;
    add(entry, "MESSAGE", text);
    add(entry, "PRIORITY", std::to_string(priority));
    add(entry, "SYSLOG_IDENTIFIER", "streamd");
    if (!line.prefix.empty()) add(entry, "STREAMD_SOURCE", line.prefix);
    for (const auto& [name, value] : line.fields) {
        if (const std::string made = journal_name(name); !made.empty()) add(entry, made, value);
    }
    return entry;
}

std::optional<Journal> Journal::open(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return std::nullopt;
    std::copy(path.begin(), path.end(), address.sun_path);
    Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto* at = reinterpret_cast<const sockaddr*>(&address);
    if (!socket || ::connect(socket.get(), at, sizeof address) != 0) return std::nullopt;
    return Journal(std::move(socket));
}

bool Journal::send(const std::string& entry) const {
    const auto sent = ::send(socket_.get(), entry.data(), entry.size(), MSG_NOSIGNAL);
    return sent == static_cast<ssize_t>(entry.size());
}

bool is_stderr_of_journal() {
    const char* said = std::getenv("JOURNAL_STREAM");
    struct stat is {};
    if (said == nullptr || ::fstat(STDERR_FILENO, &is) != 0) return false;
    return said == std::to_string(is.st_dev) + ":" + std::to_string(is.st_ino);
}

}  // namespace st::streamd
