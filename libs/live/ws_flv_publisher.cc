#include "live/ws_flv_publisher.h"

#include "httpd/refusal.h"

namespace st::live {

WsFlvPublisher::WsFlvPublisher(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                               std::unique_ptr<loop::Transport> stream, std::string upgrade_answer)
    : parts_(parts),
      net_(net),
      ticket_(std::move(ticket)),
      stream_(std::move(stream)),
      upgrade_answer_(std::move(upgrade_answer)) {
    stream_->set_handler(*this);
}

void WsFlvPublisher::start(const std::string& path, const hub::PublisherInfo& info,
                           std::string pending) {
    log_ = parts_.log.with("publisher").with(info.peer).with(path);
    pending_ = std::move(pending);
    stream_->pause_reading();  // until the path is ours
    link_ = std::make_shared<PublisherLink>(net_, weak_from_this());
    claim_ =
        std::make_unique<PublishClaim>(parts_.live, net_.loop(), parts_.options->takeover_after);
    claim_->watch(*stream_);
    claim_->ask(path, link_, info, hub::Clock::bits_32,
                [this](Result<hub::Publication> claimed) { on_claimed(std::move(claimed)); });
}

void WsFlvPublisher::on_claimed(Result<hub::Publication> claimed) {
    if (!stream_) return;
    if (!claimed) {
        const Error& why = claimed.error();
        log_.warning("refused: " + why.message);
        stream_->send(share(httpd::encode_refusal(why.code, why.message, upgrade_answer_.empty())));
        stream_->finish(httpd::kClosePatience);
        return;
    }
    ingest_ = std::make_unique<FlvIngest>(std::move(*claimed), link_);
    stream_->send(upgrade_answer_);
    const httpd::Options options = *parts_.http_options.get();
    const std::size_t message_max = parts_.options->message_bytes_max;
    socket_ = std::make_unique<httpd::WebSocket>(
        std::move(stream_), ws::Limits{message_max, httpd::kTextBytesMax},
        httpd::WebSocket::Times{options.ping_interval, options.ping_timeout}, parts_.http_counters,
        log_, *this);
    const std::string pending = std::exchange(pending_, {});
    socket_->start(as_bytes(pending));
}

void WsFlvPublisher::on_binary(Buffer message) {
    const auto fed = ingest_->feed(message.bytes(), net_.loop().now_ns());
    if (!fed) socket_->close(ws::kCloseUnsupported, fed.error().message);
}

void WsFlvPublisher::on_text(const std::string& /*text*/) {}  // allowed, and without effect

void WsFlvPublisher::on_input() { link_->last_input_ns.store(net_.loop().now_ns()); }

void WsFlvPublisher::probe() {
    if (socket_) socket_->send_ping("probe");
}

void WsFlvPublisher::dismiss(const char* reason) {
    if (socket_) socket_->close(ws::kCloseGoingAway, reason);
}

void WsFlvPublisher::shut_down() {
    if (socket_) return socket_->close(ws::kCloseGoingAway, "the server ends");
    stream_->finish(httpd::kClosePatience);
}

void WsFlvPublisher::on_over(std::uint16_t code, const std::string& reason) {
    const bool left = code == ws::kCloseNormal || code == ws::kCloseNoCode || reason.empty();
    ingest_->publication().end(left ? "publisher left" : reason);
    if (ingest_->bad_tags() > 0) {
        log_.warning(std::to_string(ingest_->bad_tags()) +
                     " tags could not be used: " + ingest_->last_bad());
    }
}

void WsFlvPublisher::on_gone() {
    net_.loop().retire(std::shared_ptr<httpd::WebSocket>(std::move(socket_)));
    net_.remove(*this);
}

void WsFlvPublisher::on_data(std::span<std::uint8_t> bytes) { pending_.append(as_text(bytes)); }

void WsFlvPublisher::on_end(std::string_view /*error*/) {
    claim_.reset();
    net_.loop().retire(std::shared_ptr<loop::Transport>(std::move(stream_)));
    net_.remove(*this);
}

}  // namespace st::live
