#include "capture/camera_stream.h"

#include <chrono>

#include "flv/metadata.h"

namespace st::capture {
namespace {

constexpr std::int64_t kRetryNs = 1'000'000'000;
/// A picture is whole if nothing more of it came for so long.
constexpr std::int64_t kWholeNs = 200'000'000;
constexpr std::chrono::milliseconds kLook{100};
constexpr unsigned kQuietLooks = 3;

}  // namespace

/// The registry of cameras decides who holds a name; the hub only needs a sign of life.
class CameraStream::Holder final : public hub::Publisher {
 public:
    explicit Holder(LinkPtr link) : link_(std::move(link)) {}
    void probe() override { link_->send(Probe{}); }
    void replaced() override {}
    void kicked(const std::string& by) override { link_->send(Kick{by}); }
    void wanted() override { link_->send(Watched{}); }

 private:
    const LinkPtr link_;
};

bool CameraStream::hold_path(const std::string& name, std::int64_t now_ns) {
    if (publication_ && name == name_) return true;
    if (refused_ns_ != 0 && now_ns - refused_ns_ < kRetryNs) return false;
    leave_path("renamed");
    if (!holder_) holder_ = std::make_shared<Holder>(link_);
    // Whoever had the name before is no camera any more: cameras' names are given out elsewhere.
    auto claimed = hub_.publish("/camera/" + name, holder_, {"camera", link_->peer, ""},
                                is_paced_ ? hub::Clock::paced : hub::Clock::bits_64, now_ns,
                                hub::Hub::kAnybody);
    refused_ns_ = claimed ? 0 : now_ns;
    if (!claimed) return false;
    publication_ = std::move(*claimed);
    name_ = name;
    return true;
}

void CameraStream::feed(const std::string& name, const camera::Frame& frame, SharedBuffer message,
                        const media::NalPeek& peek, std::int64_t now_ns) {
    if (!hold_path(name, now_ns)) return;
    holder_->last_input_ns.store(now_ns, std::memory_order_relaxed);
    begin_feeding(now_ns);
    if (peek.has_picture_bytes()) {
        fed_ns_ = now_ns;
        quiet_looks_ = 0;
    }
    const bool begins = kept_.begins(peek);
    // What the hub keeps is given up for a key frame only: until then nobody could begin with what
    // is kept here instead.
    if (is_feeding_ && begins && !publication_.is_wanted(now_ns)) {
        stop_feeding();
        publication_.pause();
    }
    const std::uint64_t time_ms = clock_.to_ms(frame.timestamp_ms);
    KeptFrame kept{std::move(message), frame.payload, time_ms, now_ns};
    if (is_feeding_) {
        kept_.pass(std::move(kept), peek);
    } else {
        kept_.add(std::move(kept), peek);
    }
    publication_.count(
        {frame.payload.size(), peek.starts_picture, begins, kept_.size(), kept_.bytes(), now_ns});
    await_age();
    if (!is_feeding_) {
        if (peek.sps || peek.pps) pictures_.learn(frame.payload);
        return;
    }
    feed_pictures(frame.payload, time_ms);
    push(now_ns);
    await_rest();
    if (const auto taken = clock_.instant_of(frame.timestamp_ms, now_ns)) {
        publication_.note_instant(time_ms, {taken->wall_us, taken->bound_us});
    }
}

void CameraStream::feed_pictures(Bytes payload, std::uint64_t time_ms) {
    pictures_.feed(payload, time_ms, made_);
    charge();
    if (pictures_.unusable() == unusable_) return;
    unusable_ = pictures_.unusable();
    publication_.note_unusable("H.264: a slice without the beginning of its picture");
}

void CameraStream::stop_feeding() {
    is_feeding_ = false;
    pictures_.restart();
    charge();
}

void CameraStream::charge() {
    if (pictures_.held_bytes() == charged_bytes_) return;
    charged_bytes_ = pictures_.held_bytes();
    charge_ = MemoryBudget::Charge(hub_.memory().budget(), charged_bytes_);
}

void CameraStream::give_kept(std::int64_t now_ns) {
    if (!begin_feeding(now_ns)) return;
    if (now_ns - fed_ns_ >= kWholeNs && is_caught_up_()) give_held(hub::Coming::kept);
    await_rest();
}

/// If somebody watches, and it was not so before: true.
bool CameraStream::begin_feeding(std::int64_t now_ns) {
    if (is_feeding_ || !publication_ || !publication_.is_wanted(now_ns)) return false;
    is_feeding_ = true;
    pictures_.restart();
    for (const KeptFrame& frame : kept_.take()) {
        feed_pictures(frame.payload, frame.timestamp_ms);
        push(frame.arrival_ns, hub::Coming::kept);
    }
    return true;
}

/// The next picture, which shows that this one is whole, may be far away. Between two looks sockets
/// are read: if it is us who were late, the rest comes before the last one. A large message that
/// comes slowly may be the rest, and so may what is not read yet.
void CameraStream::await_rest() {
    if (!pictures_.is_holding() || rest_timer_ != 0) return;
    rest_timer_ = timers_.after(kLook, [this] {
        rest_timer_ = 0;
        quiet_looks_ = is_caught_up_() ? quiet_looks_ + 1 : 0;
        if (quiet_looks_ >= kQuietLooks) give_held(hub::Coming::measured);
        await_rest();
    });
}

void CameraStream::give_held(hub::Coming coming) {
    pictures_.flush(made_);
    push(fed_ns_, coming);
}

/// Of a camera that goes on sending, what is kept is bounded by its times; of what the hub keeps,
/// by the hub.
void CameraStream::await_age() {
    if (age_timer_ != 0 || kept_.empty()) return;
    const std::int64_t age_ns = hub_.options().gop.age_ms * 1'000'000;
    const std::int64_t left_ns = age_ns - (timers_.clock_ns() - fed_ns_);
    age_timer_ = timers_.after(std::chrono::nanoseconds(left_ns), [this, age_ns] {
        age_timer_ = 0;
        if (timers_.clock_ns() - fed_ns_ < age_ns) return await_age();
        kept_.expire();
    });
}

CameraStream::~CameraStream() {
    timers_.cancel(rest_timer_);
    timers_.cancel(age_timer_);
}

void CameraStream::push(std::int64_t now_ns, hub::Coming coming) {
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
            publication_.push(std::move(metadata), now_ns, coming);
        }
        publication_.push(std::move(packet), now_ns, coming);
    }
    made_.clear();
}

void CameraStream::leave_path(const std::string& reason) {
    if (is_feeding_) {
        give_held(hub::Coming::measured);
        stop_feeding();
    }
    publication_.end(reason);
}

void CameraStream::end(const std::string& reason) {
    leave_path(reason);
    kept_.forget();  // nobody will watch it, and another capture begins anew
}

}  // namespace st::capture
