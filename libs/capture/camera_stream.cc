#include "capture/camera_stream.h"

#include "flv/metadata.h"

namespace st::capture {
namespace {

constexpr std::int64_t kRetryNs = 1'000'000'000;

}  // namespace

/// The registry of cameras decides who holds a name; the hub only needs a sign of life.
class CameraStream::Holder final : public hub::Publisher {
 public:
    explicit Holder(LinkPtr link) : link_(std::move(link)) {}
    void probe() override { link_->send(Probe{}); }
    void replaced() override {}
    void kicked() override { link_->send(Kick{}); }

 private:
    const LinkPtr link_;
};

bool CameraStream::hold_path(const std::string& name, std::int64_t now_ns) {
    if (publication_ && name == name_) return true;
    if (refused_ns_ != 0 && now_ns - refused_ns_ < kRetryNs) return false;
    end("renamed");
    if (!holder_) holder_ = std::make_shared<Holder>(link_);
    // Whoever had the name before is no camera any more: cameras' names are given out elsewhere.
    auto claimed = hub_.publish("/camera/" + name, holder_, {"camera", link_->peer, ""},
                                hub::Clock::bits_64, now_ns, hub::Hub::kAnybody);
    refused_ns_ = claimed ? 0 : now_ns;
    if (!claimed) return false;
    publication_ = std::move(*claimed);
    name_ = name;
    return true;
}

void CameraStream::feed(const std::string& name, const camera::Frame& frame,
                        const media::NalPeek& peek, std::int64_t now_ns) {
    if (!hold_path(name, now_ns)) return;
    holder_->last_input_ns.store(now_ns, std::memory_order_relaxed);
    if (publication_.is_wanted(now_ns)) {
        if (!is_feeding_) pictures_.restart();
        is_feeding_ = true;
        pictures_.feed(frame.payload, frame.timestamp_ms, made_);
        return push(now_ns);
    }
    is_feeding_ = false;
    publication_.pass(frame.payload.size(), peek.starts_picture, now_ns);
    if (!peek.sps && !peek.pps) return;
    pictures_.feed(frame.payload, frame.timestamp_ms, made_);
    made_.clear();
}

void CameraStream::push(std::int64_t now_ns) {
    for (media::Packet& packet : made_) {
        if (packet.is_config) {
            flv::StreamFacts facts;
            facts.has_video = true;
            facts.has_audio = false;
            facts.is_h264 = true;
            facts.encoder = "streamd camera";
            if (const media::Sps* sps = pictures_.sps()) {
                facts.width = sps->width;
                facts.height = sps->height;
            }
            media::Packet metadata;
            metadata.track = media::Track::metadata;
            metadata.codec = media::Codec::metadata;
            metadata.payload = flv::build_metadata(facts);
            publication_.push(std::move(metadata), now_ns);
        }
        publication_.push(std::move(packet), now_ns);
    }
    made_.clear();
}

void CameraStream::end(const std::string& reason) {
    if (is_feeding_) {
        pictures_.flush(made_);
        push(holder_->last_input_ns.load());
    }
    is_feeding_ = false;
    publication_.end(reason);
}

}  // namespace st::capture
