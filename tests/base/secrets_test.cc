#include "base/secrets.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace st {
namespace {

using Words = std::vector<std::string>;

TEST(WithoutPasswords, hides_the_password_and_nothing_else) {
    EXPECT_EQ(without_passwords("rtsp://admin:s3cret@192.0.2.1:554/ch1?a=b:c@d"),
              "rtsp://admin:***@192.0.2.1:554/ch1?a=b:c@d");
    EXPECT_EQ(without_passwords("rtsp://admin:p@ss@cam/x"), "rtsp://admin:***@cam/x");
    EXPECT_EQ(without_passwords("http://[2001:db8::1]:80/x"), "http://[2001:db8::1]:80/x");
    EXPECT_EQ(without_passwords("http://192.0.2.1:80/a@b"), "http://192.0.2.1:80/a@b");
    EXPECT_EQ(without_passwords("rtsp://admin@cam/x"), "rtsp://admin@cam/x");
    EXPECT_EQ(without_passwords("open a://b:c@d: no, e://f:g@h"),
              "open a://b:***@d: no, e://f:***@h");
    EXPECT_EQ(without_passwords("lavfi:testsrc2=size=640x360"), "lavfi:testsrc2=size=640x360");
    EXPECT_EQ(without_passwords("srt://h:9?mode=caller&passphrase=a,b%20c&latency=2"),
              "srt://h:9?mode=caller&passphrase=***&latency=2");
    EXPECT_EQ(without_passwords("rtmp://h/a/b?Token=x: I/O error"),
              "rtmp://h/a/b?Token=***: I/O error");
    EXPECT_EQ(without_passwords("[\"http://h/?user=a&password=b\",\"--width=c\"]"),
              "[\"http://h/?user=a&password=***\",\"--width=c\"]");
    EXPECT_EQ(without_passwords("http://h/x?X-Amz-Signature=f&monkey=1&sign=2-3&keyframes=4"),
              "http://h/x?X-Amz-Signature=***&monkey=1&sign=***&keyframes=4");
    EXPECT_EQ(without_passwords("-headers 'Authorization: Bearer abc' -i x"),
              "-headers 'Authorization: ***' -i x");
    EXPECT_EQ(without_passwords("?token"), "?token");
    EXPECT_EQ(without_passwords("?token="), "?token=***");
    EXPECT_EQ(without_passwords("a://b:c"), "a://b:c");
    EXPECT_EQ(without_passwords(""), "");
}

TEST(WithoutPasswords, whatever_characters_a_password_holds) {
    for (const std::string password :
         {"pass123##X", "pa/ssword1", "pa?ssword2", "pa ssword3", "p%40ssword4", "pw@ssword5",
          "plain6word", "ssw8:ord", "pa\\ssword9", "12345/6", "a?x=y@z", "/", "?#/@:"}) {
        SCOPED_TRACE(password);
        const std::string url = "rtsp://admin:" + password + "@127.0.0.1:554/1";
        EXPECT_EQ(without_passwords(std::vector<std::string>{url}),
                  "rtsp://admin:***@127.0.0.1:554/1");
        const std::string said = without_passwords("open " + url + ": Invalid argument");
        EXPECT_EQ(said, "open rtsp://admin:***@127.0.0.1:554/1: Invalid argument");
        EXPECT_EQ(without_passwords("[\"curl\",\"" + url + "\"]").find("admin:" + password),
                  std::string::npos);
    }
    EXPECT_EQ(without_passwords("rtsp://:pass7word@127.0.0.1/1"), "rtsp://:***@127.0.0.1/1");
}

TEST(WithoutPasswords, whatever_characters_a_user_has) {
    for (const std::string user : {"me@mail.com", "john.doe", "a@b@c", "kim", ""}) {
        for (const std::string password :
             {"secret", "1234#x", "12345/6", "1234?x", "12/34#5", "1"}) {
            SCOPED_TRACE(user + ":" + password);
            const std::string url = "rtsp://" + user + ":" + password + "@192.0.2.1/1";
            const std::string hidden = "rtsp://" + user + ":***@192.0.2.1/1";
            EXPECT_EQ(without_passwords(Words{url}), hidden);
            EXPECT_EQ(without_passwords("open " + url + ": no"), "open " + hidden + ": no");
            EXPECT_EQ(without_passwords("[\"" + url + "\"]"), "[\"" + hidden + "\"]");
        }
    }
    EXPECT_EQ(without_passwords("rtsp://john.doe:1234?x=1@h/1"), "rtsp://john.doe:***@h/1");
    EXPECT_EQ(without_passwords("rtsp://me@mail.com:12/34@h/1"), "rtsp://me@mail.com:***@h/1");
    for (const char* plain :
         {"rtsp://me@mail.com:554/1", "rtsp://me@192.0.2.1:554/a@b", "rtsp://me@[::1]:554/a@b",
          "rtsp://cam.example:554/1?mail=a@b", "http://localhost:80/a@b", "rtsp://u@h:1"}) {
        EXPECT_EQ(without_passwords(plain), plain);
    }
}

TEST(WithoutPasswords, parameters_by_the_names_that_cameras_use) {
    for (const char* name : {"pwd", "loginpas", "pw", "psw", "p", "streamkey", "credential", "key",
                             "session", "token", "access_token", "Password", "apikey", "auth"}) {
        const std::string begin = std::string("http://127.0.0.1:80/x.flv?user=admin&") + name + "=";
        EXPECT_EQ(without_passwords("open " + begin + "hush#1?w: Connection refused"),
                  "open " + begin + "***: Connection refused");
        EXPECT_EQ(without_passwords(begin + "hush&channel=1"), begin + "***&channel=1");
        EXPECT_EQ(without_passwords("\"" + begin + "hush\", next"), "\"" + begin + "***\", next");
    }
}

TEST(WithoutPasswords, parameters_in_the_path_of_a_url) {
    for (const auto& [url, shown] : std::vector<std::pair<std::string, std::string>>{
             {"rtsp://h:554/user=admin_password=tlJw_pbo6_channel=1_stream=0.sdp?real_stream",
              "rtsp://h:554/user=admin_password=***_channel=1_stream=0.sdp?real_stream"},
             {"rtsp://h/user=admin_password=_channel=1",
              "rtsp://h/user=admin_password=***_channel=1"},
             {"rtsp://h/user=admin&password=hush&channel=1",
              "rtsp://h/user=admin&password=***&channel=1"},
             {"rtsp://h/11;user=admin;pwd=a/b;ch=1", "rtsp://h/11;user=admin;pwd=***;ch=1"},
             {"http://h/live/token=ab-cd_ef==/x.m3u8", "http://h/live/token=***"},
             {"http://h/pw=hush/user=kim?x=1", "http://h/pw=***/user=kim?x=1"},
             {"http://h/u=kim,pass=hush,ch=2", "http://h/u=kim,pass=***,ch=2"},
             {"http://h/?user=kim;psw=hush;ch=2", "http://h/?user=kim;psw=***;ch=2"},
             {"http://h/?user=kim_pwd=hush_ch=2&x=1", "http://h/?user=kim_pwd=***_ch=2&x=1"},
             {"rtsp://h/login=admin:hush/1", "rtsp://h/login=admin:***"},
             {"http://h/x?user=admin:hush&c=1", "http://h/x?user=admin:***&c=1"},
             {"http://h/x?user=admin&pincode=12", "http://h/x?user=admin&pincode=***"},
             {"http://h/x#access_token=hush&state=1", "http://h/x#access_token=***&state=1"},
             {"http://h/t?token=ab_cd=&x=1", "http://h/t?token=***&x=1"},
             {"http://h/token=ab_cd=", "http://h/token=***"},
             {"http://h/monkey=1_keyframes=2/size=3", "http://h/monkey=1_keyframes=2/size=3"}}) {
        SCOPED_TRACE(url);
        EXPECT_EQ(without_passwords(std::vector<std::string>{url}), shown);
        EXPECT_EQ(without_passwords("open " + url + ": Invalid argument"),
                  "open " + shown + ": Invalid argument");
        EXPECT_EQ(without_passwords("[\"" + url + "\", 1]"), "[\"" + shown + "\", 1]");
    }
    EXPECT_EQ(without_passwords(std::vector<std::string>{"rtsp://h/user=a_password=b c_channel=1"}),
              "rtsp://h/user=a_password=***_channel=1");
    EXPECT_EQ(without_passwords(std::vector<std::string>{"http://h/?pwd=b c&x=1", "y"}),
              "http://h/?pwd=***&x=1 y");
    EXPECT_EQ(without_passwords("no url: user=kim session=4"), "no url: user=kim session=4");
    const auto known = passwords_in({"rtsp://h/user=admin_password=hu%2Fsh_channel=1"});
    EXPECT_EQ(without_passwords("401 for hu/sh, hu%2Fsh", known), "401 for ***, ***");
}

TEST(WithoutPasswords, options_of_a_command_line) {
    EXPECT_EQ(without_passwords(Words{"curl", "-s", "-u", "admin:cmd1 word", "http://h/"}),
              "curl -s -u admin:*** http://h/");
    EXPECT_EQ(without_passwords(Words{"curl", "-uadmin:cmd1", "--user=admin:cmd2"}),
              "curl -uadmin:*** --user=admin:***");
    EXPECT_EQ(without_passwords(Words{"curl", "-H", "X-Api-Key: abc"}), "curl -H X-Api-Key: ***");
    EXPECT_EQ(without_passwords(Words{"sshpass", "-p", "cmd5word", "ssh", "-p", "22", "x"}),
              "sshpass -p *** ssh -p 22 x");
    EXPECT_EQ(without_passwords(Words{"ssh", "-p", "22", "-u", "kim"}), "ssh -p 22 -u kim");
    EXPECT_EQ(without_passwords(Words{"x", "--password", "a b", "--token=c d", "-passphrase", "e"}),
              "x --password *** --token=*** -passphrase ***");
    EXPECT_EQ(without_passwords(Words{"curl", "--oauth2-bearer", "a", "--cookie", "b=c"}),
              "curl --oauth2-bearer *** --cookie ***");
    EXPECT_EQ(without_passwords(Words{"gst-launch-1.0", "rtspsrc", "user-id=a", "user-pw=b"}),
              "gst-launch-1.0 rtspsrc user-id=a user-pw=***");
    EXPECT_EQ(without_passwords(Words{"env", "SSHPASS=a", "TOKEN=b", "HOME=c"}),
              "env SSHPASS=*** TOKEN=*** HOME=c");
    EXPECT_EQ(without_passwords(Words{"sh", "-c", "curl -u a:b 'rtsp://a:c/d@h/' >&2; exit 1"}),
              "sh -c curl -u a:*** 'rtsp://a:***@h/' >&2; exit 1");
    for (const std::string option : {"-b", "-Lsb", "--cookie", "-cookies"}) {
        EXPECT_EQ(
            without_passwords(Words{"/usr/bin/curl", option, "sid=ab c; x=\"y z\"", "-o", "w"}),
            "/usr/bin/curl " + option + " *** -o w");
    }
    EXPECT_EQ(without_passwords("ffmpeg -cookies \"session=abc; path=/\" -i x"),
              "ffmpeg -cookies \"***\" -i x");
    EXPECT_EQ(without_passwords("curl -b \"sid=abc\" -o w"), "curl -b \"***\" -o w");
    EXPECT_EQ(without_passwords(Words{"curl", "-bsid=1", "-su", "kim:hush", "kim:hush@h/1"}),
              "curl -b*** -su kim:*** kim:***@h/1");
    EXPECT_EQ(without_passwords(Words{"ffmpeg", "-b", "4M", "-bf", "2", "-y", "out@1:2@3"}),
              "ffmpeg -b 4M -bf 2 -y out@1:2@3");
    EXPECT_EQ(without_passwords(Words{"curl", "-H", "Cookie: a=\"b c\"; d='e f'", "x"}),
              "curl -H Cookie: *** x");
    EXPECT_EQ(without_passwords(Words{"ffmpeg", "-headers", "Cookie: a\r\nX: y", "-i", "x"}),
              "ffmpeg -headers Cookie: ***\r\nX: y -i x");
    EXPECT_EQ(without_passwords(R"(["-H","Cookie: a=\"b c\"","x"])"),
              R"(["-H","Cookie: ***","x"])");
    EXPECT_EQ(without_passwords(Words{"sh", "-c", "curl -H 'Cookie: a=\"b\"' -b 'c d' x"}),
              "sh -c curl -H 'Cookie: ***' -b '***' x");
    EXPECT_EQ(without_passwords(R"(["curl","-u","admin:a b","--password","c d","-o","x"])"),
              R"(["curl","-u","admin:***","--password","***","-o","x"])");
    EXPECT_EQ(without_passwords(Words{"ffmpeg", "-re", "-i", "a.ts", "-f", "mpegts", "-"}),
              "ffmpeg -re -i a.ts -f mpegts -");
}

TEST(WithoutPasswords, in_a_url_that_is_a_parameter_of_another) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"http://h/play?src=rtsp%3A%2F%2Fadmin%3Apass123%40cam%2F1&x=2",
         "http://h/play?src=rtsp%3A%2F%2Fadmin%3A***%40cam%2F1&x=2"},
        {"http://h/p?src=rtsp%3a%2f%2fadmin:pass123%40cam%2f1",
         "http://h/p?src=rtsp%3a%2f%2fadmin:***%40cam%2f1"},
        {"http://h/p?u=http%3A%2F%2Fcam%2Fx%3Ftoken%3Dabc%26y%3D1",
         "http://h/p?u=http%3A%2F%2Fcam%2Fx%3Ftoken%3D***%26y%3D1"},
        {"http://h/p?u=http%3A%2F%2Fg%2Fq%3Fv%3Drtsp%253A%252F%252Fa%253Apass123%2540cam",
         "http://h/p?u=http%3A%2F%2Fg%2Fq%3Fv%3Drtsp%253A%252F%252Fa%253A***%2540cam"},
        {"http://h/p?src=rtsp%3A%2F%2Fcam%3A554%2F1&x=100%",
         "http://h/p?src=rtsp%3A%2F%2Fcam%3A554%2F1&x=100%"},
    };
    for (const auto& [text, hidden] : cases) {
        EXPECT_EQ(without_passwords(text), hidden);
        EXPECT_EQ(without_passwords(Words{"ffmpeg", "-i", text}), "ffmpeg -i " + hidden);
    }
}

TEST(WithoutPasswords, a_known_password_is_hidden_in_any_surroundings) {
    const auto known = passwords_in({"rtsp://admin:p%40ss word@h/x"});
    EXPECT_EQ(without_passwords("login p@ss word or p%40ss word: no", known),
              "login *** or ***: no");
    EXPECT_EQ(passwords_in({"rtsp://a:b@h/x"}).size(), 0U) << "b stands in every word";
}

TEST(WithoutQuerySecrets, hides_what_is_called_like_a_secret_and_nothing_else) {
    for (const auto& [query, hidden] : std::vector<std::pair<std::string, std::string>>{
             {"user=kim&pass=hush&app=live", "user=kim&pass=***&app=live"},
             {"key=a", "key=***"},
             {"password=a b\"c'd&x=1", "password=***&x=1"},
             {"Token=a&PassWord=b&x", "Token=***&PassWord=***&x"},
             {"user=kim:hush", "user=kim:***"},
             {"src=rtsp%3A%2F%2Fadmin%3Apass123%40cam%2F1",
              "src=rtsp%3A%2F%2Fadmin%3A***%40cam%2F1"},
             {"stream=x&cache=0&lang=d:e@f", "stream=x&cache=0&lang=d:e@f"},
             {"", ""}}) {
        EXPECT_EQ(without_query_secrets(query), hidden);
    }
}

TEST(WithoutQuerySecrets, looks_through_a_query_once_whatever_a_peer_put_into_it) {
    constexpr std::size_t kBytes = 200'000;  // ten seconds, if looked through for each "://"
    for (const auto& [part, end] :
         std::vector<std::pair<std::string, std::string>>{{"user=", "%2525://"},
                                                          {"://", ""},
                                                          {"://a:b/", "%20@"},
                                                          {"user=://;", ":;:;:;"},
                                                          {"://a:b?", ""},
                                                          {"p=://", "@"}}) {
        std::string query;
        while (query.size() < kBytes) query += part;
        const auto began = std::chrono::steady_clock::now();
        without_query_secrets(query + end);
        EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5)) << part;
    }
    EXPECT_EQ(without_query_secrets("user=user=a_user=://;user=kim:hush&x=1"),
              "user=user=a_user=://;user=kim:***&x=1");
    EXPECT_EQ(without_query_secrets("u=a://1.1.1.1:8/x://a:b/x://c:d@h://e:f/g@h"),
              "u=a://1.1.1.1:8/x://a:***@h");
    EXPECT_EQ(without_passwords("?user=kim: Connection refused"), "?user=kim: Connection refused");
}

TEST(UrlMistake, says_which_character_has_to_be_encoded) {
    EXPECT_EQ(url_mistake("rtsp://admin:pass123##X@host/1").value_or(""),
              "\"#\" in the password ends the host's name there: write it as %23");
    EXPECT_EQ(url_mistake("rtsp://admin:pa/ss@host/1").value_or(""),
              "\"/\" in the password ends the host's name there: write it as %2F");
    EXPECT_TRUE(url_mistake("rtsp://admin:pa?ss@host/1"));
    for (const char* half :
         {"rtsp://admin:1234#5@host/1", "rtsp://admin:1234#5@host", "rtsp://admin:12345/6@host/1",
          "rtsp://admin:12345/6@host:554/1", "rtsp://john.doe:1234/5@192.0.2.1/1",
          "rtsp://john.doe:1234#x@h/1", "rtsp://admin:12?34@host/1"}) {
        EXPECT_NE(url_mistake(half).value_or("").find("in the password"), std::string::npos)
            << half;
    }
    EXPECT_EQ(url_mistake("rtsp://host:port/1").value_or(""), "the port is no number");
    for (const char* good : {"rtsp://admin:p%23ss@host:554/1",
                             "http://h/x?a=b@c",
                             "rtsp://h",
                             "rtsp://u@h:1",
                             "http://[2001:db8::1]:80/x",
                             "http://[2001:db8::1]/x",
                             "/dev/video0",
                             "v4l2:/dev/video0",
                             "lavfi:testsrc2=size=640x360",
                             "clip.mp4",
                             "rtsp://admin:a@b@host/1",
                             "file:///a b.ts",
                             "http://h/x?q=a b",
                             "http://cam:80/@user/live",
                             "http://192.0.2.1:80/a@b/c",
                             "http://cam:80/x?mail=a@b/c",
                             "rtsp://nvr:554/ch@1",
                             "http://cdn.example:80/a@b/c",
                             "rtsp://me@mail.com:hush@h/1",
                             "rtsp://u@h:554/1",
                             ""}) {
        EXPECT_EQ(url_mistake(good), std::nullopt) << good;
    }
}

TEST(WithoutPath, shows_where_a_webhook_goes_and_not_what_opens_it) {
    EXPECT_EQ(without_path("https://hooks.slack.com/services/T0/B0/x7"),
              "https://hooks.slack.com/…");
    EXPECT_EQ(without_path("https://api.telegram.org:8443/bot1:AA/sendMessage?chat_id=1"),
              "https://api.telegram.org:8443/…");
    EXPECT_EQ(without_path("https://u:p@ss@[2001:db8::1]:80/x"),
              "https://u:***@[2001:db8::1]:80/…");
    EXPECT_EQ(without_path("http://host?key=x"), "http://host/…");
    EXPECT_EQ(without_path("http://host#x"), "http://host/…");
    EXPECT_EQ(without_path("http://host:9000"), "http://host:9000");
    EXPECT_EQ(without_path("http://host/"), "http://host/");
    EXPECT_EQ(without_path("hooks.slack.com/services/T0"), "hooks.slack.com/…") << "a mistake";
}

}  // namespace
}  // namespace st
