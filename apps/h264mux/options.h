#pragma once
/// h264mux's command line: the one declaration behind --help, the man page and the completions.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/fwd.h"
#include "cli/generate.h"
#include "moment.h"
#include "mux/convert.h"

namespace st::h264mux {

struct Options {
    std::vector<std::string> inputs;
    std::string output;  ///< empty: beside each input
    bool overwrite = false;
    std::optional<mux::OutputFormat> format;  ///< unset: by the output's name
    mux::InputFormat input_format = mux::InputFormat::automatic;
    mux::Timing timing = mux::Timing::automatic;
    std::optional<double> fps;
    std::chrono::milliseconds max_gap{60'000};
    bool no_split = false;
    bool join = false;
    bool align = false;
    bool faststart = false;
    unsigned rotate = 0;
    std::optional<Moment> from;
    std::optional<Moment> to;
    std::optional<Moment> at;   ///< the output is the picture shown then
    std::uint32_t threads = 1;  ///< inputs worked on at once
    bool only_info = false;
    std::optional<double> cfr;  ///< films at an even rate
    std::uint32_t crf = 16;     ///< of those
    std::string times;          ///< table of the pictures; "-": standard output
    std::string thumbnail;
    bool as_json = false;
    bool quiet = false;
    bool verbose = false;
    std::string generate;  ///< hidden --generate WHAT: see cli/generate.h
};

/// Declares everything. `options` outlives `app`.
void build(CLI::App& app, Options& options);

/// What the man page says beyond the options.
cli::Manual manual();

}  // namespace st::h264mux
