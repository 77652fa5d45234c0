#include "streamd/local_access.h"

#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include "base/bytes.h"
#include "base/control_files.h"
#include "base/encodings.h"
#include "base/random.h"
#include "streamd/process.h"

namespace st::streamd {
namespace {

/// The first port, in whose name programs look for the files.
std::uint16_t port_of(const server::Ports& ports) {
    return ports.http ? *ports.http : ports.https.value_or(0);
}

}  // namespace

LocalAccess::LocalAccess() : token_(hex_encode(random_bytes<32>())) {}

digest::Sha256 LocalAccess::token_digest() const { return digest::sha256(as_bytes(token_)); }

void LocalAccess::open(server::Server& server, const std::string& path, const Log& log) {
    try {
        publish(server, path, log);
    } catch (const std::runtime_error& e) {
        if (!path.empty()) throw;
        log.warning(std::string(e.what()) + "; going on without");
    }
}

void LocalAccess::publish(server::Server& server, const std::string& path, const Log& log) {
    const std::uint16_t port = port_of(server.ports());
    const auto files = path.empty() ? choose_control_files(port) : control_files_at(path, 0600);
    if (!files) {
        throw std::runtime_error("control socket: no folder for it, /tmp/streamd-" +
                                 std::to_string(::geteuid()) +
                                 " is not this user's alone; choose a path with control.socket");
    }
    server.open_control_socket(files->socket, files->socket_mode);
    replace_file(files->token, token_ + "\n", files->token_mode);
    written_.emplace_back(files->token);
    log.info("control socket: " + files->socket + ", token in " + files->token);
    if (files->socket_mode == 0600) return;
    // A service's files are found by its port, too.
    const std::filesystem::path token(files->token);
    const std::string by_port =
        (token.parent_path() / ("streamd-" + std::to_string(port) + ".token")).string();
    ::unlink(by_port.c_str());
    if (::symlink(token.filename().c_str(), by_port.c_str()) == 0) written_.emplace_back(by_port);
}

}  // namespace st::streamd
