#include "live/ws_flv_publisher.h"

#include "httpd/refusal.h"

namespace st::live {

WsFlvPublisher::WsFlvPublisher(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                               std::unique_ptr<loop::Transport> stream, std::string upgrade_answer,
                               const std::string& peer)
    : parts_(parts),
      net_(net),
      ticket_(std::move(ticket)),
      stream_(std::move(stream)),
      upgrade_answer_(std::move(upgrade_answer)),
      log_(parts.log.with("publisher").with(peer)),
      publisher_(parts.live.hub(), parts.live.delivery_of(net).executor(),
                 parts.options->takeover_after, log_, *this),
      ingest_(publisher_) {
    stream_->set_handler(*this);
}

void WsFlvPublisher::start(const std::string& path, const hub::PublisherInfo& info,
                           std::string pending) {
    pending_ = std::move(pending);
    stream_->pause_reading();  // until the path is ours
    log_ = log_.with_field("stream", path).with_field("peer", info.peer);
    publisher_.start(path, info, parts_.live.decide);
}

void WsFlvPublisher::accept() {
    stream_->send(upgrade_answer_);
    const httpd::Options times = *parts_.http_options.get();
    socket_ = std::make_unique<httpd::WebSocket>(
        std::move(stream_), ws::Limits{parts_.options->message_bytes_max, httpd::kTextBytesMax},
        httpd::WebSocket::Times{times.ping_interval, times.ping_timeout}, parts_.http_counters,
        log_, *this);
    const std::string pending = std::exchange(pending_, {});
    socket_->start(as_bytes(pending));
}

void WsFlvPublisher::refuse(const Error& why) {
    stream_->send(share(httpd::encode_refusal(why.code, why.message, upgrade_answer_.empty())));
    stream_->finish(httpd::kClosePatience);
}

void WsFlvPublisher::probe() {
    if (socket_) socket_->send_ping("probe");
}

void WsFlvPublisher::finish(PublisherEnd why, const std::string& reason) {
    socket_->close(why == PublisherEnd::invalid ? ws::kCloseUnsupported : ws::kCloseGoingAway,
                   reason);
}

void WsFlvPublisher::on_binary(Buffer message) {
    const auto fed = ingest_.feed(message.bytes(), net_.loop().now_ns());
    if (!fed) return publisher_.end(PublisherEnd::invalid, fed.error().message);
    if (publisher_.state() == Publisher::State::publishing) socket_->hold(ingest_.held());
}

void WsFlvPublisher::on_input() { publisher_.note_input(net_.loop().now_ns()); }

void WsFlvPublisher::on_over(std::uint16_t code, const std::string& reason) {
    const bool left = code == ws::kCloseNormal || code == ws::kCloseNoCode || reason.empty();
    publisher_.leave(left ? "publisher left" : reason);
}

void WsFlvPublisher::on_gone() {
    net_.loop().retire(std::shared_ptr<httpd::WebSocket>(std::move(socket_)));
    net_.remove(*this);
}

void WsFlvPublisher::on_data(std::span<std::uint8_t> bytes) { pending_.append(as_text(bytes)); }

void WsFlvPublisher::on_end(std::string_view /*error*/) {
    publisher_.leave("publisher left");
    net_.loop().retire(std::shared_ptr<loop::Transport>(std::move(stream_)));
    net_.remove(*this);
}

void WsFlvPublisher::on_hang_up(bool /*is_reset*/) {
    if (!stream_ || !publisher_.is_waiting()) return;
    stream_->close();
    on_end({});
}

}  // namespace st::live
