#include "auth/forwarded.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace st::auth {
namespace {

/// More hops than any chain of proxies has; what lies before them is not looked at.
constexpr std::size_t kHopsMax = 32;

bool is_forwarding(std::string_view name) {
    constexpr std::string_view kPrefix = "x-forwarded-";
    return iequals(name, "Forwarded") || iequals(name, "Via") || iequals(name, "X-Real-IP") ||
           iequals(name.substr(0, kPrefix.size()), kPrefix);
}

/// "10.0.0.1", "10.0.0.1:5000", "[fd00::1]:5000", "fd00::1", each perhaps in quotes.
std::optional<Address> read_hop(std::string_view text) {
    text = trim(text);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);
    }
    if (text.starts_with('[')) {
        text = text.substr(1, std::min(text.find(']'), text.size()) - 1);
    } else if (std::count(text.begin(), text.end(), ':') == 1) {
        text = text.substr(0, text.find(':'));
    }
    const auto address = parse_address(text);
    return address ? std::optional<Address>(*address) : std::nullopt;
}

/// `for=192.0.2.60;proto=http` -> "192.0.2.60"; "" if the element has none.
std::string_view for_of(std::string_view element) {
    constexpr std::string_view kFor = "for=";
    while (!element.empty()) {
        const std::size_t end = std::min(element.find(';'), element.size());
        const std::string_view pair = trim(element.substr(0, end));
        if (iequals(pair.substr(0, kFor.size()), kFor)) return pair.substr(kFor.size());
        element.remove_prefix(std::min(end + 1, element.size()));
    }
    return {};
}

/// The elements of all fields of that name, the last hop first.
std::vector<std::string_view> hops_of(std::span<const Field> fields, std::string_view name) {
    std::vector<std::string_view> hops;
    for (const Field& field : fields) {
        if (!iequals(field.name, name)) continue;
        std::string_view rest = field.value;
        for (;;) {
            const std::size_t comma = std::min(rest.find(','), rest.size());
            hops.push_back(rest.substr(0, comma));
            if (comma == rest.size()) break;
            rest.remove_prefix(comma + 1);
        }
    }
    std::reverse(hops.begin(), hops.end());
    if (hops.size() > kHopsMax) hops.resize(kHopsMax);
    return hops;
}

/// Walks from `peer` back while it is trusted. nullopt: a hop that cannot be read.
std::optional<Address> walk(const std::vector<Range>& trusted, Address at,
                            const std::vector<std::string_view>& hops, bool has_pairs) {
    for (const std::string_view hop : hops) {
        if (!is_in(trusted, at)) break;
        const auto before = read_hop(has_pairs ? for_of(hop) : hop);
        if (!before) return std::nullopt;
        at = *before;
    }
    return at;
}

/// By a trusted proxy that lists no hops: nginx's usual line names the client in X-Real-IP.
Client named_alone(const Address& peer, std::span<const Field> fields) {
    const auto named = hops_of(fields, "X-Real-IP");
    if (named.empty()) return {peer, false};
    const auto client = named.size() == 1 ? read_hop(named.front()) : std::nullopt;
    return client ? Client{*client, false} : Client{peer, true};
}

}  // namespace

Client find_client(const std::vector<Range>& trusted, const Address& peer,
                   std::span<const Field> fields) {
    const bool passed = std::any_of(fields.begin(), fields.end(),
                                    [](const Field& field) { return is_forwarding(field.name); });
    if (!passed) return {peer, false};
    if (!is_in(trusted, peer)) return {peer, true};
    const auto listed = hops_of(fields, "X-Forwarded-For");
    const auto paired = hops_of(fields, "Forwarded");
    if (listed.empty() && paired.empty()) return named_alone(peer, fields);
    const auto by_list = walk(trusted, peer, listed, false);
    const auto by_pairs = walk(trusted, peer, paired, true);
    if (!by_list || !by_pairs) return {peer, true};
    if (listed.empty()) return {*by_pairs, false};
    if (paired.empty() || *by_list == *by_pairs) return {*by_list, false};
    return {peer, true};
}

}  // namespace st::auth
