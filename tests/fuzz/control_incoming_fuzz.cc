// Any message of a server: it is refused with a text or understood, and what is handed on is JSON.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "control/json.h"
#include "control/rpc_client.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace st::control;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto incoming = decode_rpc_incoming(text);
    if (!incoming) {
        if (incoming.error().message.empty()) std::abort();
    } else if (*incoming) {
        const auto* answer = std::get_if<RpcAnswer>(&**incoming);
        if (answer != nullptr && answer->error.has_value() != answer->result.empty()) std::abort();
        if (answer != nullptr && !answer->error && !parse_json(answer->result, kReply)) {
            std::abort();
        }
        const auto* event = std::get_if<RpcEvent>(&**incoming);
        if (event != nullptr && event->json.find_first_of("\r\n") != std::string::npos) {
            std::abort();
        }
    }
    return 0;
}
