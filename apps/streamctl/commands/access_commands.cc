/// Who may come in: tokens and signed URLs.

#include "base/clock.h"
#include "base/joined.h"
#include "base/when.h"
#include "control/token.h"
#include "streamctl/client/printable.h"
#include "streamctl/client/who.h"
#include "streamctl/commands/listing.h"

namespace st::streamctl {
namespace {

int make_token(const Options& options, ApiClient& client, Console& console) {
    const std::string body = client.ask(
        "tokens.new",
        control::encode(control::TokenRequest{options.token_name, options.roles, who()}));
    const auto reply = understood(control::decode_token_reply(body));
    if (console.json()) {
        console.body(body);
        return cli::kDone;
    }
    console.result(reply.token);
    console.note("keep it: the server stores its digest alone and cannot show it again");
    return cli::kDone;
}

int revoke_token(const Options& options, ApiClient& client, Console& console) {
    const std::string body =
        client.ask_as_client("tokens.revoke", json::Object{{"name", options.token_name}});
    if (console.json()) {
        console.body(body);
    } else {
        console.note(printable(options.token_name) + ": revoked");
    }
    return cli::kDone;
}

int list_tokens(ApiClient& client, Console& console) {
    return print_list(client, console,
                      {"tokens.list", {{"NAME"}, {"ROLES"}, {"MADE"}}, "there are no tokens"},
                      control::decode_token_info, [](const control::TokenInfo& token) {
                          return std::vector{printable(token.name), printable(joined(token.roles)),
                                             token.created_at ? local_time(*token.created_at)
                                                              : "in the configuration"};
                      });
}

}  // namespace

int run_token(const Options& options, ApiClient& client, Console& console) {
    const std::string& command = options.command.back();
    if (command == "new") return make_token(options, client, console);
    if (command == "revoke") return revoke_token(options, client, console);
    return list_tokens(client, console);
}

int run_sign(const Options& options, ApiClient& client, Console& console) {
    control::SignRequest request;
    request.url = options.sign_url;
    request.role = options.roles.empty() ? "play" : options.roles.front();
    request.client = who();
    request.expires_s = static_cast<std::uint64_t>(options.expires.count()) / 1000;
    const std::string body = client.ask("sign", control::encode(request));
    const auto reply = understood(control::decode_sign_reply(body));
    console.json() ? console.body(body) : console.result(reply.url);
    return cli::kDone;
}

}  // namespace st::streamctl
