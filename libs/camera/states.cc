#include "camera/states.h"

namespace st::camera {
namespace {

using enum State;
using A = Action;
using R = EndReason;

constexpr Transition go(State next, std::initializer_list<Action> actions = {},
                        EndReason reason = EndReason::stopped) {
    Transition transition{next, {}, reason};
    std::size_t at = 0;
    for (const Action action : actions) transition.actions[at++] = action;
    return transition;
}

struct Row {
    Input input;
    std::array<Transition, kStates>
        cells;  ///< idle, starting, previewing, recording, stopping, finalising, gone
};

constexpr std::array<Row, kInputs> kTable = {{
    {Input::ready,
     {go(idle), go(starting), go(previewing), go(recording), go(stopping), go(finalising),
      go(gone)}},
    {Input::capture_started,
     {go(recording, {A::open_session, A::answer_started}),
      go(recording, {A::open_session, A::answer_started}), go(previewing, {A::answer_previewing}),
      go(recording, {A::end_session, A::open_session}, R::restarted),
      // Started just before the stop reached it: the stop's answer is still to come.
      go(stopping, {A::end_session, A::open_session}, R::restarted),
      go(recording, {A::open_session, A::answer_started}), go(gone)}},
    {Input::capture_stopped,
     // In starting it is the late answer to an earlier stop; a camera that will not start says
     // "error" or lets the start time out.
     {go(idle), go(starting), go(idle), go(finalising, {A::end_session}, R::camera_stopped),
      go(finalising, {A::end_session}, R::stopped), go(finalising), go(gone)}},
    {Input::camera_error,
     // send_stop: the app keeps streaming after "Invalid command received".
     {go(idle), go(idle, {A::answer_refused}), go(idle, {A::send_stop, A::answer_refused}),
      go(finalising, {A::end_session, A::send_stop}, R::camera_error),
      go(finalising, {A::end_session}, R::camera_error), go(finalising), go(gone)}},
    {Input::frame,
     {go(idle, {A::hold_frame}), go(starting, {A::hold_frame}), go(previewing, {A::watch_frame}),
      go(recording, {A::write_frame}), go(stopping, {A::write_frame}),
      go(finalising, {A::hold_frame}), go(gone, {A::drop_frame})}},
    {Input::start_requested,
     // Out of a preview nothing need be sent: it streams, and an IDR begins the recording.
     {go(starting, {A::send_start}), go(starting), go(starting, {A::send_start}),
      go(recording, {A::answer_already_recording}), go(stopping, {A::answer_refused}),
      go(starting, {A::send_start}), go(gone, {A::answer_disconnected})}},
    {Input::stop_requested,
     // Sent to an idle camera too: a start that timed out here may still be under way there.
     {go(idle, {A::send_stop, A::answer_not_recording}),
      go(stopping, {A::answer_refused, A::send_stop}),
      go(previewing, {A::send_stop, A::answer_not_recording}), go(stopping, {A::send_stop}),
      go(stopping), go(finalising), go(gone, {A::answer_not_recording})}},
    {Input::start_timeout,
     // It may be under way all the same, and nobody would stop what comes of it. A preview waits
     // for the stop's answer: a late capture_started must begin no recording.
     {go(idle), go(idle, {A::send_stop, A::answer_start_timeout}),
      go(previewing, {A::send_stop, A::answer_start_timeout}), go(recording), go(stopping),
      go(finalising), go(gone)}},
    {Input::stop_timeout,
     {go(idle), go(starting), go(idle), go(recording),
      go(finalising, {A::end_session}, R::stop_timeout), go(finalising), go(gone)}},
    {Input::max_session,
     {go(idle), go(starting), go(previewing),
      go(recording, {A::end_session, A::open_session}, R::max_session), go(stopping),
      go(finalising), go(gone)}},
    {Input::session_failed,
     {go(idle), go(starting), go(previewing),
      go(finalising, {A::end_session, A::send_stop}, R::disk),
      go(finalising, {A::end_session}, R::disk), go(finalising), go(gone)}},
    {Input::finalised,
     {go(idle, {A::answer_stopped}), go(starting, {A::answer_stopped}),
      go(previewing, {A::answer_stopped}), go(recording, {A::answer_stopped}), go(stopping),
      go(idle, {A::answer_stopped}), go(gone, {A::answer_stopped})}},
    {Input::replaced,
     {go(gone), go(gone, {A::answer_disconnected}), go(gone, {A::answer_disconnected}),
      go(gone, {A::end_session}, R::replaced), go(gone, {A::end_session}, R::replaced), go(gone),
      go(gone)}},
    {Input::disconnected,
     {go(gone), go(gone, {A::answer_disconnected}), go(gone, {A::answer_disconnected}),
      go(gone, {A::end_session}, R::disconnected), go(gone, {A::end_session}, R::disconnected),
      go(gone), go(gone)}},
    {Input::shutdown,
     {go(idle), go(idle, {A::answer_refused, A::send_stop}),
      go(idle, {A::answer_refused, A::send_stop}),
      go(finalising, {A::send_stop, A::end_session}, R::shutdown),
      go(finalising, {A::end_session}, R::shutdown), go(finalising), go(gone)}},
    {Input::preview_requested,
     // What records or is about to can be watched already.
     {go(previewing, {A::send_start}), go(starting, {A::answer_previewing}), go(previewing),
      go(recording, {A::answer_previewing}), go(stopping, {A::answer_refused}),
      go(previewing, {A::send_start}), go(gone, {A::answer_disconnected})}},
    {Input::preview_over,
     {go(idle), go(starting), go(previewing, {A::send_stop}), go(recording), go(stopping),
      go(finalising), go(gone)}},
    {Input::preview_entry,
     {go(idle), go(recording, {A::open_session, A::answer_started}), go(previewing), go(recording),
      go(stopping), go(finalising), go(gone)}},
    {Input::recording_over,
     {go(idle, {A::answer_not_recording}), go(previewing, {A::answer_refused}),
      go(previewing, {A::answer_not_recording}), go(previewing, {A::end_session}, R::stopped),
      go(stopping), go(finalising), go(gone, {A::answer_not_recording})}},
    {Input::suspended,
     {go(gone), go(gone, {A::answer_disconnected}), go(gone, {A::answer_disconnected}),
      go(gone, {A::keep_session}), go(gone, {A::keep_session}), go(gone), go(gone)}},
    {Input::resumed,
     // Whoever asked meanwhile finds it recording. One that began anew has forgotten the old one.
     {go(recording, {A::take_session}),
      go(recording, {A::take_session, A::answer_already_recording}),
      go(recording, {A::take_session, A::answer_previewing}), go(recording),
      go(stopping, {A::take_session}), go(recording, {A::take_session}),
      go(gone, {A::keep_session})}},
}};

consteval bool is_in_order() {
    for (std::size_t i = 0; i < kTable.size(); ++i) {
        if (static_cast<std::size_t>(kTable[i].input) != i) return false;
    }
    return true;
}
static_assert(is_in_order(), "rows stand in the order of Input");

}  // namespace

const Transition& transition(State state, Input input) {
    return kTable[static_cast<std::size_t>(input)].cells[static_cast<std::size_t>(state)];
}

std::string_view to_string(State state) {
    switch (state) {
        case State::idle:
            return "idle";
        case State::starting:
            return "starting";
        case State::previewing:
            return "previewing";
        case State::recording:
            return "recording";
        case State::stopping:
            return "stopping";
        case State::finalising:
            return "finalising";
        case State::gone:
            return "gone";
    }
    return "";
}

std::string_view to_string(Input input) {
    switch (input) {
        case Input::ready:
            return "ready";
        case Input::capture_started:
            return "capture_started";
        case Input::capture_stopped:
            return "capture_stopped";
        case Input::camera_error:
            return "camera_error";
        case Input::frame:
            return "frame";
        case Input::start_requested:
            return "start_requested";
        case Input::stop_requested:
            return "stop_requested";
        case Input::start_timeout:
            return "start_timeout";
        case Input::stop_timeout:
            return "stop_timeout";
        case Input::max_session:
            return "max_session";
        case Input::session_failed:
            return "session_failed";
        case Input::finalised:
            return "finalised";
        case Input::replaced:
            return "replaced";
        case Input::disconnected:
            return "disconnected";
        case Input::shutdown:
            return "shutdown";
        case Input::preview_requested:
            return "preview_requested";
        case Input::preview_over:
            return "preview_over";
        case Input::preview_entry:
            return "preview_entry";
        case Input::recording_over:
            return "recording_over";
        case Input::suspended:
            return "suspended";
        case Input::resumed:
            return "resumed";
    }
    return "";
}

std::string_view to_string(Action action) {
    switch (action) {
        case Action::none:
            return "none";
        case Action::open_session:
            return "open_session";
        case Action::end_session:
            return "end_session";
        case Action::send_start:
            return "send_start";
        case Action::send_stop:
            return "send_stop";
        case Action::hold_frame:
            return "hold_frame";
        case Action::write_frame:
            return "write_frame";
        case Action::drop_frame:
            return "drop_frame";
        case Action::watch_frame:
            return "watch_frame";
        case Action::answer_started:
            return "answer_started";
        case Action::answer_already_recording:
            return "answer_already_recording";
        case Action::answer_refused:
            return "answer_refused";
        case Action::answer_start_timeout:
            return "answer_start_timeout";
        case Action::answer_stopped:
            return "answer_stopped";
        case Action::answer_not_recording:
            return "answer_not_recording";
        case Action::answer_previewing:
            return "answer_previewing";
        case Action::answer_disconnected:
            return "answer_disconnected";
        case Action::keep_session:
            return "keep_session";
        case Action::take_session:
            return "take_session";
    }
    return "";
}

std::string_view to_string(EndReason reason) {
    switch (reason) {
        case EndReason::stopped:
            return "stopped";
        case EndReason::camera_stopped:
            return "camera_stopped";
        case EndReason::disconnected:
            return "disconnected";
        case EndReason::replaced:
            return "replaced";
        case EndReason::restarted:
            return "restarted";
        case EndReason::max_session:
            return "max_session";
        case EndReason::max_bytes:
            return "max_bytes";
        case EndReason::stop_timeout:
            return "stop_timeout";
        case EndReason::camera_error:
            return "camera_error";
        case EndReason::disk:
            return "disk";
        case EndReason::shutdown:
            return "shutdown";
        case EndReason::crash:
            return "crash";
    }
    return "";
}

std::string states_table() {
    std::string text = "| input |";
    for (std::size_t s = 0; s < kStates; ++s) {
        text += " " + std::string(to_string(static_cast<State>(s))) + " |";
    }
    text += "\n| --- |";
    for (std::size_t s = 0; s < kStates; ++s) text += " --- |";
    text += "\n";
    for (const Row& row : kTable) {
        text += "| `" + std::string(to_string(row.input)) + "` |";
        for (std::size_t s = 0; s < kStates; ++s) {
            const Transition& cell = row.cells[s];
            std::string entry;
            for (const Action action : cell.actions) {
                if (action == Action::none) break;
                entry += (entry.empty() ? "" : ", ") + std::string(to_string(action));
                if (action == Action::end_session)
                    entry += "(" + std::string(to_string(cell.reason)) + ")";
            }
            if (cell.next != static_cast<State>(s)) {
                entry +=
                    (entry.empty() ? "-> **" : " -> **") + std::string(to_string(cell.next)) + "**";
            }
            text += " " + (entry.empty() ? std::string("-") : entry) + " |";
        }
        text += "\n";
    }
    return text;
}

}  // namespace st::camera
