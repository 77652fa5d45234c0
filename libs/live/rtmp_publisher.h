#pragma once
/// A publisher on one message stream of an RTMP connection. Lives on its loop.
#include "live/publisher.h"
#include "live/rtmp_connection.h"

namespace st::live {

class RtmpPublisher final : public PublisherTransport {
 public:
    RtmpPublisher(RtmpConnection& connection, std::uint32_t stream_id);

    std::uint32_t stream_id() const { return stream_id_; }
    /// Nothing is read from the connection while it waits for its path.
    bool is_waiting() const { return publisher_.is_waiting(); }
    void start(const std::string& path, const hub::PublisherInfo& info);
    void note_input(std::int64_t now_ns) { publisher_.note_input(now_ns); }
    void push(media::Packet packet, std::int64_t now_ns) {
        publisher_.push(std::move(packet), now_ns);
    }
    std::size_t held_bytes() const { return publisher_.held_bytes(); }
    void note_unusable(const std::string& why) { publisher_.note_unusable(why); }
    void leave(const std::string& reason) { publisher_.leave(reason); }
    void shut_down() { publisher_.shut_down(); }

 private:
    void accept() override;
    void refuse(const Error& why) override;
    void probe() override;
    void finish(PublisherEnd why, const std::string& reason) override;
    void on_flushed() override { connection_.account(); }

    RtmpConnection& connection_;
    const std::uint32_t stream_id_;
    Publisher publisher_;
};

}  // namespace st::live
