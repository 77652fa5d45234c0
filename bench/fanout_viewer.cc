#include "fanout_viewer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>

#include "base/clock.h"
#include "flv/tag.h"

namespace st::bench {

void Delays::add(std::int64_t delay_ns) {
    const auto step = static_cast<std::size_t>(std::max<std::int64_t>(delay_ns, 0) / kStepNs);
    ++counts_[std::min(step, counts_.size() - 1)];
    ++count_;
    max_ns_ = std::max(max_ns_, delay_ns);
}

void Delays::clear() {
    std::fill(counts_.begin(), counts_.end(), 0U);
    count_ = 0;
    max_ns_ = 0;
}

double Delays::at_share(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    std::size_t step = 0;
    while (step + 1 < counts_.size() && (seen += counts_[step]) <= wanted) ++step;
    return static_cast<double>(step + 1) * static_cast<double>(kStepNs) / 1e6;
}

FanoutViewer::FanoutViewer(std::unique_ptr<Wire> wire, std::uint16_t port, SSL_CTX* tls,
                           const FanoutPublisher& publisher, Delays& delays, bool may_skip,
                           Acks acks)
    : wire_(std::move(wire)),
      publisher_(publisher),
      delays_(delays),
      may_skip_(may_skip),
      acks_(acks),
      socket_(port, tls),
      connected_ns_(monotonic_ns()) {}

void FanoutViewer::on_writable() {
    if (is_connected_ || is_over_) return;
    switch (socket_.connect()) {
        case ClientSocket::Progress::again:
            return;
        case ClientSocket::Progress::failed:
            return fail("cannot connect");
        case ClientSocket::Progress::ready:
            break;
    }
    is_connected_ = true;
    wire_->begin(out_);
    send(out_.bytes());
    out_.clear();
}

/// What a viewer says is small, and goes out at once or not at all.
void FanoutViewer::send(Bytes bytes) {
    if (bytes.empty()) return;
    if (!socket_.write(bytes)) fail("cannot send");
    set_acks();
}

/// Anew each time: the kernel changes its mind after a send, and when an acknowledgement was late.
void FanoutViewer::set_acks() const {
    if (acks_ == Acks::kernel) return;
    const int is_prompt = acks_ == Acks::prompt ? 1 : 0;
    ::setsockopt(fd(), IPPROTO_TCP, TCP_QUICKACK, &is_prompt, sizeof is_prompt);
}

void FanoutViewer::on_readable(std::span<std::uint8_t> scratch) {
    if (!is_connected_) on_writable();  // the handshake waits for the server's part
    do {
        if (is_over_ || !is_connected_) return;
        const std::ptrdiff_t got = socket_.read(scratch);
        if (got == 0) return;
        if (got < 0) return fail("the server closed");
        take(scratch.first(static_cast<std::size_t>(got)));
    } while (socket_.has_tls());
}

void FanoutViewer::take(std::span<std::uint8_t> bytes) {
    read_ns_ = monotonic_ns();
    bytes_ += bytes.size();
    if (acks_ == Acks::delayed) set_acks();
    try {
        wire_->feed(bytes, out_, *this);
    } catch (const std::runtime_error& error) {
        return fail(error.what());
    }
    send(out_.bytes());
    out_.clear();
}

void FanoutViewer::on_media(const MediaHead& head) {
    if (head.type != static_cast<std::uint8_t>(flv::TagType::video)) return;
    if (head.body_bytes >= 2 && head.body[1] == 0) {
        has_config_ = true;
    } else {
        check_picture(head);
    }
}

void FanoutViewer::check_picture(const MediaHead& head) {
    const bool is_key = head.body[0] >> 4 == 1;
    const std::uint32_t index = load_index(head.body.data() + 10);
    const std::uint32_t shift = head.timestamp_ms - picture_ms(index, publisher_.feed().fps);
    if (index >= publisher_.pictures()) throw std::runtime_error("a picture nobody sent");
    if (pictures_ == 0) {
        if (!has_config_) throw std::runtime_error("pictures before the sequence header");
        if (!is_key) throw std::runtime_error("does not begin with a key picture");
        first_picture_ns_ = read_ns_;
        shift_ms_ = shift;
    } else if (index <= newest_) {
        throw std::runtime_error("pictures out of order");
    } else if (index != newest_ + 1) {
        missing_ += index - newest_ - 1;
        if (!may_skip_) throw std::runtime_error("pictures are missing");
        if (!is_key) throw std::runtime_error("goes on without a key picture");
    }
    if (shift != shift_ms_) throw std::runtime_error("a picture has another time");
    newest_ = index;
    ++pictures_;
    delays_.add(read_ns_ - publisher_.sent_ns(index));
}

void FanoutViewer::fail(const std::string& what) {
    is_over_ = true;
    error_ = what;
}

}  // namespace st::bench
