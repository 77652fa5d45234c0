/// An RTMP viewer, as far as the load needs it. Spec: Adobe RTMP 1.0, sections 5 and 7.
#include <algorithm>
#include <stdexcept>

#include "fanout_wire.h"
#include "flv/amf.h"
#include "rtmp/chunk_writer.h"
#include "rtmp/command.h"

namespace st::bench {
namespace {

using rtmp::MessageType;

constexpr std::size_t kPartBytes = 1536;
constexpr std::size_t kSmallBytesMax = 64 * 1024;  ///< of a message that is not media

bool is_media(std::uint8_t type) {
    const auto known = static_cast<MessageType>(type);
    return known == MessageType::audio || known == MessageType::video || known == MessageType::data;
}

class RtmpWire final : public Wire {
 public:
    RtmpWire(const std::string& path, std::uint16_t port) {
        const std::size_t slash = path.find('/', 1);
        if (path.empty() || path[0] != '/' || slash == std::string::npos) {
            throw std::invalid_argument("the path is to be /app/name, not " + path);
        }
        app_ = path.substr(1, slash - 1);
        name_ = path.substr(slash + 1);
        url_ = "rtmp://127.0.0.1:" + std::to_string(port) + "/" + app_;
    }

    void begin(Buffer& out) override {
        Buffer first(1 + kPartBytes);
        std::fill_n(first.data(), first.size(), std::uint8_t{0});
        first.data()[0] = 3;
        out.append(first.bytes());
    }

    void feed(Bytes bytes, Buffer& out, MediaSink& sink) override {
        if (!is_open_) bytes = shake_hands(bytes, out);
        received_ += bytes.size();
        while (!bytes.empty()) bytes = bytes.subspan(step(bytes, out, sink));
        if (received_ - acknowledged_ >= window_bytes_ / 2) acknowledge(out);
    }

 private:
    enum class State : std::uint8_t { basic, header, extended, payload };

    struct ChunkStream {
        MediaHead head;  ///< of the message that is under way
        std::uint32_t delta_ms = 0;
        bool is_extended = false;
        std::size_t received = 0;  ///< of the message's body
        Buffer small;              ///< the body, if it is not media
    };

    Bytes shake_hands(Bytes bytes, Buffer& out) {
        constexpr std::size_t kAll = 1 + 2 * kPartBytes;
        const std::size_t used = std::min(bytes.size(), kAll - handshake_.size());
        handshake_.append(bytes.first(used));
        if (handshake_.size() < kAll) return {};
        out.append(handshake_.bytes().subspan(1, kPartBytes));
        handshake_ = Buffer();
        is_open_ = true;
        flv::AmfObject object;
        object.add("app", app_);
        object.add("flashVer", "LNX 9,0,124,2");
        object.add("tcUrl", url_);
        command(out, 0, flv::encode_amf0("connect", 1.0, flv::AmfValue(std::move(object))));
        return bytes.subspan(used);
    }

    static void command(Buffer& out, std::uint32_t stream_id, const Buffer& body) {
        rtmp::append_message(out, MessageType::command, rtmp::kCommandChunkStream, 0, stream_id,
                             body.bytes(), rtmp::kDefaultChunkBytes);
    }

    void acknowledge(Buffer& out) {
        acknowledged_ = received_;
        std::array<std::uint8_t, 4> count{};
        store_be32(count.data(), static_cast<std::uint32_t>(received_));
        rtmp::append_message(out, MessageType::acknowledgement, rtmp::kControlChunkStream, 0, 0,
                             count, rtmp::kDefaultChunkBytes);
    }

    std::size_t step(Bytes bytes, Buffer& out, MediaSink& sink) {
        if (state_ == State::payload) return take_payload(bytes, out, sink);
        fixed_[fixed_bytes_++] = bytes[0];
        constexpr std::array<std::size_t, 4> kHeaderBytes{11, 7, 3, 0};
        if (state_ == State::basic) {
            const std::size_t id = fixed_[0] & 0x3F;
            if (id < 2) throw std::runtime_error("a chunk stream over 63");
            current_ = &streams_[id];
            form_ = fixed_[0] >> 6;
            fixed_bytes_ = 0;
            state_ = State::header;
            if (form_ == 3) end_header();
        } else if (state_ == State::header && fixed_bytes_ == kHeaderBytes[form_]) {
            read_header();
            end_header();
        } else if (state_ == State::extended && fixed_bytes_ == 4) {
            if (current_->received == 0) take_time(load_be32(fixed_.data()));
            begin_payload();
        }
        // A message without a body is whole with its header.
        if (state_ == State::payload && current_->head.body_bytes == 0) end_message(out, sink);
        return 1;
    }

    std::uint32_t time_field() const { return load_be32(fixed_.data()) >> 8; }

    void read_header() {
        ChunkStream& stream = *current_;
        stream.is_extended = time_field() == rtmp::kExtendedTimestamp;
        if (form_ == 2) return;
        stream.head.body_bytes = load_be32(fixed_.data() + 3) >> 8;
        stream.head.type = fixed_[6];
    }

    void end_header() {
        const bool begins = current_->received == 0;
        if (!current_->is_extended && begins && form_ != 3) take_time(time_field());
        if (!current_->is_extended && begins && form_ == 3) take_time(current_->delta_ms);
        fixed_bytes_ = 0;
        if (current_->is_extended) {
            state_ = State::extended;
        } else {
            begin_payload();
        }
    }

    void take_time(std::uint32_t field) {
        MediaHead& head = current_->head;
        if (form_ == 0) {
            head.timestamp_ms = field;
        } else {
            head.timestamp_ms += field;
        }
        current_->delta_ms = field;
    }

    void begin_payload() {
        fixed_bytes_ = 0;
        chunk_left_ = std::min(chunk_bytes_, current_->head.body_bytes - current_->received);
        state_ = State::payload;
    }

    std::size_t take_payload(Bytes bytes, Buffer& out, MediaSink& sink) {
        ChunkStream& stream = *current_;
        const Bytes piece = bytes.first(std::min(bytes.size(), chunk_left_));
        if (!is_media(stream.head.type)) {
            if (stream.small.size() + piece.size() > kSmallBytesMax) {
                throw std::runtime_error("a message of type " + std::to_string(stream.head.type) +
                                         " is over 64 KiB");
            }
            stream.small.append(piece);
        } else if (stream.received < kBodyHeadBytes) {
            std::copy_n(piece.begin(), std::min(piece.size(), kBodyHeadBytes - stream.received),
                        stream.head.body.begin() + static_cast<std::ptrdiff_t>(stream.received));
        }
        stream.received += piece.size();
        chunk_left_ -= piece.size();
        if (stream.received == stream.head.body_bytes) {
            end_message(out, sink);
        } else if (chunk_left_ == 0) {
            state_ = State::basic;
        }
        return piece.size();
    }

    void end_message(Buffer& out, MediaSink& sink) {
        ChunkStream& stream = *current_;
        state_ = State::basic;
        stream.received = 0;
        if (is_media(stream.head.type)) return sink.on_media(stream.head);
        const Bytes body = stream.small.bytes();
        const auto type = static_cast<MessageType>(stream.head.type);
        if (body.size() >= 4 && type == MessageType::set_chunk_size) {
            chunk_bytes_ = load_be32(body.data());
        } else if (body.size() >= 4 && type == MessageType::window_ack_size) {
            window_bytes_ = std::max<std::uint32_t>(load_be32(body.data()), 2);
        } else if (body.size() >= 6 && type == MessageType::user_control) {
            answer_ping(out, body);
        } else if (type == MessageType::command) {
            obey(out, body);
        }
        stream.small.clear();
    }

    static void answer_ping(Buffer& out, Bytes body) {
        if (load_be16(body.data()) != static_cast<std::uint16_t>(rtmp::UserControl::ping_request)) {
            return;
        }
        Buffer pong(body.first(6));
        store_be16(pong.data(), static_cast<std::uint16_t>(rtmp::UserControl::ping_response));
        rtmp::append_message(out, MessageType::user_control, rtmp::kControlChunkStream, 0, 0,
                             pong.bytes(), rtmp::kDefaultChunkBytes);
    }

    void obey(Buffer& out, Bytes body) const {
        const auto said = rtmp::decode_command(MessageType::command, body);
        if (!said) throw std::runtime_error(said.error().message);
        if (said->name == "_error") throw std::runtime_error("the server refuses");
        if (said->name == "onStatus" && !said->arguments.empty()) {
            const flv::AmfObject* status = said->arguments[0].object();
            const flv::AmfValue* level = status != nullptr ? status->find("level") : nullptr;
            if (level != nullptr && level->string() != nullptr && *level->string() == "error") {
                throw std::runtime_error("the server refuses to play");
            }
        }
        if (said->name != "_result") return;
        if (said->transaction == 1) {
            command(out, 0, flv::encode_amf0("createStream", 2.0, flv::AmfNull()));
        } else if (said->transaction == 2) {
            command(out, static_cast<std::uint32_t>(said->number(0, 1)),
                    flv::encode_amf0("play", 3.0, flv::AmfNull(), name_));
        }
    }

    std::string app_;
    std::string name_;
    std::string url_;
    bool is_open_ = false;
    Buffer handshake_;
    std::array<ChunkStream, 64> streams_;
    ChunkStream* current_ = nullptr;
    State state_ = State::basic;
    unsigned form_ = 0;
    std::array<std::uint8_t, 12> fixed_{};
    std::size_t fixed_bytes_ = 0;
    std::size_t chunk_bytes_ = rtmp::kDefaultChunkBytes;
    std::size_t chunk_left_ = 0;
    std::uint64_t received_ = 0;
    std::uint64_t acknowledged_ = 0;
    std::uint32_t window_bytes_ = 2'500'000;
};

}  // namespace

std::unique_ptr<Wire> make_rtmp_wire(const std::string& path, std::uint16_t port) {
    return std::make_unique<RtmpWire>(path, port);
}

}  // namespace st::bench
