/// Commands about the server's pages: where a browser finds them.
#include <unistd.h>

#include <chrono>

#include "base/encodings.h"
#include "base/name.h"
#include "cli/qr.h"
#include "cli/terminal.h"
#include "control/page_url.h"
#include "control/status.h"
#include "digest/digest.h"
#include "json/read.h"
#include "json/write.h"
#include "streamctl/client/fetch.h"
#include "streamctl/client/printable.h"
#include "streamctl/commands/browser.h"
#include "streamctl/commands/commands.h"

namespace st::streamctl {
namespace {

/// Where a browser finds the pages of the server that `client` talks to; "" if nowhere.
std::string base_url(ApiClient& client, bool needs_tls) {
    const ServerUrl& server = client.server();
    const bool is_by_tcp = server.socket.empty();
    if (is_by_tcp && (server.is_tls || !needs_tls)) {
        const std::string scheme = server.is_tls ? "https://" : "http://";
        return scheme + server.host_field() + server.prefix + "/";
    }
    const auto status = understood(control::decode_status(client.ask("server.status")));
    return control::page_base(status.urls, needs_tls);
}

/// For how long the server takes the login of an address: no page that holds it is needed longer.
constexpr std::chrono::minutes kLoginLifetime{1};

/// "AB:CD:..." of the authority that signs the server's certificate; "" if it has none of its own.
std::string authority_fingerprint(ApiClient& client, Interrupt& interrupt) {
    digest::Sha256Stream der;
    try {
        const auto head = fetch(client, interrupt, "/ca/streamd-authority.crt",
                                [&](Bytes piece) { der.add(piece); });
        // What is in between may answer with a page of its own.
        const std::string* type = head.find("Content-Type");
        if (type == nullptr || *type != "application/x-x509-ca-cert")
            throw Failed(cli::kRefused, "the server's authority is no certificate");
    } catch (const Refused& refused) {
        if (refused.code() == control::ErrorCode::not_found) return {};
        throw;
    }
    return colon_hex(der.finish());
}

}  // namespace

int run_open(const Options& options, ApiClient& client, Console& console) {
    const std::string base = base_url(client, false);
    if (base.empty()) throw Failed(cli::kRefused, "the server has no address a browser could open");
    const auto link = json::read(client.ask_as_client("login.link", {}));
    const json::Object* object = link ? link->object() : nullptr;
    if (object == nullptr) throw Failed(cli::kRefused, "the server's answer cannot be understood");
    const std::string url = base + "#once=" + (*object)["once"].text_or_empty();
    if (console.json()) {
        json::Object answer;
        answer.set("url", url);
        console.body(json::write(answer));
        return cli::kDone;
    }
    console.result(url);
    if (options.only_prints || !cli::is_terminal(STDOUT_FILENO)) return cli::kDone;
    cli::flush_output();
    if (open_in_browser(url, kLoginLifetime))
        console.note("opened in the browser, which it logs in");
    return cli::kDone;
}

int run_qr(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console) {
    const std::string& name = options.camera;
    if (!name.empty() && !is_valid_name(name)) {
        throw Failed(cli::kUsage, "\"" + printable(name) + "\" cannot be a camera's name");
    }
    const std::string base = base_url(client, true);
    if (base.empty()) {
        throw Failed(cli::kRefused,
                     "the server has no certificate, and phones let a page use the camera over "
                     "https only: start it with --tls auto, or with --tls-cert and --tls-key");
    }
    const std::string url = base + "camera" + (name.empty() ? "" : "?name=" + name);
    const std::string fingerprint = authority_fingerprint(client, interrupt);
    if (console.json()) {
        json::Object answer;
        answer.set("url", url);
        if (!fingerprint.empty()) answer.set("authority_sha256", fingerprint);
        console.body(json::write(answer));
        return cli::kDone;
    }
    console.drawing(cli::qr_code(url));
    console.result(url);
    if (!fingerprint.empty()) console.result("authority: SHA-256 " + fingerprint);
    return cli::kDone;
}

}  // namespace st::streamctl
