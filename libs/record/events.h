#pragma once
/// What the recorder tells about its sessions. Events come from recorder threads, those of one
/// session in order: Opened?, (Room | Failed?)*, Finalising?, Finished. Every session ends with
/// exactly one Finished, also one that could not be opened. RoomAgain stands apart.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "camera/states.h"
#include "control/stop.h"

namespace st::record {

using control::RecordingState;

struct RecordedFile {
    std::string path;  ///< absolute
    std::string name;
    std::string kind;  ///< mp4, dump, thumbnail, pictures, h264
    std::uint64_t bytes = 0;
    std::uint64_t duration_ms = 0;
    std::uint64_t pictures = 0;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
};

/// A finished recording in short; all of it is in its session.json.
struct Summary {
    std::string id;         ///< "": no folder could be made
    std::string directory;  ///< absolute
    std::string camera;
    std::optional<std::string> take;
    unsigned part = 1;
    std::string started_by;  ///< as in session.json; "": nobody said
    std::string stopped_by;
    /// done; failed; finalising: left to the next start (hurried shutdown).
    RecordingState state = RecordingState::done;
    camera::EndReason end_reason = camera::EndReason::stopped;
    std::optional<std::string> error;
    std::vector<RecordedFile> files;
    std::uint64_t messages = 0;
    std::uint64_t pictures = 0;
    std::uint64_t key_frames = 0;
    std::uint64_t bytes = 0;
    std::uint64_t duration_ms = 0;
    std::uint64_t bitrate_bps = 0;
    std::optional<double> fps;          ///< measured
    std::vector<std::string> warnings;  ///< as in session.json
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint64_t seq_missing = 0;  ///< messages that never came
    std::uint64_t damage_count = 0;
    std::uint64_t undecodable = 0;  ///< messages that are not H.264 in a known form
    /// Pictures after the first key frame that nobody can decode.
    std::uint64_t lost_pictures = 0;
};

/// The folder and the dump exist; session.json says "recording".
struct Opened {
    std::uint64_t serial;
    std::string camera;
    std::string id;
};
/// The disk refused: nothing more is written, what is there will be finalised. The caller ends the
/// session with EndReason::disk (Input::session_failed of its state table).
struct Failed {
    std::uint64_t serial;
    std::string camera;
    std::string id;
    std::string error;
};
/// The queue that was over its budget is below half of it: read the socket again.
struct Room {
    std::uint64_t serial;
    std::string camera;
};
struct Finalising {
    std::uint64_t serial;
    std::string camera;
    std::string id;
};
struct Finished {
    std::uint64_t serial;  ///< 0: a recording of an earlier run, finished at start
    std::string camera;
    Summary summary;
};
/// After a Failed: the recordings folder can be written again and has room. Of no session.
struct RoomAgain {
    std::uint64_t serial = 0;
};
using Event = std::variant<Opened, Failed, Room, Finalising, Finished, RoomAgain>;

/// Called from recorder threads, at times from several at once; must not block or call back into
/// the recorder: post it to a loop.
using EventSink = std::function<void(Event)>;

}  // namespace st::record
