#include "streamd/own_certificate.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "auth/address.h"
#include "base/joined.h"
#include "base/read_text.h"
#include "certificate/authority.h"
#include "server/addresses.h"
#include "streamd/process.h"

namespace st::streamd {
namespace {

using certificate::CertificateAndKey;
using certificate::CertificateError;
using std::chrono::hours;

/// Apple refuses server certificates of more than 398 days; the day before counts.
constexpr hours kServerLife{396 * 24};
constexpr hours kAuthorityLife{10 * 365 * 24};
/// From the day before they are made: a client's clock may be behind ours.
constexpr hours kDayBefore{24};
/// How long before its end a certificate is made anew.
constexpr hours kRenewal{30 * 24};
constexpr std::size_t kFileMax = 64 * 1024;

/// RFC 1918, RFC 6598, RFC 4193 and this machine itself: nobody else's public name lies there.
const std::vector<std::string>& private_networks() {
    static const std::vector<std::string> networks = {
        "127.0.0.0/8",    "10.0.0.0/8",    "172.16.0.0/12", "192.168.0.0/16",
        "169.254.0.0/16", "100.64.0.0/10", "::1/128",       "fc00::/7"};
    return networks;
}

/// "" if there is none. Throws CertificateError if it cannot be read.
std::string read_pem(const std::string& path) {
    auto text = read_text(path, kFileMax);
    if (text) return *std::move(text);
    if (text.error().code == ENOENT) return "";
    throw CertificateError(text.error().message);
}

bool is_within(const std::string& address, const std::vector<std::string>& networks) {
    const auto parsed = auth::parse_address(address);
    return parsed && std::ranges::any_of(networks, [&](const std::string& network) {
               const auto range = auth::parse_range(network);
               return range && range->contains(*parsed);
           });
}

bool is_loopback(const std::string& address) {
    const auto parsed = auth::parse_address(address);
    return parsed && parsed->is_loopback();
}

bool is_below(const std::string& name, const std::vector<std::string>& names) {
    return std::ranges::any_of(names, [&](const std::string& permitted) {
        return name == permitted || name.ends_with("." + permitted);
    });
}

/// Letters, digits, hyphens and dots: what a host name may be (RFC 1123), and '_' that some are.
bool is_host_name(const std::string& name) {
    constexpr std::size_t kNameMax = 253;
    return !name.empty() && name.size() <= kNameMax && name.front() != '.' && name.front() != '-' &&
           name.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
               "-._") == std::string::npos;
}

void add_new(std::vector<std::string>& to, const std::vector<std::string>& from) {
    for (const std::string& one : from) {
        if (std::ranges::find(to, one) == to.end()) to.push_back(one);
    }
}

std::vector<std::string> sorted(std::vector<std::string> texts) {
    std::ranges::sort(texts);
    return texts;
}

std::string day_of(std::chrono::system_clock::time_point time) {
    const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(day.year()),
                  static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
    return text.data();
}

/// The files of one folder on their way to being what they should be.
class Keeper {
 public:
    Keeper(const std::string& folder, const Identity& identity)
        : identity_(identity),
          authority_file_(folder + "/authority.crt"),
          authority_key_file_(folder + "/authority.key"),
          files_(own_certificate_files(folder)) {}

    OwnCertificate run() {
        if (read_authority()) {
            look_at_clock();
        } else {
            make_authority("", {});
        }
        if (!is_authority_enough()) {
            make_authority(authority_.key, certificate::read(authority_.certificate).limits);
            result_.notes.push_back(
                "authority: made anew with its key, for " + joined(identity_.names) + " and " +
                joined(identity_.addresses) + "; phones that trust it need it again from /ca");
        }
        const std::vector<std::string> addresses = vouched_addresses();
        if (is_authority_new_ || !is_server_certificate_good(addresses))
            make_server_certificate(addresses);
        note_left_out(addresses);
        const certificate::Facts facts = certificate::read(authority_.certificate);
        result_.files = files_;
        result_.authority = {authority_.certificate, facts.der, facts.fingerprint};
        result_.authority_file = authority_file_;
        return std::move(result_);
    }

 private:
    /// False if there is none. One that is there and cannot be used is an error: made anew in
    /// silence, it would cost all phones their trust.
    bool read_authority() {
        try {
            authority_ = {read_pem(authority_file_), read_pem(authority_key_file_)};
            const bool has_key = ::access(authority_key_file_.c_str(), F_OK) == 0;
            if (authority_.certificate.empty() && !has_key) return false;
            // The key is written first: the server ended before the other was.
            if (authority_.certificate.empty()) {
                make_authority(authority_.key, {});
                result_.notes.push_back("authority: its key was there alone; made anew with it");
                return true;
            }
            if (belong_together(authority_)) return true;
        } catch (const CertificateError&) {
        }
        throw std::runtime_error("authority " + authority_file_ + ": it and " +
                                 authority_key_file_ +
                                 " cannot be read as certificate and key; put them right, or "
                                 "remove both to have others made (phones then need the new one)");
    }

    /// A clock that stands before the authority was made is wrong, or was when that was made. Time
    /// alone must not keep the server from starting: then what is kept or made here is right once
    /// the clock is.
    void look_at_clock() {
        const auto begins = certificate::read(authority_.certificate).begins;
        if (time_ >= begins) return;
        const auto made = begins + kDayBefore;
        result_.notes.push_back(
            "certificate: the clock says " + day_of(time_) + ", but the authority was made on " +
            day_of(made) + "; clients refuse it until the clock is right. If that is right now, " +
            "remove " + authority_file_ + " and its key to have others made (phones then need " +
            "the new one)");
        time_ = made;
    }

    /// Of something that is made now.
    certificate::Validity validity_of(hours life) const {
        const hours ahead = std::chrono::ceil<hours>(time_ - std::chrono::system_clock::now());
        return {ahead - kDayBefore, ahead + life};
    }

    /// `before`: what it could vouch for until now.
    void make_authority(const std::string& key, certificate::Limits before) {
        certificate::AuthorityWanted wanted;
        wanted.name = "streamd on " + identity_.names.front();
        wanted.validity = validity_of(kAuthorityLife);
        wanted.key = key;
        wanted.limits = std::move(before);
        add_new(wanted.limits.names, identity_.names);
        add_new(wanted.limits.networks, private_networks());
        add_new(wanted.limits.networks, identity_.networks);
        authority_ = certificate::make_authority(wanted);
        is_authority_new_ = true;
        replace_file(authority_key_file_, authority_.key, 0600);
        replace_file(authority_file_, authority_.certificate, 0644);
    }

    /// Names are ours to choose, so all have to be in it. Addresses come and go (those of IPv6 by
    /// the day): one is enough.
    bool is_authority_enough() {
        const certificate::Facts facts = certificate::read(authority_.certificate);
        if (facts.expires - time_ < kServerLife) return false;
        const bool has_names = std::ranges::all_of(identity_.names, [&](const std::string& name) {
            return is_below(name, facts.limits.names);
        });
        const auto is_far = [](const std::string& address) { return !is_loopback(address); };
        const bool wants_address = std::ranges::any_of(identity_.addresses, is_far);
        const bool has_address =
            std::ranges::any_of(identity_.addresses, [&](const std::string& address) {
                return is_far(address) && is_within(address, facts.limits.networks);
            });
        return has_names && (has_address || !wants_address);
    }

    std::vector<std::string> vouched_addresses() const {
        const certificate::Facts facts = certificate::read(authority_.certificate);
        std::vector<std::string> addresses;
        std::ranges::copy_if(
            identity_.addresses, std::back_inserter(addresses),
            [&](const std::string& address) { return is_within(address, facts.limits.networks); });
        return addresses;
    }

    bool is_server_certificate_good(const std::vector<std::string>& addresses) const {
        try {
            const CertificateAndKey pair{read_pem(files_.certificate), read_pem(files_.key)};
            if (pair.certificate.empty() || pair.key.empty() || !belong_together(pair)) {
                return false;
            }
            const certificate::Facts facts = certificate::read(pair.certificate);
            return facts.names == sorted(identity_.names) && facts.addresses == sorted(addresses) &&
                   facts.expires - time_ > kRenewal &&
                   certificate::why_refused(pair.certificate, authority_.certificate, time_)
                       .empty();
        } catch (const CertificateError&) {
            return false;
        }
    }

    void make_server_certificate(const std::vector<std::string>& addresses) {
        const CertificateAndKey made = certificate::make_server_certificate(
            {identity_.names, addresses, validity_of(kServerLife)}, authority_);
        const std::string why =
            certificate::why_refused(made.certificate, authority_.certificate, time_);
        if (!why.empty()) throw std::runtime_error("certificate: " + why);
        replace_file(files_.key, made.key, 0600);
        // Whoever is given this file as the authority to trust finds it there, too.
        replace_file(files_.certificate, made.certificate + authority_.certificate, 0644);
        result_.notes.push_back("certificate: made for " + joined(identity_.names) + " " +
                                joined(addresses));
    }

    void note_left_out(const std::vector<std::string>& addresses) {
        if (addresses.size() == identity_.addresses.size()) return;
        std::vector<std::string> left_out;
        std::ranges::copy_if(identity_.addresses, std::back_inserter(left_out),
                             [&](const std::string& address) {
                                 return std::ranges::find(addresses, address) == addresses.end();
                             });
        result_.notes.push_back("certificate: not for " + joined(left_out) +
                                ", the authority was made in other networks; remove " +
                                authority_file_ + " and its key to have one made for these");
    }

    const Identity& identity_;
    const std::string authority_file_;
    const std::string authority_key_file_;
    const loop::TlsFiles files_;
    /// By which certificates are judged and made.
    std::chrono::system_clock::time_point time_ = std::chrono::system_clock::now();
    CertificateAndKey authority_;
    bool is_authority_new_ = false;
    OwnCertificate result_;
};

}  // namespace

std::vector<std::string> machine_names() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return {};
    const std::string full(name.data());
    const std::string bare = full.substr(0, full.find('.'));
    std::vector<std::string> names{bare, bare + ".local"};
    if (full != bare && full != names.back()) names.push_back(full);
    return names;
}

Identity identity_of_machine(const std::vector<std::string>& more_names) {
    Identity identity;
    std::vector<std::string> names = machine_names();
    names.emplace_back("localhost");
    add_new(names, more_names);
    std::ranges::copy_if(names, std::back_inserter(identity.names), is_host_name);
    identity.addresses = {"127.0.0.1", "::1"};
    add_new(identity.addresses, server::reachable_addresses("::"));
    identity.networks = server::reachable_networks();
    return identity;
}

loop::TlsFiles own_certificate_files(const std::string& folder) {
    return {folder + "/streamd.crt", folder + "/streamd.key"};
}

OwnCertificate keep_certificate(const std::string& folder, const Identity& identity) {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), error);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        throw std::runtime_error("cannot create " + folder + ": " +
                                 std::generic_category().message(errno));
    }
    return Keeper(folder, identity).run();
}

}  // namespace st::streamd
