#include "streamd/make_cert.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "base/fd.h"
#include "certificate/self_signed.h"
#include "cli/exit_codes.h"
#include "server/addresses.h"

namespace st::streamd {
namespace {

certificate::CertificateWanted for_this_host() {
    certificate::CertificateWanted wanted;
    wanted.names = {"localhost"};
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' &&
        wanted.names.front() != name.data()) {
        wanted.names.emplace_back(name.data());
    }
    wanted.addresses = {"127.0.0.1", "::1"};
    for (const std::string& address : server::reachable_addresses("::")) {
        if (address != "127.0.0.1") wanted.addresses.push_back(address);
    }
    return wanted;
}

/// False, with errno, unless all of it is in a file that was not there before.
bool write_new(const std::string& path, const std::string& text, unsigned mode) {
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd) return false;
    const auto written = ::write(fd.get(), text.data(), text.size());
    if (written == static_cast<ssize_t>(text.size()) && ::fsync(fd.get()) == 0) return true;
    const int error = written < 0 ? errno : ENOSPC;
    ::unlink(path.c_str());
    errno = error;
    return false;
}

int refuse(const std::string& path, int error) {
    const std::string next = error == EEXIST ? "; it is kept: choose another folder" : "";
    std::cerr << "streamd: cannot create " << path << ": " << std::generic_category().message(error)
              << next << "\n";
    return cli::kCannotCreate;
}

}  // namespace

int make_cert(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return refuse(folder, error.value());
    const std::string certificate = folder + "/streamd.crt";
    const std::string key = folder + "/streamd.key";
    // Half a pair would be of no use: the certificate is looked for before the key is written.
    if (::access(certificate.c_str(), F_OK) == 0) return refuse(certificate, EEXIST);
    const certificate::CertificateWanted wanted = for_this_host();
    const certificate::CertificateAndKey made = certificate::make_self_signed(wanted);
    if (!write_new(key, made.key, 0600)) return refuse(key, errno);
    if (!write_new(certificate, made.certificate, 0644)) {
        const int why = errno;
        ::unlink(key.c_str());
        return refuse(certificate, why);
    }
    std::cout << certificate << "\n" << key << "\n";
    std::cerr << "for";
    for (const std::string& name : wanted.names) std::cerr << " " << name;
    for (const std::string& address : wanted.addresses) std::cerr << " " << address;
    std::cerr << "\nstart:   streamd --tls-cert " << certificate << " --tls-key " << key
              << "\nclients: give them " << certificate
              << " as the authority to trust (curl --cacert)\n";
    return cli::kDone;
}

}  // namespace st::streamd
