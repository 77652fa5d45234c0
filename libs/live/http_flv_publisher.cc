#include "live/http_flv_publisher.h"

#include "http/response.h"
#include "httpd/answers.h"
#include "live/live_http.h"

namespace st::live {
namespace {

int status_of(PublisherEnd why) {
    switch (why) {
        case PublisherEnd::done:
            return 200;
        case PublisherEnd::invalid:
            return 400;
        case PublisherEnd::silent:
        case PublisherEnd::slow:
            return 408;
        case PublisherEnd::replaced:
        case PublisherEnd::kicked:
            return 409;
        case PublisherEnd::shutdown:
            return 503;
    }
    return 400;
}

}  // namespace

HttpFlvPublisher::HttpFlvPublisher(Parts& parts, httpd::NetLoop& net,
                                   httpd::Admission::Ticket ticket,
                                   std::unique_ptr<loop::Transport> stream, http::BodyReader body,
                                   const std::string& peer)
    : parts_(parts),
      net_(net),
      ticket_(std::move(ticket)),
      stream_(std::move(stream)),
      account_(*stream_, parts.http_counters.memory,
               {[this] {
                    publisher_.end(PublisherEnd::slow,
                                   "a tag came too slowly while memory is short");
                },
                [this] {
                    stream_->close();
                    on_end("publisher left");
                }}),
      body_(std::move(body)),
      log_(parts.log.with("publisher").with(peer)),
      publisher_(parts.live.hub(), parts.live.delivery_of(net).executor(),
                 parts.options->takeover_after, log_, *this),
      ingest_(publisher_) {
    stream_->set_handler(*this);
}

HttpFlvPublisher::~HttpFlvPublisher() { net_.loop().cancel(silence_timer_); }

void HttpFlvPublisher::start(const std::string& path, const hub::PublisherInfo& info,
                             Request request) {
    request_ = std::move(request);
    account_.pause();  // until the path is ours
    log_ = log_.with_field("stream", path).with_field("peer", info.peer);
    publisher_.start(path, info, parts_.live.decide);
}

void HttpFlvPublisher::accept() {
    if (request_.expects_continue) stream_->send("HTTP/1.1 100 Continue\r\n\r\n");
    account_.resume();
    watch_silence(patience());
    const std::string pending = std::exchange(request_.pending, {});
    consume(as_bytes(pending));
    if (request_.input_over) end_body();
}

bool HttpFlvPublisher::on_half_end() {
    request_.input_over = true;
    end_body();
    return true;
}

/// A client may close its side behind the body (`nc -N`), so only a reset shows that one has left
/// while its body is not read.
void HttpFlvPublisher::on_hang_up(bool is_reset) {
    if (is_publishing()) return account_.on_hang_up();
    if (!is_reset || !publisher_.is_waiting()) return;
    stream_->close();
    on_end("publisher left");
}

/// The peer has sent all it will.
void HttpFlvPublisher::end_body() {
    if (!is_publishing()) return;
    if (body_.ends_with_connection()) return end_whole();
    publisher_.end(PublisherEnd::invalid, "the body breaks off before its end");
}

void HttpFlvPublisher::end_whole() {
    if (ingest_.is_whole()) return publisher_.end(PublisherEnd::done, "publisher left");
    publisher_.end(PublisherEnd::invalid, "the body ends in the middle of a tag");
}

/// A peer that vanished without a word is noticed as a silent camera is.
std::chrono::nanoseconds HttpFlvPublisher::patience() const {
    const httpd::Options times = *parts_.http_options.get();
    return times.ping_interval + times.ping_timeout;
}

void HttpFlvPublisher::watch_silence(std::chrono::nanoseconds left) {
    silence_timer_ = net_.loop().after(left, [this] {
        silence_timer_ = 0;
        if (!is_publishing()) return;
        if (!account_.is_read()) return watch_silence(patience());  // we are deaf ourselves
        const std::chrono::nanoseconds silent(net_.loop().now_ns() - stream_->last_input_ns());
        if (silent < patience()) return watch_silence(patience() - silent);
        publisher_.end(PublisherEnd::silent, "silent for too long");
    });
}

void HttpFlvPublisher::on_data(std::span<std::uint8_t> bytes) {
    if (publisher_.is_waiting()) {  // read before we asked to pause
        request_.pending.append(as_text(bytes));
        return;
    }
    consume(bytes);
}

void HttpFlvPublisher::consume(Bytes bytes) {
    const std::int64_t now_ns = net_.loop().now_ns();
    if (!bytes.empty()) publisher_.note_input(now_ns);
    account_.note_input(bytes.size());
    while (!bytes.empty() && is_publishing() && !body_.is_complete()) {
        const auto piece = body_.next(bytes);
        if (!piece) return publisher_.end(PublisherEnd::invalid, piece.error().message);
        bytes = bytes.subspan(piece->consumed);
        if (piece->data.empty()) continue;
        const auto fed = ingest_.feed(piece->data, now_ns);
        if (!fed) return publisher_.end(PublisherEnd::invalid, fed.error().message);
    }
    if (body_.is_complete() && is_publishing()) return end_whole();
    account();
}

void HttpFlvPublisher::account() {
    if (is_publishing()) account_.set(ingest_.held());
}

void HttpFlvPublisher::refuse(const Error& why) { answer(why.code, why.message); }

void HttpFlvPublisher::finish(PublisherEnd why, const std::string& reason) {
    net_.loop().cancel(std::exchange(silence_timer_, 0));
    answer(status_of(why), reason);
}

void HttpFlvPublisher::answer(int status, const std::string& message) {
    http::Response response;
    if (status == 200) {
        response.content_type = "application/json";
        response.body = "{\"ok\":true}";
    } else {
        response = httpd::error_response(status, message);
    }
    for (Field& field : cross_origin_fields(request_.origin)) {
        response.fields.push_back(std::move(field));
    }
    account_.close();
    stream_->send(http::encode_response(response, false));
    stream_->finish(httpd::kClosePatience);
}

void HttpFlvPublisher::on_end(std::string_view error) {
    net_.loop().cancel(std::exchange(silence_timer_, 0));
    account_.close();
    publisher_.leave(error.empty() ? "publisher left" : std::string(error));
    net_.loop().retire(std::shared_ptr<loop::Transport>(std::move(stream_)));
    net_.remove(*this);
}

}  // namespace st::live
