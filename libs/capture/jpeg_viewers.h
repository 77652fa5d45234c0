#pragma once
/// Who watches a JPEG camera: the console at /dev (WebSocket: pictures and words out, commands in)
/// and multipart/x-mixed-replace at /mjpeg/<name>. Each lives on its own network loop; a viewer
/// that is slower than the camera misses pictures.
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "capture/jpeg_streams.h"
#include "httpd/lasting_access.h"
#include "httpd/net_loop.h"
#include "httpd/router.h"
#include "httpd/websocket.h"
#include "hub/hub.h"
#include "loop/transport.h"

namespace st::capture {

struct Parts;

/// What both do alike: each is asked about and admitted as every viewer is; pictures and words come
/// on the camera's loop and are sent on the viewer's.
///
///     apart --> deciding --> watching --> apart (its camera has gone) or over
class JpegViewer : public httpd::Connection,
                   public JpegStreams::Viewer,
                   public std::enable_shared_from_this<JpegViewer> {
 public:
    void on_picture(const SharedBuffer& jpeg) override;
    void on_words(const std::string& text) override;
    void on_camera_gone() override;
    void on_renamed(const std::string& name) override;
    void on_camera(const JpegStreams::Found& camera) override;

 protected:
    JpegViewer(const Parts& parts, httpd::NetLoop& net, hub::ViewerInfo info);

    /// Asks whether it may watch that camera, and does so then.
    void join(const JpegStreams::Found& camera);
    /// Instead of watching; nothing, if it is over already.
    void turn_away(const Error& why);
    /// It gets nothing any more. `reason` is for the event.
    void leave(const std::string& reason);
    bool is_watching() const { return state_ == State::watching; }
    const JpegStreams::Found& camera() const { return camera_; }

    /// It may: pictures follow.
    virtual void accept() = 0;
    /// It may not. Nothing follows.
    virtual void refuse(const Error& why) = 0;
    /// The conversation ends; a WebSocket says `code`.
    virtual void end(std::uint16_t code, const std::string& words) = 0;
    virtual void camera_gone() = 0;
    virtual void renamed(const std::string& /*name*/) {}
    virtual void camera_there(const JpegStreams::Found& /*camera*/) {}
    virtual void send_picture(const SharedBuffer& jpeg) = 0;
    virtual void send_words(const std::string& text) = 0;
    /// Of what was sent, what still waits for the socket; what that took so far.
    virtual std::size_t queued_bytes() const = 0;
    virtual std::uint64_t bytes_taken() const = 0;

    const Parts& parts_;
    httpd::NetLoop& net_;

 private:
    enum class State : std::uint8_t { apart, deciding, watching, over };

    static constexpr unsigned kPostedMax = 2;
    void post(std::function<void(JpegViewer&)> task);
    std::string path() const { return "/camera/" + camera_.name; }
    void on_decided(const Result<void>& may);
    Result<void> admit();
    void enter();
    void take_new_name(const std::string& name);
    void lose_camera();
    void pass_on(const SharedBuffer& jpeg);
    /// Nothing is taken any more: the place is another's.
    bool is_stuck();

    const hub::ViewerInfo info_;
    State state_ = State::apart;
    JpegStreams::Found camera_;
    hub::Guest guest_;
    std::uint64_t taken_ = 0;    ///< by the socket, when last looked at
    std::int64_t taken_ns_ = 0;  ///< when that last grew
    std::atomic<unsigned> posted_{0};
    std::atomic<std::uint64_t> missed_{0};  ///< pictures that were not posted
};

class JpegConsole final : public JpegViewer,
                          public httpd::WebSocketHandler,
                          public loop::StreamHandler {
 public:
    JpegConsole(const Parts& parts, httpd::Handover handover, const httpd::Request& request);
    void start();

    void shut_down() override;
    void on_binary(Buffer /*message*/) override {}
    void on_text(const std::string& text) override;
    void on_over(std::uint16_t code, const std::string& reason) override;
    void on_gone() override;

    // Until it is accepted.
    void on_data(std::span<std::uint8_t> bytes) override;
    void on_end(std::string_view error) override;
    void on_hang_up(bool is_reset) override;

 private:
    void accept() override;
    void refuse(const Error& why) override;
    void end(std::uint16_t code, const std::string& words) override;
    void camera_gone() override;
    void renamed(const std::string& name) override;
    void camera_there(const JpegStreams::Found& camera) override;
    void send_picture(const SharedBuffer& jpeg) override;
    void send_words(const std::string& text) override;
    std::size_t queued_bytes() const override { return socket_ ? socket_->queued_bytes() : 0; }
    std::uint64_t bytes_taken() const override { return socket_ ? socket_->bytes_taken() : 0; }

    bool look_for_camera();
    void say(const std::string& text);

    httpd::Admission::Ticket ticket_;
    std::unique_ptr<loop::Transport> stream_;  ///< until it is accepted
    std::string upgrade_answer_;
    std::string pending_;
    const std::string peer_;
    httpd::LastingAccess control_;
    std::string wanted_;  ///< "": the camera that came last
    std::unique_ptr<httpd::WebSocket> socket_;
};

class MultipartViewer final : public JpegViewer, public loop::StreamHandler {
 public:
    MultipartViewer(const Parts& parts, httpd::Handover handover, const httpd::Request& request);
    void start(const std::string& name);

    void shut_down() override;
    void on_data(std::span<std::uint8_t> /*bytes*/) override {}
    void on_end(std::string_view error) override;

 private:
    void accept() override;
    void refuse(const Error& why) override;
    void end(std::uint16_t code, const std::string& words) override;
    void camera_gone() override;
    void send_picture(const SharedBuffer& jpeg) override;
    void send_words(const std::string& /*text*/) override {}
    std::size_t queued_bytes() const override { return stream_ ? stream_->queued_bytes() : 0; }
    std::uint64_t bytes_taken() const override { return stream_ ? stream_->bytes_out() : 0; }

    httpd::Admission::Ticket ticket_;
    std::unique_ptr<loop::Transport> stream_;
    const bool is_head_;
    bool is_accepted_ = false;
};

}  // namespace st::capture
