#include "api/authority_routes.h"

#include <utility>
#include <vector>

#include "http/response.h"

namespace st::api {
namespace {

using Segments = std::vector<std::string>;

constexpr const char* kDerName = "streamd-authority.crt";
constexpr const char* kPemName = "streamd-authority.pem";
/// What both Android and iOS open with their installer.
constexpr const char* kCertificateType = "application/x-x509-ca-cert";

bool is_page_wanted(const httpd::Request& request) {
    const std::string* accept = request.head.find("Accept");
    return accept != nullptr && accept->find("text/html") != std::string::npos;
}

http::Response file_of(std::string name, std::string type, std::string body) {
    http::Response response;
    response.content_type = std::move(type);
    response.fields = {{"Cache-Control", "no-store"},
                       {"X-Content-Type-Options", "nosniff"},
                       {"Content-Disposition", "attachment; filename=\"" + name + "\""}};
    response.body = std::move(body);
    return response;
}

/// A phone's screen is narrower than a fingerprint.
std::string breakable(const std::string& fingerprint) {
    std::string html;
    for (const char c : fingerprint) html += c == ':' ? ":<wbr>" : std::string(1, c);
    return html;
}

http::Response answer_of(const Authority& authority, const httpd::Request& request,
                         std::optional<std::uint16_t> https_port) {
    const Segments& segments = request.target.segments;
    if (segments.size() == 2 && segments[1] == kDerName) {
        return file_of(kDerName, kCertificateType, authority.der);
    }
    if (segments.size() == 2 || !is_page_wanted(request)) {
        return file_of(kPemName, "application/x-pem-file", authority.pem);
    }
    http::Response response;
    response.content_type = "text/html; charset=utf-8";
    response.fields = {{"Cache-Control", "no-store"},
                       {"X-Content-Type-Options", "nosniff"},
                       {"Referrer-Policy", "no-referrer"},
                       {"Content-Security-Policy",
                        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action "
                        "'none'; frame-ancestors 'none'"}};
    response.body = authority_page(authority, https_port);
    return response;
}

}  // namespace

std::string authority_page(const Authority& authority, std::optional<std::uint16_t> https_port) {
    const std::string port =
        https_port ? "<p>Afterwards <code>https</code> and <code>wss</code> addresses of this "
                     "server, port " +
                         std::to_string(*https_port) + ", work without a warning.</p>\n"
                   : "";
    return R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Trust this streamd server</title>
<link rel="stylesheet" href="web/style.css">
</head>
<body>
<main class="text">
<h1>Trust this streamd server</h1>
<p>Browsers and phones use the camera and encrypted connections only with servers they trust. This server
makes its own certificates; your device trusts them once it has this server's authority, which is limited
to this machine's names and to private addresses.</p>
<p><a href="ca/streamd-authority.crt"><strong>Download the authority</strong></a></p>
<p>Compare its SHA-256 fingerprint with the one that the server printed when it started:</p>
<p><code>)" +
           breakable(authority.fingerprint) + R"(</code></p>
<h2>Android</h2>
<ol>
<li>Download the authority.</li>
<li>Open Settings and search for &ldquo;CA certificate&rdquo;. It is below Security, Encryption and
credentials, Install a certificate.</li>
<li>Choose CA certificate, Install anyway, and the downloaded file.</li>
</ol>
<h2>iPhone and iPad</h2>
<ol>
<li>Download the authority in Safari and allow the profile.</li>
<li>Settings, General, VPN &amp; Device Management: choose the profile and Install.</li>
<li>Settings, General, About, Certificate Trust Settings: switch it on.</li>
</ol>
<h2>Computers and programs</h2>
<p>Import <a href="ca/streamd-authority.pem">streamd-authority.pem</a> as an authority in the browser or
system, or name it: <code>streamctl --cacert FILE</code>, <code>curl --cacert FILE</code>.</p>
)" + port + "</main>\n</body>\n</html>\n";
}

void add_authority_routes(httpd::Router& router, const Current<AuthorityPtr>& authority,
                          std::optional<std::uint16_t> https_port) {
    router.add_request([&authority,
                        https_port](const httpd::Request& request) -> std::optional<httpd::Plan> {
        const Segments& segments = request.target.segments;
        const bool is_file =
            segments.size() == 2 && (segments[1] == kDerName || segments[1] == kPemName);
        if (segments.empty() || segments[0] != "ca" || (segments.size() != 1 && !is_file)) {
            return std::nullopt;
        }
        if (request.head.method != "GET" && request.head.method != "HEAD") {
            return httpd::Plan::refuse_method(request.head.method, "GET, HEAD");
        }
        const AuthorityPtr held = *authority.get();
        if (!held) {
            return httpd::Plan::refuse(
                404, "this server makes no certificates; streamd --tls auto does");
        }
        httpd::Plan plan;
        plan.answer = [held, https_port](const httpd::Request& asked, const httpd::Reply& reply) {
            reply({answer_of(*held, asked, https_port), {}});
        };
        return plan;
    });
}

}  // namespace st::api
