#pragma once
/// One camera's WebSocket: messages to the open session, the state table, pings, back-pressure.
/// Lives on its network loop; everything else reaches it through CameraLink::post().
/// Spec: docs/camera.md.
#include <array>
#include <memory>
#include <optional>
#include <string>

#include "camera/frame.h"
#include "camera/holdback.h"
#include "camera/message.h"
#include "camera/states.h"
#include "capture/camera_link.h"
#include "capture/camera_meter.h"
#include "capture/camera_stream.h"
#include "capture/captures.h"
#include "capture/parts.h"
#include "httpd/net_loop.h"
#include "httpd/round_trip.h"
#include "httpd/websocket.h"
#include "record/session.h"

namespace st::capture {

/// A start as one connection gets it.
struct StartOrder {
    camera::StartParameters parameters;
    std::string take;
    bool given = false;  ///< the user named parameters: others in use are worth a word
    std::chrono::milliseconds timeout{10'000};
    std::uint64_t request = 0;  ///< the start it belongs to; see CameraAnswer
};

class CameraConnection final : public httpd::Connection,
                               public httpd::WebSocketHandler,
                               public std::enable_shared_from_this<CameraConnection> {
 public:
    CameraConnection(const Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                     LinkPtr link, std::unique_ptr<loop::Transport> stream);
    ~CameraConnection() override;

    /// `pending`: bytes that came behind the upgrade request.
    void start(Bytes pending);

    void request_start(const StartOrder& order);
    void request_stop();
    /// Another connection wants the name: ping, and report the next byte.
    void probe();
    void replace();
    void kick();
    void set_name(const std::string& name) { name_ = name; }

    void on_session_opened(std::uint64_t serial, const std::string& id);
    void on_session_failed(std::uint64_t serial, const std::string& error);
    void on_session_finished(std::uint64_t serial);
    void on_room(std::uint64_t serial);

    void shut_down() override;
    void on_binary(Buffer message) override;
    void on_text(const std::string& text) override;
    void on_pong(const std::string& payload) override { trip_.on_pong(payload, arrival_ns_); }
    void on_input() override;
    void on_over(std::uint16_t code, const std::string& reason) override;
    void on_gone() override;

 private:
    /// False when there were too many texts lately to tell anybody of this one.
    bool may_report();
    void on_capabilities(const camera::Capabilities& capabilities);
    void count_bad(const std::string& what);
    void write_frame(Buffer message, const media::NalPeek& peek);

    void apply(camera::Input input);
    void act(camera::Action action, camera::EndReason reason);
    void open_session();
    void end_session(camera::EndReason reason);
    void send_start();
    void send_stop();
    void await_stop();
    void answer(CameraAnswer::Kind kind, const std::string& error = {}, bool differs = false);
    void answer(CameraAnswer made);
    void refuse_opening();
    void join();

    void close(std::uint16_t code, const std::string& reason, camera::Input why);

    const Parts& parts_;
    httpd::NetLoop& net_;
    httpd::Admission::Ticket ticket_;
    const LinkPtr link_;
    std::string name_;
    Log log_;
    std::unique_ptr<httpd::WebSocket> socket_;
    httpd::RoundTrip trip_;  ///< measured while a session is open
    CameraMeter meter_;
    CameraStream live_;

    camera::State state_ = camera::State::idle;
    camera::Holdback holdback_;
    record::SessionPtr session_;  ///< open; null between sessions
    std::int64_t session_began_ns_ = 0;
    std::uint64_t ended_serial_ = 0;   ///< the last ended session while it is finalised; 0: none
    std::optional<StartOrder> order_;  ///< of the last start_capture that was sent
    std::string capabilities_;         ///< JSON as sent
    camera::TimeUnit unit_ = camera::TimeUnit::ms;  ///< of its frames' timestamps
    std::optional<record::CloseCode> close_;
    std::string refusal_;               ///< why a start is refused, in words
    bool answer_when_opened_ = false;   ///< `started` waits for the session's id
    bool already_when_opened_ = false;  ///< so does `already_recording`
    bool already_differs_ = false;
    bool is_camera_ = false;
    bool probing_ = false;
    bool stalled_ = false;
    bool left_ = false;
    camera::Input over_because_ = camera::Input::disconnected;
    std::uint64_t messages_in_session_ = 0;
    std::int64_t reports_since_ns_ = 0;  ///< the second in which reports_ are counted
    int reports_ = 0;
    std::uint64_t bad_in_session_ = 0;
    std::int64_t bad_logged_ns_ = 0;

    loop::TimerId start_timer_ = 0;
    loop::TimerId stop_timer_ = 0;
    std::int64_t arrival_ns_ = 0;  ///< of the bytes being decoded
};

}  // namespace st::capture
