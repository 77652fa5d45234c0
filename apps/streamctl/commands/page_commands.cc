/// Commands about the server's pages: where a browser finds them.
#include "base/name.h"
#include "cli/qr.h"
#include "control/json.h"
#include "control/page_url.h"
#include "control/status.h"
#include "json/read.h"
#include "json/write.h"
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
    const auto status = understood(control::decode_status(client.status()));
    return control::page_base(status.urls, needs_tls);
}

void print_url(Console& console, const std::string& url) {
    if (!console.json()) return console.result(url);
    json::Object object;
    object.set("url", url);
    console.body(json::write(object));
}

}  // namespace

int run_open(const Options&, ApiClient& client, Console& console) {
    const std::string base = base_url(client, false);
    if (base.empty()) throw Failed(cli::kRefused, "the server has no address a browser could open");
    const auto link = json::read(client.ask("login.link", ""));
    const json::Object* object = link ? link->object() : nullptr;
    if (object == nullptr) throw Failed(cli::kRefused, "the server's answer cannot be understood");
    print_url(console, base + "#once=" + (*object)["once"].text_or_empty());
    return cli::kDone;
}

int run_qr(const Options& options, ApiClient& client, Console& console) {
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
    if (!console.json()) console.result(cli::qr_code(url));
    print_url(console, url);
    return cli::kDone;
}

}  // namespace st::streamctl
