#include "ws/handshake.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "base/encodings.h"

namespace st::ws {
namespace {

// RFC 6455 section 1.3.
constexpr std::string_view kSampleKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kSampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

std::vector<Field> request_fields() {
    return {{"Host", "server.example.com"},
            {"Upgrade", "websocket"},
            {"Connection", "Upgrade"},
            {"Sec-WebSocket-Key", std::string(kSampleKey)},
            {"Sec-WebSocket-Version", "13"}};
}

std::vector<Field> with(std::string_view name, std::string_view value) {
    auto fields = request_fields();
    for (Field& field : fields) {
        if (field.name == name) field.value = value;
    }
    return fields;
}

std::vector<Field> without(std::string_view name) {
    auto fields = request_fields();
    std::erase_if(fields, [name](const Field& field) { return field.name == name; });
    return fields;
}

int status_of(const std::vector<Field>& fields) {
    auto upgrade = check_upgrade("GET", 1, fields);
    return upgrade ? 101 : upgrade.error().code;
}

TEST(Upgrade, gives_the_accept_key_of_the_rfc) {
    EXPECT_EQ(accept_key(kSampleKey), kSampleAccept);
    auto upgrade = check_upgrade("GET", 1, request_fields());
    ASSERT_TRUE(upgrade) << upgrade.error().message;
    EXPECT_EQ(upgrade->accept, kSampleAccept);
    EXPECT_EQ(encode_upgrade_answer(*upgrade),
              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

TEST(Upgrade, takes_what_browsers_send) {
    EXPECT_EQ(status_of(with("Connection", "keep-alive, Upgrade")), 101);  // Firefox
    EXPECT_EQ(status_of(with("Upgrade", "WebSocket")), 101);
    auto fields = request_fields();
    fields.push_back({"Sec-WebSocket-Extensions", "permessage-deflate"});  // OkHttp, browsers
    EXPECT_EQ(status_of(fields), 101);
}

TEST(Upgrade, refuses_what_is_not_one) {
    EXPECT_EQ(status_of(without("Upgrade")), 400);
    EXPECT_EQ(status_of(with("Upgrade", "h2c")), 400);
    EXPECT_EQ(status_of(without("Connection")), 400);
    EXPECT_EQ(status_of(with("Connection", "keep-alive")), 400);
    EXPECT_EQ(status_of(without("Sec-WebSocket-Key")), 400);
    EXPECT_EQ(status_of(with("Sec-WebSocket-Key", "")), 400);
    EXPECT_EQ(status_of(with("Sec-WebSocket-Key", "AAAAA")), 400);
    EXPECT_EQ(status_of(with("Sec-WebSocket-Key", base64_encode(as_bytes("fifteen bytes..")))),
              400);
    EXPECT_EQ(status_of(with("Sec-WebSocket-Key", base64_encode(as_bytes("seventeen bytes..")))),
              400);
    auto fields = request_fields();
    fields.push_back({"Sec-WebSocket-Key", std::string(kSampleKey)});
    EXPECT_EQ(status_of(fields), 400) << "two keys";
    EXPECT_EQ(status_of(without("Sec-WebSocket-Version")), 426);
    EXPECT_EQ(status_of(with("Sec-WebSocket-Version", "8")), 426);
    EXPECT_EQ(status_of(with("Sec-WebSocket-Version", "13, 8")), 426);
    EXPECT_EQ(check_upgrade("POST", 1, request_fields()).error().code, 405);
    EXPECT_EQ(check_upgrade("GET", 0, request_fields()).error().code, 400);
}

TEST(Upgrade, reads_which_subprotocols_are_offered) {
    auto fields = request_fields();
    fields.push_back({"Sec-WebSocket-Protocol", "chat, Publisher"});
    fields.push_back({"Sec-WebSocket-Protocol", "post"});
    auto upgrade = check_upgrade("GET", 1, fields);
    ASSERT_TRUE(upgrade);
    EXPECT_EQ(upgrade->protocols, (std::vector<std::string>{"chat", "Publisher", "post"}));
    EXPECT_NE(
        encode_upgrade_answer(*upgrade, "Publisher").find("Sec-WebSocket-Protocol: Publisher\r\n"),
        std::string::npos);
}

Nonce sample_nonce() {
    Nonce nonce{};
    const std::string_view text = "the sample nonce";
    std::copy(text.begin(), text.end(), nonce.begin());
    return nonce;
}

TEST(Client, asks_as_the_rfc_does) {
    const std::vector<Field> extra = {{"Authorization", "Bearer x"}};
    EXPECT_EQ(encode_upgrade_request("h:1", "/ingest/a", sample_nonce(), {}, extra),
              "GET /ingest/a HTTP/1.1\r\nHost: h:1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
              "Authorization: Bearer x\r\n\r\n");
}

TEST(Client, refuses_to_send_what_would_break_the_head) {
    EXPECT_THROW(encode_upgrade_request("h\r\nX: y", "/", sample_nonce()), std::invalid_argument);
    EXPECT_THROW(encode_upgrade_request("h", "/a b", sample_nonce()), std::invalid_argument);
    EXPECT_THROW(encode_upgrade_request("h", "", sample_nonce()), std::invalid_argument);
    const std::vector<Field> extra = {{"Authorization", "Bearer x\r\nY: z"}};
    EXPECT_THROW(encode_upgrade_request("h", "/", sample_nonce(), {}, extra),
                 std::invalid_argument);
}

TEST(Client, checks_the_answer) {
    const std::vector<Field> good = {{"Upgrade", "websocket"},
                                     {"Connection", "upgrade"},
                                     {"Sec-WebSocket-Accept", std::string(kSampleAccept)}};
    auto answer = check_upgrade_answer(101, good, sample_nonce());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(*answer, "");
    EXPECT_EQ(check_upgrade_answer(409, good, sample_nonce()).error().code, 409);
    for (std::size_t missing = 0; missing < good.size(); ++missing) {
        auto fields = good;
        fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(missing));
        EXPECT_FALSE(check_upgrade_answer(101, fields, sample_nonce())) << missing;
    }
    auto fields = good;
    fields[2].value = "s3pPLMBiTxaQ9kYGzzhZRbK+xOO=";
    EXPECT_FALSE(check_upgrade_answer(101, fields, sample_nonce())) << "a wrong accept key";
    fields = good;
    fields.push_back({"Sec-WebSocket-Extensions", "permessage-deflate"});
    EXPECT_FALSE(check_upgrade_answer(101, fields, sample_nonce())) << "an extension";
    fields = good;
    fields.push_back({"Sec-WebSocket-Protocol", "post"});
    const std::vector<std::string> offered = {"post"};
    EXPECT_FALSE(check_upgrade_answer(101, fields, sample_nonce())) << "a protocol not offered";
    auto chosen = check_upgrade_answer(101, fields, sample_nonce(), offered);
    ASSERT_TRUE(chosen);
    EXPECT_EQ(*chosen, "post");
}

}  // namespace
}  // namespace st::ws
