#include "live/rtmp_uses.h"

#include "live/live.h"
#include "rtmp/chunk_writer.h"

namespace st::live {

void RtmpConnection::Viewing::join(const std::string& path, const hub::ViewerInfo& info) {
    path_ = path;
    Live& live = connection_.parts_.live;
    auto joined = live.hub().subscribe(path_, live.lane_of(connection_.net_),
                                       static_cast<hub::FormId>(Form::rtmp), *this, info);
    if (!joined) return connection_.refuse_play(stream_id_, joined.error());
    subscription_ = std::move(*joined);
    subscription_.choose(wanted_);
    wait();
    subscription_.start(connection_.net_.loop().now_ns());
}

void RtmpConnection::Viewing::wait() {
    wait_timer_ = connection_.net_.loop().after(connection_.parts_.live.options().wait,
                                                [this] { on_wait_over(); });
}

void RtmpConnection::Viewing::stop_waiting() {
    connection_.net_.loop().cancel(std::exchange(wait_timer_, 0));
}

/// A publisher who has not sent a key frame yet is waited for as long as he is there.
void RtmpConnection::Viewing::on_wait_over() {
    wait_timer_ = 0;
    const hub::StreamPtr stream = connection_.parts_.live.hub().find(path_);
    if (stream && stream->is_live()) return wait();
    connection_.refuse_play(stream_id_, Error{"no stream at " + path_, 404});
}

void RtmpConnection::Viewing::begin(hub::Tracks /*tracks*/) {
    stop_waiting();
    connection_.session_.accept_play(stream_id_);
    connection_.flush();
}

void RtmpConnection::Viewing::send(std::span<const SharedBuffer> wires) {
    if (stream_id_ == rtmp::kFirstStreamId) return stream_.send(wires);
    for (const SharedBuffer& wire : wires) {
        if (wire->empty()) continue;
        stream_.send(share(rtmp::readdress(wire->bytes(), stream_id_)));
    }
}

void RtmpConnection::Viewing::end(hub::EndReason reason) {
    RtmpConnection& connection = connection_;
    if (!subscription_.has_begun() && reason == hub::EndReason::ended) {
        return connection.refuse_play(stream_id_, Error{"no stream at " + path_, 404});
    }
    connection.session_.end_play(stream_id_, hub::to_text(reason));
    connection.flush();
    connection.end_viewing(stream_id_, hub::to_text(reason));
    connection.close_if_unused(hub::to_text(reason));
}

void RtmpConnection::Viewing::pause(bool is_paused) {
    is_paused_ = is_paused;
    if (subscription_) subscription_.choose(is_paused ? hub::Tracks{} : wanted_);
}

void RtmpConnection::Viewing::choose(rtmp::Wanted wanted) {
    wanted_ = {wanted.video, wanted.audio};
    if (subscription_ && !is_paused_) subscription_.choose(wanted_);
}

void RtmpConnection::Viewing::leave(const std::string& reason) {
    stop_waiting();
    subscription_.leave(reason);
}

void RtmpConnection::Viewing::on_drained(std::int64_t now_ns) {
    if (subscription_) subscription_.on_drained(now_ns);
}

void RtmpConnection::Publishing::ask(const std::string& path, const hub::PublisherInfo& info) {
    Parts& parts = connection_->parts_;
    loop::EventLoop& loop = connection_->net_.loop();
    link_ = std::make_shared<PublisherLink>(connection_->net_, weak_from_this());
    claim_ = std::make_unique<PublishClaim>(parts.live, loop, parts.options->takeover_after);
    claim_->watch(*connection_->stream_);
    connection_->stream_->pause_reading();  // what comes now is not to be lost, nor kept for long
    claim_->ask(path, link_, info, hub::Clock::bits_32,
                [this](Result<hub::Publication> claimed) { on_claimed(std::move(claimed)); });
}

void RtmpConnection::Publishing::on_claimed(Result<hub::Publication> claimed) {
    RtmpConnection& connection = *connection_;
    claim_.reset();
    connection.read_on();
    if (!claimed) return connection.refuse_publish(stream_id_, claimed.error());
    publication_ = std::move(*claimed);
    connection.session_.accept_publish(stream_id_);
    connection.flush();
    connection.watch_silence();
    // What was kept until now, once nobody is in the middle of a call.
    connection.net_.loop().post([weak = connection.weak_from_this()] {
        if (const auto self = weak.lock()) self->process();
    });
}

void RtmpConnection::Publishing::leave(const std::string& reason) {
    claim_.reset();
    connection_ = nullptr;
    publication_.end(reason);
}

void RtmpConnection::Publishing::probe() {
    if (connection_ == nullptr) return;
    connection_->session_.ping(
        static_cast<std::uint32_t>(connection_->net_.loop().now_ns() / 1'000'000));
    connection_->flush();
}

void RtmpConnection::Publishing::dismiss(const char* reason) {
    if (connection_ == nullptr) return;
    RtmpConnection& connection = *connection_;
    connection.log_.warning(std::string("publish ended: ") + reason);
    // BadName means to encoders that somebody else has it.
    const bool is_taken = std::string_view(reason) == "replaced";
    connection.session_.end_publish(
        stream_id_, is_taken ? "NetStream.Publish.BadName" : "NetStream.Publish.Rejected", reason);
    connection.flush();
    connection.end_publishing(stream_id_, reason);
    connection.close_if_unused(reason);
}

}  // namespace st::live
