#include "httpd/refusal.h"

#include "http/response.h"
#include "httpd/answers.h"
#include "ws/encode.h"
#include "ws/frame.h"

namespace st::httpd {

std::uint16_t close_code_for(int status) {
    const bool is_limit = status == 429 || status == 503;
    return is_limit ? ws::kCloseTryLater : ws::kClosePolicy;
}

Buffer encode_close_for(int status, const std::string& message) {
    return ws::encode_close(close_code_for(status), message);
}

Buffer encode_refusal(int status, const std::string& message, bool is_upgraded) {
    if (is_upgraded) return encode_close_for(status, message);
    return Buffer(as_bytes(http::encode_response(error_response(status, message), false)));
}

}  // namespace st::httpd
