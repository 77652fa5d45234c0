#include "streamctl/client/fetch.h"

#include <limits>

#include "cli/exit_codes.h"
#include "http/body.h"
#include "streamctl/client/get.h"

namespace st::streamctl {
namespace {

constexpr std::size_t kRefusalBytesMax = 64 * 1024;

}  // namespace

http::ResponseHead fetch(ApiClient& client, Interrupt& interrupt, const std::string& path,
                         const std::function<void(Bytes)>& write) {
    Get get(client, interrupt, path);
    const http::ResponseHead& head = get.head();
    auto body =
        http::BodyReader::of_response(head, "GET", std::numeric_limits<std::uint64_t>::max());
    if (!body) throw Failed(cli::kRefused, path + ": " + body.error().message);
    std::string refusal;
    while (!body->is_complete()) {
        const auto taken = body->next(get.unread());
        if (!taken) throw Failed(cli::kRefused, path + ": " + taken.error().message);
        if (head.status == 200) {
            write(taken->data);
        } else if (refusal.size() < kRefusalBytesMax) {
            refusal += as_text(taken->data);
        }
        get.consume(taken->consumed);
    }
    if (head.status != 200) throw Refused(control::decode_error(refusal, head.status));
    return head;
}

}  // namespace st::streamctl
