#include "rtmp/session.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <iterator>
#include <utility>

#include "flv/body.h"
#include "rtmp/chunk_writer.h"

namespace st::rtmp {
namespace {

/// A packet may be a byte: what holds it counts.
std::size_t bytes_of(const Media& media) { return sizeof media + media.packet.payload.size(); }

}  // namespace

void Session::feed(Bytes bytes) {
    assert(input_.empty() && "next() was not called until it needed more");
    if (!failed_) input_ = bytes;
}

Error Session::fail(const std::string& message) {
    error_ = Error{message};
    failed_ = true;
    input_ = {};
    events_.clear();
    return error_;
}

Result<std::optional<Event>> Session::next() {
    for (;;) {
        if (failed_) return error_;
        if (!events_.empty()) {
            std::optional<Event> event(std::move(events_.front()));
            events_.pop_front();
            return event;
        }
        if (aggregate_) {
            if (auto stepped = step_aggregate(); !stepped) return fail(stepped.error().message);
            continue;
        }
        if (!handshake_.is_done()) {
            if (auto done = handshake_.feed(input_, output_); !done) {
                return fail(done.error().message);
            }
            if (!handshake_.is_done()) return std::optional<Event>();
        }
        if (!input_.empty()) chunks_.feed(std::exchange(input_, Bytes()));
        Result<std::optional<Message>> message = chunks_.next();
        if (!message) return fail(message.error().message);
        if (!*message) {
            acknowledge_if_due();
            return std::optional<Event>();
        }
        if (auto handled = handle(**std::move(message)); !handled) {
            return fail(handled.error().message);
        }
    }
}

Buffer Session::take_output() { return std::exchange(output_, Buffer()); }

Result<void> Session::handle(Message message) {
    const Bytes content = message.body.payload.bytes();
    const auto type = message.type;
    const bool is_media =
        type == MessageType::audio || type == MessageType::video || type == MessageType::aggregate;
    if (!is_media) ++commands_;
    switch (message.type) {
        case MessageType::audio:
        case MessageType::video:
        case MessageType::data:
            return on_media(static_cast<flv::TagType>(message.type), message.stream_id,
                            message.timestamp_ms, std::move(message.body));
        case MessageType::amf3_data: {
            // A byte 0 that says AMF0, then the same.
            flv::Body body;
            if (!content.empty()) body.payload = Buffer(content.subspan(content[0] == 0 ? 1 : 0));
            return on_media(flv::TagType::script, message.stream_id, message.timestamp_ms,
                            std::move(body));
        }
        case MessageType::aggregate:
            on_aggregate(std::move(message));
            return {};
        case MessageType::command:
        case MessageType::amf3_command:
            return on_command(message);
        case MessageType::user_control:
            on_user_control(content);
            return {};
        case MessageType::window_ack_size:
            on_window(content);
            return {};
        case MessageType::set_peer_bandwidth:
            on_peer_bandwidth(content);
            return {};
        case MessageType::acknowledgement:
            if (content.size() >= 4) acknowledged_bytes_ = load_be32(content.data());
            return {};
        case MessageType::set_chunk_size:
        case MessageType::abort:
        case MessageType::shared_object:
        case MessageType::amf3_shared_object:
            break;
    }
    return {};
}

Result<void> Session::on_media(flv::TagType type, std::uint32_t stream_id,
                               std::uint32_t timestamp_ms, flv::Body body) {
    const NetStream* asked = publishing(stream_id, Use::publish_asked);
    const NetStream* stream = asked ? asked : publishing(stream_id, Use::publishing);
    if (stream == nullptr) {
        ++stray_packets_;
        return {};
    }
    Result<std::optional<media::Packet>> packet =
        flv::to_packet(type, timestamp_ms, std::move(body));
    if (!packet) {
        ++bad_bodies_;
        last_body_error_ = packet.error().message;
        return {};
    }
    if (!*packet) return {};
    Media media{stream->id, **std::move(packet)};
    if (asked != nullptr) return keep(std::move(media));
    events_.emplace_back(std::move(media));
    return {};
}

Result<void> Session::keep(Media media) {
    kept_bytes_ += bytes_of(media);
    if (kept_bytes_ > limits_.kept_bytes_max) {
        return Error{"rtmp: more than " + std::to_string(limits_.kept_bytes_max) +
                     " bytes of packets before publish was answered"};
    }
    kept_.push_back(std::move(media));
    return {};
}

std::vector<Media> Session::take_kept(std::uint32_t stream_id) {
    const auto first = std::stable_partition(kept_.begin(), kept_.end(), [&](const Media& media) {
        return media.stream_id != stream_id;
    });
    std::vector<Media> taken(std::make_move_iterator(first), std::make_move_iterator(kept_.end()));
    kept_.erase(first, kept_.end());
    for (const Media& media : taken) kept_bytes_ -= bytes_of(media);
    return taken;
}

void Session::on_aggregate(Message message) {
    Buffer body = std::move(message.body.payload);
    const AggregateReader reader(body.bytes(), message.timestamp_ms);
    aggregate_.emplace(Aggregate{std::move(body), reader, message.stream_id});
}

Result<void> Session::step_aggregate() {
    const Result<std::optional<AggregatePart>> part = aggregate_->reader.next();
    if (!part) {
        ++bad_bodies_;
        last_body_error_ = part.error().message;
    }
    if (!part || !*part) {
        aggregate_.reset();
        return {};
    }
    flv::BodyAssembler assembler;
    assembler.begin(static_cast<std::uint8_t>((*part)->type), (*part)->body.size());
    assembler.append((*part)->body);
    return on_media((*part)->type, aggregate_->stream_id, (*part)->timestamp_ms, assembler.take());
}

void Session::on_user_control(Bytes content) {
    if (content.size() < 6) return;
    const std::uint32_t value = load_be32(content.data() + 2);
    switch (static_cast<UserControl>(load_be16(content.data()))) {
        case UserControl::ping_request:
            send_user_control(UserControl::ping_response, value);
            break;
        case UserControl::ping_response:
            events_.emplace_back(Pong{value});
            break;
        case UserControl::stream_begin:
        case UserControl::stream_eof:
        case UserControl::stream_dry:
        case UserControl::set_buffer_length:
        case UserControl::stream_is_recorded:
            break;
    }
}

void Session::on_window(Bytes content) {
    if (content.size() < 4) return;
    window_bytes_ = std::max<std::uint32_t>(load_be32(content.data()), 2);
}

void Session::on_peer_bandwidth(Bytes content) {
    if (content.size() < 4) return;
    const std::uint32_t value = load_be32(content.data());
    if (value != kWindowBytes) send_u32(MessageType::window_ack_size, value);
}

void Session::acknowledge_if_due() {
    // At half the window: who waits for the whole of it stops before our answer arrives.
    if (chunks_.bytes_read() - acknowledged_at_ >= window_bytes_ / 2) acknowledge();
}

void Session::acknowledge() {
    acknowledged_at_ = chunks_.bytes_read();
    send_u32(MessageType::acknowledgement, static_cast<std::uint32_t>(acknowledged_at_));
}

Session::NetStream* Session::find(std::uint32_t stream_id) {
    const auto at = std::find_if(streams_.begin(), streams_.end(),
                                 [&](const NetStream& stream) { return stream.id == stream_id; });
    return at == streams_.end() ? nullptr : &*at;
}

const Session::NetStream* Session::find(std::uint32_t stream_id) const {
    return const_cast<Session*>(this)->find(stream_id);
}

Result<Session::NetStream*> Session::use(std::uint32_t stream_id) {
    if (NetStream* stream = find(stream_id)) return stream;
    if (streams_.size() >= limits_.streams_max) {
        return Error{"rtmp: more than " + std::to_string(limits_.streams_max) +
                     " message streams on one connection"};
    }
    streams_.push_back(NetStream{stream_id});
    return &streams_.back();
}

const Session::NetStream* Session::publishing(std::uint32_t stream_id, Use use) const {
    const NetStream* stream = find(stream_id);
    if (stream != nullptr && stream->use == use) return stream;
    // Encoders that begin a chunk stream with form 1 name no message stream, others one that was
    // never created; with one publication there is no doubt.
    const NetStream* only = nullptr;
    for (const NetStream& other : streams_) {
        if (other.use != use) continue;
        if (only != nullptr) return nullptr;
        only = &other;
    }
    return stream_id == 0 || stream_id >= next_stream_id_ ? only : nullptr;
}

bool Session::is_publishing(std::uint32_t stream_id) const {
    const NetStream* stream = find(stream_id);
    return stream != nullptr && stream->use == Use::publishing;
}

bool Session::is_playing(std::uint32_t stream_id) const {
    const NetStream* stream = find(stream_id);
    return stream != nullptr && stream->use == Use::playing;
}

void Session::finish(NetStream& stream) {
    const Use use = std::exchange(stream.use, Use::idle);
    if (use == Use::idle) return;
    take_kept(stream.id);
    events_.emplace_back(Finished{stream.id, use == Use::publishing || use == Use::publish_asked});
}

}  // namespace st::rtmp
