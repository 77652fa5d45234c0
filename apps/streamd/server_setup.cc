#include "streamd/server_setup.h"

#include <sched.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "auth/access.h"
#include "base/clock.h"
#include "digest/digest.h"
#include "notify/signature.h"
#include "streamd/daemon.h"
#include "streamd/own_certificate.h"
#include "streamd/process.h"
#include "worker/program.h"

namespace st::streamd {
namespace {

std::vector<auth::Range> ranges_of(const std::vector<std::string>& texts) {
    std::vector<auth::Range> ranges;
    for (const std::string& text : texts) {
        const auto range = auth::parse_range(text);
        if (!range) throw BadConfig(range.error().message);
        ranges.push_back(*range);
    }
    return ranges;
}

auth::Policy policy_of(const Config& config) {
    auth::Policy policy;
    policy.of(auth::Role::camera).mode = config.auth.camera;
    policy.of(auth::Role::publish).mode = config.auth.publish;
    policy.of(auth::Role::play).mode = config.auth.play;
    policy.of(auth::Role::control).mode = config.auth.control;
    for (std::size_t role = 0; role < auth::kRoles; ++role) {
        policy.roles[role].allow = ranges_of(config.auth.allow[role]);
        policy.roles[role].deny = ranges_of(config.auth.deny[role]);
    }
    policy.secret = config.auth.secret;
    policy.hosts = machine_names();
    policy.hosts.insert(policy.hosts.end(), config.web_hosts.begin(), config.web_hosts.end());
    policy.origins = config.web_origins;
    for (const TokenConfig& token : config.auth.tokens) {
        const auto digest = digest::parse_sha256(token.sha256);
        if (!digest) throw BadConfig("auth.tokens: " + digest.error().message);
        auth::Token made{token.name, *digest, {}};
        for (const std::string& name : token.roles) {
            const auto role = auth::parse_role(name);
            if (!role) throw BadConfig("auth.tokens: " + role.error().message);
            made.roles.push_back(*role);
        }
        policy.tokens.push_back(std::move(made));
    }
    policy.trusted_proxies = ranges_of(config.auth.trusted_proxies);
    return policy;
}

capture::Options capture_options(const Config& config) {
    capture::Options options;
    options.takeover_after = config.camera.takeover_after;
    options.stop_timeout = config.camera.stop_timeout;
    options.resume_for = config.camera.resume_for;
    options.images = {config.images.path, config.images.keep};
    options.max_session = config.recording.max_session;
    options.frame_bytes_max = config.limits.frame_bytes;
    options.cameras_max = config.limits.cameras;
    options.cameras_per_address = config.limits.cameras_per_address;
    options.previews_on_view = config.camera.previews_on_view;
    if (const auto& start = config.camera.auto_start) {
        camera::StartParameters parameters;
        if (start->width > 0) parameters.resolution = {start->width, start->height};
        if (start->aspect_width > 0)
            parameters.aspect = {start->aspect_width, start->aspect_height};
        parameters.bitrate_bps = start->bitrate_bps;
        parameters.fps = start->fps;
        options.auto_start = parameters;
    }
    for (const CameraRule& rule : config.cameras) {
        capture::NameRule made{std::nullopt, rule.model, rule.name};
        if (!rule.address.empty()) {
            auto range = auth::parse_range(rule.address);
            if (!range) throw BadConfig("cameras: " + range.error().message);
            made.address = *range;
        }
        options.name_rules.push_back(std::move(made));
    }
    return options;
}

record::SegmentOptions segment_options(const Config& config) {
    const RecordingConfig& recording = config.recording;
    record::SegmentOptions options;
    options.layout = static_cast<record::SegmentLayout>(recording.layout);
    options.fragment = recording.fragment;
    options.buffer_bytes = static_cast<std::size_t>(recording.buffer_bytes);
    options.max_bytes_per_file = recording.max_bytes_per_file;
    options.resume = config.live.resume;
    for (const StreamRecordingConfig& stream : recording.streams) {
        record::SegmentOrder order;
        order.format = static_cast<record::SegmentFormat>(stream.format);
        order.segment_duration = stream.segment_duration;
        order.tracks = static_cast<record::SegmentTracksWanted>(stream.tracks);
        order.preroll = stream.preroll;
        order.max_duration = stream.max_duration;
        options.rules.push_back({stream.match, order});
    }
    return options;
}
static_assert(static_cast<int>(SegmentLayout::nms) == static_cast<int>(record::SegmentLayout::nms));
static_assert(static_cast<int>(SegmentFormat::flv) == static_cast<int>(record::SegmentFormat::flv));
static_assert(static_cast<int>(SegmentTracks::audio) ==
              static_cast<int>(record::SegmentTracksWanted::audio));

live::Options live_options(const Config& config) {
    live::Options live;
    live.takeover_after = config.camera.takeover_after;
    live.message_bytes_max = config.limits.frame_bytes;
    live.picture_pixels_max =
        std::uint64_t{config.limits.picture_width} * config.limits.picture_height;
    live.default_app = config.rtmp.default_app;
    live.wait = config.live.wait;
    live.resume = config.live.resume;
    live.hub.batch = config.live.batch;
    live.hub.queue = {static_cast<std::size_t>(config.live.queue_bytes), config.live.queue_age,
                      config.live.stuck_after};
    live.hub.gop.bytes = static_cast<std::size_t>(config.live.cache_bytes);
    live.hub.gop.age_ms = config.live.cache_age.count();
    live.hub.viewers_max = config.limits.viewers;
    live.hub.publishers_max = config.limits.publishers;
    live.hub.viewers_per_address = config.limits.viewers_per_address;
    live.hub.publishers_per_address = config.limits.publishers_per_address;
    return live;
}

notify::Keys keys_of(const std::vector<std::string>& secrets) {
    notify::Keys keys;
    for (const std::string& secret : secrets) {
        const auto key = notify::parse_secret(secret);
        if (!key) throw BadConfig("a hook's secret: " + key.error().message);
        keys.push_back(*key);
    }
    return keys;
}

notify::Options hook_options(const Config& config) {
    notify::Options options;
    for (const NotifyConfig& hook : config.notify) {
        const auto format =
            hook.format == HookFormat::standard ? notify::Format::standard : notify::Format::nms;
        options.endpoints.push_back({hook.url, hook.events, format, keys_of(hook.secrets)});
    }
    options.decide = {config.decide.url, config.decide.timeout, keys_of(config.decide.secrets)};
    return options;
}

/// Null: they cannot be used.
loop::TlsContextPtr tls_of(const loop::TlsFiles& files) {
    try {
        return loop::TlsContext::for_server(files);
    } catch (const loop::TlsError&) {
        return nullptr;
    }
}

/// Of the certificates that the server makes for itself.
std::string own_folder(const Config& config) { return config.recording.path + "/.streamd"; }

}  // namespace

Certificates certificates_of(const Config& config) {
    Certificates certificates;
    loop::TlsFiles files{config.tls.certificate, config.tls.key};
    if (config.tls.is_auto) {
        OwnCertificate own =
            keep_certificate(own_folder(config), identity_of_machine(config.web_hosts));
        files = own.files;
        certificates.authority = std::make_shared<const api::Authority>(std::move(own.authority));
        certificates.notes = std::move(own.notes);
    }
    if (files.certificate.empty()) return certificates;
    try {
        certificates.tls = loop::TlsContext::for_server(files);
    } catch (const loop::TlsError& e) {
        throw BadConfig(e.what());
    }
    return certificates;
}

Certificates certificates_at_start(const Config& config) {
    try {
        return certificates_of(config);
    } catch (const std::runtime_error& e) {
        Certificates before;
        if (config.tls.is_auto) before.tls = tls_of(own_certificate_files(own_folder(config)));
        if (!before.tls) throw;
        before.notes = {"certificate: the one of before is used, it cannot be looked after: " +
                        std::string(e.what())};
        return before;
    }
}

server::Options server_options(const Config& config, const Certificates& certificates) {
    server::Options options;
    options.http.connections = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(config.limits.connections, connections_for(descriptor_limit())));
    options.http.connections_per_address = config.limits.connections_per_address;
    options.http.memory_bytes =
        config.limits.memory > 0 ? config.limits.memory : available_memory() / 2;
    options.http.ping_interval = config.camera.ping_interval;
    options.http.ping_timeout = config.camera.ping_timeout;
    options.capture = capture_options(config);
    options.disk.warn_free = config.recording.warn_free;
    options.retention.all = {config.recording.max_age, config.recording.max_bytes};
    options.retention.keep_free = config.recording.keep_free;
    for (const StreamRecordingConfig& stream : config.recording.streams)
        options.retention.rules.push_back({stream.match, {stream.max_age, stream.max_bytes}});
    options.live = live_options(config);
    options.hooks = hook_options(config);
    options.segments = segment_options(config);
    options.policy = policy_of(config);
    options.tls = certificates.tls;
    options.authority = certificates.authority;
    return options;
}

namespace {

/// The cores this process may run on: fewer than the machine has under taskset or in a container.
unsigned usable_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return std::max(1U, static_cast<unsigned>(CPU_COUNT(&set)));
}

record::Options recorder_options(const Config& config) {
    record::Options options;
    options.path = config.recording.path;
    const KeepConfig& keep = config.recording.keep;
    options.keep = {keep.dump, keep.mp4, keep.thumbnail, keep.pictures, keep.h264};
    options.timing = config.recording.timing;
    options.names = config.recording.names;
    options.max_gap = config.recording.max_gap;
    options.sync_interval = config.recording.sync;
    options.buffer_bytes = config.recording.buffer_bytes;
    options.max_bytes_per_file = config.recording.max_bytes_per_file;
    options.picture_max = {config.limits.picture_width, config.limits.picture_height};
    options.writers = std::min(2U, usable_cores());
    return options;
}

std::vector<server::ListenAddress> listen_addresses(const Config& config) {
    std::vector<server::ListenAddress> listen;
    for (const ListenerConfig& listener : config.listeners) {
        server::ListenAddress at;
        at.address = listener.address;
        at.port = listener.port;
        at.default_stream = listener.default_stream;
        at.is_secure = listener.tls;
        listen.push_back(std::move(at));
    }
    const server::ListenAddress first = listen.front();
    const auto add = [&](std::optional<std::uint16_t> port, bool is_asked_for, bool is_rtmp,
                         bool is_secure) {
        if (!port) return;
        server::ListenAddress at = first;
        at.port = *port;
        at.is_optional = !is_asked_for;
        at.is_rtmp = is_rtmp;
        at.is_secure = is_secure;
        listen.push_back(std::move(at));
    };
    add(config.tls.port, config.tls.is_asked_for, false, true);
    add(config.rtmp.port, config.rtmp.is_asked_for, true, false);
    add(config.rtmp.tls_port, config.rtmp.is_tls_asked_for, true, true);
    return listen;
}

}  // namespace

server::Server::Setup server_setup(const Config& config, const Certificates& certificates) {
    server::Server::Setup setup;
    setup.options = server_options(config, certificates);
    setup.recorder = recorder_options(config);
    setup.listen = listen_addresses(config);
    setup.threads = config.threads > 0 ? config.threads : usable_cores();
    setup.version = ST_VERSION;
    setup.started_us = wall_us();
    for (const SourceConfig& source : config.sources) {
        setup.sources.push_back({source.path,
                                 source.command,
                                 source.url,
                                 {source.shutdown_timeout, source.crash_threshold,
                                  source.crash_window, source.silence}});
    }
    for (const StaticFolder& folder : config.static_folders) {
        setup.static_folders.push_back({folder.route, folder.root});
    }
    setup.pages_folder = worker::beside_bin("share/streamd/web");
    setup.source_worker = {worker::helper_program("streamd-media"), "input"};
    return setup;
}

std::string ports_json(const server::Ports& ports) {
    std::string text;
    const auto add = [&text](const char* name, std::optional<std::uint16_t> port) {
        if (!port) return;
        text += (text.empty() ? "{\"" : ",\"") + std::string(name) + "\":" + std::to_string(*port);
    };
    add("http", ports.http);
    add("rtmp", ports.rtmp);
    add("https", ports.https);
    add("rtmps", ports.rtmps);
    return text + "}";
}

}  // namespace st::streamd
