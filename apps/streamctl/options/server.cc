#include "base/units.h"
#include "cli/values.h"
#include "control/token.h"
#include "streamctl/options/build.h"

namespace st::streamctl {

void build_list_commands(CLI::App& app, Options& options) {
    CLI::App& cameras = add_command(app, "cameras", "List the connected cameras");
    cameras.add_option("CAMERA", options.camera, "Only this one, in full");
    CLI::App& kick = add_command(app, "kick", "Close the connection of a camera");
    kick.add_option("CAMERA", options.camera, "The camera")->required();
    CLI::App& rename = add_command(
        app, "rename",
        "Give a camera a name that it keeps\n\n"
        "For cameras that do not name themselves: the server knows one again by its address and "
        "model, also after a restart. A camera that connects to /ingest/NAME is renamed there.");
    rename.add_option("CAMERA", options.camera, "What it is called now")->required();
    rename.add_option("NAME", options.new_name, "What it is to be called")->required();
    add_command(app, "status", "Show what the server is doing");
    CLI::App& config = add_command(app, "config",
                                   "Show the server's configuration\n\n"
                                   "Each value in force and its source: the default, the file, the "
                                   "environment or the command line.");
    config.add_option("KEY", options.config_keys,
                      "Only these keys and those below them, such as recording");
    add_command(app, "reload",
                "Make the server read its configuration again\n\n"
                "Prints the keys that have a new value, and those that take effect after a "
                "restart. If there is a mistake in the file, nothing changes, and the exit status "
                "is 1.");

    CLI::App& open = add_command(
        app, "open",
        "Open the monitor in the browser, and log it in\n\n"
        "Prints the address, which works once, within a minute. On a desktop (DISPLAY or "
        "WAYLAND_DISPLAY is set), typed at a terminal, it is opened too, by xdg-open or what "
        "BROWSER names.");
    open.add_flag("--print", options.only_prints, "Print the address only");
    CLI::App& qr =
        add_command(app, "qr",
                    "Show a QR code that makes a phone a camera\n\n"
                    "It holds the https address of the camera page, which is also printed "
                    "below it. The phone must trust the server's certificate: if the server made "
                    "it, the fingerprint of its authority is printed, which the phone shows when "
                    "the authority is installed.");
    qr.add_option("CAMERA", options.camera, "The name the phone is to have");
}

void build_event_commands(CLI::App& app, Options& options) {
    CLI::App& events = add_command(
        app, "events",
        "Print what happens, as it happens\n\n"
        "One JSON object a line. Ends after `--count` events, with status 75 after `--timeout`, "
        "with 130 at Ctrl-C, with 69 when the server goes away.");
    cli::add_number(events, "--count", options.events.count, 0, 1'000'000'000,
                    "End after N events; 0 for no end");
    events
        .add_option("--type", options.events.types,
                    "Only of this type, such as camera.started, or group, such as 'session.*'")
        ->type_name("TYPE")
        ->allow_extra_args(false);
    cli::add_value<std::uint64_t>(
        events, "--since", options.events.since,
        [](std::string_view text) { return parse_number(text, 1'000'000'000'000'000); },
        "Begin with what the server still has of the events after this id", "EVENT-ID");
    CLI::App& wait = add_command(app, "wait",
                                 "Wait until something happens\n\n"
                                 "Prints the event. Status 75 if it did not happen within "
                                 "`--timeout`; without that there is no limit.");
    wait.add_option("TYPE", options.events.types,
                    "Type of the event, such as session.finished, or group, such as 'camera.*'")
        ->required()
        ->expected(1);
    CLI::App& complete = add_command(app, "__complete", "Names for a shell's completion");
    complete.group("");
    complete.add_option("KIND", options.complete_kind, "What the names are of")->required();
    complete.add_option("LINE", options.complete_line, "What is typed before the cursor");
}

void build_hooks(CLI::App& app, Options& options) {
    CLI::App& hooks = add_command(app, "hooks",
                                  "List the hooks and how their deliveries go\n\n"
                                  "Hooks are the targets in the server's configuration that are "
                                  "told of events.");
    add_command(hooks, "list", "The same");
    add_command(hooks, "failed", "List the messages that were given up after the last attempt");
    CLI::App& replay = add_command(hooks, "replay", "Send a message again that was given up");
    replay.add_option("MESSAGE", options.hook, "Its id, as hooks failed lists it")->required();
    CLI::App& test = add_command(hooks, "test",
                                 "Send a message to a target at once, and say what it answers\n\n"
                                 "If it arrives, what waits for that target is tried, too.");
    test.add_option("TARGET", options.hook, "Its id, as hooks lists it, or its URL as configured")
        ->required();
}

void build_access(CLI::App& app, Options& options) {
    CLI::App& token = add_command(app, "token",
                                  "List the tokens\n\n"
                                  "Whoever presents one has its roles. Those made here are kept "
                                  "beside the recordings, as digests; others stand in the server's "
                                  "configuration.");
    add_command(token, "list", "The same");
    CLI::App& make = add_command(token, "new",
                                 "Make a token and print it\n\n"
                                 "It is shown this once: the server stores its digest alone.");
    make.add_option("NAME", options.token_name, "Whose it is, for lists and logs")->required();
    make.add_option("--role", options.roles, "What it opens; may be given several times")
        ->type_name("camera|publish|play|control")
        ->check(CLI::IsMember({"camera", "publish", "play", "control"}).description(""))
        ->allow_extra_args(false)
        ->required();
    CLI::App& revoke = add_command(token, "revoke", "Take a token's roles away, at once");
    revoke.add_option("TOKEN", options.token_name, "Its name, as token list has it")->required();

    CLI::App& sign = add_command(app, "sign",
                                 "Sign the URL of a stream or camera, and print it\n\n"
                                 "Whoever has the URL has that role there until it expires, if the "
                                 "server's configuration says signed. Needs auth.secret.");
    sign.add_option("URL", options.sign_url, "Such as rtmp://host/live/x, or a path: /live/x")
        ->required();
    cli::add_duration(sign, "--expires", options.expires,
                      "How long the URL works, such as 1h or 7d",
                      {std::chrono::seconds(1), std::chrono::seconds(control::kSignSecondsMax)});
    sign.add_option("--role", options.roles, "What for; play without it")
        ->type_name("camera|publish|play")
        ->check(CLI::IsMember({"camera", "publish", "play"}).description(""))
        ->expected(1);
}

}  // namespace st::streamctl
