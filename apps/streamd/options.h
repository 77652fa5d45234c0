#pragma once
/// streamd's command line: the one declaration behind --help, the man page and the completions.
#include <string>
#include <vector>

#include "cli/fwd.h"
#include "config/layers.h"

namespace st::streamd {

/// What the command line said. Options that are also keys of the configuration go into `settings`.
struct Options {
    std::string config_file;  ///< empty: none
    std::string ports_file;
    std::string pidfile;
    bool is_daemon = false;
    bool only_check_config = false;
    bool only_print_config = false;
    std::string make_cert;                 ///< folder for a pair of our own; empty: none
    std::string generate;                  ///< hidden --generate WHAT: see cli/generate.h
    bool only_print_config_page = false;   ///< hidden --config-page: docs/config.md
    bool only_print_metrics_page = false;  ///< hidden --metrics-page: docs/metrics.md
    std::vector<config::Setting> settings;
};

/// Declares everything. `options` outlives `app`. CLI::ParseError from app.parse() is exit 64
/// (0 for --help and --version).
void build(CLI::App& app, Options& options);

}  // namespace st::streamd
