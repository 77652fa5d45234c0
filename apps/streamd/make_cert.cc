#include "streamd/make_cert.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <system_error>

#include "certificate/authority.h"
#include "cli/exit_codes.h"
#include "streamd/own_certificate.h"

namespace st::streamd {
namespace {

int refuse(const std::string& what) {
    std::cerr << "streamd: " << what << "\n";
    return cli::kCannotCreate;
}

}  // namespace

int make_cert(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return refuse("cannot create " + folder + ": " + error.message());
    const loop::TlsFiles files = own_certificate_files(folder);
    for (const std::string& path : {files.certificate, files.key}) {
        if (::access(path.c_str(), F_OK) != 0) continue;
        return refuse("cannot create " + path + ": " + std::generic_category().message(EEXIST) +
                      "; it is kept: choose another folder");
    }
    const Identity identity = identity_of_machine({});
    OwnCertificate made;
    try {
        made = keep_certificate(folder, identity);
    } catch (const certificate::CertificateError&) {
        throw;
    } catch (const std::runtime_error& e) {
        return refuse(e.what());
    }
    std::cout << files.certificate << "\n" << files.key << "\n";
    std::cerr << "for";
    for (const std::string& name : identity.names) std::cerr << " " << name;
    for (const std::string& address : identity.addresses) std::cerr << " " << address;
    std::cerr << "\nstart:   streamd --tls-cert " << files.certificate << " --tls-key " << files.key
              << "\nclients: give them the authority, " << made.authority_file
              << ", to trust\n         (curl --cacert, streamctl --cacert; a phone installs it)"
              << "\n         SHA-256 " << made.authority.fingerprint << "\n";
    return cli::kDone;
}

}  // namespace st::streamd
