#include "http/target.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/encodings.h"
#include "base/text.h"
#include "base/utf8.h"

namespace st::http {
namespace {

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Error bad(std::string what) { return Error{"target: " + std::move(what), 400}; }

/// Decoded text that may go into logs and JSON.
Result<std::string> decode_clean(std::string_view text) {
    auto decoded = percent_decode(text);
    if (!decoded) return bad("a '%' without two hex digits");
    if (!is_utf8(as_bytes(*decoded))) return bad("an escape that is not UTF-8");
    if (!is_clean(*decoded)) return bad("an encoded control character");
    return *std::move(decoded);
}

Result<std::string> decode_segment(std::string_view text) {
    auto segment = decode_clean(text);
    if (!segment) return segment.error();
    if (segment->find_first_of("/\\") != std::string::npos) return bad("an encoded slash");
    if (*segment == "." || *segment == "..") return bad("a segment \".\" or \"..\"");
    if (segment->size() > kSegmentBytesMax) {
        return bad("a segment over " + std::to_string(kSegmentBytesMax) + " bytes");
    }
    return segment;
}

Result<std::string> decode_query_text(std::string_view text) {
    std::string spaced(text);
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    return decode_clean(spaced);
}

}  // namespace

const std::string* Target::find(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name) return &value;
    }
    return nullptr;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> pairs;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) continue;
        if (pairs.size() >= kQueryPairsMax) {
            return bad("over " + std::to_string(kQueryPairsMax) + " query parameters");
        }
        const auto equals = std::min(pair.find('='), pair.size());
        auto key = decode_query_text(pair.substr(0, equals));
        if (!key) return key.error();
        auto value = decode_query_text(pair.substr(std::min(equals + 1, pair.size())));
        if (!value) return value.error();
        pairs.emplace_back(*std::move(key), *std::move(value));
    }
    return pairs;
}

Result<Target> parse_target(std::string_view text) {
    Target target;
    const auto question = std::min(text.find('?'), text.size());
    target.path = text.substr(0, question);
    if (!target.path.starts_with('/')) return bad("no leading slash");
    // The head reader refuses these, but not every target comes from there.
    if (has_control(text)) return bad("a control byte");
    std::string_view rest = target.path;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('/'), rest.size());
        const std::string_view raw = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (raw.empty()) continue;
        if (target.segments.size() >= kSegmentsMax) {
            return bad("over " + std::to_string(kSegmentsMax) + " segments");
        }
        auto segment = decode_segment(raw);
        if (!segment) return segment.error();
        target.segments.push_back(*std::move(segment));
    }
    auto query = parse_query(text.substr(std::min(question + 1, text.size())));
    if (!query) return query.error();
    target.query = *std::move(query);
    return target;
}

std::string without_credentials(std::string_view query) {
    std::string shown;
    for (std::size_t at = 0; at <= query.size();) {
        const std::size_t end = std::min(query.find('&', at), query.size());
        const std::string_view one = query.substr(at, end - at);
        at = end + 1;
        const std::string_view name = one.substr(0, one.find('='));
        if (name == "token" || name == "sign" || name.find('%') != std::string_view::npos) continue;
        if (one.empty()) continue;
        shown += (shown.empty() ? "" : "&") + std::string(one);
    }
    return shown;
}

}  // namespace st::http
