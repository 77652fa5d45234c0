#include "rtmp/session.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "flv/body.h"

namespace st::rtmp {
namespace {

/// A longer wish is no limit at all.
constexpr double kPlaySecondsMax = 365 * 86'400;
/// Where to start: a live stream, else a recorded one.
constexpr double kPlayAny = -2;

/// The number of a message stream that a client wrote as a double; 0 if it can be none.
std::uint32_t stream_number(double value) {
    return value >= 1 && value <= 0xFFFF'FFFF ? static_cast<std::uint32_t>(value) : 0;
}

/// How long a client wants to watch. -1, the default: to the end. 0: a single picture, of which a
/// live stream makes no use. Seconds, as the specification says; librtmp and FFmpeg count in
/// milliseconds, and show it by a start of -1000 or -2000. librtmp's start of 0 is no sign, but
/// then nobody means a quarter of an hour.
std::optional<double> play_seconds(double start, double duration) {
    if (!(duration > 0)) return std::nullopt;
    const bool is_ms = start <= kPlayAny * 500 || (start >= 0 && duration >= 1000);
    const double seconds = is_ms ? duration / 1000 : duration;
    if (seconds < kPlaySecondsMax) return seconds;
    return std::nullopt;
}

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
            if (auto done = handshake_.feed(input_, answers_.output()); !done) {
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

Buffer Session::take_output() { return answers_.take_output(); }

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
    if (stream == nullptr) return {};
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
            answers_.send_user_control(UserControl::ping_response, value);
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
    if (value != kWindowBytes) answers_.send_u32(MessageType::window_ack_size, value);
}

void Session::acknowledge_if_due() {
    // At half the window: who waits for the whole of it stops before our answer arrives.
    if (chunks_.bytes_read() - acknowledged_at_ >= window_bytes_ / 2) acknowledge();
}

void Session::acknowledge() {
    acknowledged_at_ = chunks_.bytes_read();
    answers_.send_u32(MessageType::acknowledgement, static_cast<std::uint32_t>(acknowledged_at_));
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

void Session::finish(NetStream& stream) {
    const Use use = std::exchange(stream.use, Use::idle);
    if (use == Use::idle) return;
    take_kept(stream.id);
    events_.emplace_back(Finished{stream.id, use == Use::publishing || use == Use::publish_asked});
}

// ---- commands -----------------------------------------------------------------------------------

Session::Handler Session::handler_of(std::string_view name) {
    struct Entry {
        std::string_view name;
        Handler handler;
    };
    static constexpr std::array<Entry, 23> kEntries = {{
        {"connect", &Session::on_connect},
        {"createStream", &Session::on_create_stream},
        {"publish", &Session::on_publish},
        {"play", &Session::on_play},
        {"play2", &Session::on_unknown},
        {"pause", &Session::on_pause},
        {"pauseRaw", &Session::on_pause},
        {"seek", &Session::on_seek},
        {"closeStream", &Session::on_close_stream},
        {"deleteStream", &Session::on_delete_stream},
        {"FCPublish", &Session::on_fc_publish},
        {"FCUnpublish", &Session::on_fc_unpublish},
        {"FCSubscribe", &Session::on_fc_subscribe},
        {"getStreamLength", &Session::on_stream_length},
        {"releaseStream", &Session::on_courtesy},
        {"FCUnsubscribe", &Session::on_courtesy},
        {"_checkbw", &Session::on_courtesy},
        {"checkBandwidth", &Session::on_courtesy},
        {"receiveAudio", &Session::on_receive_audio},
        {"receiveVideo", &Session::on_receive_video},
        {"_result", &Session::on_answer},
        {"_error", &Session::on_answer},
        {"onStatus", &Session::on_answer},
    }};
    const auto* const at = std::find_if(kEntries.begin(), kEntries.end(),
                                        [&](const Entry& entry) { return entry.name == name; });
    return at == kEntries.end() ? &Session::on_unknown : at->handler;
}

Result<void> Session::on_command(const Message& message) {
    const Result<Command> command = decode_command(message.type, message.body.payload.bytes());
    if (!command) return command.error();
    if (connect_ == Decision::refused) return {};
    if (connect_ != Decision::accepted && command->name != "connect") {
        return Error{"rtmp: " + shown(command->name) + " before connect"};
    }
    return (this->*handler_of(command->name))(*command, message.stream_id);
}

Result<void> Session::on_connect(const Command& command, std::uint32_t) {
    if (connect_ != Decision::none) return Error{"rtmp: a second connect on one connection"};
    connect_ = Decision::asked;
    connect_transaction_ = command.transaction;
    target_.app = command.member("app");
    target_.tc_url = command.member("tcUrl");
    Connect event{target_, shown(command.member("flashVer")), false};
    if (const flv::AmfObject* members = command.object.object()) {
        const flv::AmfValue* encoding = members->find("objectEncoding");
        if (encoding != nullptr && encoding->number() != nullptr && *encoding->number() == 3) {
            object_encoding_ = 3;
        }
        event.offers_four_cc =
            members->find("fourCcList") != nullptr || members->find("capsEx") != nullptr;
    }
    offers_four_cc_ = event.offers_four_cc;
    events_.emplace_back(std::move(event));
    return {};
}

Result<void> Session::on_create_stream(const Command& command, std::uint32_t) {
    while (find(next_stream_id_) != nullptr) ++next_stream_id_;
    const Result<NetStream*> stream = use(next_stream_id_);
    if (!stream) return stream.error();
    ++next_stream_id_;
    answers_.send_result(command, static_cast<double>((*stream)->id));
    return {};
}

Result<void> Session::on_publish(const Command& command, std::uint32_t stream_id) {
    const Result<NetStream*> stream = use(stream_id);
    if (!stream) return stream.error();
    finish(**stream);
    (*stream)->use = Use::publish_asked;
    const Target target = find_target(target_, command.text(0));
    (*stream)->path = target.path;
    events_.emplace_back(Publish{stream_id, target});
    return {};
}

Result<void> Session::on_play(const Command& command, std::uint32_t stream_id) {
    // Flash's way to stop: play(false).
    if (!command.boolean(0, true)) return on_close_stream(command, stream_id);
    const Result<NetStream*> stream = use(stream_id);
    if (!stream) return stream.error();
    finish(**stream);
    (*stream)->use = Use::play_asked;
    Play event{stream_id, find_target(target_, command.text(0)), (*stream)->wanted, {}};
    event.seconds = play_seconds(command.number(1, kPlayAny), command.number(2, -1));
    events_.emplace_back(std::move(event));
    return {};
}

Result<void> Session::on_pause(const Command& command, std::uint32_t stream_id) {
    const NetStream* stream = find(stream_id);
    if (stream == nullptr || stream->use != Use::playing) return {};
    const bool is_paused = command.boolean(0, true);
    answers_.send_status(stream_id, "status",
                         is_paused ? "NetStream.Pause.Notify" : "NetStream.Unpause.Notify",
                         is_paused ? "paused" : "goes on");
    events_.emplace_back(Paused{stream_id, is_paused});
    return {};
}

Result<void> Session::on_seek(const Command&, std::uint32_t stream_id) {
    answers_.send_status(stream_id, "error", "NetStream.Seek.Failed",
                         "a live stream has no other time");
    return {};
}

Result<void> Session::on_close_stream(const Command&, std::uint32_t stream_id) {
    if (NetStream* stream = find(stream_id)) finish(*stream);
    return {};
}

Result<void> Session::on_delete_stream(const Command& command, std::uint32_t stream_id) {
    const std::uint32_t named = stream_number(command.number(0, stream_id));
    NetStream* stream = find(named);
    if (stream == nullptr) return {};
    finish(*stream);
    streams_.erase(streams_.begin() + (stream - streams_.data()));
    // The same number again: most clients never look at what they are given.
    next_stream_id_ = std::min(next_stream_id_, std::max(named, kFirstStreamId));
    return {};
}

Result<void> Session::on_fc_publish(const Command& command, std::uint32_t) {
    answers_.send_result(command, flv::AmfUndefined{});
    answers_.send_courtesy("onFCPublish", "NetStream.Publish.Start", command);
    return {};
}

Result<void> Session::on_fc_unpublish(const Command& command, std::uint32_t) {
    answers_.send_result(command, flv::AmfUndefined{});
    const std::string name = command.text(0);
    const std::string path = name.empty() ? "" : find_target(target_, name).path;
    for (NetStream& stream : streams_) {
        if (stream.use != Use::publishing && stream.use != Use::publish_asked) continue;
        if (!path.empty() && stream.path != path) continue;
        answers_.send_status(stream.id, "status", "NetStream.Unpublish.Success",
                             "publication ended");
        finish(stream);
    }
    return {};
}

Result<void> Session::on_fc_subscribe(const Command& command, std::uint32_t) {
    answers_.send_result(command, flv::AmfUndefined{});
    answers_.send_courtesy("onFCSubscribe", "NetStream.Play.Start", command);
    return {};
}

Result<void> Session::on_stream_length(const Command& command, std::uint32_t) {
    answers_.send_result(command, 0.0);  // live: none
    return {};
}

Result<void> Session::on_receive_audio(const Command& command, std::uint32_t stream_id) {
    if (NetStream* stream = find(stream_id)) {
        stream->wanted.audio = command.boolean(0, true);
        events_.emplace_back(Chosen{stream_id, stream->wanted});
    }
    return on_courtesy(command, stream_id);
}

Result<void> Session::on_receive_video(const Command& command, std::uint32_t stream_id) {
    if (NetStream* stream = find(stream_id)) {
        stream->wanted.video = command.boolean(0, true);
        events_.emplace_back(Chosen{stream_id, stream->wanted});
    }
    return on_courtesy(command, stream_id);
}

Result<void> Session::on_courtesy(const Command& command, std::uint32_t) {
    answers_.send_result(command, flv::AmfUndefined{});
    return {};
}

Result<void> Session::on_answer(const Command&, std::uint32_t) { return {}; }

Result<void> Session::on_unknown(const Command& command, std::uint32_t) {
    answers_.send_unknown(command);
    return {};
}

// ---- answers ------------------------------------------------------------------------------------

void Session::accept_connect() {
    assert(connect_ == Decision::asked);
    connect_ = Decision::accepted;
    chunks_.take_media(true);
    answers_.accept_connect(connect_transaction_, object_encoding_, offers_four_cc_, kWindowBytes);
}

void Session::refuse_connect(const std::string& description, const std::string& code) {
    assert(connect_ == Decision::asked);
    connect_ = Decision::refused;
    answers_.refuse_connect(connect_transaction_, code, description);
}

void Session::accept_publish(std::uint32_t stream_id) {
    NetStream* stream = find(stream_id);
    if (stream == nullptr || stream->use != Use::publish_asked) return;
    stream->use = Use::publishing;
    answers_.send_user_control(UserControl::stream_begin, stream_id);
    answers_.send_status(stream_id, "status", "NetStream.Publish.Start", "publication accepted");
    for (Media& media : take_kept(stream_id)) events_.emplace_back(std::move(media));
}

void Session::refuse_publish(std::uint32_t stream_id, const std::string& code,
                             const std::string& description) {
    end_publish(stream_id, code, description);
}

void Session::end_publish(std::uint32_t stream_id, const std::string& code,
                          const std::string& description) {
    NetStream* stream = find(stream_id);
    if (stream == nullptr) return;
    if (stream->use != Use::publish_asked && stream->use != Use::publishing) return;
    stream->use = Use::idle;
    take_kept(stream_id);
    answers_.send_status(stream_id, "error", code, description);
}

void Session::accept_play(std::uint32_t stream_id) {
    NetStream* stream = find(stream_id);
    if (stream == nullptr || stream->use != Use::play_asked) return;
    stream->use = Use::playing;
    answers_.send_user_control(UserControl::stream_begin, stream_id);
    answers_.send_status(stream_id, "status", "NetStream.Play.Reset", "restarting");
    answers_.send_status(stream_id, "status", "NetStream.Play.Start", "begins");
    answers_.send_data_start(stream_id);
}

void Session::tell_waiting(std::uint32_t stream_id, const std::string& why) {
    const NetStream* stream = find(stream_id);
    if (stream == nullptr || stream->use != Use::playing) return;
    answers_.send_status(stream_id, "status", "NetStream.Buffer.Empty", why);
}

void Session::refuse_play(std::uint32_t stream_id, const std::string& code,
                          const std::string& description) {
    NetStream* stream = find(stream_id);
    if (stream == nullptr || stream->use != Use::play_asked) return;
    stream->use = Use::idle;
    answers_.send_status(stream_id, "error", code, description);
}

void Session::end_play(std::uint32_t stream_id, const std::string& description) {
    NetStream* stream = find(stream_id);
    if (stream == nullptr) return;
    if (stream->use == Use::play_asked) {
        return refuse_play(stream_id, "NetStream.Play.Failed", description);
    }
    if (stream->use != Use::playing) return;
    stream->use = Use::idle;
    answers_.send_user_control(UserControl::stream_eof, stream_id);
    answers_.send_status(stream_id, "status", "NetStream.Play.UnpublishNotify", description);
    answers_.send_status(stream_id, "status", "NetStream.Play.Stop", description);
}

void Session::complete_play(std::uint32_t stream_id, double seconds) {
    NetStream* stream = find(stream_id);
    if (stream == nullptr || stream->use != Use::playing) return;
    stream->use = Use::idle;
    answers_.send_play_complete(stream_id, seconds);
    answers_.send_user_control(UserControl::stream_eof, stream_id);
    answers_.send_status(stream_id, "status", "NetStream.Play.Stop", kPlayComplete);
}

void Session::ping(std::uint32_t timestamp_ms) {
    answers_.send_user_control(UserControl::ping_request, timestamp_ms);
}

}  // namespace st::rtmp
