#include "base/control_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace st {
namespace {

constexpr const char* kServiceFolder = "/run/streamd";
constexpr const char* kServiceSocket = "control.sock";

/// True for a folder of this user into which nobody else can put anything.
bool is_own_folder(const std::string& path) {
    struct stat there {};
    return ::lstat(path.c_str(), &there) == 0 && S_ISDIR(there.st_mode) &&
           there.st_uid == ::geteuid() && (there.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// /tmp is everybody's: a folder there must also keep others from looking in.
bool is_private_folder(const std::string& path) {
    struct stat there {};
    return is_own_folder(path) && ::lstat(path.c_str(), &there) == 0 &&
           (there.st_mode & 0777) == 0700;
}

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && value[0] == '/' ? value : "";
}

std::string temporary_folder() { return "/tmp/streamd-" + std::to_string(::geteuid()); }

/// The user's run-time folders that exist, best first.
std::vector<std::string> session_folders() {
    std::vector<std::string> folders;
    const std::string xdg = environment("XDG_RUNTIME_DIR");
    if (!xdg.empty() && is_own_folder(xdg)) folders.push_back(xdg);
    const std::string user = "/run/user/" + std::to_string(::geteuid());
    if (user != xdg && is_own_folder(user)) folders.push_back(user);
    return folders;
}

ControlFiles files_of_port(const std::string& folder, std::uint16_t port) {
    return control_files_at(folder + "/streamd-" + std::to_string(port) + ".sock", 0600);
}

bool fits(const ControlFiles& files) { return files.socket.size() <= kSocketPathMax; }

}  // namespace

ControlFiles control_files_at(const std::string& socket, mode_t socket_mode) {
    constexpr std::string_view kEnding = ".sock";
    std::string token = socket;
    if (token.ends_with(kEnding)) token.resize(token.size() - kEnding.size());
    // A token is read, a socket is written to.
    return {socket, token + ".token", socket_mode, socket_mode & 0640U};
}

std::optional<ControlFiles> choose_control_files(std::uint16_t port) {
    const std::string given = environment("RUNTIME_DIRECTORY");
    if (!given.empty()) {
        const std::string folder = given.substr(0, given.find(':'));  // systemd.exec(5): a list
        return control_files_at(folder + "/" + kServiceSocket, 0660);
    }
    for (const std::string& folder : session_folders()) {
        if (auto files = files_of_port(folder, port); fits(files)) return files;
    }
    if (::geteuid() == 0) {
        ::mkdir(kServiceFolder, 0755);
        if (is_own_folder(kServiceFolder)) return files_of_port(kServiceFolder, port);
    }
    ::mkdir(temporary_folder().c_str(), 0700);
    if (is_private_folder(temporary_folder())) return files_of_port(temporary_folder(), port);
    return std::nullopt;
}

std::vector<ControlFiles> find_control_files(std::uint16_t port, bool include_service) {
    std::vector<ControlFiles> found;
    for (const std::string& folder : session_folders()) {
        if (auto files = files_of_port(folder, port); fits(files)) found.push_back(files);
    }
    if (is_private_folder(temporary_folder())) {
        found.push_back(files_of_port(temporary_folder(), port));
    }
    found.push_back(files_of_port(kServiceFolder, port));  // only root can have made that folder
    if (include_service) {
        found.push_back(control_files_at(std::string(kServiceFolder) + "/" + kServiceSocket, 0660));
    }
    return found;
}

}  // namespace st
