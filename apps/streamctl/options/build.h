#pragma once
/// The commands of streamctl as CLI11 declares them, a file for each group. What is typed is stored
/// in Options; what only fits together is checked later (streamctl/options.h, complete()).
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/fwd.h"
#include "control/start.h"
#include "streamctl/options.h"

namespace st::streamctl {

// capture.cc, takes.cc, push.cc, recordings.cc, live.cc, server.cc
void build_capture_commands(CLI::App& app, Options& options);
void build_take(CLI::App& app, Options& options);
void build_export(CLI::App& app, Options& options);
void build_sync_check(CLI::App& app, Options& options);
void build_push(CLI::App& app, Options& options);
void build_recordings(CLI::App& app, Options& options);
void build_get(CLI::App& app, Options& options);
void build_archive(CLI::App& app, Options& options);
void build_live_commands(CLI::App& app, Options& options);
void build_record_commands(CLI::App& app, Options& options);
void build_list_commands(CLI::App& app, Options& options);
void build_event_commands(CLI::App& app, Options& options);
void build_hooks(CLI::App& app, Options& options);
void build_access(CLI::App& app, Options& options);

// shared.cc
CLI::App& add_command(CLI::App& parent, const std::string& name, const std::string& help);
/// --resolution, --aspect, --bitrate, --fps
void add_parameters(CLI::App& command, Options& options);
/// [CAMERA...]
void add_names(CLI::App& command, Options& options);
/// --align
void add_align(CLI::App& command, Options& options);
Result<control::Size> parse_aspect(std::string_view text);
Result<std::string> parse_take(std::string_view text);

}  // namespace st::streamctl
