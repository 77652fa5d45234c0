#pragma once
/// What an RTMP connection does on one of its message streams: watch or publish. Only for
/// rtmp_connection.cc; lives on its loop.
#include <memory>
#include <string>

#include "flv/inlet.h"
#include "hub/hub.h"
#include "live/publish_claim.h"
#include "live/publisher_link.h"
#include "live/rtmp_connection.h"

namespace st::live {

/// Waits for the stream as long as LiveOptions say, then is told that there is none.
class RtmpConnection::Viewing final : public hub::Viewer {
 public:
    Viewing(RtmpConnection& connection, std::uint32_t stream_id, rtmp::Wanted wanted)
        : connection_(connection),
          stream_(*connection.stream_),
          stream_id_(stream_id),
          wanted_{wanted.video, wanted.audio} {}

    std::uint32_t stream_id() const { return stream_id_; }
    void join(const std::string& path, const hub::ViewerInfo& info);
    /// A live stream cannot wait: one who goes on has missed what came, and begins at the next key
    /// frame. He stays in it meanwhile, to be told of its end.
    void pause(bool is_paused);
    void choose(rtmp::Wanted wanted);
    void leave(const std::string& reason);
    void on_drained(std::int64_t now_ns);

    void begin(hub::Tracks tracks) override;
    void send(std::span<const SharedBuffer> wires) override;
    std::size_t queued_bytes() const override { return stream_.queued_bytes(); }
    std::uint64_t bytes_taken() const override { return stream_.bytes_out(); }
    void end(hub::EndReason reason) override;

 private:
    void wait();
    void on_wait_over();
    void stop_waiting();

    RtmpConnection& connection_;
    loop::Transport& stream_;  ///< the connection's: asked for each packet, one look nearer
    const std::uint32_t stream_id_;
    hub::Tracks wanted_;
    bool is_paused_ = false;
    std::string path_;
    hub::Subscription subscription_;
    loop::TimerId wait_timer_ = 0;
};

class RtmpConnection::Publishing final : public PublishingConnection,
                                         public std::enable_shared_from_this<Publishing> {
 public:
    Publishing(RtmpConnection& connection, std::uint32_t stream_id)
        : connection_(&connection), stream_id_(stream_id) {}

    std::uint32_t stream_id() const { return stream_id_; }
    /// Its path may still be another one's.
    bool is_waiting() const { return claim_ != nullptr; }
    /// The session is answered now or when the path is free. Nothing is read meanwhile.
    void ask(const std::string& path, const hub::PublisherInfo& info);
    void push(media::Packet packet, std::int64_t now_ns) {
        if (auto config = inlet_.admit(packet)) publication_.push(std::move(*config), now_ns);
        publication_.push(std::move(packet), now_ns);
    }
    void note_input(std::int64_t now_ns) {
        if (link_) link_->last_input_ns.store(now_ns, std::memory_order_relaxed);
    }
    void leave(const std::string& reason);

    void probe() override;
    void dismiss(const char* reason) override;

 private:
    void on_claimed(Result<hub::Publication> claimed);

    RtmpConnection* connection_;  ///< null once it left
    const std::uint32_t stream_id_;
    std::shared_ptr<PublisherLink> link_;
    std::unique_ptr<PublishClaim> claim_;  ///< until it is decided
    flv::Inlet inlet_;
    hub::Publication publication_;
};

}  // namespace st::live
