#include "streamd/config.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

#include "auth/address.h"
#include "base/name.h"
#include "base/secrets.h"
#include "cli/values.h"
#include "config/json_file.h"
#include "config/listing.h"
#include "control/event_types.h"
#include "digest/digest.h"
#include "http/target.h"
#include "notify/signature.h"

namespace st::streamd {
namespace {

using config::Layers;
using Lines = std::vector<std::string>;

constexpr const char* kNextForTls =
    "--tls auto makes and keeps one, streamd --make-cert DIR makes a pair for a laboratory";

std::string entry(std::string_view list, std::size_t index) {
    return std::string(list) + "[" + std::to_string(index) + "]";
}

std::uint32_t number32(const Layers& layers, std::string_view path) {
    return static_cast<std::uint32_t>(layers.number(path));
}

/// Relative paths count from the folder the daemon was started in, which it has left.
std::string absolute(const std::string& folder, const std::string& path) {
    if (path.empty()) return path;
    return std::filesystem::absolute(std::filesystem::path(folder) / path)
        .lexically_normal()
        .string();
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path)) {
        throw NoConfigFile("cannot read the configuration file " + path + ": " +
                           (file ? "it is a folder" : std::strerror(errno)));
    }
    std::string text;
    text.resize(config::kFileBytesMax + 1);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
}

/// A choice whose words stand in the order of the enum.
template <class Enum>
Enum word(const Layers& layers, std::string_view path) {
    const auto& choices = config_schema().find(path)->choices;
    const auto found = std::find(choices.begin(), choices.end(), layers.text(path));
    return static_cast<Enum>(found - choices.begin());
}

void take_listeners(const Layers& layers, Config& config, Lines& errors) {
    config.listeners.clear();
    std::set<std::pair<std::string, std::uint16_t>> taken;
    for (std::size_t i = 0; i < layers.count("listeners"); ++i) {
        const std::string path = entry("listeners", i);
        if (layers.text(path + ".port") == "off") continue;
        ListenerConfig listener;
        listener.address = layers.text(path + ".address");
        listener.port = static_cast<std::uint16_t>(layers.number(path + ".port"));
        listener.tls = layers.flag(path + ".tls");
        listener.default_stream = layers.text(path + ".default_stream");
        if (!auth::parse_address(listener.address)) {
            errors.push_back(
                path + R"(.address: expected an IP address such as "::" or "127.0.0.1", got )" +
                listener.address);
        }
        // Serving in the clear what was meant to be encrypted would be worse than not starting.
        if (listener.tls && layers.text("tls.certificate").empty() && !layers.flag("tls.auto")) {
            errors.push_back(path + ".tls: needs tls.certificate and tls.key; " + kNextForTls);
        }
        if (!listener.default_stream.empty() && !is_stream_path(listener.default_stream)) {
            errors.push_back(path + ".default_stream: expected /app/name, got " +
                             listener.default_stream);
        }
        if (listener.port != 0 && !taken.emplace(listener.address, listener.port).second) {
            errors.push_back(path + ": the same address and port as an earlier listener");
        }
        config.listeners.push_back(std::move(listener));
    }
    if (config.listeners.empty())
        errors.push_back("listeners: all ports are off, nothing to serve");
}

std::optional<std::uint16_t> port(const Layers& layers, std::string_view path) {
    if (layers.text(path) == "off") return std::nullopt;
    return static_cast<std::uint16_t>(layers.number(path));
}

/// The default in a file, as --print-config writes it, is no wish of anybody's.
bool is_asked_for(const Layers& layers, const std::string& path) {
    const std::string source = layers.source(path);
    return source != "default" && (!source.starts_with("file ") ||
                                   layers.text(path) != config_schema().find(path)->fallback);
}

void take_tls(const Layers& layers, const std::string& folder, LoadedConfig& loaded,
              Lines& errors) {
    Config& config = loaded.config;
    config.rtmp = {port(layers, "rtmp.port"), port(layers, "rtmp.tls_port"),
                   is_asked_for(layers, "rtmp.port"), is_asked_for(layers, "rtmp.tls_port"),
                   layers.text("rtmp.default_app")};
    if (!is_valid_name(config.rtmp.default_app)) {
        errors.push_back("rtmp.default_app: expected a name, got " + config.rtmp.default_app);
    }
    config.tls = {port(layers, "tls.port"), absolute(folder, layers.text("tls.certificate")),
                  absolute(folder, layers.text("tls.key")), is_asked_for(layers, "tls.port"),
                  layers.flag("tls.auto")};
    if (config.tls.is_auto && !(config.tls.certificate.empty() && config.tls.key.empty())) {
        errors.emplace_back("tls.auto: expected either it or tls.certificate, got both");
    }
    if (config.tls.is_auto) return;
    if (config.tls.certificate.empty() != config.tls.key.empty()) {
        errors.push_back(config.tls.key.empty()
                             ? "tls.certificate: needs its private key, tls.key (--tls-key)"
                             : "tls.key: needs its certificate, tls.certificate (--tls-cert)");
    }
    if (!config.tls.certificate.empty()) return;
    for (const char* path : {"tls.port", "rtmp.tls_port"}) {
        const std::string value = layers.text(path);
        if (value == "off" || value == config_schema().find(path)->fallback) continue;
        loaded.warnings.push_back(std::string(path) +
                                  ": not opened, there is no tls.certificate; " + kNextForTls);
    }
    config.tls.port = config.rtmp.tls_port = std::nullopt;
}

void take_auto_start(const Layers& layers, Config& config, Lines& errors) {
    if (layers.text("camera.auto_start") != "on") return;
    AutoStart start;
    start.width = number32(layers, "camera.auto_start.resolution.width");
    start.height = number32(layers, "camera.auto_start.resolution.height");
    start.aspect_width = number32(layers, "camera.auto_start.aspect.width");
    start.aspect_height = number32(layers, "camera.auto_start.aspect.height");
    start.bitrate_bps = layers.number("camera.auto_start.bitrate_bps");
    start.fps = number32(layers, "camera.auto_start.fps");
    if ((start.width == 0) != (start.height == 0)) {
        errors.emplace_back("camera.auto_start.resolution: expected both width and height");
    }
    if ((start.aspect_width == 0) != (start.aspect_height == 0)) {
        errors.emplace_back("camera.auto_start.aspect: expected both width and height");
    }
    if (start.width != 0 && start.aspect_width != 0) {
        errors.emplace_back("camera.auto_start: expected a resolution or an aspect, got both");
    }
    config.camera.auto_start = start;
}

void take_cameras(const Layers& layers, Config& config, Lines& errors) {
    config.camera.ping_interval = layers.duration("camera.ping_interval");
    config.camera.ping_timeout = layers.duration("camera.ping_timeout");
    config.camera.takeover_after = layers.duration("camera.takeover_after");
    config.camera.stop_timeout = layers.duration("camera.stop_timeout");
    config.camera.resume_for = layers.duration("camera.resume_for");
    config.images.keep = number32(layers, "mjpeg.keep");
    config.camera.previews_on_view = layers.text("camera.preview") == "on_view";
    take_auto_start(layers, config, errors);
    for (std::size_t i = 0; i < layers.count("cameras"); ++i) {
        const std::string path = entry("cameras", i);
        CameraRule rule;
        rule.address = layers.text(path + ".match.address");
        rule.model = layers.text(path + ".match.model");
        rule.name = layers.text(path + ".name");
        if (rule.address.empty() && rule.model.empty()) {
            errors.push_back(path + ".match: expected an address or a model, got neither");
        }
        if (!rule.address.empty() && !auth::parse_address(rule.address)) {
            errors.push_back(path + ".match.address: expected an IP address, got " + rule.address);
        }
        if (!is_valid_name(rule.name)) {
            errors.push_back(path + ".name: expected [A-Za-z0-9][A-Za-z0-9._-]{0,63}, got " +
                             (rule.name.empty() ? "nothing" : rule.name));
        }
        config.cameras.push_back(std::move(rule));
    }
}

/// Its segments as a request has them, decoded; empty if it is no path, or if what the server
/// itself answers would become a folder's.
std::vector<std::string> read_route(const std::string& route) {
    constexpr std::array kOurs = {"api",     "ca",    "camera",  "healthz", "index",
                                  "live",    "mjpeg", "metrics", "player",  "readyz",
                                  "records", "wall",  "web"};
    auto target = http::parse_target(route);
    if (!target || target->path != route || target->segments.empty()) return {};
    const bool is_ours = std::ranges::find(kOurs, target->segments.front()) != kOurs.end();
    return is_ours ? std::vector<std::string>() : std::move(target->segments);
}

void take_static(const Layers& layers, const std::string& folder, Config& config, Lines& errors) {
    for (std::size_t i = 0; i < layers.count("web.static"); ++i) {
        const std::string path = entry("web.static", i);
        const std::string route = layers.text(path + ".route");
        StaticFolder made{read_route(route), absolute(folder, layers.text(path + ".root"))};
        std::error_code error;
        if (made.route.empty()) {
            errors.push_back(path +
                             ".route: expected a path such as /manual that the server does "
                             "not use itself, got " +
                             (route.empty() ? "nothing" : route));
        } else if (!std::filesystem::is_directory(made.root, error)) {
            errors.push_back(path + ".root: expected a folder, got " +
                             (made.root.empty() ? "nothing" : made.root));
        }
        config.static_folders.push_back(std::move(made));
    }
}

void take_recording(const Layers& layers, const std::string& folder, Config& config,
                    Lines& errors) {
    RecordingConfig& recording = config.recording;
    recording.path = absolute(folder, layers.text("recording.path"));
    if (recording.path.empty())
        errors.emplace_back("recording.path: expected a folder, got nothing");
    const auto kept = layers.texts("recording.keep");
    const auto has = [&](std::string_view kind) {
        return std::find(kept.begin(), kept.end(), kind) != kept.end();
    };
    recording.keep = {.dump = has("dump"),
                      .mp4 = has("mp4"),
                      .thumbnail = has("thumbnail"),
                      .pictures = has("pictures"),
                      .h264 = has("h264")};
    if (!recording.keep.dump && !recording.keep.mp4 && !recording.keep.h264) {
        errors.emplace_back(
            "recording.keep: expected dump, mp4 or h264 among them: without, "
            "nothing of a recording would stay");
    }
    recording.timing = word<Timing>(layers, "recording.timing");
    recording.names = word<Names>(layers, "recording.names");
    recording.max_gap = layers.duration("recording.max_gap");
    recording.sync = layers.duration("recording.sync");
    recording.buffer_bytes = layers.number("recording.buffer_bytes");
    recording.max_session = layers.duration("recording.max_session");
    recording.max_bytes_per_file = layers.number("recording.max_bytes_per_file");
    recording.warn_free = layers.duration("recording.warn_free");
    recording.keep_free = layers.number("recording.keep_free");
    recording.max_age = layers.duration("recording.max_age");
    recording.max_bytes = layers.number("recording.max_bytes");
}

void take_segments(const Layers& layers, Config& config, Lines& errors) {
    RecordingConfig& recording = config.recording;
    recording.layout = word<SegmentLayout>(layers, "recording.layout");
    recording.fragment = layers.duration("recording.fragment");
    for (std::size_t i = 0; i < layers.count("recording.streams"); ++i) {
        const std::string path = entry("recording.streams", i);
        StreamRecordingConfig stream;
        stream.match = layers.text(path + ".match");
        stream.format =
            layers.text(path + ".format") == "flv" ? SegmentFormat::flv : SegmentFormat::mp4;
        stream.segment_duration = layers.duration(path + ".segment_duration");
        const std::string tracks = layers.text(path + ".tracks");
        stream.tracks = tracks == "video"   ? SegmentTracks::video
                        : tracks == "audio" ? SegmentTracks::audio
                                            : SegmentTracks::all;
        stream.preroll = layers.duration(path + ".preroll");
        stream.max_duration = layers.duration(path + ".max_duration");
        stream.max_age = layers.duration(path + ".max_age");
        stream.max_bytes = layers.number(path + ".max_bytes");
        // What begins with a slash looks like a path, and would match nothing.
        if (stream.match.find('/') == std::string::npos || stream.match.starts_with('/')) {
            errors.push_back(path + ".match: expected a pattern such as live/*, got " +
                             (stream.match.empty() ? "nothing" : stream.match));
        }
        recording.streams.push_back(std::move(stream));
    }
}

void take_live(const Layers& layers, Config& config) {
    config.live.wait = layers.duration("live.wait");
    config.live.resume = layers.duration("live.resume");
    config.live.batch = layers.duration("live.batch");
    config.live.queue_bytes = layers.number("live.queue_bytes");
    config.live.queue_age = layers.duration("live.queue_age");
    config.live.cache_bytes = layers.number("live.cache_bytes");
    config.live.cache_age = layers.duration("live.cache_age");
    config.live.stuck_after = layers.duration("live.stuck_after");
}

/// An empty program or argument is legal; what no argument list can hold is not.
bool is_command(const std::vector<std::string>& command) {
    return !command.empty() && !command.front().empty() &&
           std::none_of(command.begin(), command.end(), [](const std::string& argument) {
               return argument.find('\0') != std::string::npos;
           });
}

void take_sources(const Layers& layers, Config& config, Lines& errors) {
    std::set<std::string> taken;
    for (std::size_t i = 0; i < layers.count("sources"); ++i) {
        const std::string path = entry("sources", i);
        SourceConfig source;
        source.path = layers.text(path + ".path");
        source.command = layers.texts(path + ".command");
        source.url = layers.text(path + ".url");
        source.shutdown_timeout = layers.duration(path + ".shutdown_timeout");
        source.silence = layers.duration(path + ".silence");
        source.crash_threshold = number32(layers, path + ".crash_threshold");
        source.crash_window = layers.duration(path + ".crash_window");
        if (!is_stream_path(source.path)) {
            errors.push_back(path + ".path: expected /app/name, got " +
                             (source.path.empty() ? "nothing" : source.path));
        } else if (is_own_app(source.path.substr(1, source.path.find('/', 1) - 1))) {
            errors.push_back(path + ".path: the app of " + source.path +
                             " is the server's own, expected another");
        } else if (!taken.insert(source.path).second) {
            errors.push_back(path + ".path: the same as an earlier source's");
        }
        if (source.command.empty() == source.url.empty()) {
            errors.push_back(path + ": expected either a command or a url, got " +
                             (source.url.empty() ? "neither" : "both"));
        } else if (source.url.empty() && !is_command(source.command)) {
            errors.push_back(path + ".command: expected a program and its arguments");
        }
        config.sources.push_back(std::move(source));
    }
}

void take_tokens(const Layers& layers, Config& config, Lines& errors) {
    for (std::size_t i = 0; i < layers.count("auth.tokens"); ++i) {
        const std::string path = entry("auth.tokens", i);
        TokenConfig token{layers.text(path + ".name"), layers.text(path + ".sha256"),
                          layers.texts(path + ".roles")};
        if (!digest::parse_sha256(token.sha256)) {
            errors.push_back(path +
                             ".sha256: expected 64 hex digits, as of: printf %s TOKEN | "
                             "sha256sum");
        }
        if (token.roles.empty()) errors.push_back(path + ".roles: expected at least one role");
        config.auth.tokens.push_back(std::move(token));
    }
}

/// "https://portal.example[:8443]", as browsers send it, or "*".
bool is_origin(const std::string& text) {
    if (text == "*") return true;
    const std::size_t scheme = text.find("://");
    return scheme != std::string::npos && scheme > 0 && scheme + 3 < text.size() &&
           text.find_first_of("/ ", scheme + 3) == std::string::npos;
}

/// A role nobody could ever take is a mistake, and one better found at start.
auth::Mode take_access(const Layers& layers, const std::string& role, LoadedConfig& loaded,
                       Lines& errors) {
    const Config& config = loaded.config;
    const std::string path = "auth." + role;
    const auto access = word<auth::Mode>(layers, path);
    const bool has_token =
        std::any_of(config.auth.tokens.begin(), config.auth.tokens.end(), [&](const auto& token) {
            return std::find(token.roles.begin(), token.roles.end(), role) != token.roles.end();
        });
    if (access == auth::Mode::token && !has_token) {
        loaded.warnings.push_back(path + ": token, but no entry of auth.tokens has the role " +
                                  role + ": only tokens of streamctl token new have");
    }
    if (access == auth::Mode::signed_url && config.auth.secret.empty()) {
        errors.push_back(path + ": signed, but auth.secret is empty");
    }
    return access;
}

void take_ranges(const Layers& layers, Config& config, Lines& errors) {
    std::size_t role = 0;
    for (const std::string name : {"camera", "publish", "play", "control"}) {
        config.auth.allow[role] = layers.texts("auth.allow." + name);
        config.auth.deny[role] = layers.texts("auth.deny." + name);
        for (const auto& [key, list] : {std::pair("auth.allow." + name, &config.auth.allow[role]),
                                        std::pair("auth.deny." + name, &config.auth.deny[role])}) {
            for (std::size_t i = 0; i < list->size(); ++i) {
                const auto range = auth::parse_range((*list)[i]);
                if (!range) errors.push_back(entry(key, i) + ": " + range.error().message);
            }
        }
        ++role;
    }
}

void take_access_and_limits(const Layers& layers, LoadedConfig& loaded, Lines& errors) {
    Config& config = loaded.config;
    take_tokens(layers, config, errors);
    config.auth.secret = layers.text("auth.secret");
    config.auth.camera = take_access(layers, "camera", loaded, errors);
    config.auth.publish = take_access(layers, "publish", loaded, errors);
    config.auth.play = take_access(layers, "play", loaded, errors);
    config.auth.control = take_access(layers, "control", loaded, errors);
    take_ranges(layers, config, errors);
    config.auth.trusted_proxies = layers.texts("auth.trusted_proxies");
    for (std::size_t i = 0; i < config.auth.trusted_proxies.size(); ++i) {
        const auto range = auth::parse_range(config.auth.trusted_proxies[i]);
        if (!range)
            errors.push_back(entry("auth.trusted_proxies", i) + ": " + range.error().message);
    }
    config.limits.memory = layers.number("limits.memory");
    config.limits.frame_bytes = layers.number("limits.frame_bytes");
    config.limits.connections = number32(layers, "limits.connections");
    config.limits.connections_per_address = number32(layers, "limits.connections_per_address");
    config.limits.cameras = number32(layers, "limits.cameras");
    config.limits.viewers = number32(layers, "limits.viewers");
    config.limits.publishers = number32(layers, "limits.publishers");
    config.limits.cameras_per_address = number32(layers, "limits.cameras_per_address");
    config.limits.viewers_per_address = number32(layers, "limits.viewers_per_address");
    config.limits.publishers_per_address = number32(layers, "limits.publishers_per_address");
    const auto picture = cli::parse_resolution(layers.text("limits.picture"));
    if (picture) {
        config.limits.picture_width = picture->first;
        config.limits.picture_height = picture->second;
    } else {
        errors.push_back("limits.picture: " + picture.error().message);
    }
}

bool is_http_url(const std::string& url) {
    const bool is_http = url.starts_with("https://") || url.starts_with("http://");
    return is_http && url.size() > url.find("//") + 2 && url.find_first_of(" \t\r\n") == url.npos;
}

/// The secrets of a hook; what is wrong with them goes to `errors`.
std::vector<std::string> take_secrets(const Layers& layers, const std::string& path,
                                      Lines& errors) {
    std::vector<std::string> secrets;
    for (const char* name : {".secret", ".previous_secret"}) {
        const std::string secret = layers.text(path + name);
        if (secret.empty()) continue;
        if (const auto key = notify::parse_secret(secret); !key) {
            errors.push_back(path + name + ": " + key.error().message);
        }
        secrets.push_back(secret);
    }
    return secrets;
}

void take_notify(const Layers& layers, Config& config, Lines& errors) {
    std::set<std::pair<std::string, HookFormat>> taken;
    for (std::size_t i = 0; i < layers.count("notify"); ++i) {
        const std::string path = entry("notify", i);
        NotifyConfig hook;
        hook.url = layers.text(path + ".url");
        hook.events = layers.texts(path + ".events");
        hook.format = word<HookFormat>(layers, path + ".format");
        hook.secrets = take_secrets(layers, path, errors);
        if (!is_http_url(hook.url)) {
            errors.push_back(path + ".url: expected http:// or https://, got " +
                             (hook.url.empty() ? "nothing" : without_path(hook.url)));
        } else if (!taken.emplace(hook.url, hook.format).second) {
            errors.push_back(path + ": the same target as an earlier one's");
        }
        for (const std::string& type : hook.events) {
            if (control::is_event_type(type)) continue;
            errors.push_back(path + ".events: " + control::no_such_event(type));
        }
        if (hook.format == HookFormat::standard && hook.secrets.empty()) {
            errors.push_back(path +
                             ".secret: missing; a new one: "
                             "echo whsec_$(openssl rand -base64 32)");
        }
        config.notify.push_back(std::move(hook));
    }
    config.decide.url = layers.text("decide.url");
    config.decide.timeout = layers.duration("decide.timeout");
    config.decide.secrets = take_secrets(layers, "decide", errors);
    if (config.decide.url.empty()) return;
    if (!is_http_url(config.decide.url)) {
        errors.push_back("decide.url: expected http:// or https://, got " +
                         without_path(config.decide.url));
    }
    if (config.decide.secrets.empty()) {
        errors.emplace_back(
            "decide.secret: missing; a new one: echo whsec_$(openssl rand -base64 32)");
    }
}

}  // namespace

std::variant<LoadedConfig, ConfigErrors> load_config(const ConfigSources& sources) {
    LoadedConfig loaded;
    Layers layers(config_schema());
    Lines errors;
    const auto note = [&errors](Lines more) {
        errors.insert(errors.end(), std::make_move_iterator(more.begin()),
                      std::make_move_iterator(more.end()));
    };
    if (!sources.file.empty()) note(layers.load_file(sources.file, read_file(sources.file)));
    note(layers.load_environment(kEnvironmentPrefix, sources.environment, loaded.warnings));
    note(layers.load_command_line(sources.command_line));
    if (!errors.empty()) return ConfigErrors{std::move(errors)};

    Config& config = loaded.config;
    config.threads = number32(layers, "server.threads");
    take_listeners(layers, config, errors);
    take_tls(layers, sources.folder, loaded, errors);
    take_cameras(layers, config, errors);
    take_recording(layers, sources.folder, config, errors);
    take_segments(layers, config, errors);
    take_live(layers, config);
    take_sources(layers, config, errors);
    take_access_and_limits(layers, loaded, errors);
    take_notify(layers, config, errors);
    config.control_socket = absolute(sources.folder, layers.text("control.socket"));
    config.images.path = absolute(sources.folder, layers.text("mjpeg.path"));
    take_static(layers, sources.folder, config, errors);
    config.web_hosts = layers.texts("web.hosts");
    config.web_origins = layers.texts("web.origins");
    for (std::size_t i = 0; i < config.web_origins.size(); ++i) {
        if (is_origin(config.web_origins[i])) continue;
        errors.push_back(entry("web.origins", i) +
                         ": expected an origin such as https://portal.example, or \"*\"");
    }
    config.log.level = word<LogThreshold>(layers, "log.level");
    config.log.format = word<LogFormat>(layers, "log.format");
    config.log.file = absolute(sources.folder, layers.text("log.file"));
    if (!errors.empty()) return ConfigErrors{std::move(errors)};

    for (std::size_t i = 0; i < config.sources.size(); ++i) {
        const SourceConfig& source = config.sources[i];
        if (const auto mistake = url_mistake(source.url)) {
            loaded.warnings.push_back(entry("sources", i) + ".url: " + source.path +
                                      " can never be opened: " + *mistake);
        }
    }
    loaded.entries = layers.entries();
    return loaded;
}

config::Layers::Entry shown(config::Layers::Entry entry) {
    const config::Key* key = config_schema().find(entry.path);
    if (key != nullptr && key->is_secret && entry.value != "\"\"") {
        entry.value = "\"(hidden)\"";
    } else if (entry.path.starts_with("sources[") || entry.path.ends_with("].url") ||
               entry.path == "decide.url") {
        entry.value = without_passwords(entry.value);
    }
    return entry;
}

std::string configuration_file(const std::vector<config::Layers::Entry>& entries) {
    std::vector<config::Layers::Entry> seen;
    std::set<std::string> hidden;
    for (const config::Layers::Entry& entry : entries) {
        seen.push_back(shown(entry));
        if (seen.back().value != entry.value) hidden.insert(entry.path);
    }
    return config::listing(config_schema(), seen, hidden);
}

}  // namespace st::streamd
