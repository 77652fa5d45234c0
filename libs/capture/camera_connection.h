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
#include "base/per_second.h"
#include "camera/message.h"
#include "camera/states.h"
#include "capture/camera_clock.h"
#include "capture/camera_link.h"
#include "capture/camera_meter.h"
#include "capture/camera_payloads.h"
#include "capture/camera_recording.h"
#include "capture/camera_stream.h"
#include "capture/held_frames.h"
#include "capture/options.h"
#include "capture/resumption.h"
#include "capture/start_answers.h"
#include "capture/start_attempt.h"
#include "capture/stop_attempt.h"
#include "httpd/message_socket.h"
#include "httpd/net_loop.h"
#include "httpd/websocket.h"
#include "loop/timers.h"
#include "record/session.h"

namespace st::capture {

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
    void on_pong(const std::string& payload) override { recording_.on_pong(payload, arrival_ns_); }
    void on_input() override;
    void on_over(std::uint16_t code, const std::string& reason) override;
    void on_gone() override { on_gone_(); }

    camera::State state() const { return state_; }
    const Log& log() const { return log_; }

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

    void happened(std::string type, EventFields fields = {}, LogLevel level = LogLevel::info);
    void join();
    void close(std::uint16_t code, const std::string& reason, camera::Input why);

    // Frames.
    void count_bad(const std::string& what);
    void count_undecodable(std::size_t payload_bytes);
    void show(const camera::Frame& frame, const SharedBuffer& message, const SeenPayload& seen);
    void keep(SharedBuffer message, const SeenPayload& seen);
    void write(SharedBuffer message, const SeenPayload& seen);
    void stop_reading();
    void read_again();

    // Resuming.
    bool will_resume() const;
    void keep_session();
    void take_session();
    std::optional<std::uint32_t> safe_seq();
    void tell_when_written();

    // Preview.
    void start_from_preview(const StartOrder& order);
    bool is_preview_ending() const;
    /// The first sign that the camera streams.
    void note_streaming();
    void leave_preview();
    void on_start_timeout();

    // The table's actions.
    void apply(camera::Input input);
    void act(camera::Action action, camera::EndReason reason);
    /// `stopped_by`: who asked for it before, if anybody did.
    void after_change(camera::Input input, camera::State before, const std::string& stopped_by);
    EventFields event_fields() const;
    void follow_session();
    void open_session();
    void end_session(camera::EndReason reason);
    void send_start();
    void send_stop();
    StopAttempt::Delay delay_of_stop() const;

    const Uses uses_;
    loop::Timers& timers_;
    httpd::Admission::Ticket ticket_;
    const LinkPtr link_;
    const bool may_be_renamed_;  ///< by a rule for its model
    std::string name_;
    Log log_;
    std::unique_ptr<httpd::MessageSocket> socket_;
    std::function<void()> on_gone_;
    CameraRecording recording_;
    StartAnswers answers_;
    CameraClock clock_;
    CameraMeter meter_;
    CameraStream live_;
    CameraPayloads payloads_;
    HeldFrames held_;
    Resumption resumption_;
    StartAttempt start_;
    StopAttempt stop_;

    camera::State state_ = camera::State::idle;
    Standing standing_ = Standing::newcomer;
    camera::Input over_because_ = camera::Input::disconnected;
    std::optional<record::CloseCode> close_;
    bool is_probed_ = false;    ///< the next byte is to be reported
    bool is_stalled_ = false;   ///< not read until the session's queue has room
    bool awaits_name_ = false;  ///< a session opens when the name is settled
    bool wants_warnings_ = false;

    std::optional<StartOrder> order_;  ///< of the capture that is starting or running
    std::string previewed_by_;
    bool is_streaming_ = false;  ///< a preview whose first frame or answer has come
    media::EntryPoints entries_;
    std::optional<StartOrder> next_;  ///< once the preview has stopped
    std::optional<PreviewOrder> next_preview_;
    std::vector<ToConnection> orders_put_off_;  ///< until it is known whether the camera goes on
    std::string stopped_by_;
    std::string kicked_by_;
    std::string capabilities_;  ///< JSON as sent

    PerSecond quota_{20};  ///< of events and log lines that its texts cause
    bool lengths_told_ = false;

    std::int64_t arrival_ns_ = 0;  ///< of the bytes being decoded
};

}  // namespace st::capture
