#pragma once
/// Reading the configuration again while the server runs: all of what can be applied at once, or
/// nothing of it. Files are read by a thread of its own; everything else is the control loop's.
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "server/server.h"
#include "streamd/config.h"
#include "streamd/log_sink.h"
#include "streamd/server_setup.h"

namespace st::streamd {

class Reload {
 public:
    /// `sources`, `loaded`: where the values in force came from. `options`: in force. The sink and
    /// the log outlive this.
    Reload(ConfigSources sources, LoadedConfig loaded, const server::Options& options,
           ThresholdSink& sink, const Log& log, loop::EventLoop& control);
    Reload(const Reload&) = delete;
    Reload& operator=(const Reload&) = delete;

    /// The server that is reloaded, while this lives.
    class Attached {
     public:
        Attached(Reload& reload, server::Server& server);
        /// Waits for what is being read: that asks the server.
        ~Attached();
        Attached(const Attached&) = delete;
        Attached& operator=(const Attached&) = delete;

     private:
        Reload& reload_;
    };

    using Done = std::function<void(control::Decoded<control::ReloadReply>)>;

    /// Opens the log's file again, then reads and applies; `done` is called on the control loop,
    /// later. An error (conflict) says what is wrong with the configuration; then nothing has
    /// changed. Either way the log says so.
    /// `by` asks for it.
    void run(const std::string& by, Done done);
    /// Makes the certificate of `tls.auto` anew if it no longer fits, and puts it in force.
    void renew_certificate();
    /// The values in force, secrets hidden.
    std::vector<control::ConfigEntry> entries() const;

 private:
    /// What the files say, ready to be put in force; or what is wrong with it.
    struct Read {
        std::string problem;  ///< "" if all is well
        LoadedConfig loaded;
        server::Options options;
        std::vector<std::string> notes;
        bool has_other_tls = false;  ///< which only a restart puts in force
    };

    struct Asked {
        std::string by;
        Done done;
    };

    static Read read(const ConfigSources& sources, const Config& in_force, server::Server& server);
    void begin();
    void begin_renewal();
    void go_on();
    void use(const Certificates& renewed);
    void finish(Read read, const std::vector<Asked>& asked);
    control::ReloadReply apply(Read next, const std::string& by);
    void take(const std::vector<config::Layers::Entry>& next, bool tls_stays,
              control::ReloadReply& reply);

    const ConfigSources sources_;
    std::vector<config::Layers::Entry> in_force_;
    Config config_;  ///< in force, as far as reading it again and the certificate go
    loop::TlsContextPtr tls_;
    api::AuthorityPtr authority_;
    const std::optional<digest::Sha256> local_token_;  ///< of this start
    ThresholdSink& sink_;
    const Log& log_;
    loop::EventLoop& control_;
    std::vector<Asked> waiting_;  ///< for the next reading
    std::thread reader_;
    bool is_reading_ = false;
    bool wants_renewal_ = false;
    std::vector<std::string> notes_;  ///< of the latest renewal
    server::Server* server_ = nullptr;
};

}  // namespace st::streamd
