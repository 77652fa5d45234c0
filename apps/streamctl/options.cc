#include "streamctl/options.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/field.h"
#include "base/units.h"
#include "cli/parse.h"
#include "cli/values.h"
#include "control/glob.h"
#include "streamctl/options/build.h"
#include "streamctl/recordings/select.h"

namespace st::streamctl {
namespace {

/// The groups in which help lists the commands.
void group_commands(CLI::App& app) {
    const std::vector<std::pair<std::string, std::vector<std::string>>> groups = {
        {"Record", {"take", "capture", "start", "stop", "preview", "push", "record"}},
        {"Recordings",
         {"recordings", "takes", "get", "export", "sync-check", "archive", "picture"}},
        {"Look",
         {"cameras", "streams", "snapshot", "viewers", "sources", "events", "wait", "open"}},
        {"Act", {"kick", "rename", "kick-stream", "kick-viewer", "restart-source"}},
        {"Server", {"status", "config", "hooks", "token", "sign", "qr", "reload", "help"}},
    };
    for (const auto& [group, names] : groups) {
        for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
            if (std::ranges::find(names, command->get_name()) != names.end()) command->group(group);
        }
    }
}

bool is_number(std::string_view word) {
    return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_ratio(std::string_view word) {
    const std::size_t colon = word.find(':');
    return colon != std::string_view::npos && is_number(word.substr(0, colon)) &&
           is_number(word.substr(colon + 1));
}

/// `start W:H [MBIT [FPS]]`.
Result<void> complete_positional(Options& options) {
    control::StartParameters& wanted = options.start.parameters;
    std::vector<std::string> words;
    words.swap(options.names);
    if (words.size() > 3) return Error{"unexpected word " + words[3] + " after W:H MBIT FPS"};
    if (wanted.given()) {
        return Error{"use either W:H MBIT FPS or --resolution, --aspect, --bitrate and --fps"};
    }
    const auto aspect = parse_aspect(words[0]);
    if (!aspect) return Error{"aspect " + aspect.error().message};
    wanted.aspect = *aspect;
    wanted.bitrate_bps = 4'000'000;
    wanted.fps = 10;
    if (words.size() > 1) {
        const auto bitrate = cli::parse_camera_bitrate(words[1]);
        if (!bitrate) return bitrate.error();
        wanted.bitrate_bps = *bitrate;
    }
    if (words.size() > 2) {
        const auto fps = cli::parse_fps(words[2]);
        if (!fps) return fps.error();
        wanted.fps = *fps;
    }
    return {};
}

/// Words that cannot be cameras' names, since the older form of `start` begins with them: taken for
/// that form elsewhere, they would leave no name, which means all cameras.
Result<void> check_names(const std::vector<std::string>& names, const std::string& command) {
    for (const std::string& name : names) {
        if (is_ratio(name)) {
            return Error{"\"" + name + "\" is no camera's name: " +
                         (command == "start" ? "W:H comes before MBIT and FPS, and names no camera"
                                             : "W:H MBIT FPS is a form of start alone") +
                         (command == "stop" ? "" : "; use --aspect " + name)};
        }
        const auto checked = control::check_pattern(name);
        if (!checked) return checked.error();
    }
    return {};
}

/// `command`: as it is typed, such as "take run".
Result<void> complete_names(Options& options, const std::string& command) {
    if (options.names.empty()) return {};
    const std::string& first = options.names.front();
    if (command == "start" && is_ratio(first)) return complete_positional(options);
    if (command != "stop" && is_number(first)) {
        return Error{"\"" + first + "\" could be a bit rate: use --bitrate " + first +
                     (command == "start" ? ", or start 4:3 " + first + " (W:H MBIT FPS)" : "") +
                     "; for a camera of that name write [" + first.substr(0, 1) + "]" +
                     first.substr(1)};
    }
    return check_names(options.names, command);
}

/// "x.mp4", unless it is a folder.
bool is_mp4_file(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code ignored;
    return iequals(fs::path(path).extension().string(), ".mp4") && !fs::is_directory(path, ignored);
}

}  // namespace

void build(CLI::App& app, Options& options) {
    cli::prepare(app);
    app.require_subcommand(0, 1);
    cli::add_text(
        app, "-s,--server", options.server,
        "The server: HOST[:PORT], ws://, wss://, http:// or https:// with a proxy's path, "
        "or unix:PATH; without it the control socket of this machine's server, else "
        "ws://127.0.0.1:50001",
        "URL")
        ->envname("STREAMCTL_SERVER");
    cli::add_text(app, "--token-file", options.token_file,
                  "Read the access token from this file (else from STREAMCTL_TOKEN)", "FILE");
    cli::add_text(app, "--cacert", options.ca_file,
                  "With wss://, trust the certificates in this file instead of the system's",
                  "FILE");
    app.add_flag("--insecure", options.is_insecure,
                 "With wss://, accept any certificate: the connection is encrypted, but the server "
                 "is not verified");
    cli::add_duration(app, "--timeout", options.timeout,
                      "How long to wait for a camera's or the server's answer (default 10s)");
    app.add_flag("--json", options.json, "Print the server's answer as it is, on one line");
    app.add_flag("-q,--quiet", options.quiet, "Print errors and the requested data only");
    app.add_flag("-v,--verbose", options.verbose, "With push, print more messages");
    cli::add_text(app, "-f,--file", options.script_file, "Read commands from this file", "FILE");
    app.add_flag("-k,--keep-going", options.keep_going,
                 "Go on with the next command of a script after an error");
    cli::add_generate(app, options.generate);
    build_capture_commands(app, options);
    build_take(app, options);
    build_recordings(app, options);
    build_get(app, options);
    build_export(app, options);
    build_sync_check(app, options);
    build_archive(app, options);
    build_list_commands(app, options);
    build_event_commands(app, options);
    build_live_commands(app, options);
    build_record_commands(app, options);
    build_push(app, options);
    build_hooks(app, options);
    build_access(app, options);
    CLI::App& help = add_command(app, "help", "Show help, also for one command");
    help.add_option("COMMAND", options.help_about, "The command");
    group_commands(app);
}

namespace {

/// Which recordings, and where to.
Result<void> complete_choice(const std::string& command, Options& options) {
    const bool chooses = !options.recording_ids.empty() || has_filters(options.recordings);
    if (command == "get" && !chooses) {
        return Error{"get needs an id, a pattern, or a filter such as --take"};
    }
    if (command == "recordings" && options.command.back() == "delete" && !chooses) {
        return Error{
            "recordings delete needs an id, a pattern, or a filter such as --take or "
            "--older-than; '*' means all"};
    }
    if (command == "recordings" && options.command.back() == "keep" && !chooses) {
        return Error{"recordings keep needs an id, a pattern, or a filter such as --take"};
    }
    if (options.recordings.since && options.recordings.until &&
        *options.recordings.since >= *options.recordings.until) {
        return Error{"--since must be before --until"};
    }
    if (command == "get" && is_mp4_file(options.folder)) {
        if (options.align || options.all_files) {
            return Error{std::string(options.align ? "--align" : "--all-files") +
                         " makes several files: --output must be a folder"};
        }
        options.file = std::exchange(options.folder, {});
    }
    return {};
}

}  // namespace

std::vector<std::string> command_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (!command->get_group().empty()) names.push_back(command->get_name());
    }
    return names;
}

Result<void> complete(const CLI::App& app, Options& options) {
    options.command.clear();
    for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
        at = at->get_subcommands().front();
        options.command.push_back(at->get_name());
    }
    if (options.command.empty()) return {};
    const std::string& command = options.command.front();
    if (command == "start" || command == "capture" || command == "stop" || command == "preview") {
        const auto names = complete_names(options, command);
        if (!names) return names.error();
    }
    if (options.push.fault.flash.count() > 0 && options.push.input != "test:") {
        return Error{"--fault flash makes pictures of its own: INPUT must be test:"};
    }
    if (options.start.parameters.resolution && options.start.parameters.aspect) {
        return Error{"use either --resolution or --aspect: the resolution includes the ratio"};
    }
    if (command == "record" && options.command.back() == "stop" &&
        options.stream.empty() != options.record.all) {
        return Error{"record stop needs either a stream or --all"};
    }
    if (command == "capture" &&
        options.capture.duration.has_value() == options.capture.until_interrupt) {
        return Error{"capture needs either --duration or --until-interrupt"};
    }
    if (command == "take" && options.command.back() == "run") {
        const auto names = complete_names(options, "take run");
        if (!names) return names.error();
        options.start.take = options.take.name;
        options.capture.until_interrupt = !options.capture.duration;
        options.capture.is_take = true;
    }
    if (options.capture.duration && *options.capture.duration == milliseconds(0)) {
        return Error{"--duration: must be longer than 0"};
    }
    if (command == "start" && options.capture.follow && options.no_wait) {
        return Error{"--follow needs the cameras' answers: leave --no-wait out"};
    }
    if (command == "capture" && options.align && options.folder.empty()) {
        return Error{"--align needs a folder for the files: --output DIR"};
    }
    if (const auto chosen = complete_choice(command, options); !chosen) return chosen.error();
    options.start.cameras = options.names;
    options.start.wait = !options.no_wait;
    options.start.timeout = options.timeout.value_or(milliseconds(10'000));
    // What cameras are asked for has limits of the server's; others wait for as long as they are
    // told.
    const bool is_sent = command == "start" || command == "stop" || command == "capture" ||
                         command == "preview" || command == "take";
    if (options.start.timeout < milliseconds(1)) return Error{"--timeout: less than 1ms"};
    if (is_sent && options.start.timeout > milliseconds(control::kTimeoutMsMax)) {
        return Error{"--timeout: more than 24h"};
    }
    return {};
}

}  // namespace st::streamctl
