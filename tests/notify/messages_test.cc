#include "notify/messages.h"

#include <gtest/gtest.h>

#include "json/read.h"

namespace st::notify {
namespace {

using Texts = std::vector<std::string>;

TEST(StandardBody, of_an_event_that_is_too_long_has_its_texts_cut) {
    const std::string event = R"({"id":1,"type":"camera.text","time":"2026-01-31T08:15:30.250Z",)"
                              R"("text":")" +
                              std::string(30'000, 'x') + R"("})";
    const std::string body = standard_body("camera.text", event, "never");
    EXPECT_LT(body.size(), 20'000U);
    EXPECT_TRUE(json::read(body));
    EXPECT_EQ(standard_body("a", "not JSON", "T"), R"({"type":"a","timestamp":"T","data":{}})");
}

TEST(NmsBodies, of_a_publication_are_the_older_servers) {
    const Texts begun = nms_bodies(
        "stream.published",
        R"({"id":9,"time":"2026-01-31T08:15:30.250Z","type":"stream.published",)"
        R"("stream":"/live/walk","publication":3,"protocol":"rtmp","peer":"10.0.0.7:51544",)"
        R"("query":"a=1&b&c=2=3"})");
    ASSERT_EQ(begun.size(), 2U);
    EXPECT_EQ(begun[0],
              R"({"id":"p3","ip":"10.0.0.7:51544","app":"live","name":"walk",)"
              R"("query":{"a":"1","b":"","c":"2=3"},"protocol":"rtmp","createtime":1769847330250,)"
              R"("endtime":0,"inbytes":0,"outbytes":0,"filePath":"","action":"prePublish"})");
    EXPECT_NE(begun[1].find(R"("action":"postPublish")"), std::string::npos);
    const Texts ended = nms_bodies(
        "stream.ended",
        R"({"time":"2026-01-31T08:16:30.250Z","stream":"/live/walk","publication":3,)"
        R"("protocol":"http-flv","peer":"p","started_at":"2026-01-31T08:15:30.250Z","bytes":77})");
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(ended[0],
              R"({"id":"p3","ip":"p","app":"live","name":"walk","query":{},"protocol":"flv",)"
              R"("createtime":1769847330250,"endtime":1769847390250,"inbytes":77,"outbytes":0,)"
              R"("filePath":"","action":"donePublish"})");
}

TEST(NmsBodies, of_viewers_and_recordings_have_their_actions) {
    const auto actions = [](std::string_view type) {
        Texts found;
        for (const std::string& body : nms_bodies(type, R"({"camera":"door","file":"/r/a.mp4"})")) {
            const auto value = json::read(body);
            found.push_back((*value->object())["action"].text_or_empty());
        }
        return found;
    };
    EXPECT_EQ(actions("viewer.joined"), (Texts{"prePlay", "postPlay"}));
    EXPECT_EQ(actions("viewer.left"), Texts{"donePlay"});
    EXPECT_EQ(actions("session.opened"), Texts{"postRecord"});
    EXPECT_EQ(actions("session.finished"), Texts{"doneRecord"});
    EXPECT_EQ(actions("camera.text"), Texts{});
    const std::string done =
        nms_bodies("session.finished", R"({"camera":"door","file":"/r/a.mp4"})").front();
    EXPECT_NE(done.find(R"("app":"camera","name":"door")"), std::string::npos);
    EXPECT_NE(done.find(R"("filePath":"/r/a.mp4")"), std::string::npos);
}

TEST(NmsBodies, of_a_stream_s_segments_name_the_file_that_is_done) {
    const auto bodies = nms_bodies(
        "record.segment",
        R"({"time":"2026-01-31T08:15:31Z","stream":"/live/walk","file":"live/live/walk/a.mp4",)"
        R"("reason":"duration","start":"2026-01-31T08:15:20.500Z","duration_ms":10040,"bytes":77})");
    ASSERT_EQ(bodies.size(), 1U);
    EXPECT_EQ(bodies[0],
              R"({"id":"r/live/walk","ip":"","app":"live","name":"walk","query":{},"protocol":"",)"
              R"("createtime":1769847320500,"endtime":1769847330540,"inbytes":77,"outbytes":0,)"
              R"("filePath":"live/live/walk/a.mp4","action":"doneRecord"})");
    EXPECT_EQ(nms_bodies("record.started", R"({"stream":"/live/walk"})").size(), 1U);
    EXPECT_TRUE(nms_bodies("record.stopped", R"({"stream":"/live/walk"})").empty())
        << "its last segment was done before";
}

}  // namespace
}  // namespace st::notify
