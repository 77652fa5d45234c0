#include "live/live_http.h"

namespace st::live {

std::string flv_head(bool chunked) {
    std::vector<Field> fields = {{"Content-Type", "video/x-flv"},
                                 {"Cache-Control", "no-cache, no-store"},
                                 {"Connection", "close"},
                                 {"Access-Control-Allow-Origin", "*"},
                                 {"Access-Control-Expose-Headers", "*"},
                                 {"X-Accel-Buffering", "no"},
                                 {"X-Content-Type-Options", "nosniff"}};
    if (chunked) fields.push_back({"Transfer-Encoding", "chunked"});
    return http::encode_head(200, fields);
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

http::Response flv_preflight(const http::RequestHead& request) {
    // A wildcard would not cover Authorization; what is asked for is harmless here.
    const std::string* wanted = request.find("Access-Control-Request-Headers");
    http::Response response;
    response.status = 204;
    response.fields = {{"Access-Control-Allow-Origin", "*"},
                       {"Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS"},
                       {"Access-Control-Allow-Headers",
                        wanted != nullptr ? *wanted : "Range, Authorization, Content-Type"},
                       {"Access-Control-Max-Age", "86400"},
                       {"Allow", "GET, HEAD, POST, OPTIONS"}};
    if (request.find("Access-Control-Request-Private-Network") != nullptr) {
        response.fields.push_back({"Access-Control-Allow-Private-Network", "true"});
    }
    return response;
}

}  // namespace st::live
