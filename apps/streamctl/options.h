#pragma once
/// streamctl's command line: the one declaration behind argv, scripts, the prompt, --help, the man
/// page and the completions.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/fwd.h"
#include "cli/generate.h"
#include "control/recording.h"
#include "control/start.h"

namespace st::streamctl {

using std::chrono::milliseconds;

/// What capture waits for: a camera that fails ends it (all), or only the last one that does (any).
enum class Require { all, any };

struct CaptureOptions {
    std::optional<milliseconds> duration;  ///< from the last capture_started on
    bool until_interrupt = false;
    bool follow = false;  ///< start
    Require require = Require::all;
    bool is_take = false;  ///< take run: the take is the result, not the recordings
};

struct TakeOptions {
    std::string name;
    milliseconds max_error{5};            ///< take run: of each camera's clock, before it begins
    std::string to;                       ///< export: the form
    std::optional<double> rate;           ///< export: pictures a second of films at an even rate
    unsigned crf = 16;                    ///< export
    std::optional<milliseconds> readout;  ///< sync-check: of all cameras
};

struct EventOptions {
    std::vector<std::string> types;  ///< names, or groups as "session.*"; empty: all
    std::optional<std::uint64_t> since;
    std::uint32_t count = 0;  ///< 0: no end
};

/// How a camera of push misbehaves.
struct Fault {
    double drop = 0;         ///< probability that a message is lost, its number with it
    double dup = 0;          ///< that one comes twice
    milliseconds jitter{0};  ///< each message is late by up to this
    milliseconds clock_jump{
        0};  ///< added to its clock a second after the first picture; may be < 0
    milliseconds clock_offset{0};  ///< added to its clock: a device that was started earlier
    double clock_drift_ppm = 0;    ///< how much faster its clock has run since the machine started
    milliseconds clock_jitter{0};  ///< its answers are late by up to this in each direction
    /// Questions take so much longer than answers; below 0: answers longer than questions.
    milliseconds clock_asymmetry{0};
    double clock_loss = 0;     ///< probability that it does not answer
    milliseconds flash{0};     ///< a lamp that flashes so often is all it films; 0: none
    milliseconds readout{20};  ///< from its first row to its last
    /// Its stamps are so far ahead of the clock that it answers by: its claim is false.
    milliseconds stamp_shift{0};
    std::uint32_t reset_after = 0;  ///< the connection breaks after so many pictures; 0: never
};

struct PushOptions {
    std::string input;
    std::string name;  ///< empty: the server names the camera after its address
    std::uint32_t count = 1;
    bool realtime = false;
    bool loop = false;
    bool encode = false;
    bool reconnect = false;
    bool resume = false;
    Fault fault;
    std::uint32_t b_frames = 0;
    std::string format;
    std::string size;
    std::string framerate;
};

struct ArchiveOptions {
    /// archive: RFC 3339 in UTC; empty: what there is is listed. picture: as it was typed.
    std::string start;
    std::string take;                      ///< picture: `start` is a duration from its zero on
    std::optional<milliseconds> duration;  ///< there if `start` is
    bool skips_gaps = false;
};

/// record start and stop.
struct RecordOptions {
    std::string format;  ///< what is empty or not given, the server decides
    std::string tracks;
    std::optional<milliseconds> segment_duration;
    std::optional<milliseconds> preroll;
    std::optional<milliseconds> max_duration;
    bool all = false;  ///< stop
};

struct Options {
    // For the whole run.
    std::string server;  ///< empty: one of this machine
    std::string token_file;
    std::string ca_file;  ///< wss: whom to believe; empty: whom the system believes
    bool is_insecure = false;
    std::string script_file;  ///< empty: none
    bool keep_going = false;
    std::string generate;  ///< hidden

    // For each command; a line of a script starts from what the command line said.
    bool json = false;
    bool quiet = false;
    bool verbose = false;
    std::optional<milliseconds> timeout;

    /// What was typed: of the command line, and behind it that of the line that is being run.
    std::vector<std::string> typed;
    bool is_line = false;              ///< of a script or of the prompt
    std::vector<std::string> command;  ///< its words: {"recordings", "delete"}; empty: none
    control::StartRequest start;       ///< start and capture
    std::vector<std::string> names;    ///< the words behind start, stop, capture
    bool no_wait = false;
    CaptureOptions capture;
    std::string camera;                      ///< cameras, kick; empty: all
    std::string stream;                      ///< streams, archive, ...: "/app/name"; empty: all
    std::string picture_file;                ///< snapshot, picture; "-": standard output
    std::optional<std::uint64_t> viewer_id;  ///< kick-viewer
    std::string new_name;                    ///< rename
    bool stop_preview = false;               ///< preview
    bool only_prints = false;                ///< open
    std::vector<std::string> config_keys;    ///< config; empty: all
    control::RecordingQuery recordings;      ///< its times are RFC 3339 in UTC
    std::vector<std::string> recording_ids;  ///< recordings, get: ids and patterns
    bool dry_run = false;                    ///< recordings delete
    bool is_confirmed = false;               ///< recordings delete: nobody is asked
    bool release = false;                    ///< recordings keep
    std::string folder;                      ///< get, capture: where files go; empty: nowhere
    std::string file;                        ///< get: where the MP4 of one recording goes
    bool all_files = false;                  ///< get
    bool align = false;                      ///< get, capture: files on one time line
    TakeOptions take;
    ArchiveOptions archive;
    EventOptions events;
    RecordOptions record;
    std::string complete_kind;  ///< __complete: see commands/completion_names.h
    std::string complete_line;  ///< __complete: it may name the server
    PushOptions push;
    std::string token_name;           ///< token
    std::vector<std::string> roles;   ///< token new; sign: at most one
    std::string sign_url;             ///< sign
    milliseconds expires{3'600'000};  ///< sign
    std::string hook;                 ///< hooks: a message's id (replay), a URL (test)
    std::vector<std::string> help_about;
};

/// Declares everything. `options` outlives `app`; its values are the defaults shown.
void build(CLI::App& app, Options& options);

/// The commands below a program or command that people are shown.
std::vector<std::string> command_names(const CLI::App& app);

/// What the declaration cannot say: the old positional form of start, what excludes what. An error
/// is a usage error. `app` has parsed.
Result<void> complete(const CLI::App& app, Options& options);

/// The hand-written parts of the man page.
cli::Manual manual();

}  // namespace st::streamctl
