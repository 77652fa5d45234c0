#pragma once
/// `/ca`: how a phone comes to trust this server. A browser gets a page with instructions, other
/// programs the authority itself; everybody may, over http too.
#include <cstdint>
#include <memory>
#include <optional>

#include "api/authority.h"
#include "base/current.h"
#include "httpd/router.h"

namespace st::api {

using AuthorityPtr = std::shared_ptr<const Authority>;

/// To be added before the API's routes. `authority`: null if the server makes no certificates;
/// outlives the router. `https_port`: where it is of use, if there is such a port.
void add_authority_routes(httpd::Router& router, const Current<AuthorityPtr>& authority,
                          std::optional<std::uint16_t> https_port);

/// The page, whole; its links are relative to /ca.
std::string authority_page(const Authority& authority, std::optional<std::uint16_t> https_port);

}  // namespace st::api
