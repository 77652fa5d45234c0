#include "streamd/manual.h"

#include "cli/exit_codes.h"

namespace st::streamd {
namespace {

constexpr const char* kDescription = R"(
`streamd` takes framed H.264 from camera apps, phones and `streamctl push` over WebSocket, records
each camera so that a crash or a power cut costs next to nothing, and turns each recording into an MP4 in
which every picture carries the camera's own time, with a thumbnail beside it. Cameras are started and
stopped with `streamctl`(1) or over HTTP.

A plain start needs no configuration: it listens on port 50001 and records into `./recordings`.
Cameras may connect from anywhere; control is for the account that runs it. What is open to
whom, and the URLs for cameras, are logged at start.
)";

}  // namespace

cli::Manual manual() {
    cli::Manual manual;
    manual.section = 8;
    manual.summary = "record many cameras at once over WebSocket";
    manual.description = kDescription;
    manual.parts = {
        {"SIGNALS", R"(
TERM, INT :: Stop accepting, end and finish all recordings, leave with 0. A second one leaves the
conversions to the next start; what was received is safe on disk.
HUP :: Open the log file again, for log rotation, and read the configuration and the certificate again:
all of it is applied, or nothing when there is a mistake in it. The log names what changed and what needs a
restart.
)"},
        {"FILES", R"(
`recordings/CAMERA_YYYYMMDD_HHMMSS/stream.fdump` :: What came from the camera, byte for byte, with
arrival times and checksums; written while recording. `h264mux`(1) reads it.
`recordings/CAMERA_YYYYMMDD_HHMMSS/stream.mp4`, `thumbnail.jpg`, `pictures.csv` :: The recording, its first
picture, and when each picture was taken; made and verified when the recording ends.
`recordings/CAMERA_YYYYMMDD_HHMMSS/session.json` :: What is known of it: state, times, pictures, gaps, damage.
`recordings/takes/TAKE.json` :: Of a take: where each camera's pictures lie on its time line, and the verdict.
`recordings/live/` :: Segments of live streams.
`recordings/.streamd/` :: What the server keeps for itself: names given to cameras, tokens, messages to hooks,
and with `--tls auto` authority and certificate with their keys.
)"},
        {"ENVIRONMENT", R"(
`STREAMD_SECTION_KEY` :: Any key of the configuration, for instance `STREAMD_RECORDING_PATH` for
`recording.path`. Stronger than the file, weaker than the command line.
`NOTIFY_SOCKET` :: Readiness is told to systemd there.
`WATCHDOG_USEC` :: Set by systemd for `WatchdogSec=`. Twice within that time systemd is told that no loop is stuck.
)"},
        {"EXIT STATUS",
         cli::exit_status_text(
             {cli::kDone,
              {cli::kRefused,
               "It could not start: a port is in use, say, or a folder or file that it needs "
               "cannot be made."},
              cli::kUsage,
              cli::kNoInput,
              {cli::kCannotCreate, "`--make-cert`: a file exists already or cannot be written."},
              {cli::kIoFailed,
               "Standard output cannot be written, or the disk did not answer when the server was "
               "to end."},
              cli::kBadConfig})},
        {"EXAMPLES", R"(
Record into a folder on a big disk, on any free port, and learn which:

    streamd --recordings /srv/recordings --port 0 --ports-file /tmp/ports.json

See what a configuration amounts to before using it:

    streamd --config /etc/streamd/streamd.json --print-config

Serve https and wss beside, with a certificate that is kept up to date; phones get the authority to trust from
`http://HOST:50001/ca`:

    streamd --tls auto

In the background without systemd, as an account to which this folder belongs:

    streamd --daemon --recordings /srv/streamd/recordings \
        --pidfile /srv/streamd/streamd.pid --log-file /srv/streamd/streamd.log
)"},
    };
    manual.see_also = {"streamctl(1)", "h264mux(1)"};
    return manual;
}

}  // namespace st::streamd
