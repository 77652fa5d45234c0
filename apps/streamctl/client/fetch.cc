#include "streamctl/client/fetch.h"

#include <limits>
#include <vector>

#include "cli/exit_codes.h"
#include "http/body.h"
#include "http/response.h"
#include "streamctl/client/connection.h"

namespace st::streamctl {
namespace {

constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::size_t kRefusalBytesMax = 64 * 1024;

std::string request_for(const ApiClient& client, const std::string& path) {
    std::vector<Field> fields{{"Host", client.server().host_field()},
                              {"User-Agent", "streamctl/" ST_VERSION},
                              {"Connection", "close"}};
    if (!client.token().empty()) fields.push_back({"Authorization", "Bearer " + client.token()});
    return http::encode_request_head("GET", client.server().prefix + path, fields);
}

}  // namespace

http::ResponseHead fetch(ApiClient& client, Interrupt& interrupt, const std::string& path,
                         const std::function<void(Bytes)>& write) {
    Connection connection(client.server(), client.patience(), interrupt);
    const std::string request = request_for(client, path);
    connection.send(as_bytes(request), Clock::now() + client.patience());
    std::vector<std::uint8_t> piece(kPieceBytes);
    const auto receive = [&]() -> Bytes {
        const auto woke = connection.wait(Clock::now() + client.patience());
        if (woke == Connection::Woke::interrupted) throw Failed(cli::kInterrupted, "interrupted");
        if (woke == Connection::Woke::time) throw connection.no_answer(client.patience());
        const auto bytes = connection.receive(piece);
        if (!bytes || bytes->empty()) throw connection.unreachable("the connection was lost");
        return *bytes;
    };
    http::ResponseReader answer;
    Bytes rest;
    while (!answer.is_complete()) {
        const Bytes bytes = receive();
        const auto used = answer.feed(bytes);
        if (!used) throw Failed(cli::kRefused, path + ": " + used.error().message);
        rest = bytes.subspan(*used);
    }
    http::ResponseHead head = answer.take();
    auto body =
        http::BodyReader::of_response(head, "GET", std::numeric_limits<std::uint64_t>::max());
    if (!body) throw Failed(cli::kRefused, path + ": " + body.error().message);
    std::string refusal;
    while (!body->is_complete()) {
        if (rest.empty()) rest = receive();
        const auto taken = body->next(rest);
        if (!taken) throw Failed(cli::kRefused, path + ": " + taken.error().message);
        if (head.status == 200) {
            write(taken->data);
        } else if (refusal.size() < kRefusalBytesMax) {
            refusal += as_text(taken->data);
        }
        rest = rest.subspan(taken->consumed);
    }
    if (head.status != 200) throw Refused(control::decode_error(refusal, head.status));
    return head;
}

}  // namespace st::streamctl
