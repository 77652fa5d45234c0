#include "streamd/reload.h"

#include <Poco/Exception.h>

#include <algorithm>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "base/joined.h"
#include "streamd/daemon.h"
#include "streamd/server_setup.h"

namespace st::streamd {
namespace {

using control::ApiError;
using control::ErrorCode;

/// `tls_stays`: there was a certificate and there is one. TLS listeners open at the start alone.
bool applies_on_reload(std::string_view path, bool tls_stays) {
    const config::Key* key = config_schema().find(path);
    if (key == nullptr || !key->applies_on_reload) return false;
    return tls_stays || !path.starts_with("tls.");
}

/// What was set up with these at the start goes on with them.
void keep_until_restart(Config& next, const Config& in_force) {
    next.recording.path = in_force.recording.path;
    next.recording.buffer_bytes = in_force.recording.buffer_bytes;
    next.recording.max_bytes_per_file = in_force.recording.max_bytes_per_file;
    next.live.resume = in_force.live.resume;
    next.limits.picture_width = in_force.limits.picture_width;
    next.limits.picture_height = in_force.limits.picture_height;
}

}  // namespace

Reload::Reload(ConfigSources sources, LoadedConfig loaded, const server::Options& options,
               ThresholdSink& sink, const Log& log, loop::EventLoop& control)
    : sources_(std::move(sources)),
      in_force_(std::move(loaded.entries)),
      config_(std::move(loaded.config)),
      tls_(options.tls),
      authority_(options.authority),
      local_token_(options.policy.local_token),
      sink_(sink),
      log_(log),
      control_(control) {}

Reload::Attached::Attached(Reload& reload, server::Server& server) : reload_(reload) {
    reload_.server_ = &server;
}

Reload::Attached::~Attached() {
    if (reload_.reader_.joinable()) reload_.reader_.join();
}

std::vector<control::ConfigEntry> Reload::entries() const {
    std::vector<control::ConfigEntry> out;
    for (const config::Layers::Entry& entry : in_force_) {
        config::Layers::Entry it = shown(entry);
        out.push_back({std::move(it.path), std::move(it.value), std::move(it.source)});
    }
    return out;
}

/// Lists change as a whole: entries that came or went are changed keys like any other.
void Reload::take(const std::vector<config::Layers::Entry>& next, bool tls_stays,
                  control::ReloadReply& reply) {
    std::map<std::string, const config::Layers::Entry*> before;
    for (const auto& entry : in_force_) before.emplace(entry.path, &entry);
    std::vector<config::Layers::Entry> now;
    const auto note = [&](const std::string& path) {
        (applies_on_reload(path, tls_stays) ? reply.changed : reply.needs_restart).push_back(path);
    };
    for (const auto& entry : next) {
        const auto old = before.extract(entry.path);
        const bool is_same = !old.empty() && old.mapped()->value == entry.value;
        if (!is_same) note(entry.path);
        if (is_same || applies_on_reload(entry.path, tls_stays)) {
            now.push_back(entry);
        } else if (!old.empty()) {
            now.push_back(*old.mapped());  // still in force
        }
    }
    for (const auto& [path, entry] : before) {
        note(path);
        if (!applies_on_reload(path, tls_stays)) now.push_back(*entry);
    }
    in_force_ = std::move(now);
}

Reload::Read Reload::read(const ConfigSources& sources, const Config& in_force,
                          server::Server& server) {
    Read made;
    try {
        auto loaded = load_config(sources);
        if (const auto* errors = std::get_if<ConfigErrors>(&loaded)) {
            made.problem = joined(errors->lines, "; ");
        } else {
            made.loaded = std::move(std::get<LoadedConfig>(loaded));
            Config& next = made.loaded.config;
            keep_until_restart(next, in_force);
            // Likewise whether there is a certificate of our own.
            made.has_other_tls = next.tls.is_auto != in_force.tls.is_auto;
            if (made.has_other_tls) next.tls = in_force.tls;
            Certificates certificates = certificates_of(made.loaded.config);
            made.options = server_options(made.loaded.config, certificates);
            made.notes = std::move(certificates.notes);
            server.prepare(made.options);
        }
    } catch (const Poco::Exception& e) {
        made.problem = e.displayText();
    } catch (const std::exception& e) {
        made.problem = e.what();
    }
    return made;
}

control::ReloadReply Reload::apply(Read next, const std::string& by) {
    server::Options& options = next.options;
    options.policy.local_token = local_token_;
    control::ReloadReply reply;
    const bool tls_stays = tls_ && options.tls;
    const bool is_renewed = tls_stays && tls_->description() != options.tls->description();
    if (!tls_stays) {
        options.tls = tls_;
        options.authority = authority_;
    }
    take(next.loaded.entries, tls_stays && !next.has_other_tls, reply);
    const std::string kCertificate = "tls.certificate";
    if (is_renewed && std::find(reply.changed.begin(), reply.changed.end(), kCertificate) ==
                          reply.changed.end()) {
        reply.changed.push_back(kCertificate);  // another content under the same name
    }
    tls_ = options.tls;
    authority_ = options.authority;
    config_ = next.loaded.config;
    for (const std::string& note : next.notes) log_.info(note);
    if (is_renewed) log_.info("certificate: " + tls_->description());
    if (tls_) {
        for (const std::string& warning : tls_->warnings()) log_.warning(warning);
    }
    for (const std::string& warning : next.loaded.warnings) log_.warning(warning);
    sink_.set_threshold(next.loaded.config.log.level);
    server_->reconfigure(std::move(options), reply, by);
    return reply;
}

void Reload::run(const std::string& by, Done done) {
    sink_.reopen();  // a rotation moved the file away, whatever becomes of the configuration
    waiting_.push_back({by, std::move(done)});
    if (!is_reading_) begin();
}

void Reload::begin() {
    if (reader_.joinable()) reader_.join();
    const std::vector<Asked> asked = std::exchange(waiting_, {});
    try {
        reader_ = std::thread([this, in_force = config_, asked] {
            auto made = std::make_shared<Read>(read(sources_, in_force, *server_));
            control_.post([this, made, asked] { finish(std::move(*made), asked); });
        });
        is_reading_ = true;
    } catch (const std::system_error& e) {  // C3: a control command
        const ApiError error{ErrorCode::unavailable, std::string("no thread: ") + e.what(), {}};
        log_.error("not reloaded, keeping the old configuration: " + error.message);
        for (const Asked& one : asked) one.done(error);
    }
}

void Reload::finish(Read read, const std::vector<Asked>& asked) {
    is_reading_ = false;
    control::Decoded<control::ReloadReply> answer = ApiError{ErrorCode::conflict, read.problem, {}};
    if (read.problem.empty()) {
        std::vector<std::string> by;
        for (const Asked& one : asked) by.push_back(one.by);
        answer = apply(std::move(read), joined(by, ", "));
        log_.info("reloaded: " + std::to_string(answer->changed.size()) + " values changed");
        if (!answer->needs_restart.empty()) {
            log_.warning("needs a restart: " + joined(answer->needs_restart, " "));
        }
    } else {
        log_.error("not reloaded, keeping the old configuration: " + read.problem);
    }
    for (const Asked& one : asked) one.done(answer);
    go_on();
}

void Reload::go_on() {
    if (!waiting_.empty()) return begin();  // files may have changed since they were read
    if (wants_renewal_) begin_renewal();
}

void Reload::renew_certificate() {
    wants_renewal_ = true;
    if (!is_reading_) begin_renewal();
}

void Reload::begin_renewal() {
    if (reader_.joinable()) reader_.join();
    reader_ = std::thread([this, config = config_] {
        auto renewed = std::make_shared<Certificates>();
        try {
            *renewed = certificates_of(config);
        } catch (const std::exception& e) {
            renewed->notes = {"certificate: not looked after: " + std::string(e.what())};
        }
        control_.post([this, renewed] {
            is_reading_ = false;
            use(*renewed);
            go_on();
        });
    });
    is_reading_ = true;
    wants_renewal_ = false;
}

void Reload::use(const Certificates& renewed) {
    // What was left out before need not be said every hour.
    if (renewed.notes != notes_) {
        for (const std::string& note : renewed.notes) log_.warning(note);
    }
    notes_ = renewed.notes;
    if (!renewed.tls || !tls_ || renewed.tls->description() == tls_->description()) return;
    tls_ = renewed.tls;
    authority_ = renewed.authority;
    server_->use_certificate(tls_, authority_);
    log_.info("certificate: " + tls_->description());
}

}  // namespace st::streamd
