#include "streamd/options.h"

#include "auth/address.h"
#include "cli/generate.h"
#include "cli/parse.h"
#include "cli/values.h"
#include "streamd/config.h"

namespace st::streamd {
namespace {

/// An option that is a key of the configuration: same check, same default, top layer.
CLI::Option* add_key(CLI::App& app, Options& options, const std::string& name,
                     const std::string& path, const std::string& value_name,
                     const std::string& help) {
    const config::Key& key = *config_schema().find(path);
    return app
        .add_option_function<std::string>(
            name,
            [&options, &key, name, path](const std::string& text) {
                const auto checked = config::check_value(key, text);
                if (!checked) throw CLI::ValidationError(name, checked.error().message);
                options.settings.push_back({path, text});
            },
            help)
        ->type_name(value_name)
        ->default_str(key.fallback)
        ->take_last();  // so that a wrapper's options can be overridden
}

void add_listening(CLI::App& app, Options& options) {
    add_key(app, options, "--bind", "listeners[0].address", "ADDR",
            "IP address to listen on; :: takes IPv4 as well");
    add_key(app, options, "--port", "listeners[0].port", "N",
            "Port for cameras, pages and the API; 0: any free one");
    add_key(app, options, "--rtmp-port", "rtmp.port", "N", "RTMP port, or off");
    add_key(app, options, "--rtmps-port", "rtmp.tls_port", "N", "RTMPS port, or off");
    add_key(app, options, "--tls-port", "tls.port", "N", "Port for https and wss, or off");
    app.add_option_function<std::string>(
           "--tls",
           [&options](const std::string& text) {
               options.settings.push_back({"tls.auto", text == "auto" ? "true" : "false"});
           },
           "With auto, https and wss with a certificate of its own, kept up to date")
        ->type_name("auto|off")
        ->default_str("off")
        ->check([](const std::string& text) {
            return text == "auto" || text == "off" ? "" : "expected auto or off, got " + text;
        })
        ->take_last();
    add_key(app, options, "--tls-cert", "tls.certificate", "FILE", "Certificate, PEM");
    add_key(app, options, "--tls-key", "tls.key", "FILE", "Private key, PEM");
    cli::add_text(app, "--ports-file", options.ports_file,
                  "Write the ports to this file, once all listen, as "
                  "{\"http\":N,\"rtmp\":N,\"https\":N,\"rtmps\":N}, without those that are off",
                  "FILE");
}

}  // namespace

void build(CLI::App& app, Options& options) {
    cli::prepare(app);
    app.description("Receives cameras over WebSocket, records them, and writes exact MP4 files.");
    cli::add_text(app, "--config", options.config_file, "Configuration file, JSON", "FILE");
    add_listening(app, options);
    add_key(app, options, "--recordings", "recording.path", "DIR", "Folder of the recordings");
    add_key(app, options, "--keep", "recording.keep", "dump,mp4,thumbnail,pictures,h264",
            "What stays of a recording: some of these words, separated by commas");
    add_key(app, options, "--threads", "server.threads", "N", "Network loops; 0: one per core");
    add_key(app, options, "--log-level", "log.level", "debug|info|warning|error",
            "Log messages of this level and above");
    add_key(app, options, "--log-file", "log.file", "FILE",
            "Log to this file instead of standard error (with --daemon: instead of syslog)");
    app.add_flag("--check-config", options.only_check_config,
                 "Check the configuration and end: 0, or 78 with what is wrong");
    app.add_flag("--print-config", options.only_print_config,
                 "Print the configuration as a file, with the source of each value, and end");
    cli::add_text(app, "--make-cert", options.make_cert,
                  "Write an authority and a certificate signed by it to this folder, for a "
                  "laboratory, and end",
                  "DIR");
    CLI::Option* daemon = app.add_flag("--daemon", options.is_daemon,
                                       "Run in the background; returns once all ports listen");
    cli::add_text(app, "--pidfile", options.pidfile,
                  "Write the process id to this file, which the daemon keeps locked", "FILE")
        ->needs(daemon);
    // Hidden: for streamd itself and for building its documentation.
    app.add_flag("--metrics-page", options.only_print_metrics_page)->group("");
    app.add_flag("--config-page", options.only_print_config_page)->group("");
    cli::add_generate(app, options.generate);
}

}  // namespace st::streamd
