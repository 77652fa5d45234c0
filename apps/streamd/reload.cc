#include "streamd/reload.h"

#include <Poco/Exception.h>

#include <algorithm>
#include <map>

#include "streamd/daemon.h"
#include "streamd/server_setup.h"

namespace st::streamd {
namespace {

using control::ApiError;
using control::ErrorCode;

std::string joined(const std::vector<std::string>& words, const char* between) {
    std::string all;
    for (const std::string& word : words) all += (all.empty() ? "" : between) + word;
    return all;
}

/// `tls_stays`: there was a certificate and there is one. TLS listeners open at the start alone.
bool applies_on_reload(std::string_view path, bool tls_stays) {
    const config::Key* key = config_schema().find(path);
    if (key == nullptr || !key->applies_on_reload) return false;
    return tls_stays || !path.starts_with("tls.");
}

}  // namespace

Reload::Reload(ConfigSources sources, LoadedConfig loaded, loop::TlsContextPtr tls,
               ThresholdSink& sink, const Log& log)
    : sources_(std::move(sources)),
      in_force_(std::move(loaded.entries)),
      tls_(std::move(tls)),
      sink_(sink),
      log_(log) {}

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

control::Decoded<control::ReloadReply> Reload::apply(const LoadedConfig& next) {
    server::Options options = server_options(next.config);  // the last thing that may fail
    control::ReloadReply reply;
    const bool tls_stays = tls_ && options.tls;
    const bool is_renewed = tls_stays && tls_->description() != options.tls->description();
    if (!tls_stays) options.tls = tls_;
    take(next.entries, tls_stays, reply);
    const std::string kCertificate = "tls.certificate";
    if (is_renewed && std::find(reply.changed.begin(), reply.changed.end(), kCertificate) ==
                          reply.changed.end()) {
        reply.changed.push_back(kCertificate);  // another content under the same name
    }
    tls_ = options.tls;
    if (is_renewed) log_.info("certificate: " + tls_->description());
    if (tls_) {
        for (const std::string& warning : tls_->warnings()) log_.warning(warning);
    }
    for (const std::string& warning : next.warnings) log_.warning(warning);
    sink_.set_threshold(next.config.log.level);
    server_->reconfigure(std::move(options), reply);
    return reply;
}

control::Decoded<control::ReloadReply> Reload::run() {
    std::string problem;
    try {
        const auto loaded = load_config(sources_);
        if (const auto* errors = std::get_if<ConfigErrors>(&loaded)) {
            problem = joined(errors->lines, "; ");
        } else {
            auto made = apply(std::get<LoadedConfig>(loaded));
            log_.info("reloaded: " + std::to_string(made->changed.size()) + " values changed");
            if (!made->needs_restart.empty()) {
                log_.warning("needs a restart: " + joined(made->needs_restart, " "));
            }
            return made;
        }
    } catch (const BadConfig& e) {
        problem = e.what();
    } catch (const Poco::Exception& e) {
        problem = e.displayText();
    }
    log_.error("not reloaded, the old configuration goes on: " + problem);
    return ApiError{ErrorCode::conflict, problem, {}};
}

}  // namespace st::streamd
