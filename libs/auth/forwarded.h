#pragma once
/// Who a request comes from that passed through proxies. Pure; any thread.
#include <span>
#include <vector>

#include "auth/address.h"
#include "base/field.h"

namespace st::auth {

struct Client {
    Address address;
    /// The request passed through a proxy that is not trusted, or a trusted one said something
    /// unreadable about where it came from: `address` may be that of a proxy.
    bool is_behind_stranger = false;
};

/// `peer`, or, while that is in `trusted`, the hop before it in X-Forwarded-For or Forwarded. If
/// both headers are there and name different clients, neither is believed: one of them may be the
/// client's own invention.
Client find_client(const std::vector<Range>& trusted, const Address& peer,
                   std::span<const Field> fields);

}  // namespace st::auth
