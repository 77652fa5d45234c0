#include "api/event_stream.h"

#include "base/clock.h"
#include "http/response.h"

namespace st::api {

EventStream::EventStream(const Uses& uses, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                         httpd::LastingAccess access, std::unique_ptr<loop::Transport> stream)
    : uses_(uses),
      net_(net),
      ticket_(std::move(ticket)),
      access_(std::move(access)),
      stream_(std::move(stream)) {
    stream_->set_handler(*this);
}

EventStream::~EventStream() { net_.loop().cancel(heartbeat_); }

void EventStream::start(const Wanted& wanted) {
    stream_->resume_reading();  // paused if much came behind the request
    const Field fields[] = {{"Content-Type", "text/event-stream"},
                            {"Cache-Control", "no-store"},
                            {"X-Accel-Buffering", "no"},
                            {"Connection", "close"},
                            {"Date", http::http_date(wall_us() / 1'000'000)}};
    send(http::encode_head(200, fields));
    if (closed_) return;  // a subscription behind its end would stay for ever
    beat();
    uses_.control.post([&events = uses_.events, &net = net_, weak = weak_from_this(),
                        listener = listener_, wanted] {
        const auto tell = [&net, weak](std::uint64_t id, const std::string& type,
                                       const std::string& json) {
            const std::string text =
                "id: " + std::to_string(id) + "\nevent: " + type + "\ndata: " + json + "\n\n";
            net.loop().post([weak, text] {
                if (const auto self = weak.lock()) self->send(text);
            });
        };
        *listener = events.subscribe({wanted.types, tell}, wanted.since);
    });
}

void EventStream::beat() {
    heartbeat_ = net_.loop().after(kHeartbeat, [this] {
        send(":\n\n");
        if (!closed_) beat();
    });
}

void EventStream::send(const std::string& text) {
    if (closed_) return;
    if (!access_.check(wall_us() / 1'000'000)) return close();
    stream_->send(text);
    if (stream_->queued_bytes() > kQueuedBytesMax) close();
}

void EventStream::close() {
    if (closed_) return;
    closed_ = true;
    net_.loop().cancel(heartbeat_);
    uses_.control.post([&events = uses_.events, listener = listener_] {
        if (*listener) events.unsubscribe(**listener);
    });
    stream_->close();
    net_.remove(*this);
}

}  // namespace st::api
