#include "streamd/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>

#include "cli/parse.h"
#include "streamd/options.h"
#include "support/temporary_folder.h"

namespace st::streamd {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// A configuration file that lives as long as the test.
class StreamdConfig : public testing::Test {
 protected:
    ConfigSources from_file(std::string_view text) {
        ConfigSources sources;
        sources.file = folder_ + "/c.json";
        std::ofstream(sources.file) << text;
        return sources;
    }

    static LoadedConfig load(const ConfigSources& sources) {
        auto loaded = load_config(sources);
        if (const auto* errors = std::get_if<ConfigErrors>(&loaded)) {
            ADD_FAILURE() << testing::PrintToString(errors->lines);
            return {};
        }
        return std::get<LoadedConfig>(loaded);
    }

    static std::vector<std::string> errors(const ConfigSources& sources) {
        auto loaded = load_config(sources);
        const auto* found = std::get_if<ConfigErrors>(&loaded);
        return found == nullptr ? std::vector<std::string>{} : found->lines;
    }

    static std::optional<int> parse(Options& options, const std::vector<const char*>& words) {
        CLI::App app("", "streamd");
        build(app, options);
        std::vector<const char*> argv{"streamd"};
        argv.insert(argv.end(), words.begin(), words.end());
        std::ostringstream out, err;
        return cli::parse(app, static_cast<int>(argv.size()), argv.data(), out, err);
    }

    const test::TemporaryFolder temporary_;
    const std::string& folder_ = temporary_.path();
};

TEST_F(StreamdConfig, without_any_source_is_the_struct_with_its_defaults) {
    const LoadedConfig loaded = load({});
    const Config& config = loaded.config;
    const Config defaults;
    EXPECT_THAT(loaded.warnings, IsEmpty());
    ASSERT_EQ(config.listeners.size(), 1U);
    EXPECT_EQ(config.listeners[0].address, defaults.listeners[0].address);
    EXPECT_EQ(config.listeners[0].port, defaults.listeners[0].port);
    EXPECT_EQ(config.camera.ping_interval, defaults.camera.ping_interval);
    EXPECT_EQ(config.camera.stop_timeout, defaults.camera.stop_timeout);
    EXPECT_FALSE(config.camera.auto_start.has_value());
    EXPECT_EQ(config.recording.path, std::filesystem::current_path() / "recordings");
    EXPECT_EQ(config.recording.keep.dump, defaults.recording.keep.dump);
    EXPECT_EQ(config.recording.keep.mp4, defaults.recording.keep.mp4);
    EXPECT_EQ(config.recording.keep.thumbnail, defaults.recording.keep.thumbnail);
    EXPECT_EQ(config.recording.keep.h264, defaults.recording.keep.h264);
    EXPECT_EQ(config.recording.timing, defaults.recording.timing);
    EXPECT_EQ(config.recording.buffer_bytes, defaults.recording.buffer_bytes);
    EXPECT_EQ(config.recording.max_session, defaults.recording.max_session);
    EXPECT_EQ(config.auth.camera, defaults.auth.camera);
    EXPECT_EQ(config.auth.control, defaults.auth.control);
    EXPECT_EQ(config.limits.frame_bytes, defaults.limits.frame_bytes);
    EXPECT_EQ(config.limits.connections, defaults.limits.connections);
    EXPECT_EQ(config.log.level, defaults.log.level);
    EXPECT_EQ(config.log.format, defaults.log.format);
}

TEST_F(StreamdConfig, accepts_the_whole_documented_shape) {
    const LoadedConfig loaded = load(from_file(R"(
{"server":{"threads":2},
 "listeners":[{"address":"127.0.0.1","port":0,"tls":false,"default_stream":null}],
 "rtmp":{"port":1935,"tls_port":1936},"tls":{"port":8443,"certificate":"","key":""},
 "camera":{"ping_interval":"2s","ping_timeout":"3s","takeover_after":"4s","stop_timeout":"5s",
   "auto_start":{"resolution":{"width":1280,"height":720},"bitrate_bps":2000000,"fps":15}},
 "cameras":[{"match":{"address":"10.0.0.9","model":""},"name":"door"}],
 "recording":{"path":"/srv/r","keep":["mp4"],"timing":"arrival","sync":"2s","buffer_bytes":"8M",
   "max_session":"1h"},
 "live":{"wait":"10s","resume":"10s","batch":"0ms","queue_bytes":"4M","queue_age":"5s",
   "stuck_after":"15s"},
 "sources":[{"path":"/live/x","command":["a","b,c"],"url":"","shutdown_timeout":"30s",
   "crash_threshold":3,"crash_window":"60s"}],
 "auth":{"camera":"loopback","publish":"open","play":"open","control":"open",
   "tokens":[{"name":"","sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "roles":["camera"]}],"secret":"",
   "trusted_proxies":["10.0.0.0/8"]},
 "limits":{"frame_bytes":"1M","connections":100,"connections_per_address":5,"cameras":6,
   "viewers":0,"publishers":0,"picture":"4096x2304"},
 "web":{"hosts":["cam.example"]},
 "log":{"level":"warning","format":"json","file":"/var/log/s.log"}})"));
    const Config& config = loaded.config;
    EXPECT_EQ(config.threads, 2U);
    EXPECT_EQ(config.listeners[0].address, "127.0.0.1");
    EXPECT_EQ(config.listeners[0].port, 0);
    EXPECT_EQ(config.camera.takeover_after, std::chrono::seconds(4));
    ASSERT_TRUE(config.camera.auto_start.has_value());
    EXPECT_EQ(config.camera.auto_start->width, 1280U);
    EXPECT_EQ(config.camera.auto_start->bitrate_bps, 2'000'000U);
    ASSERT_EQ(config.cameras.size(), 1U);
    EXPECT_EQ(config.cameras[0].name, "door");
    ASSERT_EQ(config.sources.size(), 1U);
    EXPECT_EQ(config.sources[0].path, "/live/x");
    EXPECT_THAT(config.sources[0].command, ElementsAre("a", "b,c"));
    EXPECT_EQ(config.sources[0].shutdown_timeout, std::chrono::seconds(30));
    EXPECT_FALSE(config.recording.keep.dump);
    EXPECT_TRUE(config.recording.keep.mp4);
    EXPECT_EQ(config.recording.timing, Timing::arrival);
    EXPECT_EQ(config.auth.camera, auth::Mode::loopback);
    EXPECT_EQ(config.auth.control, auth::Mode::open);
    EXPECT_THAT(config.auth.trusted_proxies, ElementsAre("10.0.0.0/8"));
    EXPECT_EQ(config.limits.cameras, 6U);
    EXPECT_EQ(config.limits.picture_width, 4096U);
    EXPECT_EQ(config.limits.picture_height, 2304U);
    EXPECT_THAT(config.web_hosts, ElementsAre("cam.example"));
    EXPECT_EQ(config.log.level, LogThreshold::warning);
    EXPECT_EQ(config.log.format, LogFormat::json);
    EXPECT_THAT(loaded.warnings, IsEmpty());
}

TEST_F(StreamdConfig, every_key_has_a_help_text_or_a_telling_name_and_a_valid_default) {
    for (const config::Key& key : config_schema().keys()) {
        if (key.type == config::KeyType::objects) continue;
        EXPECT_TRUE(config::check_value(key, key.fallback).ok()) << key.path;
        EXPECT_EQ(config_schema().find(key.path), &key) << key.path << " stands twice";
    }
}

TEST_F(StreamdConfig, refuses_what_does_not_fit_together) {
    const std::pair<const char*, const char*> cases[] = {
        {R"({"listeners": [{"address": "localhost"}]})",
         R"(listeners[0].address: expected an IP address such as "::" or "127.0.0.1", got localhost)"},
        {R"({"listeners": [{"port": "off"}]})", "listeners: all ports are off, nothing to serve"},
        {R"({"listeners": [{"tls": true}]})",
         "listeners[0].tls: needs tls.certificate and tls.key; --tls auto makes and keeps one, "
         "streamd --make-cert DIR makes a pair for a laboratory"},
        {R"({"tls": {"auto": true, "certificate": "/c.pem", "key": "/k.pem"}})",
         "tls.auto: expected either it or tls.certificate, got both"},
        {R"({"tls": {"certificate": "/c.pem"}})",
         "tls.certificate: needs its private key, tls.key (--tls-key)"},
        {R"({"tls": {"key": "/k.pem"}})",
         "tls.key: needs its certificate, tls.certificate (--tls-cert)"},
        {R"({"listeners": [{"default_stream": "x"}]})",
         "listeners[0].default_stream: expected /app/name, got x"},
        {R"({"sources": [{"url": "a"}]})", "sources[0].path: expected /app/name, got nothing"},
        {R"({"sources": [{"path": "live/x", "url": "a"}]})",
         "sources[0].path: expected /app/name, got live/x"},
        {R"({"sources": [{"path": "/camera/x", "url": "a"}]})",
         "sources[0].path: the app of /camera/x is the server's own, expected another"},
        {R"({"sources": [{"path": "/live/x", "url": "a"}, {"path": "/live/x", "url": "b"}]})",
         "sources[1].path: the same as an earlier source's"},
        {R"({"sources": [{"path": "/live/x"}]})",
         "sources[0]: expected either a command or a url, got neither"},
        {R"({"sources": [{"path": "/live/x", "url": "a", "command": ["b"]}]})",
         "sources[0]: expected either a command or a url, got both"},
        {R"({"sources": [{"path": "/live/x", "command": ["", "b"]}]})",
         "sources[0].command: expected a program and its arguments"},
        {R"({"listeners": [{}, {}]})",
         "listeners[1]: the same address and port as an earlier listener"},
        {R"({"camera": {"auto_start": {"resolution": {"width": 5}}}})",
         "camera.auto_start.resolution: expected both width and height"},
        {R"({"cameras": [{"name": "a"}]})",
         "cameras[0].match: expected an address or a model, got neither"},
        {R"({"cameras": [{"match": {"model": "x"}, "name": "../a"}]})",
         "cameras[0].name: expected [A-Za-z0-9][A-Za-z0-9._-]{0,63}, got ../a"},
        {R"({"recording": {"keep": ["thumbnail"]}})",
         "recording.keep: expected dump, mp4 or h264 among them: without, nothing of a recording "
         "would stay"},
        {R"({"auth": {"control": "signed", "secret": "s"}})",
         R"(auth.control: expected open, local, loopback or token, got "signed")"},
        {R"({"auth": {"play": "signed"}})", "auth.play: signed, but auth.secret is empty"},
        {R"({"auth": {"allow": {"play": ["10.0.0.1/8"]}}})",
         "auth.allow.play[0]: address range: \"10.0.0.1/8\" has bits set behind its prefix"},
        {R"({"notify": [{"url": "ftp://x", "format": "nms"}]})",
         "notify[0].url: expected http:// or https://, got ftp://x"},
        {R"({"notify": [{"url": "http://x", "format": "nms", "events": ["camera.*", "none"]}]})",
         "notify[0].events: no event is called none"},
        {R"({"notify": [{"url": "http://x", "format": "nms"}, {"url": "http://x", "format": "nms"}]})",
         "notify[1]: the same target as an earlier one's"},
        {R"({"notify": [{"url": "http://x", "format": "nms", "secret": "s"}]})",
         "notify[0].secret: expected whsec_ and base64 of 24 to 64 bytes, as of: "
         "echo whsec_$(openssl rand -base64 32)"},
        {R"({"decide": {"url": "http://x"}})",
         "decide.secret: missing; a new one: echo whsec_$(openssl rand -base64 32)"},
        {R"({"auth": {"tokens": [{"sha256": "abc", "roles": ["play"]}]}})",
         "auth.tokens[0].sha256: expected 64 hex digits, as of: printf %s TOKEN | sha256sum"},
    };
    for (const auto& [text, problem] : cases) {
        EXPECT_THAT(errors(from_file(text)), ElementsAre(problem)) << text;
    }
    for (const char* const size :
         {"", "8192", "8x8192", "8192x20000", "0x0", "8192x8192x2", "-1x16"}) {
        EXPECT_THAT(errors(from_file(R"({"limits": {"picture": ")" + std::string(size) + "\"}}")),
                    ElementsAre(StartsWith("limits.picture: ")))
            << size;
    }
    EXPECT_THAT(errors(from_file(R"({"auth": {"trusted_proxies": ["10.0.0.1/8"]}})")),
                ElementsAre(HasSubstr("auth.trusted_proxies[0]: ")));
}

TEST_F(StreamdConfig, takes_folders_for_paths_that_the_server_does_not_use) {
    const auto with = [this](const std::string& route) {
        return from_file(R"({"web": {"static": [{"route": ")" + route + R"(", "root": "/"}]}})");
    };
    for (const char* const route :
         {"", "/", "//", "manual", "/api", "/api/x", "/%61pi", "//api", "/readyz", "/records/live",
          "/50%", "/x/../y", "/a%2fb", "/a%00", R"(/a\\b)", "/manual?x", "/index"}) {
        EXPECT_THAT(errors(with(route)), ElementsAre(StartsWith("web.static[0].route: "))) << route;
    }
    EXPECT_THAT(load(with("/manual/")).config.static_folders.at(0).route, ElementsAre("manual"));
    EXPECT_THAT(load(with("/a%20b/c")).config.static_folders.at(0).route, ElementsAre("a b", "c"));
}

TEST_F(StreamdConfig, refuses_keys_and_types_that_only_look_right) {
    const std::pair<const char*, const char*> cases[] = {
        {R"({"server.threads": 4})", "server.threads: unknown key;"},
        {R"({"recording.path": "/x", "recording": {"path": "/y"}})",
         "recording.path: unknown key;"},
        {R"({"camera": {"auto_start": true}})",
         "camera.auto_start: expected an object or null, got true"},
        {R"({"camera": {"auto_start": false}})",
         "camera.auto_start: expected an object or null, got false"},
        {R"({"rtmp": {"port": "1935"}})",
         R"(rtmp.port: expected a port from 0 to 65535, or off, got "1935")"},
        {R"({"listeners": [{"port": "8000"}]})",
         R"(listeners[0].port: expected a port from 0 to 65535, or off, got "8000")"},
        {R"({"listeners": [{"tls": "true"}]})",
         R"(listeners[0].tls: expected true or false, got "true")"},
    };
    for (const auto& [text, problem] : cases) {
        EXPECT_THAT(errors(from_file(text)), ElementsAre(testing::StartsWith(problem))) << text;
    }
    ConfigSources sources;
    sources.environment = {{"STREAMD_CAMERA_AUTO_START", "{}"},
                           {"STREAMD_CAMERA_AUTO_START_FPS", "5"}};
    const auto start = load(sources).config.camera.auto_start;
    ASSERT_TRUE(start.has_value());
    EXPECT_EQ(start->fps, 5U);
}

TEST_F(StreamdConfig, a_file_that_is_not_there_is_an_exception) {
    ConfigSources sources;
    sources.file = folder_ + "/nothing";
    const auto said = [&]() -> std::string {
        try {
            load_config(sources);
        } catch (const NoConfigFile& e) {
            return e.what();
        }
        return "nothing";
    };
    EXPECT_EQ(said(),
              "cannot read the configuration file " + sources.file + ": No such file or directory");
    sources.file = folder_;
    EXPECT_EQ(said(), "cannot read the configuration file " + folder_ + ": it is a folder");
}

TEST_F(StreamdConfig, options_are_the_top_layer) {
    Options options;
    ASSERT_EQ(parse(options, {"--port", "0", "--bind", "127.0.0.1", "--keep", "mp4,h264",
                              "--recordings", "/r", "--threads", "3", "--log-level", "debug"}),
              std::nullopt);
    ConfigSources sources = from_file(R"({"listeners":[{"port":7}],"recording":{"path":"/f"}})");
    sources.environment = {{"STREAMD_RECORDING_PATH", "/e"}, {"STREAMD_CAMERA_STOP_TIMEOUT", "3s"}};
    sources.command_line = options.settings;
    const LoadedConfig loaded = load(sources);
    EXPECT_EQ(loaded.config.listeners[0].port, 0);
    EXPECT_EQ(loaded.config.listeners[0].address, "127.0.0.1");
    EXPECT_EQ(loaded.config.recording.path, "/r");
    EXPECT_TRUE(loaded.config.recording.keep.h264);
    EXPECT_FALSE(loaded.config.recording.keep.dump);
    EXPECT_EQ(loaded.config.threads, 3U);
    EXPECT_EQ(loaded.config.camera.stop_timeout, std::chrono::seconds(3));
    const std::string text = configuration_file(loaded.entries);
    EXPECT_THAT(text, HasSubstr("\"path\": \"/r\",  // command line\n"));
    EXPECT_THAT(text, HasSubstr("\"stop_timeout\": \"3s\",  // environment\n"));
}

TEST_F(StreamdConfig, a_default_port_in_a_file_is_no_wish_for_it) {
    EXPECT_FALSE(load(from_file(R"({"rtmp":{"port":1935}})")).config.rtmp.is_asked_for);
    EXPECT_TRUE(load(from_file(R"({"rtmp":{"port":1937}})")).config.rtmp.is_asked_for);
    ConfigSources sources;
    sources.environment = {{"STREAMD_RTMP_PORT", "1935"}};
    EXPECT_TRUE(load(sources).config.rtmp.is_asked_for);
}

TEST_F(StreamdConfig, an_option_given_again_counts_the_last_time) {
    Options options;
    ASSERT_EQ(parse(options, {"--port", "1", "--port", "2"}), std::nullopt);
    ConfigSources sources;
    sources.command_line = options.settings;
    EXPECT_EQ(load(sources).config.listeners[0].port, 2);
}

TEST_F(StreamdConfig, a_bad_option_value_is_a_usage_error) {
    for (const auto& words : std::vector<std::vector<const char*>>{{"--port", "65536"},
                                                                   {"--port", "http"},
                                                                   {"--keep", "avi"},
                                                                   {"--log-level", "loud"},
                                                                   {"--threads", "-1"},
                                                                   {"--pidfile", "x"},
                                                                   {"--prot", "1"},
                                                                   {"extra"}}) {
        Options options;
        EXPECT_EQ(parse(options, words), 64) << words[0];
    }
}

TEST_F(StreamdConfig, ports_for_tls_open_only_with_a_certificate) {
    Options options;
    ASSERT_EQ(parse(options, {"--rtmp-port", "off", "--tls-port", "0"}), std::nullopt);
    ConfigSources sources;
    sources.command_line = options.settings;
    LoadedConfig loaded = load(sources);
    EXPECT_THAT(loaded.warnings, ::testing::Contains(HasSubstr("tls.port: not opened, there is no "
                                                               "tls.certificate")));
    EXPECT_EQ(loaded.config.rtmp.port, std::nullopt);
    EXPECT_EQ(loaded.config.tls.port, std::nullopt);
    EXPECT_EQ(loaded.config.rtmp.tls_port, std::nullopt);
    ASSERT_EQ(parse(options, {"--tls-cert", "lab.crt", "--tls-key", "/etc/lab.key"}), std::nullopt);
    sources.command_line = options.settings;
    sources.folder = "/srv/lab";
    loaded = load(sources);
    EXPECT_EQ(loaded.config.tls.port, 0);
    EXPECT_EQ(loaded.config.rtmp.tls_port, 1936);
    EXPECT_EQ(loaded.config.tls.certificate, "/srv/lab/lab.crt");
    EXPECT_EQ(loaded.config.tls.key, "/etc/lab.key");
}

TEST_F(StreamdConfig, reads_tokens_and_sources) {
    const LoadedConfig loaded = load(from_file(R"(
{"auth": {"play": "token", "publish": "signed", "secret": "s", "tokens": [{"name": "tv", "sha256":
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "roles": ["play", "camera"]}]},
 "sources": [{"path": "/live/a", "command": ["ffmpeg", "-i", "x y"], "crash_threshold": 7}]})"));
    const Config& config = loaded.config;
    EXPECT_EQ(config.auth.play, auth::Mode::token);
    EXPECT_EQ(config.auth.publish, auth::Mode::signed_url);
    ASSERT_EQ(config.auth.tokens.size(), 1U);
    EXPECT_EQ(config.auth.tokens[0].name, "tv");
    EXPECT_THAT(config.auth.tokens[0].roles, ElementsAre("play", "camera"));
    ASSERT_EQ(config.sources.size(), 1U);
    EXPECT_THAT(config.sources[0].command, ElementsAre("ffmpeg", "-i", "x y"));
    EXPECT_EQ(config.sources[0].crash_threshold, 7U);
    EXPECT_EQ(config.sources[0].shutdown_timeout, std::chrono::seconds(30));
}

TEST_F(StreamdConfig, reads_ranges_and_says_which_role_has_no_token_in_it) {
    const LoadedConfig loaded = load(from_file(R"(
{"auth": {"control": "token", "allow": {"camera": ["10.0.0.0/8", "fd00::/8"]},
          "deny": {"control": ["10.0.0.66"]}}})"));
    EXPECT_THAT(loaded.config.auth.allow[0], ElementsAre("10.0.0.0/8", "fd00::/8"));
    EXPECT_THAT(loaded.config.auth.deny[3], ElementsAre("10.0.0.66"));
    EXPECT_THAT(loaded.config.auth.allow[3], IsEmpty());
    EXPECT_THAT(loaded.warnings,
                ElementsAre("auth.control: token, but no entry of auth.tokens has the role "
                            "control: only tokens of streamctl token new have"));
}

TEST_F(StreamdConfig, reads_hooks_and_shows_no_secret_of_them) {
    const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const LoadedConfig loaded = load(from_file(R"(
{"notify": [{"url": "https://u:pass@host/x?token=t", "secret": ")" +
                                               secret + R"(",
             "previous_secret": ")" + secret + R"("},
            {"url": "http://host", "format": "nms", "events": ["stream.*", "viewer.*"]}],
 "decide": {"url": "http://host/may?token=t", "timeout": "500ms", "secret": ")" +
                                               secret + R"("}})"));
    const Config& config = loaded.config;
    ASSERT_EQ(config.notify.size(), 2U);
    EXPECT_EQ(config.notify[0].secrets.size(), 2U);
    EXPECT_THAT(config.notify[0].events, ElementsAre("*"));
    EXPECT_EQ(config.notify[1].format, HookFormat::nms);
    EXPECT_EQ(config.decide.timeout, milliseconds(500));
    for (const auto& entry : loaded.entries) {
        const std::string value = shown(entry).value;
        for (const char* hidden : {"MfKQ", "pass", "token=t"}) {
            EXPECT_EQ(value.find(hidden), std::string::npos) << entry.path << " " << value;
        }
    }
}

TEST_F(StreamdConfig, the_committed_page_is_the_generated_one) {
    std::ifstream file(ST_SOURCE_DIR "/docs/config.md");
    const std::string committed((std::istreambuf_iterator<char>(file)), {});
    EXPECT_EQ(committed, config_page()) << "streamd --config-page > docs/config.md";
}

TEST_F(StreamdConfig, the_page_names_every_key) {
    const std::string page = config_page();
    for (const config::Key& key : config_schema().keys()) {
        EXPECT_THAT(page, HasSubstr("| `" + key.path + "` |"));
    }
}

}  // namespace
}  // namespace st::streamd
