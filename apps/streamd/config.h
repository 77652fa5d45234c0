#pragma once
/// streamd's configuration as plain values, defaults in place. Layers: default < file < environment
/// < command line. Everything is checked before the daemon sees it; it gets a Config by value.
/// Keys, ranges and help texts: config_keys.cc, the one table behind docs/config.md.
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "auth/access.h"
#include "config/layers.h"
#include "record/recorder.h"

namespace st::streamd {

using std::chrono::milliseconds;

/// Environment variables of the configuration begin with this.
constexpr std::string_view kEnvironmentPrefix = "STREAMD_";

enum class SegmentFormat { mp4, flv };

enum class SegmentTracks { all, video, audio };

/// Where segments lie in the recordings folder: live/<app>/<name>/, or as the older server had it.
enum class SegmentLayout { streamd, nms };

using record::Names;
using record::Timing;

enum class LogFormat { text, json };
enum class LogThreshold { debug, info, warning, error };

struct ListenerConfig {
    std::string address = "::";  ///< "::" takes IPv4 as well
    std::uint16_t port = 50001;  ///< 0: any free one
    bool tls = false;            ///< https and wss
    std::string default_stream;  ///< "/<app>/<name>"; empty: none
};

/// Ports of protocols with a port of their own, on the address of the first listener. Unset: off.
/// A default port, which nobody asked for, gives way if it is taken.
struct RtmpConfig {
    std::optional<std::uint16_t> port = 1935;
    std::optional<std::uint16_t> tls_port = 1936;  ///< opened only with a certificate
    bool is_asked_for = false;
    bool is_tls_asked_for = false;
    std::string default_app = "live";
};

struct TlsConfig {
    std::optional<std::uint16_t> port = 8443;  ///< https and wss; opened only with a certificate
    std::string certificate;  ///< PEM file, absolute once loaded; empty: none, no TLS
    std::string key;
    bool is_asked_for = false;
    bool is_auto = false;  ///< a pair of our own instead of the two above, which are empty then
};

/// What a camera is told when it is started without a command. Zero: not given.
struct AutoStart {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint32_t aspect_width = 0;
    std::uint32_t aspect_height = 0;
    std::uint64_t bitrate_bps = 4'000'000;
    std::uint32_t fps = 0;  ///< 0: unlimited
};

struct CameraConfig {
    milliseconds ping_interval{20'000};  ///< silence after which a ping goes out
    milliseconds ping_timeout{20'000};   ///< silence after that ping which ends the connection
    milliseconds takeover_after{5'000};
    milliseconds stop_timeout{10'000};
    milliseconds resume_for{300'000};
    bool previews_on_view = false;  ///< a camera streams while somebody watches it
    std::optional<AutoStart> auto_start;
};

/// Names a camera that did not name itself. An empty condition matches any; not both are empty.
struct CameraRule {
    std::string address;
    std::string model;
    std::string name;
};

/// Pictures of JPEG cameras that are kept as files.
struct ImagesConfig {
    std::string path = "./images";  ///< absolute once loaded
    std::uint32_t keep = 200;       ///< of each camera; 0: none
};

/// The kinds of files that stay when a recording is done.
struct KeepConfig {
    bool dump = true;
    bool mp4 = true;
    bool thumbnail = true;
    bool pictures = true;
    bool h264 = false;
};

/// Streams that are recorded in segments whenever they are published.
struct StreamRecordingConfig {
    std::string match;  ///< pattern over "app/name"
    SegmentFormat format = SegmentFormat::mp4;
    milliseconds segment_duration{30 * 60'000LL};
    SegmentTracks tracks = SegmentTracks::all;
    milliseconds preroll{0};
    milliseconds max_duration{0};  ///< 0: until the stream ends
    milliseconds max_age{0};       ///< of segments; 0: none
    std::uint64_t max_bytes = 0;   ///< of all that match; 0: none
};

struct RecordingConfig {
    std::string path = "./recordings";  ///< absolute once loaded
    KeepConfig keep;
    Timing timing = Timing::automatic;
    Names names = Names::local;
    milliseconds max_gap{60'000};
    milliseconds sync{1'000};
    std::uint64_t buffer_bytes = 64ULL << 20;  ///< per session: over it that socket is not read
    milliseconds max_session{6 * 3'600'000LL};
    std::uint64_t max_bytes_per_file = 0;  ///< 0: none
    milliseconds warn_free{600'000};       ///< 0: never
    std::uint64_t keep_free = 0;           ///< 0: nothing is deleted for it
    milliseconds max_age{0};               ///< 0: none
    std::uint64_t max_bytes = 0;           ///< 0: none
    SegmentLayout layout = SegmentLayout::streamd;
    milliseconds fragment{1'000};
    std::vector<StreamRecordingConfig> streams;
};

struct LiveConfig {
    milliseconds wait{10'000};    ///< how long a viewer waits for a publisher
    milliseconds resume{10'000};  ///< how long viewers wait for theirs to return
    milliseconds batch{0};        ///< merge window
    std::uint64_t queue_bytes = 4ULL << 20;
    std::uint64_t cache_bytes = 16ULL << 20;
    milliseconds cache_age{60'000};
    milliseconds queue_age{5'000};
    milliseconds stuck_after{15'000};
};

/// A stream whose first viewer starts it. Exactly one of command and url is given.
struct SourceConfig {
    std::string path;                  ///< "/<app>/<name>"
    std::vector<std::string> command;  ///< program and arguments
    std::string url;
    milliseconds shutdown_timeout{30'000};
    milliseconds silence{30'000};
    std::uint32_t crash_threshold = 3;
    milliseconds crash_window{60'000};
};

struct TokenConfig {
    std::string name;
    std::string sha256;              ///< 64 hex digits
    std::vector<std::string> roles;  ///< camera, publish, play, control
};

struct AuthConfig {
    auth::Mode camera = auth::Mode::open;
    auth::Mode publish = auth::Mode::open;
    auth::Mode play = auth::Mode::open;
    auth::Mode control = auth::Mode::local;
    /// By role, in the order camera, publish, play, control: addresses or CIDR ranges.
    std::array<std::vector<std::string>, 4> allow;
    std::array<std::vector<std::string>, 4> deny;
    std::vector<TokenConfig> tokens;
    std::string secret;                        ///< of signed URLs; empty: none
    std::vector<std::string> trusted_proxies;  ///< addresses or CIDR ranges
};

/// Zero: no limit, except memory, frame_bytes and connections.
struct LimitsConfig {
    std::uint64_t memory = 0;  ///< 0: half of what there is
    std::uint64_t frame_bytes = 16ULL << 20;
    std::uint32_t connections = 10'000;
    std::uint32_t connections_per_address = 0;
    std::uint32_t cameras = 0;
    std::uint32_t viewers = 0;
    std::uint32_t publishers = 0;
    std::uint32_t cameras_per_address = 0;
    std::uint32_t viewers_per_address = 0;
    std::uint32_t publishers_per_address = 0;
    std::uint32_t picture_width = 8192;
    std::uint32_t picture_height = 8192;
};

enum class HookFormat { standard, nms };

/// A target that is told of events.
struct NotifyConfig {
    std::string url;
    std::vector<std::string> events;
    HookFormat format = HookFormat::standard;
    std::vector<std::string> secrets;  ///< "whsec_...", the first one the newest
};

/// Who is asked before somebody may publish or play.
struct DecideConfig {
    std::string url;  ///< empty: nobody
    milliseconds timeout{3'000};
    std::vector<std::string> secrets;
};

/// A folder whose files are served as they are.
struct StaticFolder {
    std::vector<std::string> route;  ///< the segments of its path, decoded
    std::string root;                ///< absolute once loaded
};

struct LogConfig {
    LogThreshold level = LogThreshold::info;
    LogFormat format = LogFormat::text;
    std::string file;  ///< empty: standard error; absolute once loaded
};

struct Config {
    std::uint32_t threads = 0;                                ///< network loops; 0: one per core
    std::vector<ListenerConfig> listeners{ListenerConfig{}};  ///< never empty
    RtmpConfig rtmp;
    TlsConfig tls;
    CameraConfig camera;
    std::vector<CameraRule> cameras;
    ImagesConfig images;
    RecordingConfig recording;
    LiveConfig live;
    std::vector<SourceConfig> sources;
    AuthConfig auth;
    LimitsConfig limits;
    std::string control_socket;            ///< empty: the default place; absolute once loaded
    std::vector<std::string> web_hosts;    ///< names this machine is reached by
    std::vector<std::string> web_origins;  ///< other sites whose pages may act here
    std::vector<NotifyConfig> notify;
    DecideConfig decide;
    std::vector<StaticFolder> static_folders;
    LogConfig log;
};

/// A configuration that cannot be used: one line each, ready to print. Exit code 78.
struct ConfigErrors {
    std::vector<std::string> lines;
};

/// What the layers amount to.
struct LoadedConfig {
    Config config;
    std::vector<std::string>
        warnings;  ///< for the log at start, e.g. keys this version does not act on
    std::vector<config::Layers::Entry> entries;  ///< each value with its source
};

/// Fit for eyes: secrets, and passwords in sources' URLs, are hidden.
config::Layers::Entry shown(config::Layers::Entry entry);

/// The values as a configuration file with comments; what is hidden stands there as a comment.
std::string configuration_file(const std::vector<config::Layers::Entry>& entries);

/// The three sources above the defaults.
struct ConfigSources {
    std::string file;                                ///< empty: none. Read here.
    std::map<std::string, std::string> environment;  ///< of the process; STREAMD_* is looked at
    std::vector<config::Setting> command_line;       ///< key path and text, in order
    std::string folder;  ///< relative paths count from here; empty: where the process is
};

/// The configuration file cannot be read.
struct NoConfigFile : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Reads and checks all layers. Throws NoConfigFile.
std::variant<LoadedConfig, ConfigErrors> load_config(const ConfigSources& sources);

/// All keys, in the order of docs/config.md.
const config::Schema& config_schema();

/// docs/config.md, whole.
std::string config_page();

}  // namespace st::streamd
