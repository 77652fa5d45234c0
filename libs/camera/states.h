#pragma once
/// The life of one camera connection: the one table of state x input -> next state and actions.
/// Pure. Printed in docs/camera.md, "States"; a test compares the two and walks the whole table.
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace st::camera {

enum class State : std::uint8_t {
    idle,        ///< connected, nothing asked for, no session open
    starting,    ///< start_capture sent, capture_started awaited
    previewing,  ///< start_capture sent, or more: it streams, and nothing is recorded
    recording,   ///< a session is open
    stopping,    ///< stop_capture sent, capture_stopped awaited; frames still go into the session
    finalising,  ///< the session has ended, its MP4 is being made; may start again
    gone,        ///< disconnected; final
};
constexpr std::size_t kStates = 7;

enum class Input : std::uint8_t {
    ready,
    capture_started,
    capture_stopped,
    camera_error,     ///< {"status":"error"}
    frame,            ///< a valid binary message
    start_requested,  ///< by a user or auto_start
    stop_requested,
    start_timeout,   ///< of the start request: no capture_started in time
    stop_timeout,    ///< camera.stop_timeout after stop_capture was sent
    max_session,     ///< the first IDR after recording.max_session is here (feed before its frame)
    session_failed,  ///< the disk refused the open session
    finalised,       ///< the last ended session's files are ready
    replaced,        ///< a new connection took the name over
    disconnected,
    shutdown,  ///< the server ends
    preview_requested,
    preview_over,    ///< nobody wants to see it any more
    preview_entry,   ///< a recording was asked for in a preview, and the first IDR is here
    recording_over,  ///< as stop_requested, but somebody watches: the camera goes on
    suspended,       ///< the connection is lost, or replaced, of a camera that will resume
    resumed,         ///< this connection goes on with the session of such a one
};
constexpr std::size_t kInputs = 21;

/// Why a session ended, as in session.json. Never renumber or rename: stored on disk by name.
enum class EndReason : std::uint8_t {
    stopped,         ///< stop_capture, answered
    camera_stopped,  ///< the camera stopped by itself
    disconnected,
    replaced,
    restarted,  ///< capture_started while a session was open
    max_session,
    max_bytes,  ///< its file is as large as it may be
    stop_timeout,
    camera_error,
    disk,
    shutdown,
    crash,  ///< found unfinished at the next start
};
constexpr std::size_t kEndReasons = 12;

enum class Action : std::uint8_t {
    none,
    open_session,  ///< and move the held frames into it
    end_session,   ///< with the cell's EndReason; nothing to do if none is open
    send_start,    ///< start_capture, and run the start time-out
    send_stop,     ///< stop_capture, and run the stop time-out
    hold_frame,    ///< into the Preroll
    write_frame,   ///< into the open session; hold it if there is none
    drop_frame,
    watch_frame,  ///< of a preview: for the live stream alone
    // Answers go to every request that waits for that outcome; to nobody if none waits.
    answer_started,
    answer_already_recording,
    answer_refused,        ///< to starts: by the camera, or because it is stopping
    answer_start_timeout,  ///< to starts
    answer_stopped,  ///< to stops: with the finished session, or not_recording if there was none
    answer_not_recording,  ///< to stops
    answer_previewing,     ///< to previews
    answer_disconnected,   ///< to starts; stops are answered by answer_stopped once finalised
    keep_session,          ///< leave it open for the connection that resumes it
    take_session,          ///< that one: its messages go on into it
};
constexpr std::size_t kActions = 19;

/// Carry the actions out in order, then be in `next`. A machine that enters finalising although no
/// session was open is given Input::finalised at once.
struct Transition {
    State next = State::idle;
    std::array<Action, 3> actions{};        ///< none marks the end
    EndReason reason = EndReason::stopped;  ///< for end_session
};

/// Total: every state takes every input.
const Transition& transition(State state, Input input);

std::string_view to_string(State state);
std::string_view to_string(Input input);
std::string_view to_string(Action action);
std::string_view to_string(EndReason reason);

/// The table as docs/camera.md prints it (Markdown, one row per input).
std::string states_table();

}  // namespace st::camera
