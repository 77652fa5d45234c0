#include "streamctl/client/get.h"

#include "cli/exit_codes.h"
#include "http/response.h"

namespace st::streamctl {
namespace {

constexpr std::size_t kPieceBytes = 256 * 1024;

std::string request_for(const ApiClient& client, const std::string& path,
                        const std::vector<Field>& more) {
    std::vector<Field> fields{{"Host", client.server().host_field()},
                              {"User-Agent", "streamctl/" ST_VERSION},
                              {"Connection", "close"}};
    if (!client.token().empty()) fields.push_back({"Authorization", "Bearer " + client.token()});
    fields.insert(fields.end(), more.begin(), more.end());
    return http::encode_request_head("GET", client.server().prefix + path, fields);
}

}  // namespace

Get::Get(ApiClient& client, Interrupt& interrupt, const std::string& path,
         const std::vector<Field>& more)
    : client_(client),
      connection_(client.server(), client.patience(), interrupt),
      piece_(kPieceBytes) {
    const std::string request = request_for(client, path, more);
    connection_.send(as_bytes(request), Clock::now() + client.patience());
    http::ResponseReader answer;
    while (!answer.is_complete()) {
        const Bytes bytes = receive();
        const auto used = answer.feed(bytes);
        if (!used) throw Failed(cli::kRefused, path + ": " + used.error().message);
        rest_ = bytes.subspan(*used);
    }
    head_ = answer.take();
}

Bytes Get::unread() {
    if (rest_.empty()) rest_ = receive();
    return rest_;
}

Bytes Get::receive() {
    const auto woke = connection_.wait(Clock::now() + client_.patience());
    if (woke == Connection::Woke::interrupted) throw Failed(cli::kInterrupted, "interrupted");
    if (woke == Connection::Woke::time) throw connection_.no_answer(client_.patience());
    const auto bytes = connection_.receive(piece_);
    if (!bytes || bytes->empty()) throw connection_.unreachable("the connection was lost");
    return *bytes;
}

}  // namespace st::streamctl
