#include "live/live_http.h"

namespace st::live {
namespace {

/// Why a viewer waits: neither FLV nor a message of WebSocket-FLV has a place for it that players
/// skip.
constexpr std::string_view kWaitingField = "X-Streamd-Waiting";
constexpr std::string_view kEndOfHead = "\r\n\r\n";

}  // namespace

std::vector<Field> cross_origin_fields(const std::string& origin) {
    if (origin.empty()) return {};
    std::vector<Field> fields = {{"Access-Control-Allow-Origin", origin},
                                 {"Access-Control-Expose-Headers", "*"}};
    if (origin != "*") fields.push_back({"Vary", "Origin"});
    return fields;
}

std::string flv_head(bool chunked, const std::string& origin, const std::string& why_waiting) {
    std::vector<Field> fields = {{"Content-Type", "video/x-flv"},
                                 {"Cache-Control", "no-cache, no-store"},
                                 {"Connection", "close"},
                                 {"X-Accel-Buffering", "no"},
                                 {"X-Content-Type-Options", "nosniff"}};
    for (Field& field : cross_origin_fields(origin)) fields.push_back(std::move(field));
    if (!why_waiting.empty()) fields.push_back({std::string(kWaitingField), why_waiting});
    if (chunked) fields.push_back({"Transfer-Encoding", "chunked"});
    return http::encode_head(200, fields);
}

std::string with_waiting(std::string upgrade_answer, const std::string& why_waiting) {
    const std::size_t end = upgrade_answer.rfind(kEndOfHead);
    if (why_waiting.empty() || end == std::string::npos) return upgrade_answer;
    return upgrade_answer.insert(end, "\r\n" + std::string(kWaitingField) + ": " + why_waiting);
}

Buffer flv_chunk(Bytes data) {
    Buffer chunk;
    if (data.empty()) return chunk;
    const std::string head = http::encode_chunk_head(data.size());
    chunk.reserve(head.size() + data.size() + http::kChunkEnd.size());
    chunk.append(as_bytes(head));
    chunk.append(data);
    chunk.append(as_bytes(http::kChunkEnd));
    return chunk;
}

http::Response flv_preflight(const http::RequestHead& request, const std::string& origin) {
    http::Response response;
    response.status = 204;
    response.fields = {{"Allow", "GET, HEAD, POST, OPTIONS"}};
    if (origin.empty()) return response;
    for (Field& field : cross_origin_fields(origin)) response.fields.push_back(std::move(field));
    response.fields.push_back({"Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS"});
    // A wildcard would not cover Authorization; what is asked for is harmless here.
    const std::string* wanted = request.find("Access-Control-Request-Headers");
    response.fields.push_back({"Access-Control-Allow-Headers",
                               wanted != nullptr ? *wanted : "Range, Authorization, Content-Type"});
    response.fields.push_back({"Access-Control-Max-Age", "86400"});
    if (request.find("Access-Control-Request-Private-Network") != nullptr) {
        response.fields.push_back({"Access-Control-Allow-Private-Network", "true"});
    }
    return response;
}

}  // namespace st::live
