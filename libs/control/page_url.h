#pragma once
/// Where a browser finds the server's pages, of the addresses that cameras can use
/// (control/status.h). Pure; any thread.
#include <span>
#include <string>

namespace st::control {

/// "https://192.168.1.4:8443/", or with `needs_tls` false "http://..." if there is no other; of the
/// addresses that reach other machines the first. "" if there is none.
std::string page_base(std::span<const std::string> camera_urls, bool needs_tls);

}  // namespace st::control
