#pragma once
/// One camera's WebSocket on its network loop: messages in, commands out, and the recording
/// between. What an input does in a state stands in one table, camera/states.h; this class gives it
/// the inputs and carries its actions out. The control loop's half is reached through CameraLink.
/// Spec: docs/camera.md.
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/current.h"
#include "base/log.h"
#include "camera/message.h"
#include "camera/preroll.h"
#include "camera/states.h"
#include "capture/camera_link.h"
#include "capture/camera_meter.h"
#include "capture/camera_stream.h"
#include "capture/clock_exchanges.h"
#include "capture/options.h"
#include "capture/round_trip.h"
#include "httpd/message_socket.h"
#include "httpd/net_loop.h"
#include "httpd/websocket.h"
#include "loop/timers.h"
#include "media/payload_form.h"
#include "record/session.h"

namespace st::capture {

struct Parts;

class CameraConnection final : public httpd::Connection,
                               public httpd::WebSocketHandler,
                               public std::enable_shared_from_this<CameraConnection> {
 public:
    /// What it works with. All of it outlives the connections.
    struct Uses {
        const Current<Options>& options;
        Log log;
        Counters& counters;
        const std::atomic<bool>& shutting_down;  ///< no new sessions
        hub::Hub& hub;
        std::function<record::SessionPtr(record::SessionStart)> open_session;
    };

    CameraConnection(Uses uses, loop::Timers& timers, LinkPtr link,
                     httpd::Admission::Ticket ticket = {});
    ~CameraConnection() override;

    /// A connection over a stream whose upgrade has been answered, registered with its link.
    static std::shared_ptr<CameraConnection> over_stream(const Parts& parts, httpd::NetLoop& net,
                                                         httpd::Admission::Ticket ticket,
                                                         const LinkPtr& link,
                                                         std::unique_ptr<loop::Transport> stream);
    /// Told each name that it is given.
    std::function<void(const std::string& name)> on_named;
    /// Before start(). `on_gone`: the socket is closed, destroy this.
    void set_socket(std::unique_ptr<httpd::MessageSocket> socket, std::function<void()> on_gone);
    /// `pending`: bytes that came behind the upgrade request.
    void start(Bytes pending) { socket_->start(pending); }

    /// From the control loop, by CameraLink::send.
    void on_message(const ToConnection& message);

    void shut_down() override;
    void on_binary(Buffer received) override;
    void on_text(const std::string& text) override;
    void on_pong(const std::string& payload) override { trip_.on_pong(payload, arrival_ns_); }
    void on_input() override;
    void on_over(std::uint16_t code, const std::string& reason) override;
    void on_gone() override { on_gone_(); }

    camera::State state() const { return state_; }

 private:
    enum class Standing : std::uint8_t {
        newcomer,  ///< connected, and has done nothing that only a camera does
        camera,
        left
    };

    void on(const StartOrder& order);
    void on(const StopOrder& order);
    void on(const PreviewOrder& order);
    void on(const PreviewEnd& end);
    void on(const Probe& probe);
    void on(const Replace& replace);
    void on(const Kick& kick);
    void on(const Watched& watched);
    void on(const Named& named);
    void on(const Resumed& resumed);
    void on(const SessionNews& news);

    void on(const camera::Other& other, const std::string& text);
    void on(const camera::ClockReply& reply, const std::string& text);
    void on(const camera::Resume& resume, const std::string& text);
    void on(const camera::Health& health, const std::string& text);
    void on(const camera::Ready& ready, const std::string& text);
    void on(const camera::Capabilities& capabilities, const std::string& text);
    void on(const camera::CameraError& error, const std::string& text);
    void on(const camera::CaptureStarted& started, const std::string& text);
    void on(const camera::CaptureStopped& stopped, const std::string& text);

    /// False if this camera has caused too many events and log lines in the last second.
    bool may_report();
    void happened(std::string type, EventFields fields = {}, LogLevel level = LogLevel::info);
    void join();
    void close(std::uint16_t code, const std::string& reason, camera::Input why);

    // Its clock.
    void tell_clock();
    void note_exchange(const clock::Exchange& exchange);

    // Frames.
    media::NalPeek look_into(Bytes payload) const;
    media::PayloadForm form_of(Buffer& received, const camera::Frame& frame);
    void count_bad(const std::string& what);
    void count_undecodable(std::size_t payload_bytes);
    void hold(SharedBuffer message, const media::NalPeek& peek);
    void expire_held();
    void account_held();
    void write(SharedBuffer message, const media::NalPeek& peek, bool is_understood);
    void count(Bytes message, const media::NalPeek& peek, std::int64_t arrival_ns);
    void stop_reading();
    void read_again();

    // Resuming.
    bool will_resume() const;
    void keep_session();
    void take_session();
    void note_late(const camera::Frame& frame);
    bool is_late(const camera::Frame& frame) const;
    void end_catching_up();
    void tell_received();
    void arm_received();

    // Preview.
    void start_from_preview(const StartOrder& order);
    bool is_preview_ending() const;
    /// The first sign that the camera streams.
    void note_streaming();
    void leave_preview();
    bool is_awaited(const camera::Frame& frame) const;
    void on_start_timeout();

    // The table's actions.
    void apply(camera::Input input);
    void act(camera::Action action, camera::EndReason reason);
    void after_change(camera::Input input, camera::State before);
    void follow_session();
    void open_session();
    void end_session(camera::EndReason reason);
    void send_start();
    void send_start_now();
    void send_stop();
    void await_stop();
    void answer(CameraAnswer::Kind kind, std::string error = {}, std::uint64_t request = 0);
    /// Reported when the session's folder is there, or cannot be made.
    void answer_at_opening(CameraAnswer::Kind kind, std::uint64_t request);
    void refuse_at_opening();

    const Uses uses_;
    loop::Timers& timers_;
    httpd::Admission::Ticket ticket_;
    const LinkPtr link_;
    const bool may_be_renamed_;  ///< by a rule for its model
    std::string name_;
    Log log_;
    std::unique_ptr<httpd::MessageSocket> socket_;
    std::function<void()> on_gone_;
    RoundTrip trip_;  ///< measured while a session is open
    ClockExchanges exchanges_;
    clock::Standing standing_clock_;  ///< at the last exchange
    std::int64_t bound_told_us_ = 0;  ///< 0: none yet
    std::uint64_t jumps_told_ = 0;
    CameraMeter meter_;
    CameraStream live_;
    media::PayloadForms forms_;
    camera::Preroll preroll_;

    camera::State state_ = camera::State::idle;
    Standing standing_ = Standing::newcomer;
    camera::Input over_because_ = camera::Input::disconnected;
    std::optional<record::CloseCode> close_;
    bool is_probed_ = false;    ///< the next byte is to be reported
    bool is_stalled_ = false;   ///< not read until the session's queue has room
    bool awaits_name_ = false;  ///< a session opens when the name is settled
    bool wants_warnings_ = false;
    bool resumes_ = false;       ///< goes on with its capture after a lost connection
    bool is_suspended_ = false;  ///< that is awaited
    bool starts_at_ = false;     ///< understands startAt
    bool start_waits_ = false;   ///< for the camera's clock to be known

    record::SessionPtr session_;  ///< open; null between sessions
    std::string session_id_;      ///< "" until its folder is there
    std::int64_t session_began_ns_ = 0;
    record::SessionPtr last_ended_;         ///< the last session while it is finalised
    std::optional<StartOrder> order_;       ///< of the capture that is starting or running
    camera::StartParameters asked_;         ///< what start_capture said last, or is about to say
    std::optional<std::int64_t> begin_ns_;  ///< StartOrder's, of what asked_ is
    std::chrono::milliseconds start_timeout_{10'000};
    std::string previewed_by_;
    bool is_streaming_ = false;  ///< a preview whose first frame or answer has come
    media::EntryPoints entries_;
    bool begins_at_entry_ = false;    ///< starting out of a preview
    std::optional<StartOrder> next_;  ///< once the preview has stopped
    std::optional<PreviewOrder> next_preview_;
    std::string capture_;  ///< its name, of a camera that resumes; "": none began
    std::optional<std::uint32_t> last_seq_;
    /// It asked whether it may go on: what comes meanwhile waits for the answer.
    bool is_resuming_ = false;
    std::deque<std::variant<Buffer, std::string>> unread_;
    std::shared_ptr<const Suspended> offered_;
    std::optional<std::uint32_t> resumed_after_;  ///< the last that came on the lost connection
    /// Since it resumed, until its pictures are new again.
    std::optional<camera::ResumedNote> catching_up_;
    std::string stopped_by_;
    std::string kicked_by_;
    std::string capabilities_;                      ///< JSON as sent
    camera::TimeUnit unit_ = camera::TimeUnit::ms;  ///< of its frames' timestamps
    std::string refusal_;                           ///< why a start is refused, in words
    std::vector<CameraAnswer> at_opening_;
    std::uint64_t messages_in_session_ = 0;
    record::DroppedCounts dropped_;  ///< of the session, but for before_start

    std::int64_t reports_since_ns_ = 0;  ///< the second in which reports_ are counted
    int reports_ = 0;
    std::int64_t bad_logged_ns_ = 0;
    std::int64_t undecodable_told_ns_ = 0;
    bool lengths_told_ = false;

    loop::TimerId start_timer_ = 0;
    loop::TimerId stop_timer_ = 0;
    loop::TimerId held_timer_ = 0;
    loop::TimerId received_timer_ = 0;
    loop::TimerId first_answer_timer_ = 0;  ///< a start waits for the camera's clock to be known
    std::int64_t arrival_ns_ = 0;           ///< of the bytes being decoded
};

}  // namespace st::capture
