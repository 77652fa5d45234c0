/// Whatever a camera says of itself, session.json is read back by the server and by its client.
#include "record/session_json.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "camera/message.h"
#include "control/list.h"
#include "control/recording.h"
#include "json/read.h"

namespace st::record {
namespace {

Meta meta_with(const std::string& capabilities) {
    Meta meta;
    meta.id = meta.camera = "door";
    meta.state = RecordingState::done;
    meta.started_us = 1'700'000'000'000'000;
    meta.capabilities = capabilities;
    return meta;
}

/// session.json as the answer to a listing holds it.
void expect_listed(const std::string& session) {
    const auto stored = decode_session(session);
    ASSERT_TRUE(stored) << stored.error().message;
    control::List list;
    list.items.push_back(control::with_directory(session, "/var/lib/streamd/door"));
    const auto listed = control::decode_list(control::encode(list));
    ASSERT_TRUE(listed) << listed.error().message;
    const auto recording = control::decode_recording(listed->items.at(0));
    ASSERT_TRUE(recording) << recording.error().message;
    EXPECT_EQ(recording->id, "door");
    EXPECT_TRUE(is_clean(session));
}

TEST(SessionJson, keeps_what_a_phone_says_of_itself) {
    const std::string text =
        R"({"type":"capabilities","max":9223372036854775807,"huge":18446744073709551616,"x":1.50})";
    const auto message = camera::decode_message(text);
    const std::string& kept = std::get<camera::Capabilities>(message).json;
    EXPECT_EQ(kept, text);
    const std::string session = encode_session(meta_with(kept), nullptr);
    expect_listed(session);
    EXPECT_EQ(decode_session(session)->meta.capabilities, text);
}

TEST(SessionJson, is_listed_whatever_a_camera_said) {
    for (const char* text : {
             R"({"type":"capabilities","a":"\u001b[31m\u0085\u009b\u007f"})",
             R"({"type":"capabilities","\u009b":1,"\u202e":2})",
             R"({"type":"capabilities","a":[[[[[[[[[[[[[["deep"]]]]]]]]]]]]]]})",
             R"({"type":"capabilities","a":"\u2028\u2029\u2066"})",
         }) {
        const auto message = camera::decode_message(text);
        ASSERT_TRUE(std::holds_alternative<camera::Capabilities>(message)) << text;
        expect_listed(
            encode_session(meta_with(std::get<camera::Capabilities>(message).json), nullptr));
    }
    const std::string longest = R"({"type":"capabilities","a":")";
    const auto message = camera::decode_message(
        longest + std::string(camera::kTextBytesMax - longest.size() - 2, '\x7f') + "\"}");
    ASSERT_TRUE(std::holds_alternative<camera::Capabilities>(message));
    const Meta meta = meta_with(std::get<camera::Capabilities>(message).json);
    expect_listed(encode_session(meta, nullptr));
    EXPECT_NE(decode_session(encode_session(meta, nullptr))->meta.capabilities, "");
}

TEST(SessionJson, leaves_capabilities_out_that_are_none) {
    for (const char* text : {"", "[]", "{", "{\"a\":\"\\u0000\"}", "{\"a\":1,\"a\":2}"}) {
        const std::string session = encode_session(meta_with(text), nullptr);
        expect_listed(session);
        EXPECT_EQ(decode_session(session)->meta.capabilities, "") << text;
    }
}

TEST(SessionJson, is_refused_if_it_is_cut_off_or_of_another_version) {
    const std::string session = encode_session(meta_with(""), nullptr);
    for (std::size_t n = 0; n < session.size(); n += 7) {
        EXPECT_FALSE(decode_session(std::string_view(session).substr(0, n)));
    }
    EXPECT_FALSE(decode_session(R"({"version":2,"state":"done"})"));
    EXPECT_FALSE(decode_session(R"({"version":1,"state":"lost"})"));
}

}  // namespace
}  // namespace st::record
