#include "live/http_flv_publisher.h"

#include "base/clock.h"
#include "http/response.h"
#include "httpd/answers.h"

namespace st::live {

HttpFlvPublisher::HttpFlvPublisher(Parts& parts, httpd::NetLoop& net,
                                   httpd::Admission::Ticket ticket,
                                   std::unique_ptr<loop::Transport> stream, http::BodyReader body)
    : parts_(parts),
      net_(net),
      ticket_(std::move(ticket)),
      stream_(std::move(stream)),
      body_(std::move(body)) {
    stream_->set_handler(*this);
}

void HttpFlvPublisher::start(const std::string& path, const hub::PublisherInfo& info,
                             bool expects_continue, std::string pending, bool input_over) {
    input_over_ = input_over;
    log_ = parts_.log.with("publisher").with(info.peer).with(path);
    pending_ = std::move(pending);
    stream_->pause_reading();  // until the path is ours
    link_ = std::make_shared<PublisherLink>(net_, weak_from_this());
    claim_ =
        std::make_unique<PublishClaim>(parts_.live, net_.loop(), parts_.options->takeover_after);
    claim_->ask(path, link_, info, hub::Clock::bits_32,
                [this, expects_continue](Result<hub::Publication> claimed) {
                    on_claimed(std::move(claimed), expects_continue);
                });
}

void HttpFlvPublisher::on_claimed(Result<hub::Publication> claimed, bool expects_continue) {
    if (is_over_) return;
    if (!claimed) return finish(claimed.error().code, claimed.error().message);
    ingest_ = std::make_unique<FlvIngest>(std::move(*claimed), link_);
    if (expects_continue) stream_->send("HTTP/1.1 100 Continue\r\n\r\n");
    stream_->resume_reading();
    watch_silence(patience());
    const std::string pending = std::exchange(pending_, {});
    consume(as_bytes(pending));
    if (input_over_) end_body();
}

bool HttpFlvPublisher::on_half_end() {
    input_over_ = true;
    if (ingest_) end_body();
    return true;
}

/// The peer has said all it will.
void HttpFlvPublisher::end_body() {
    if (is_over_) return;
    if (!body_.ends_with_connection()) return finish(400, "the body breaks off before its end");
    finish_whole();
}

void HttpFlvPublisher::finish_whole() {
    if (!ingest_->is_whole()) return finish(400, "the body ends in the middle of a tag");
    finish(200, "publisher left");
}

/// A peer that vanished without a word is noticed as a silent camera is.
std::chrono::nanoseconds HttpFlvPublisher::patience() const {
    const httpd::Options camera = *parts_.http_options.get();
    return camera.ping_interval + camera.ping_timeout;
}

void HttpFlvPublisher::watch_silence(std::chrono::nanoseconds left) {
    silence_timer_ = net_.loop().after(left, [this] {
        silence_timer_ = 0;
        if (is_over_) return;
        const std::chrono::nanoseconds silent(monotonic_ns() - stream_->last_input_ns());
        if (silent < patience()) return watch_silence(patience() - silent);
        finish(408, "silent for too long");
    });
}

void HttpFlvPublisher::on_data(std::span<std::uint8_t> bytes) {
    if (is_over_) return;
    if (!ingest_) {  // read before we asked to pause
        pending_.append(as_text(bytes));
        return;
    }
    consume(bytes);
}

void HttpFlvPublisher::consume(Bytes bytes) {
    while (!bytes.empty() && !is_over_ && !body_.is_complete()) {
        const auto piece = body_.next(bytes);
        if (!piece) return finish(piece.error().code, piece.error().message);
        bytes = bytes.subspan(piece->consumed);
        if (piece->data.empty()) continue;
        const auto fed = ingest_->feed(piece->data, net_.loop().now_ns());
        if (!fed) return finish(400, fed.error().message);
    }
    if (!body_.is_complete() || is_over_) return;
    finish_whole();
}

void HttpFlvPublisher::finish(int status, const std::string& message) {
    if (is_over_) return;
    is_over_ = true;
    net_.loop().cancel(std::exchange(silence_timer_, 0));
    if (ingest_) ingest_->publication().end(message);
    http::Response response;
    if (status == 200) {
        response.content_type = "application/json";
        response.body = "{\"ok\":true}";
    } else {
        log_.warning("publish ended: " + message);
        response = httpd::error_response(status, message);
    }
    response.fields.push_back({"Access-Control-Allow-Origin", "*"});  // as flv_preflight() says
    stream_->send(http::encode_response(response, false));
    stream_->finish(httpd::kClosePatience);
}

void HttpFlvPublisher::dismiss(const char* reason) { finish(409, reason); }

void HttpFlvPublisher::shut_down() { finish(503, "the server is shutting down"); }

void HttpFlvPublisher::on_end(std::string_view error) {
    net_.loop().cancel(std::exchange(silence_timer_, 0));
    is_over_ = true;
    claim_.reset();
    if (ingest_) {
        ingest_->publication().end(error.empty() ? "publisher left" : std::string(error));
        if (ingest_->bad_tags() > 0) {
            log_.warning(std::to_string(ingest_->bad_tags()) +
                         " tags could not be used: " + ingest_->last_bad());
        }
    }
    net_.loop().retire(std::shared_ptr<loop::Transport>(std::move(stream_)));
    net_.remove(*this);
}

}  // namespace st::live
