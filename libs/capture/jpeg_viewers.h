#pragma once
/// Who watches a JPEG camera: the console at /dev (WebSocket: pictures and words out, commands in)
/// and multipart/x-mixed-replace at /mjpeg/<name>. Each lives on its own network loop; a viewer
/// that is slower than the camera misses pictures.
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "auth/access.h"
#include "capture/jpeg_streams.h"
#include "httpd/net_loop.h"
#include "httpd/router.h"
#include "httpd/websocket.h"
#include "loop/transport.h"

namespace st::capture {

struct Parts;

/// What both do alike: pictures and words come on the camera's loop and are sent on the viewer's.
class JpegViewer : public httpd::Connection,
                   public JpegStreams::Viewer,
                   public std::enable_shared_from_this<JpegViewer> {
 public:
    void on_picture(const SharedBuffer& jpeg) override;
    void on_words(const std::string& text) override;
    void on_camera_gone() override;

 protected:
    explicit JpegViewer(httpd::NetLoop& net) : net_(net) {}
    virtual void send_picture(const SharedBuffer& jpeg) = 0;
    virtual void send_words(const std::string& text) = 0;
    virtual void end() = 0;

    httpd::NetLoop& net_;

 private:
    static constexpr unsigned kPostedMax = 2;
    void post(std::function<void(JpegViewer&)> task);
    std::atomic<unsigned> posted_{0};
};

class JpegConsole final : public JpegViewer, public httpd::WebSocketHandler {
 public:
    JpegConsole(const Parts& parts, httpd::Handover handover, const httpd::Request& request);
    void start(const std::string& pending);

    void shut_down() override;
    void on_binary(Buffer /*message*/) override {}
    void on_text(const std::string& text) override;
    void on_over(std::uint16_t code, const std::string& reason) override;
    void on_gone() override;

 private:
    void send_picture(const SharedBuffer& jpeg) override;
    void send_words(const std::string& text) override;
    void end() override;

    const Parts& parts_;
    httpd::Admission::Ticket ticket_;
    const auth::Facts facts_;
    const std::string name_;  ///< "": the camera that came last
    std::unique_ptr<httpd::WebSocket> socket_;
};

class MultipartViewer final : public JpegViewer, public loop::StreamHandler {
 public:
    explicit MultipartViewer(httpd::Handover handover);
    void start(JpegStreams& streams, const std::string& name);

    void shut_down() override { end(); }
    void on_data(std::span<std::uint8_t> /*bytes*/) override {}
    void on_end(std::string_view error) override;

 private:
    void send_picture(const SharedBuffer& jpeg) override;
    void send_words(const std::string& /*text*/) override {}
    void end() override;

    httpd::Admission::Ticket ticket_;
    std::unique_ptr<loop::Transport> stream_;
};

}  // namespace st::capture
