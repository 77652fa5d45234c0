#include "base/name.h"
#include "cli/parse.h"
#include "cli/values.h"
#include "streamctl/options/build.h"

namespace st::streamctl {
namespace {

Result<control::Size> parse_resolution(std::string_view text) {
    const auto pair = cli::parse_resolution(text);
    if (!pair) return pair.error();
    return control::Size{pair->first, pair->second};
}

}  // namespace

CLI::App& add_command(CLI::App& parent, const std::string& name, const std::string& help) {
    return *parent.add_subcommand(name, help)->group("Commands");
}

Result<control::Size> parse_aspect(std::string_view text) {
    const auto pair = cli::parse_aspect(text);
    if (!pair) return pair.error();
    return control::Size{pair->first, pair->second};
}

Result<std::string> parse_take(std::string_view text) {
    if (is_valid_name(text)) return std::string(text);
    return Error{"\"" + std::string(text) +
                 "\" is not a name (letters, digits, . _ -, at most 64)"};
}

void add_parameters(CLI::App& command, Options& options) {
    control::StartParameters& wanted = options.start.parameters;
    cli::add_value<control::Size>(command, "--resolution", wanted.resolution, parse_resolution,
                                  "Ask for pictures of this size: 1280x720, or 480p, 720p, 1080p, "
                                  "1440p, 2160p",
                                  "WxH");
    cli::add_value<control::Size>(command, "--aspect", wanted.aspect, parse_aspect,
                                  "Ask for this ratio of width to height", "W:H");
    cli::add_value<std::uint64_t>(
        command, "--bitrate", wanted.bitrate_bps, cli::parse_camera_bitrate,
        "Ask for this bit rate: 4M, 2500k; a bare number is Mbit/s", "RATE");
    cli::add_value<std::uint32_t>(command, "--fps", wanted.fps, cli::parse_fps,
                                  "Ask for at most N pictures a second; 0 for no limit", "N");
}

void add_names(CLI::App& command, Options& options) {
    command.add_option("CAMERA", options.names,
                       "Names, or patterns such as 'cam*'; without any: all cameras");
}

void add_align(CLI::App& command, Options& options) {
    command.add_flag(
        "--align", options.align,
        "Put the files on one time line, made here from the dumps; how accurate each one is stands "
        "in take.json beside them");
}

}  // namespace st::streamctl
