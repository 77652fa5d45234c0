#pragma once
/// The two halves of a camera and what they tell each other. The connection lives on its network
/// loop and decides what the camera does; the control loop knows the camera's name and who waits
/// for it. Neither calls the other: each posts values to the other's loop, in order.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "auth/address.h"
#include "base/event_sink.h"
#include "camera/message.h"
#include "camera/states.h"
#include "clock/standing.h"
#include "record/session.h"

namespace st::capture {

// ---- from the control loop to the connection ----------------------------------------------------

/// How long a start with a common instant waits for a clock that is being asked for.
constexpr std::chrono::milliseconds kFirstAnswerPatience{300};

/// Start recording.
struct StartOrder {
    camera::StartParameters parameters;
    std::string take;
    std::string started_by;  ///< "user@host"; empty: nobody said
    unsigned part = 1;       ///< 2, 3 ...: the camera dropped out and is started again
    /// All cameras of this start begin then, CLOCK_MONOTONIC, if they can.
    std::optional<std::int64_t> begin_ns = {};
    bool given = false;  ///< the user named parameters: say so if others are in use
    std::chrono::milliseconds timeout{10'000};
    std::uint64_t request = 0;  ///< the start it belongs to; see CameraAnswer
    /// The start that all of it goes back to, also when the camera dropped out and is started
    /// again.
    std::uint64_t owner = 0;
    std::string tag;  ///< "owner" of that start, as its stop will give it
};
/// A capture that goes on although its connection was lost: what the next one needs to know.
struct Suspended {
    std::string capture;  ///< as start_capture named it
    record::SessionPtr session;
    std::int64_t session_began_ns = 0;
    std::optional<StartOrder> order;
    camera::StartParameters asked;
    std::uint32_t last_seq = 0;  ///< of what came
    record::DroppedCounts dropped;
    std::optional<record::CloseCode> close;
    std::int64_t heard_ns = 0;  ///< the last byte, CLOCK_MONOTONIC
    bool is_stopping = false;   ///< somebody stopped it: it is to send the rest, and end
    std::string stopped_by;
};
struct StopOrder {
    std::string stopped_by;
    bool keeps_preview = false;  ///< somebody watches: it stops recording, and streams on
    std::uint64_t owner = 0;     ///< stop only what this start began; 0: whatever there is
};
/// Stream, without being recorded.
struct PreviewOrder {
    camera::StartParameters parameters;
    std::chrono::milliseconds timeout{10'000};
    std::string asked_by;  ///< "user@host"; "viewer": somebody watches its stream
};
struct PreviewEnd {};
/// Another connection wants the name: ping, and answer Alive when the next byte comes.
struct Probe {};
/// Another connection has the name now.
struct Replace {};
struct Kick {
    std::string by;  ///< "user@host", or an address
};
/// Somebody begins to watch its live stream.
struct Watched {};
/// The answer to Described: the name the camera has from now on, which may be the old one.
struct Named {
    std::string name;
};
/// The answer to ResumeAsked. Null: the capture is over.
struct Resumed {
    std::shared_ptr<const Suspended> what;
};
/// What became of the session with that serial.
struct SessionNews {
    enum class Kind : std::uint8_t { opened, failed, has_room, finished };
    Kind kind = Kind::opened;
    std::uint64_t serial = 0;
    std::string text;  ///< opened: its id; failed: why
};
using ToConnection = std::variant<StartOrder, StopOrder, PreviewOrder, PreviewEnd, Probe, Replace,
                                  Kick, Watched, Named, Resumed, SessionNews>;

// ---- from the connection to the control loop ----------------------------------------------------

struct Alive {};   ///< answers Probe
struct Joined {};  ///< it did what only a camera does
/// The capabilities came; answered with Named.
struct Described {
    std::string model;  ///< may be empty
};
struct StateChanged {
    camera::State state = camera::State::idle;
    std::string session;  ///< id of the open one; empty: none, or its folder is not made yet
};
/// What is known of its clock; sent after each exchange.
struct ClockTold {
    /// Its offset is to CLOCK_MONOTONIC.
    clock::Standing standing;
    camera::TimeUnit unit = camera::TimeUnit::ms;
};
/// What the device says of itself; sent with capabilities and with each health.
struct HealthTold {
    camera::Health health;
};
/// The camera is back and goes on with that capture; answered with Resumed.
struct ResumeAsked {
    std::string capture;
};
/// As ResumeAsked, of a camera that has been told meanwhile to begin another capture.
struct ResumeRefused {
    std::string capture;
};
/// start_capture went out: the camera is being started with these and with no others.
struct StartSent {
    StartOrder order;
};
/// What requests that wait for the camera get to know.
struct CameraAnswer {
    enum class Kind : std::uint8_t {
        started,
        already_recording,
        refused,
        start_timeout,
        not_recording,
        disconnected,
        previewing
    };
    Kind kind = Kind::started;
    std::string session;  ///< started, already_recording
    std::string error;    ///< refused: in the camera's or our own words
    /// started: the request that started it. Else: for that request alone; 0: for all that wait.
    std::uint64_t request = 0;
};
/// The connection is over. `has_session`: its last session is still being finished, or open for
/// the camera's return, which answers the starts and the stops that wait for it.
struct Left {
    std::string reason;
    bool has_session = false;
    /// Within that time the camera may go on with its recording; 0: it cannot.
    std::chrono::milliseconds awaited{};
    std::string kicked_by;  ///< "user@host"; empty: nobody wanted it
};
/// Something for the event log.
struct Happened {
    std::string type;
    EventFields fields;
    LogLevel level = LogLevel::info;
};
using FromConnection =
    std::variant<Alive, Joined, Described, StateChanged, ClockTold, HealthTold, StartSent,
                 CameraAnswer, Suspended, ResumeAsked, ResumeRefused, Left, Happened>;

// ---- what both know of the connection -----------------------------------------------------------

class CameraConnection;

/// `id`, `peer`, `path`, `connected_us`, the counters, send() and report(): any thread.
struct CameraLink {
    using Send = std::function<void(ToConnection)>;
    using Report = std::function<void(FromConnection)>;

    CameraLink(std::uint64_t link_id, std::string peer_text, std::string request_path,
               std::int64_t now_us)
        : id(link_id),
          peer(std::move(peer_text)),
          path(std::move(request_path)),
          connected_us(now_us),
          last_seen_us(now_us) {}

    const std::uint64_t id;
    const std::string peer;  ///< address:port
    const std::string path;  ///< of the WebSocket request
    const std::int64_t connected_us;

    // Set before the link is shared.
    bool is_jpeg = false;  ///< each message is a JPEG picture
    Send send;             ///< runs on the connection's loop, if the connection is still there
    Report report;         ///< runs on the control loop

    /// The network loop's thread only.
    std::weak_ptr<CameraConnection> connection;

    // Set by the control loop before the connection exists; then the control loop's alone.
    std::string name;
    bool names_itself = false;     ///< the camera gave it
    bool name_is_default = false;  ///< neither the camera nor a rule by address gave it
    /// Its model, once known, may give it another name: a recording waits for that.
    bool may_be_renamed = false;
    std::string address_name;  ///< the name that its address gives
    auth::Address address;
    /// The connection that went on with this one's recording. The control loop's alone.
    std::shared_ptr<CameraLink> successor;

    std::atomic<std::uint64_t> frames{0};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> bad{0};
    std::atomic<std::uint64_t> lost{0};  ///< messages that did not come, by their numbers
    std::atomic<std::uint64_t> undecodable{0};
    std::atomic<std::int64_t> last_seen_us;
    std::atomic<std::uint32_t> width{0};  ///< 0: no picture yet of this capture
    std::atomic<std::uint32_t> height{0};
    /// The last whole second: when it began (monotonic), pictures and bits in it.
    std::atomic<std::int64_t> second_ns{0};
    std::atomic<std::uint32_t> second_pictures{0};
    std::atomic<std::uint64_t> second_bits{0};
};

using LinkPtr = std::shared_ptr<CameraLink>;

}  // namespace st::capture
