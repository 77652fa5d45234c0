/// The one table of configuration keys. Defaults come from the Config struct, never typed twice.
#include "base/units.h"
#include "record/recorder.h"
#include "streamd/config.h"

namespace st::streamd {
namespace {

using config::Key;
using config::KeyType;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr milliseconds kForever = hours(24 * 365);
constexpr std::uint64_t kSizeMax = 1ULL << 50;

Key number(std::string path, std::uint64_t fallback, std::uint64_t min, std::uint64_t max,
           std::string help) {
    return {.path = std::move(path),
            .type = KeyType::integer,
            .fallback = std::to_string(fallback),
            .help = std::move(help),
            .min = min,
            .max = max};
}

Key port(std::string path, std::uint16_t fallback, std::string help) {
    return {.path = std::move(path),
            .type = KeyType::port,
            .fallback = std::to_string(fallback),
            .help = std::move(help),
            .max = 65535};
}

Key size(std::string path, std::uint64_t fallback, std::uint64_t min, std::uint64_t max,
         std::string help) {
    return {.path = std::move(path),
            .type = KeyType::size,
            .fallback = format_size(fallback),
            .help = std::move(help),
            .min = min,
            .max = max};
}

Key duration(std::string path, milliseconds fallback, milliseconds min, milliseconds max,
             std::string help) {
    return {.path = std::move(path),
            .type = KeyType::duration,
            .fallback = format_duration(fallback),
            .help = std::move(help),
            .min = static_cast<std::uint64_t>(min.count()),
            .max = static_cast<std::uint64_t>(max.count())};
}

Key text(std::string path, std::string fallback, std::string help, bool is_nullable = false) {
    return {.path = std::move(path),
            .type = KeyType::text,
            .fallback = std::move(fallback),
            .help = std::move(help),
            .is_nullable = is_nullable};
}

/// Text that is shown to nobody.
Key secret(std::string path, std::string help) {
    Key key = text(std::move(path), "", std::move(help));
    key.is_secret = true;
    return key;
}

/// A URL or command: there may be a password in it.
Key with_password(Key key) {
    key.may_hold_secret = true;
    return key;
}

Key choice(std::string path, std::string fallback, std::vector<std::string> choices,
           std::string help) {
    return {.path = std::move(path),
            .type = KeyType::choice,
            .fallback = std::move(fallback),
            .help = std::move(help),
            .choices = std::move(choices)};
}

Key texts(std::string path, std::string fallback, std::vector<std::string> choices,
          std::string help) {
    return {.path = std::move(path),
            .type = KeyType::texts,
            .fallback = std::move(fallback),
            .help = std::move(help),
            .max = 256,
            .choices = std::move(choices)};
}

Key objects(std::string path, std::uint64_t min, std::uint64_t max, std::string help) {
    return {.path = std::move(path),
            .type = KeyType::objects,
            .fallback = std::to_string(min),
            .help = std::move(help),
            .min = min,
            .max = max};
}

/// Of those a reload applies.
Key live(Key key) {
    key.applies_on_reload = true;
    return key;
}

using Keys = std::vector<Key>;

void add_listeners(Keys& keys, const Config& config) {
    const ListenerConfig listener;
    keys.push_back(
        number("server.threads", config.threads, 0, 256, "Network event loops; 0: one per core."));
    keys.push_back(objects("listeners", 1, 16, "Where cameras, pages and the API are served."));
    keys.push_back(text("listeners[].address", listener.address,
                        "IP address to listen on; `::` takes IPv4 as well."));
    keys.push_back(port("listeners[].port", listener.port, "0: any free one."));
    keys.push_back({.path = "listeners[].tls",
                    .type = KeyType::boolean,
                    .fallback = listener.tls ? "true" : "false",
                    .help = "Serve https and wss."});
    keys.push_back(text("listeners[].default_stream", listener.default_stream,
                        "Stream, `/app/name`, that a WebSocket on `/` plays.", true));
    keys.push_back(
        port("rtmp.port", *config.rtmp.port,
             "RTMP, at the address of the first listener. If the default port is taken, the "
             "server goes on without, unless the command line or the environment named it."));
    keys.push_back(
        port("rtmp.tls_port", *config.rtmp.tls_port, "RTMPS, with a certificate; likewise."));
    keys.push_back(
        live(text("rtmp.default_app", config.rtmp.default_app,
                  "App of RTMP addresses that name a stream alone: `rtmp://host/name`.")));
    keys.push_back(
        port("tls.port", *config.tls.port, "https and wss, with a certificate; likewise."));
    keys.push_back({.path = "tls.auto",
                    .type = KeyType::boolean,
                    .fallback = config.tls.is_auto ? "true" : "false",
                    .help = "Make a certificate in `<recording.path>/.streamd` and keep it up to "
                            "date, with an authority that phones get from `/ca`."});
    keys.push_back(live(text("tls.certificate", config.tls.certificate,
                             "PEM file: the server's certificate, then those that lead to its "
                             "issuer. Read again by a reload, for connections to come.")));
    keys.push_back(live(text("tls.key", config.tls.key, "PEM file, without a password.")));
}

void add_cameras(Keys& keys, const Config& config) {
    const std::size_t first = keys.size();
    const CameraConfig& camera = config.camera;
    const AutoStart start;
    keys.push_back(duration("camera.ping_interval", camera.ping_interval, milliseconds(100),
                            hours(1), "Silence after which a camera is sent a ping."));
    keys.push_back(duration("camera.ping_timeout", camera.ping_timeout, milliseconds(100), hours(1),
                            "Silence after that ping which ends the connection."));
    keys.push_back(duration("camera.takeover_after", camera.takeover_after, milliseconds(100),
                            minutes(10),
                            "How long a silent camera keeps its name from a second one."));
    keys.push_back(duration("camera.stop_timeout", camera.stop_timeout, milliseconds(100),
                            minutes(10), "How long a camera may take to say `capture_stopped`."));
    keys.push_back(
        duration("camera.resume_for", camera.resume_for, milliseconds(0), hours(24),
                 "How long a recording stays open for a camera that lost its connection "
                 "and can go on with it (`resume` in its capabilities); 0: not at all."));
    keys.push_back(
        live(choice("camera.preview", "off", {"off", "on_view"},
                    "`on_view`: an idle camera streams while somebody watches it, and is "
                    "not recorded by that.")));
    keys.push_back({.path = "camera.auto_start",
                    .type = KeyType::group,
                    .fallback = "off",
                    .help = "Start every camera that connects, with these parameters; `{}` takes "
                            "the defaults.",
                    .is_nullable = true});
    const std::string with = "camera.auto_start.";
    keys.push_back(number(with + "resolution.width", start.width, 0, 16384, "0: not given."));
    keys.push_back(number(with + "resolution.height", start.height, 0, 16384, "0: not given."));
    keys.push_back(number(with + "aspect.width", start.aspect_width, 0, 16384, "0: not given."));
    keys.push_back(number(with + "aspect.height", start.aspect_height, 0, 16384, "0: not given."));
    keys.push_back(
        number(with + "bitrate_bps", start.bitrate_bps, 1, 1'000'000'000, "Bits per second."));
    keys.push_back(number(with + "fps", start.fps, 0, 1000, "Pictures per second; 0: unlimited."));
    keys.push_back(
        objects("cameras", 0, 10'000,
                "Names for cameras that do not name themselves; the first match counts."));
    keys.push_back(text("cameras[].match.address", "", "IP address the camera comes from."));
    keys.push_back(text("cameras[].match.model", "", "Device model from its capabilities."));
    keys.push_back(text("cameras[].name", "", "`[A-Za-z0-9][A-Za-z0-9._-]{0,63}`"));
    keys.push_back(text("mjpeg.path", config.images.path,
                        "Folder for the newest pictures of JPEG cameras, one folder for each."));
    keys.push_back(number("mjpeg.keep", config.images.keep, 0, 1'000'000,
                          "How many pictures of a JPEG camera are kept there; 0: none."));
    for (std::size_t i = first; i < keys.size(); ++i) keys[i].applies_on_reload = true;
}

void add_recording(Keys& keys, const Config& config) {
    const RecordingConfig& recording = config.recording;
    keys.push_back(text("recording.path", recording.path,
                        "Folder of the recordings; made if it is missing. A relative one counts "
                        "from where streamd is started."));
    keys.push_back(texts("recording.keep", "dump,mp4,thumbnail,pictures",
                         {"dump", "mp4", "thumbnail", "pictures", "h264"},
                         "What stays when a recording is done: `pictures` is the table of its "
                         "pictures' times. The dump goes only after its MP4 was verified, and "
                         "stays where some pictures are in it alone."));
    keys.push_back(choice("recording.timing", "auto", {"auto", "device", "arrival", "constant"},
                          "Which clock times the pictures of an MP4."));
    keys.push_back(choice("recording.names", "local", {"local", "utc"},
                          "Whose time stands in the names of new recordings: the server's time "
                          "zone, or UTC. `session.json` has the time with its offset either way."));
    keys.push_back(duration("recording.max_gap", recording.max_gap, record::kMaxGapMin,
                            record::kMaxGapMax,
                            "A longer step that one clock alone reports is a fault of it; what "
                            "the camera's clock and the arrivals both report is real, however "
                            "long."));
    keys.push_back(duration("recording.sync", recording.sync, milliseconds(10), hours(1),
                            "How often what was written is forced to the disk: what a power "
                            "failure can cost."));
    keys.push_back(size("recording.buffer_bytes", recording.buffer_bytes, 1ULL << 20, 64ULL << 30,
                        "Per recording: bytes waiting for the disk, over which that camera is "
                        "not read until it has caught up."));
    keys.push_back(
        live(duration("recording.max_session", recording.max_session, seconds(1), kForever,
                      "A longer recording goes on in a new one at the next key frame.")));
    keys.push_back(size("recording.max_bytes_per_file", recording.max_bytes_per_file, 0, kSizeMax,
                        "A recording goes on in a new one at the key frame before its file is "
                        "larger; 0: when the file system takes no more (4 GiB on FAT32)."));
    keys.push_back(
        live(duration("recording.warn_free", recording.warn_free, milliseconds(0), kForever,
                      "The event `server.disk` says when the disk lasts no longer than this at the "
                      "present rate, and clients are warned before they record; 0: never.")));
    keys.push_back(live(size("recording.keep_free", recording.keep_free, 0, kSizeMax,
                             "The oldest recordings are deleted while the disk has less than this "
                             "free; 0: nothing is deleted for it (docs/archive.md).")));
    keys.push_back(live(duration("recording.max_age", recording.max_age, milliseconds(0), kForever,
                                 "Recordings that ended longer ago than this are deleted; 0: "
                                 "none.")));
    keys.push_back(live(size("recording.max_bytes", recording.max_bytes, 0, kSizeMax,
                             "While all recordings together have more bytes than this, the oldest "
                             "are deleted; 0: no limit.")));
}

void add_segments(Keys& keys, const Config& config) {
    const std::size_t first = keys.size();
    const StreamRecordingConfig stream;
    keys.push_back(choice("recording.layout", "streamd", {"streamd", "nms"},
                          "Where segments of live streams lie: `live/<app>/<name>/`; `nms`: "
                          "`<app>/<name>/`, always as FLV."));
    keys.push_back(duration("recording.fragment", config.recording.fragment, milliseconds(100),
                            seconds(60),
                            "A segment that grows is written and can be read in steps of so much "
                            "media time: what a crash can cost."));
    keys.push_back(objects("recording.streams", 0, 1'000,
                           "Live streams that are recorded whenever they are published; the first "
                           "match counts (docs/segments.md)."));
    const std::string one = "recording.streams[].";
    keys.push_back(text(one + "match", stream.match, "Pattern over `app/name`: `live/*`."));
    keys.push_back(choice(one + "format", "mp4", {"mp4", "flv"},
                          "`mp4` holds H.264 and AAC, `flv` what was published."));
    keys.push_back(duration(one + "segment_duration", stream.segment_duration, seconds(1),
                            hours(24 * 7),
                            "A segment goes on in the next at the first key frame after so much "
                            "media time."));
    keys.push_back(choice(one + "tracks", "all", {"all", "video", "audio"}, ""));
    keys.push_back(duration(one + "preroll", stream.preroll, milliseconds(0), seconds(20),
                            "A recording that is begun by hand holds so much from before, as far "
                            "as it is kept."));
    keys.push_back(duration(one + "max_duration", stream.max_duration, milliseconds(0), kForever,
                            "The recording of the stream ends by itself after so much; 0: it "
                            "does not."));
    keys.push_back(duration(one + "max_age", stream.max_age, milliseconds(0), kForever,
                            "What matches and ended longer ago than this is deleted, in place of "
                            "`recording.max_age`; 0: that one applies."));
    keys.push_back(size(one + "max_bytes", stream.max_bytes, 0, kSizeMax,
                        "The oldest of what matches is deleted while all of it has more bytes; 0: "
                        "no limit."));
    for (std::size_t i = first; i < keys.size(); ++i) keys[i].applies_on_reload = true;
}

void add_sources(Keys& keys) {
    const SourceConfig source;
    keys.push_back(
        objects("sources", 0, 1'000, "Streams started by their first viewer (docs/live.md)."));
    keys.push_back(text("sources[].path", source.path, "`/app/name`"));
    keys.push_back(with_password(
        texts("sources[].command", "", {},
              "Program and arguments, no shell; its standard output is the stream.")));
    keys.push_back(with_password(text("sources[].url", source.url,
                                      "Instead of a command: a URL, a file, or a device such as "
                                      "`v4l2:/dev/video0` or `lavfi:testsrc2`.")));
    keys.push_back(duration("sources[].shutdown_timeout", source.shutdown_timeout, milliseconds(0),
                            hours(24), "How long it goes on after the last viewer has left."));
    keys.push_back(duration("sources[].silence", source.silence, seconds(1), hours(24),
                            "A source that gives nothing for so long is ended and tried again."));
    keys.push_back(number("sources[].crash_threshold", source.crash_threshold, 1, 1'000,
                          "So many crashes within the window, and it stays down. An input that "
                          "is not there is no crash."));
    keys.push_back(duration("sources[].crash_window", source.crash_window, seconds(1), hours(24),
                            "Also how long it then stays down."));
}

void add_live(Keys& keys, const Config& config) {
    const LiveConfig& defaults = config.live;
    keys.push_back(duration("live.wait", defaults.wait, milliseconds(0), hours(1),
                            "How long a viewer waits for a stream."));
    keys.push_back(duration("live.resume", defaults.resume, milliseconds(0), hours(1),
                            "How long viewers wait for a publisher to return."));
    keys.push_back(duration("live.batch", defaults.batch, milliseconds(0), seconds(5),
                            "Packets are gathered for so long before they are sent: less work "
                            "per byte, that much more delay."));
    keys.push_back(size("live.queue_bytes", defaults.queue_bytes, 64ULL << 10, 1ULL << 30,
                        "What may wait for one viewer; over it the queue is cut to a key frame."));
    keys.push_back(duration("live.queue_age", defaults.queue_age, milliseconds(100), minutes(10),
                            "How long a packet may wait for one viewer; over it likewise."));
    keys.push_back(size("live.cache_bytes", defaults.cache_bytes, 0, 1ULL << 30,
                        "What is kept of a stream from its newest key frame on, for viewers that "
                        "come later; in all streams together an eighth of limits.memory."));
    keys.push_back(duration("live.cache_age", defaults.cache_age, milliseconds(0), hours(1),
                            "How long a key frame and what follows it are kept."));
    keys.push_back(duration("live.stuck_after", defaults.stuck_after, seconds(1), hours(1),
                            "A viewer that reads nothing for this long is disconnected."));
    add_sources(keys);
}

void add_access(Keys& keys, const Config& config) {
    const std::size_t first = keys.size();
    keys.push_back(text("control.socket", "",
                        "Path of the Unix socket for control from this machine; empty: see "
                        "docs/operations.md."));
    const auto names = auth::mode_names();
    const std::vector<std::string> access(names.begin(), names.end());
    // A signed URL names a stream, so control knows none.
    std::vector<std::string> control = access;
    control.erase(control.begin() + static_cast<std::ptrdiff_t>(auth::Mode::signed_url));
    keys.push_back(choice("auth.camera", "open", access, "Who may connect as a camera."));
    keys.push_back(choice("auth.publish", "open", access, "Who may publish."));
    keys.push_back(choice("auth.play", "open", access, "Who may watch."));
    keys.push_back(
        choice("auth.control", "local", control, "Who may use the API and read the recordings."));
    for (const char* role : {"camera", "publish", "play", "control"}) {
        keys.push_back(texts(
            "auth.allow." + std::string(role), "", {},
            "Only from these addresses or ranges may the role be used; empty: from everywhere."));
        keys.push_back(texts(
            "auth.deny." + std::string(role), "", {},
            "From these addresses or ranges the role may not be used; looked at before `allow`."));
    }
    keys.push_back(objects("auth.tokens", 0, 10'000,
                           "Tokens, as digests; `streamctl token new` makes others."));
    keys.push_back(text("auth.tokens[].name", "", "For the log."));
    keys.push_back(secret("auth.tokens[].sha256",
                          "SHA-256 of the token in hex: `printf %s TOKEN | sha256sum`."));
    keys.push_back(texts("auth.tokens[].roles", "", {"camera", "publish", "play", "control"},
                         "What the token opens."));
    keys.push_back(secret("auth.secret", "Of signed URLs. There is no default secret."));
    keys.push_back(texts("auth.trusted_proxies", "", {},
                         "Addresses or ranges of proxies that say in X-Forwarded-For or Forwarded "
                         "who asks: that address then counts. Requests with such headers from "
                         "others are never loopback."));
    const LimitsConfig& limits = config.limits;
    keys.push_back(size("limits.memory", limits.memory, 0, kSizeMax,
                        "What all peers together can make the server hold: messages that "
                        "are not whole, held frames, queues, caches. Short of it the largest wait, "
                        "and what only trickles is ended. "
                        "0: half of the machine's memory, or of the control group's limit."));
    keys.push_back(size("limits.frame_bytes", limits.frame_bytes, 64ULL << 10, 16ULL << 20,
                        "Largest binary message of a camera; over it the connection is closed "
                        "with 1009."));
    keys.push_back(
        number("limits.connections", limits.connections, 1, 1'000'000, "Connections in all."));
    keys.push_back(number("limits.connections_per_address", limits.connections_per_address, 0,
                          1'000'000, "0: no limit of its own."));
    keys.push_back(number("limits.cameras", limits.cameras, 0, 1'000'000, "0: no limit."));
    keys.push_back(number("limits.viewers", limits.viewers, 0, 1'000'000, "0: no limit."));
    keys.push_back(number("limits.publishers", limits.publishers, 0, 1'000'000,
                          "Cameras that are streams count. 0: no limit."));
    keys.push_back(number("limits.cameras_per_address", limits.cameras_per_address, 0, 1'000'000,
                          "0: no limit of its own."));
    keys.push_back(number("limits.viewers_per_address", limits.viewers_per_address, 0, 1'000'000,
                          "The same; each stream on a wall counts as one."));
    keys.push_back(number("limits.publishers_per_address", limits.publishers_per_address, 0,
                          1'000'000, "The same; cameras do not count here."));
    keys.push_back(
        text("limits.picture",
             std::to_string(limits.picture_width) + "x" + std::to_string(limits.picture_height),
             "`WIDTHxHEIGHT`, each from 16 to 16384. Larger pictures are recorded, but "
             "not decoded: there is no check of the first picture and no thumbnail."));
    for (std::size_t i = first; i < keys.size(); ++i) {
        const bool is_of_hub = keys[i].path.starts_with("limits.viewers") ||
                               keys[i].path.starts_with("limits.publishers");
        const bool is_of_recorder = keys[i].path == "limits.picture";
        keys[i].applies_on_reload =
            !is_of_hub && !is_of_recorder && keys[i].path != "control.socket";
    }
}

void add_hooks(Keys& keys) {
    const DecideConfig decide;
    const auto add_secrets = [&](const std::string& of) {
        keys.push_back(live(
            secret(of + ".secret", "Signs what is sent: `whsec_` and base64 of 24 to 64 bytes.")));
        keys.push_back(live(secret(of + ".previous_secret",
                                   "Signs as well, while receivers change to a new one.")));
    };
    keys.push_back(
        live(objects("notify", 0, 64, "Targets that are told of events (docs/hooks.md).")));
    keys.push_back(live(with_password(text("notify[].url", "", "`https://` or `http://`."))));
    keys.push_back(live(
        texts("notify[].events", "*", {}, "Which events: types, or groups such as `camera.*`.")));
    keys.push_back(live(choice("notify[].format", "standard", {"standard", "nms"},
                               "Standard Webhooks, or the POSTs of Node-Media-Server.")));
    add_secrets("notify[]");
    keys.push_back(live(with_password(
        text("decide.url", "", "Asked before somebody may publish or play; empty: nobody is."))));
    keys.push_back(live(duration("decide.timeout", decide.timeout, milliseconds(100), seconds(30),
                                 "Without a yes within this time the answer is no.")));
    add_secrets("decide");
}

void add_rest(Keys& keys) {
    const LogConfig log;
    keys.push_back(
        live(texts("web.hosts", "", {},
                   "Host names, beside IP addresses, localhost and the machine's own name, that "
                   "web pages and control requests may be addressed to.")));
    keys.push_back(
        live(texts("web.origins", "", {},
                   "Other sites whose pages may act here, such as `https://portal.example`; `*`: "
                   "pages of any site may play.")));
    keys.push_back(objects("web.static", 0, 64, "Folders whose files are served, to everybody."));
    keys.push_back(text("web.static[].route", "",
                        "Path under which they are found: `/manual` has `/manual/x.html`."));
    keys.push_back(
        text("web.static[].root", "",
             "The folder. Links in it, and names that begin with a dot, are not served."));
    keys.push_back(live(choice("log.level", "info", {"debug", "info", "warning", "error"}, "")));
    keys.push_back(
        choice("log.format", "text", {"text", "json"}, "One event per line either way."));
    keys.push_back(text("log.file", log.file, "Empty: standard error."));
}

}  // namespace

const config::Schema& config_schema() {
    // Immutable, and needed by the options before any configuration exists.
    static const config::Schema schema([] {
        const Config config;
        Keys keys;
        add_listeners(keys, config);
        add_cameras(keys, config);
        add_recording(keys, config);
        add_segments(keys, config);
        add_live(keys, config);
        add_access(keys, config);
        add_hooks(keys);
        add_rest(keys);
        return keys;
    }());
    return schema;
}

std::string config_page() {
    return
        R"(# Configuration

<!-- Written by `streamd --config-page`; a test compares. Change the table in
     apps/streamd/config_keys.cc instead. -->

`streamd` runs without a configuration file. One is given with `--config FILE`: JSON, in which `//`
begins a comment. Values come in layers: default, file, environment, command line; the later one
wins. `streamd --print-config` prints all of it as such a file, with the meaning and the source of each value
(secrets stand there as comments, without their value; the path of a hook's URL is shown): a file to begin with. `streamd --check-config` only
checks. A key that is unknown or given twice, a wrong type or a value out of range is said with its
path, one line each, and ends the program with code 78. A variable of the environment that begins with
`STREAMD_` and names no key is a warning.

```json
{
    // Record on a disk of its own, and keep the dumps for re-muxing.
    "recording": {"path": "/srv/recordings", "keep": ["dump", "mp4", "thumbnail", "pictures"]},
    "camera": {"auto_start": {"resolution": {"width": 1280, "height": 720}, "fps": 30}},
    "cameras": [{"match": {"address": "10.0.0.21"}, "name": "door"}]
}
```

Durations are written `"500ms"`, `"10s"`, `"2m"`, `"1h"`, `"3d"`, `"2w"`, or as a number of seconds; sizes `"64K"`,
`"8M"`, `"1G"` (1024-based), or as a number of bytes.

)" + config::reference_tables(config_schema(), kEnvironmentPrefix);
}

}  // namespace st::streamd
