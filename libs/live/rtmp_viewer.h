#pragma once
/// A viewer on one message stream of an RTMP connection. Lives on its loop.
#include "live/rtmp_connection.h"
#include "live/viewer.h"

namespace st::live {

class RtmpViewer final : public ViewerTransport {
 public:
    RtmpViewer(RtmpConnection& connection, const rtmp::Play& play);
    ~RtmpViewer() override;

    std::uint32_t stream_id() const { return stream_id_; }
    void start(const std::string& path, const hub::ViewerInfo& info);
    /// A live stream cannot wait: a viewer that goes on has missed what came and begins at the next
    /// key frame. It stays in the stream meanwhile, to be told of its end.
    void pause(bool is_paused);
    void choose(rtmp::Wanted wanted);
    void on_drained() { viewer_.on_drained(); }
    void leave(const std::string& reason) { viewer_.leave(reason); }
    void shut_down() { viewer_.shut_down(); }

 private:
    bool announces_tracks() const override { return false; }
    void accept(hub::Tracks tracks, const std::string& why_waiting) override;
    void refuse(const Error& why) override;
    void finish(ViewerEnd why, const std::string& words) override;
    void say_waiting(const std::string& why) override;
    void note_publisher(bool is_there) override {
        if (!is_there) say_waiting("no publisher");
    }
    void begin() override;
    void send(std::span<const SharedBuffer> wires) override;
    std::size_t queued_bytes() const override { return stream_.queued_bytes(); }
    std::uint64_t bytes_taken() const override { return stream_.bytes_out(); }

    RtmpConnection& connection_;
    loop::Transport& stream_;  ///< the connection's: asked for each packet, one look nearer
    const std::uint32_t stream_id_;
    hub::Tracks wanted_;
    void end_after(std::chrono::nanoseconds delay);
    bool is_past_end(const SharedBuffer& wire);

    const std::optional<double> seconds_;    ///< as asked
    std::optional<std::uint32_t> first_ms_;  ///< of the stream, where they began
    hub::TimerId end_timer_ = 0;             ///< a stream that stands still does not hold them up
    bool is_paused_ = false;
    Viewer viewer_;
};

}  // namespace st::live
