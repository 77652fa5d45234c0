#pragma once
/// Reading the configuration again while the server runs: all of what can be applied at once, or
/// nothing of it. The thread of the control loop.
#include <vector>

#include "base/log.h"
#include "server/server.h"
#include "streamd/config.h"
#include "streamd/log_sink.h"

namespace st::streamd {

class Reload {
 public:
    /// `sources`, `loaded`: where the values in force came from. `tls`: in force. The sink and the
    /// log outlive this.
    Reload(ConfigSources sources, LoadedConfig loaded, loop::TlsContextPtr tls, ThresholdSink& sink,
           const Log& log);

    /// Before run().
    void attach(server::Server& server) { server_ = &server; }

    /// Reads and applies. An error (conflict) says what is wrong with the configuration; then
    /// nothing has changed. Either way the log says so.
    control::Decoded<control::ReloadReply> run();
    /// The values in force, secrets hidden.
    std::vector<control::ConfigEntry> entries() const;

 private:
    control::Decoded<control::ReloadReply> apply(const LoadedConfig& next);
    void take(const std::vector<config::Layers::Entry>& next, bool tls_stays,
              control::ReloadReply& reply);

    const ConfigSources sources_;
    std::vector<config::Layers::Entry> in_force_;
    loop::TlsContextPtr tls_;
    ThresholdSink& sink_;
    const Log& log_;
    server::Server* server_ = nullptr;
};

}  // namespace st::streamd
