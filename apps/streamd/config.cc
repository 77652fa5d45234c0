#include "streamd/config.h"

#include <Poco/Exception.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "auth/address.h"
#include "base/name.h"

namespace st::streamd {
namespace {

using cli::Layers;
using Lines = std::vector<std::string>;

std::string entry(std::string_view list, std::size_t index) {
    return std::string(list) + "[" + std::to_string(index) + "]";
}

std::uint32_t number32(const Layers& layers, std::string_view path) {
    return static_cast<std::uint32_t>(layers.number(path));
}

std::string absolute(const std::string& path) {
    return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path)) {
        throw Poco::OpenFileException("cannot read the configuration file " + path);
    }
    std::string text;
    text.resize(Layers::kFileBytesMax + 1);
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
        if (listener.tls) errors.push_back(path + ".tls: this version has no TLS yet");
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

void take_recording(const Layers& layers, Config& config, Lines& errors) {
    RecordingConfig& recording = config.recording;
    recording.path = absolute(layers.text("recording.path"));
    if (recording.path.empty())
        errors.emplace_back("recording.path: expected a folder, got nothing");
    const auto kept = layers.texts("recording.keep");
    const auto has = [&](std::string_view kind) {
        return std::find(kept.begin(), kept.end(), kind) != kept.end();
    };
    recording.keep = {
        .dump = has("dump"), .mp4 = has("mp4"), .thumbnail = has("thumbnail"), .h264 = has("h264")};
    if (!recording.keep.dump && !recording.keep.mp4 && !recording.keep.h264) {
        errors.emplace_back(
            "recording.keep: expected dump, mp4 or h264 among them: without, "
            "nothing of a recording would stay");
    }
    recording.timing = word<Timing>(layers, "recording.timing");
    recording.sync = layers.duration("recording.sync");
    recording.buffer_bytes = layers.number("recording.buffer_bytes");
    recording.max_session = layers.duration("recording.max_session");
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

/// A role that acts in this version; what it cannot enforce it refuses rather than leaves open.
Access take_access(const Layers& layers, const std::string& path, Lines& errors) {
    const auto access = word<Access>(layers, path);
    if (access == Access::token || access == Access::signed_url) {
        errors.push_back(path + ": " + layers.text(path) +
                         " is not available in this version, expected open or loopback");
    }
    return access;
}

void take_access_and_limits(const Layers& layers, Config& config, Lines& errors) {
    config.auth.camera = take_access(layers, "auth.camera", errors);
    config.auth.control = take_access(layers, "auth.control", errors);
    config.auth.trusted_proxies = layers.texts("auth.trusted_proxies");
    for (std::size_t i = 0; i < config.auth.trusted_proxies.size(); ++i) {
        const auto range = auth::parse_range(config.auth.trusted_proxies[i]);
        if (!range)
            errors.push_back(entry("auth.trusted_proxies", i) + ": " + range.error().message);
    }
    config.limits.frame_bytes = layers.number("limits.frame_bytes");
    config.limits.connections = number32(layers, "limits.connections");
    config.limits.connections_per_address = number32(layers, "limits.connections_per_address");
    config.limits.cameras = number32(layers, "limits.cameras");
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
    take_cameras(layers, config, errors);
    take_recording(layers, config, errors);
    take_sources(layers, config, errors);
    take_access_and_limits(layers, config, errors);
    config.web_hosts = layers.texts("web.hosts");
    config.log.level = word<LogThreshold>(layers, "log.level");
    config.log.format = word<LogFormat>(layers, "log.format");
    config.log.file = absolute(layers.text("log.file"));
    if (!errors.empty()) return ConfigErrors{std::move(errors)};

    for (const std::string& path : layers.unused_but_set()) {
        loaded.warnings.push_back(path + ": not used by this version");
    }
    loaded.listing = layers.listing();
    loaded.entries = layers.entries();
    return loaded;
}

}  // namespace st::streamd
