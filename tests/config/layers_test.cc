#include "config/layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/json_file.h"
#include "config/listing.h"

namespace st::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// One key of each type.
Schema make_schema() {
    return Schema({
        {.path = "on", .type = KeyType::boolean, .fallback = "false", .help = "A switch."},
        {.path = "recording.sync",
         .type = KeyType::duration,
         .fallback = "1s",
         .help = "How often.",
         .min = 10,
         .max = 60'000},
        {.path = "recording.path",
         .type = KeyType::text,
         .fallback = "./recordings",
         .help = "Where."},
        {.path = "recording.keep",
         .type = KeyType::texts,
         .fallback = "dump,mp4",
         .help = "What stays.",
         .choices = {"dump", "mp4", "h264"}},
        {.path = "limits.cameras",
         .type = KeyType::integer,
         .fallback = "0",
         .help = "",
         .max = 1000},
        {.path = "limits.bytes",
         .type = KeyType::size,
         .fallback = "16M",
         .help = "",
         .min = 1024,
         .max = 1 << 30},
        {.path = "rtmp.port", .type = KeyType::port, .fallback = "1935", .help = "", .max = 65535},
        {.path = "log.level",
         .type = KeyType::choice,
         .fallback = "info",
         .help = "",
         .choices = {"debug", "info"}},
        {.path = "start",
         .type = KeyType::group,
         .fallback = "off",
         .help = "",
         .is_nullable = true},
        {.path = "start.fps", .type = KeyType::integer, .fallback = "0", .help = "", .max = 1000},
        {.path = "listeners",
         .type = KeyType::objects,
         .fallback = "1",
         .help = "",
         .min = 1,
         .max = 3},
        {.path = "listeners[].port",
         .type = KeyType::port,
         .fallback = "50001",
         .help = "",
         .max = 65535},
        {.path = "listeners[].stream",
         .type = KeyType::text,
         .fallback = "",
         .help = "",
         .is_nullable = true},
        {.path = "sign.secret",
         .type = KeyType::text,
         .fallback = "",
         .help = "",
         .is_secret = true},
        {.path = "tokens", .type = KeyType::objects, .fallback = "0", .help = "", .max = 9},
        {.path = "tokens[].name", .type = KeyType::text, .fallback = "", .help = ""},
        {.path = "tokens[].command",
         .type = KeyType::texts,
         .fallback = "",
         .help = "",
         .may_hold_secret = true},
        {.path = "tokens[].digest",
         .type = KeyType::text,
         .fallback = "",
         .help = "",
         .is_secret = true},
    });
}

class Config : public testing::Test {
 protected:
    Layers::Problems file(std::string_view text) { return layers_.load_file("x.json", text); }
    Layers::Problems environment(const std::map<std::string, std::string>& variables) {
        return layers_.load_environment("ST_", variables, warnings_);
    }

    Schema schema_ = make_schema();
    Layers layers_{schema_};
    std::vector<std::string> warnings_;
};

TEST_F(Config, gives_the_defaults_without_any_layer) {
    EXPECT_FALSE(layers_.flag("on"));
    EXPECT_EQ(layers_.duration("recording.sync"), seconds(1));
    EXPECT_EQ(layers_.text("recording.path"), "./recordings");
    EXPECT_THAT(layers_.texts("recording.keep"), ElementsAre("dump", "mp4"));
    EXPECT_EQ(layers_.number("limits.bytes"), 16U << 20);
    EXPECT_EQ(layers_.count("listeners"), 1U);
    EXPECT_EQ(layers_.number("listeners[0].port"), 50001U);
    EXPECT_EQ(layers_.source("recording.sync"), "default");
}

TEST_F(Config, reads_every_type_from_a_file_with_comments) {
    EXPECT_THAT(file(R"({ // a comment with a "quote
        "on": true,
        "recording": {"sync": "500ms", "path": "/a // b \" c", "keep": ["h264"]},
        "limits": {"cameras": 12, "bytes": 2048},
        "rtmp": {"port": "off"},
        "log": {"level": "debug"},
        "start": {"fps": 30},
        "listeners": [{"port": 1}, {"stream": "live/x"}] // the end
    })"),
                IsEmpty());
    EXPECT_TRUE(layers_.flag("on"));
    EXPECT_EQ(layers_.duration("recording.sync"), milliseconds(500));
    EXPECT_EQ(layers_.text("recording.path"), "/a // b \" c");
    EXPECT_THAT(layers_.texts("recording.keep"), ElementsAre("h264"));
    EXPECT_EQ(layers_.number("limits.cameras"), 12U);
    EXPECT_EQ(layers_.number("limits.bytes"), 2048U);
    EXPECT_EQ(layers_.text("rtmp.port"), "off");
    EXPECT_EQ(layers_.text("log.level"), "debug");
    EXPECT_EQ(layers_.text("start"), "on");
    EXPECT_EQ(layers_.number("start.fps"), 30U);
    EXPECT_EQ(layers_.count("listeners"), 2U);
    EXPECT_EQ(layers_.number("listeners[0].port"), 1U);
    EXPECT_EQ(layers_.number("listeners[1].port"), 50001U);
    EXPECT_EQ(layers_.text("listeners[1].stream"), "live/x");
    EXPECT_EQ(layers_.source("listeners"), "file x.json");
}

TEST_F(Config, a_later_layer_wins_and_its_source_is_known) {
    ASSERT_THAT(file(R"({"recording": {"sync": "2s", "path": "file"}, "limits": {"cameras": 1}})"),
                IsEmpty());
    ASSERT_THAT(environment({{"ST_RECORDING_PATH", "env"}, {"ST_LIMITS_CAMERAS", "2"}}), IsEmpty());
    ASSERT_THAT(layers_.load_command_line({{"limits.cameras", "3"}}), IsEmpty());
    EXPECT_EQ(layers_.duration("recording.sync"), seconds(2));
    EXPECT_EQ(layers_.source("recording.sync"), "file x.json");
    EXPECT_EQ(layers_.text("recording.path"), "env");
    EXPECT_EQ(layers_.source("recording.path"), "environment");
    EXPECT_EQ(layers_.number("limits.cameras"), 3U);
    EXPECT_EQ(layers_.source("limits.cameras"), "command line");
}

TEST_F(Config, a_shorter_list_hides_the_longer_one_below) {
    ASSERT_THAT(file(R"({"recording": {"keep": ["dump", "mp4", "h264"]}})"), IsEmpty());
    ASSERT_THAT(environment({{"ST_RECORDING_KEEP", "mp4"}}), IsEmpty());
    EXPECT_THAT(layers_.texts("recording.keep"), ElementsAre("mp4"));
    ASSERT_THAT(layers_.load_command_line({{"recording.keep", ""}}), IsEmpty());
    EXPECT_THAT(layers_.texts("recording.keep"), IsEmpty());
}

TEST_F(Config, the_command_line_changes_one_member_of_a_listed_object) {
    ASSERT_THAT(file(R"({"listeners": [{"port": 1, "stream": "a/b"}]})"), IsEmpty());
    ASSERT_THAT(layers_.load_command_line({{"listeners[0].port", "2"}}), IsEmpty());
    EXPECT_EQ(layers_.number("listeners[0].port"), 2U);
    EXPECT_EQ(layers_.text("listeners[0].stream"), "a/b");
}

TEST_F(Config, names_path_expectation_and_what_it_got) {
    const std::pair<const char*, const char*> cases[] = {
        {R"({"recording": {"sync": "5x"}})",
         R"(recording.sync: expected a duration such as "1s", got "5x")"},
        {R"({"recording": {"sync": "2h"}})",
         R"(recording.sync: expected a duration from 10ms to 1m, got "2h")"},
        {R"({"recording": {"sync": true}})",
         R"(recording.sync: expected a duration such as "1s", got true)"},
        {R"({"recording": {"sync": null}})",
         R"(recording.sync: expected a duration such as "1s", got null)"},
        {R"({"recording": {"keep": ["mp4", "avi"]}})",
         R"(recording.keep[1]: expected a list of dump, mp4 or h264, got "avi")"},
        {R"({"recording": {"keep": "mp4"}})",
         R"(recording.keep: expected a list of dump, mp4 or h264, got "mp4")"},
        {R"({"recording": {"path": 5}})", "recording.path: expected text, got 5"},
        {R"({"recording": []})", "recording: expected an object, got a list"},
        {R"({"recording": 5})", "recording: expected an object, got 5"},
        {R"({"on": "true"})", R"(on: expected true or false, got "true")"},
        {R"({"limits": {"cameras": "5"}})", R"(limits.cameras: expected a whole number, got "5")"},
        {R"({"limits": {"cameras": 1.5}})", "limits.cameras: expected a whole number, got 1.5"},
        {R"({"limits": {"cameras": -1}})", "limits.cameras: expected a whole number, got -1"},
        {R"({"limits": {"cameras": 1001}})",
         "limits.cameras: expected a number from 0 to 1000, got 1001"},
        {R"({"limits": {"bytes": "2G"}})",
         R"(limits.bytes: expected a size from 1K to 1G, got "2G")"},
        {R"({"rtmp": {"port": 65536}})", "rtmp.port: expected a number from 0 to 65535, got 65536"},
        {R"({"rtmp": {"port": "none"}})",
         R"(rtmp.port: expected a port from 0 to 65535, or off, got "none")"},
        {R"({"log": {"level": "loud"}})", R"(log.level: expected debug or info, got "loud")"},
        {R"({"rtmp": {"port": "1935"}})",
         R"(rtmp.port: expected a port from 0 to 65535, or off, got "1935")"},
        {R"({"listeners": [{"port": "8000"}]})",
         R"(listeners[0].port: expected a port from 0 to 65535, or off, got "8000")"},
        {R"({"rtmp": {"port": false}})",
         "rtmp.port: expected a port from 0 to 65535, or off, got false"},
        {R"({"log": {"level": ""}})", R"(log.level: expected debug or info, got "")"},
        {R"({"log": "info"})", R"(log: expected an object, got "info")"},
        {R"({"start": 5})", "start: expected an object or null, got 5"},
        {R"({"start": true})", "start: expected an object or null, got true"},
        {R"({"start": false})", "start: expected an object or null, got false"},
        {R"({"start": "on"})", R"(start: expected an object or null, got "on")"},
        {R"({"listeners": ["x"]})", R"(listeners[0]: expected an object, got "x")"},
        {R"({"listeners": []})", "listeners: expected a number of entries from 1 to 3, got 0"},
        {R"({"listeners": [5]})", "listeners[0]: expected an object, got 5"},
        {R"({"listeners": [{"prot": 5}]})",
         "listeners[0].prot: unknown key; did you mean listeners[].port?"},
        {R"({"listeners": {"port": 5}})", "listeners: expected a list of objects, got an object"},
    };
    for (const auto& [text, problem] : cases) {
        EXPECT_THAT(file(text), ElementsAre(problem)) << text;
    }
    EXPECT_EQ(layers_.source("recording.sync"), "default") << "nothing of a bad file is kept";
}

TEST_F(Config, shows_nothing_that_may_be_meant_as_a_secret) {
    const std::pair<const char*, const char*> cases[] = {
        {R"({"sign": {"secret": 918273645546}})", "sign.secret: expected text, got a number"},
        {R"({"sign": {"secret": null}})", "sign.secret: expected text, got null"},
        {R"({"sign": "hush"})", "sign: expected an object, got text"},
        {R"({"tokens": "hush"})", "tokens: expected a list of objects, got text"},
        {R"({"tokens": ["hush"]})", "tokens[0]: expected an object, got text"},
        {R"({"tokens": [{"digest": 918273645546}]})",
         "tokens[0].digest: expected text, got a number"},
        {R"({"tokens": [{"name": 5}]})", "tokens[0].name: expected text, got 5"},
        {R"({"tokens": [{"command": "curl -u kim:hush"}]})",
         "tokens[0].command: expected a list of text, got text"},
        {R"({"tokens": [{"command": ["curl", 5]}]})",
         "tokens[0].command[1]: expected a list of text, got a number"},
        {R"("hush")", "expected an object, got text"},
    };
    for (const auto& [text, problem] : cases) {
        EXPECT_THAT(file(text), ElementsAre(problem)) << text;
    }
}

TEST_F(Config, suggests_the_nearest_key) {
    EXPECT_THAT(file(R"({"recording": {"sinc": "1s"}})"),
                ElementsAre("recording.sinc: unknown key; did you mean recording.sync?"));
    EXPECT_THAT(file(R"({"recordings": {"sync": "1s"}})"),
                ElementsAre("recordings: unknown key; did you mean recording?"));
    EXPECT_THAT(file(R"({"keep": []})"),
                ElementsAre("keep: unknown key; did you mean recording.keep?"));
    EXPECT_THAT(file(R"({"zebra": 1})"), ElementsAre("zebra: unknown key"));
}

TEST_F(Config, reports_all_problems_at_once) {
    EXPECT_THAT(
        file(R"({"recording": {"sync": "5x"}, "log": {"level": 1}, "zebra": {"a": [1]}})"),
        ElementsAre(StartsWith("recording.sync:"), StartsWith("log.level:"), StartsWith("zebra:")));
}

TEST_F(Config, refuses_a_key_given_twice) {
    EXPECT_THAT(file(R"({"recording": {"sync": "1s", "sync": "2s"}})"),
                ElementsAre("recording.sync: given twice"));
    EXPECT_THAT(file(R"({"log": {}, "log": {}})"), ElementsAre("log: given twice"));
    EXPECT_THAT(file(R"({"listeners": [{"port": 1}, {"port": 1}]})"), IsEmpty())
        << "two entries of a list are two objects";
}

TEST_F(Config, refuses_a_path_in_place_of_a_key) {
    const std::pair<const char*, const char*> cases[] = {
        {R"({"limits.cameras": 4})", "limits.cameras"},
        {R"({"recording.path": "/x", "recording": {"path": "/y"}})", "recording.path"},
        {R"({"recording": {"path": "/y"}, "recording.path": "/x"})", "recording.path"},
        {R"({"listeners[0].port": 4})", "listeners[0].port"},
        {R"({"listeners[0]": {"port": 4}})", "listeners[0]"},
        {R"({"listeners[]": 2})", "listeners[]"},
        {R"({"start.fps": 4})", "start.fps"},
        {R"({"recording.keep": ["mp4"]})", "recording.keep"},
    };
    for (const auto& [text, key] : cases) {
        EXPECT_THAT(file(text),
                    ElementsAre(std::string(key) + ": unknown key; a key has no dots or brackets, "
                                                   "objects and lists stand within each other"))
            << text;
    }
    EXPECT_THAT(file(R"({"recording": {"a.b": {"c.d": [1, {"e": 2}]}}, "zebra": {"f.g": 1}})"),
                ElementsAre(StartsWith("recording.a.b: unknown key;"), "zebra: unknown key"))
        << "what lies below an unknown key is not said again";
    EXPECT_EQ(layers_.source("limits.cameras"), "default");
    EXPECT_EQ(layers_.source("recording.path"), "default");
}

TEST_F(Config, says_in_which_line_a_file_stops_being_json) {
    EXPECT_THAT(file("{\n\"on\": true,\n\"log\": {]\n}\n"),
                ElementsAre(StartsWith("x.json:3: not JSON: ")));
    EXPECT_THAT(file("{\n\"on\": true\n"), ElementsAre(StartsWith("x.json:2: not JSON: ")));
    EXPECT_THAT(file("{\n\"on\"\n: true\n,\n\"x\" 5\n}"),
                ElementsAre(StartsWith("x.json:5: not JSON: ")));
    EXPECT_THAT(file(""), ElementsAre(StartsWith("x.json:1: not JSON: ")));
    EXPECT_THAT(file("{\"on\": tru}"), ElementsAre(StartsWith("x.json:1: not JSON: ")));
    EXPECT_THAT(file("{\"on\": true,}"),
                ElementsAre("x.json:1: not JSON: a comma too many before }"));
    EXPECT_THAT(file("{\n# mine\n}"), ElementsAre("x.json:2: not JSON: a comment begins with //"));
    EXPECT_THAT(file("[]"), ElementsAre("expected an object, got a list"));
}

TEST_F(Config, refuses_a_nul_and_numbers_that_do_not_fit) {
    EXPECT_THAT(file(R"({"limits": {"cameras": 18446744073709551616}})"),
                ElementsAre(HasSubstr("got 18446744073709551616")));
    EXPECT_THAT(file("{\n\"recording\": {\"path\": \"a\\u0000b\"}}"),
                ElementsAre("x.json:2: not JSON: a NUL character"));
}

TEST_F(Config, refuses_a_file_over_the_limits) {
    EXPECT_THAT(file(std::string(kFileBytesMax + 1, ' ')),
                ElementsAre("x.json: over 1048576 bytes"));
    const std::string deep(kFileDepthMax * 2, '[');
    EXPECT_THAT(file("{\"zebra\":" + deep), ElementsAre(HasSubstr("not JSON")));
}

TEST_F(Config, null_means_the_default_where_it_is_allowed) {
    EXPECT_THAT(file(R"({"start": null, "listeners": [{"stream": null}]})"), IsEmpty());
    EXPECT_EQ(layers_.text("start"), "off");
    EXPECT_EQ(layers_.text("listeners[0].stream"), "");
}

TEST_F(Config, a_bad_variable_is_a_problem_and_an_unknown_one_a_warning) {
    EXPECT_THAT(
        environment({{"ST_RECORDING_SYNC", "soon"}, {"ST_PORT_80_TCP", "x"}, {"HOME", "/"}}),
        ElementsAre("recording.sync: expected a duration such as \"1s\", got soon "
                    "(ST_RECORDING_SYNC)"));
    EXPECT_THAT(warnings_, ElementsAre("ST_PORT_80_TCP: no such setting, ignored"));
}

TEST_F(Config, a_variable_switches_an_object_with_defaults_on_and_off) {
    for (const char* on : {"{}", "{ }", "on", "true", "1"}) {
        EXPECT_THAT(environment({{"ST_START", on}}), IsEmpty()) << on;
        EXPECT_EQ(layers_.text("start"), "on") << on;
        EXPECT_THAT(environment({{"ST_START", "off"}}), IsEmpty());
    }
    for (const char* off : {"null", "off", "false", "0"}) {
        EXPECT_THAT(environment({{"ST_START", "{}"}}), IsEmpty());
        EXPECT_THAT(environment({{"ST_START", off}}), IsEmpty()) << off;
        EXPECT_EQ(layers_.text("start"), "off") << off;
    }
    EXPECT_THAT(environment({{"ST_START", R"({"fps": 5})"}}),
                ElementsAre(R"(start: expected {} or null, got {"fps": 5} (ST_START))"));
    EXPECT_THAT(environment({{"ST_START", "{"}}),
                ElementsAre("start: expected {} or null, got { (ST_START)"));
    EXPECT_THAT(environment({{"ST_START", "{}"}, {"ST_START_FPS", "5"}}), IsEmpty());
    EXPECT_EQ(layers_.number("start.fps"), 5U);
}

TEST_F(Config, a_misspelt_variable_is_told_the_nearest_one) {
    EXPECT_THAT(
        environment(
            {{"ST_RECORDING_PAHT", "/x"}, {"ST_LIMIT_CAMERAS", "2"}, {"ST_RECORDING_FOOBAR", "2"}}),
        IsEmpty());
    EXPECT_THAT(warnings_, ElementsAre("ST_LIMIT_CAMERAS: no such setting, ignored; did you mean "
                                       "ST_LIMITS_CAMERAS?",
                                       "ST_RECORDING_FOOBAR: no such setting, ignored",
                                       "ST_RECORDING_PAHT: no such setting, ignored; did you mean "
                                       "ST_RECORDING_PATH?"));
}

TEST_F(Config, lists_each_value_with_its_meaning_and_source) {
    ASSERT_THAT(file(R"({"recording": {"sync": "2s"}, "listeners": [{}, {"port": 7}]})"),
                IsEmpty());
    EXPECT_EQ(listing(schema_, layers_.entries()), R"({
    // A switch.
    "on": false,  // default
    "recording": {
        // How often.
        "sync": "2s",  // file x.json
        // Where.
        "path": "./recordings",  // default
        // What stays.
        "keep": ["dump", "mp4"]  // default
    },
    "limits": {
        "cameras": 0,  // default
        "bytes": "16M"  // default
    },
    "rtmp": {
        "port": 1935  // default
    },
    "log": {
        "level": "info"  // default
    },
    "start": null,  // default
    "listeners": [
        {
            "port": 50001,  // default
            "stream": null  // default
        },
        {
            "port": 7,  // file x.json
            "stream": null  // default
        }
    ],
    "sign": {
        "secret": ""  // default
    },
    "tokens": []  // default
}
)");
}

TEST_F(Config, a_listing_read_back_gives_the_same_values) {
    ASSERT_THAT(file(R"({"on": true, "recording": {"sync": 2, "path": "a \"b\" // c", "keep": []},
                         "start": {"fps": 5}, "rtmp": {"port": "off"},
                         "listeners": [{"stream": "x"}, {"port": 0}]})"),
                IsEmpty());
    ASSERT_THAT(environment({{"ST_LIMITS_CAMERAS", "9"}}), IsEmpty());
    const std::string text = listing(schema_, layers_.entries());
    Layers again(schema_);
    EXPECT_THAT(again.load_file("y.json", text), IsEmpty()) << text;
    const auto before = layers_.entries();
    const auto after = again.entries();
    ASSERT_EQ(before.size(), after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
        EXPECT_EQ(after[i].path, before[i].path);
        EXPECT_EQ(after[i].value, before[i].value) << before[i].path;
    }
}

TEST_F(Config, what_is_hidden_stands_in_a_listing_as_a_comment) {
    ASSERT_THAT(file(R"({"limits": {"cameras": 5, "bytes": 2048}})"), IsEmpty());
    for (const char* path : {"limits.cameras", "limits.bytes"}) {
        const std::string text = listing(schema_, layers_.entries(), {path});
        Layers again(schema_);
        EXPECT_THAT(again.load_file("y.json", text), IsEmpty()) << text;
        EXPECT_EQ(again.source(path), "default") << text;
    }
}

TEST(ConfigPage, a_bar_in_a_text_does_not_end_its_cell) {
    const Schema schema({{.path = "digest",
                          .type = KeyType::text,
                          .fallback = "",
                          .help = "`printf TOKEN | sha256sum`."}});
    EXPECT_THAT(reference_tables(schema, "STREAMD_"),
                HasSubstr("| `printf TOKEN \\| sha256sum`. |\n"));
}

TEST_F(Config, a_message_stays_one_line_whatever_the_file_holds) {
    const auto problems = file(R"({"log": {"level": "a\nb)" + std::string(500, 'x') + R"("}})");
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0].find('\n'), std::string::npos);
    EXPECT_LT(problems[0].size(), 150U);
}

}  // namespace
}  // namespace st::config
