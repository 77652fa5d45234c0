#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "rtmp/session.h"

namespace st::rtmp {
namespace {

/// A longer wish is no limit at all.
constexpr double kPlaySecondsMax = 365 * 86'400;

/// The number of a message stream that a client wrote as a double; 0 if it can be none.
std::uint32_t stream_number(double value) {
    return value >= 1 && value <= 0xFFFF'FFFF ? static_cast<std::uint32_t>(value) : 0;
}

}  // namespace

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
        return Error{"rtmp: " + command->name.substr(0, 64) + " before connect"};
    }
    return (this->*handler_of(command->name))(*command, message.stream_id);
}

Result<void> Session::on_connect(const Command& command, std::uint32_t) {
    if (connect_ != Decision::none) return Error{"rtmp: a second connect on one connection"};
    connect_ = Decision::asked;
    connect_transaction_ = command.transaction;
    target_.app = command.member("app");
    target_.tc_url = command.member("tcUrl");
    Connect event{target_, command.member("flashVer"), false};
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
    send_result(command, static_cast<double>((*stream)->id));
    return {};
}

Result<void> Session::on_publish(const Command& command, std::uint32_t stream_id) {
    const Result<NetStream*> stream = use(stream_id);
    if (!stream) return stream.error();
    finish(**stream);
    (*stream)->use = Use::publish_asked;
    events_.emplace_back(Publish{stream_id, find_target(target_, command.text(0))});
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
    // -1, the default: to the end. 0: a single picture, of which a live stream makes no use.
    const double seconds = command.number(2, -1);
    if (seconds > 0 && seconds < kPlaySecondsMax) event.seconds = seconds;
    events_.emplace_back(std::move(event));
    return {};
}

Result<void> Session::on_pause(const Command& command, std::uint32_t stream_id) {
    const NetStream* stream = find(stream_id);
    if (stream == nullptr || stream->use != Use::playing) return {};
    const bool is_paused = command.boolean(0, true);
    send_status(stream_id, "status",
                is_paused ? "NetStream.Pause.Notify" : "NetStream.Unpause.Notify",
                is_paused ? "paused" : "goes on");
    events_.emplace_back(Paused{stream_id, is_paused});
    return {};
}

Result<void> Session::on_seek(const Command&, std::uint32_t stream_id) {
    send_status(stream_id, "error", "NetStream.Seek.Failed", "a live stream has no other time");
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
    send_result(command, flv::AmfUndefined{});
    flv::AmfObject info;
    info.add("level", "status");
    info.add("code", "NetStream.Publish.Start");
    info.add("description", command.text(0));
    send(MessageType::command, 0, kCommandChunkStream,
         flv::encode_amf0("onFCPublish", 0.0, flv::AmfNull{}, info).bytes());
    return {};
}

Result<void> Session::on_fc_unpublish(const Command& command, std::uint32_t) {
    send_result(command, flv::AmfUndefined{});
    for (NetStream& stream : streams_) {
        if (stream.use != Use::publishing && stream.use != Use::publish_asked) continue;
        send_status(stream.id, "status", "NetStream.Unpublish.Success", "publication ended");
        finish(stream);
    }
    return {};
}

Result<void> Session::on_fc_subscribe(const Command& command, std::uint32_t) {
    send_result(command, flv::AmfUndefined{});
    flv::AmfObject info;
    info.add("level", "status");
    info.add("code", "NetStream.Play.Start");
    info.add("description", command.text(0));
    send(MessageType::command, 0, kCommandChunkStream,
         flv::encode_amf0("onFCSubscribe", 0.0, flv::AmfNull{}, info).bytes());
    return {};
}

Result<void> Session::on_stream_length(const Command& command, std::uint32_t) {
    send_result(command, 0.0);  // live: none
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
    send_result(command, flv::AmfUndefined{});
    return {};
}

Result<void> Session::on_answer(const Command&, std::uint32_t) { return {}; }

Result<void> Session::on_unknown(const Command& command, std::uint32_t) {
    if (command.transaction == 0) return {};
    flv::AmfObject info;
    info.add("level", "error");
    info.add("code", "NetConnection.Call.Failed");
    info.add("description", "no such command: " + command.name.substr(0, 64));
    send(MessageType::command, 0, kCommandChunkStream,
         flv::encode_amf0("_error", command.transaction, flv::AmfNull{}, info).bytes());
    return {};
}

}  // namespace st::rtmp
