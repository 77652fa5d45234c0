#include "fanout_wire.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <stdexcept>

#include "flv/tag.h"
#include "http/body.h"
#include "http/head.h"
#include "ws/encode.h"
#include "ws/handshake.h"

namespace st::bench {

void TagScan::feed(Bytes bytes, MediaSink& sink) {
    while (!bytes.empty()) bytes = bytes.subspan(step(bytes, sink));
}

/// Takes at least one byte.
std::size_t TagScan::step(Bytes bytes, MediaSink& sink) {
    if (file_header_left_ > 0) {
        const std::size_t used = std::min(bytes.size(), file_header_left_);
        file_header_left_ -= used;
        return used;
    }
    const std::size_t kept = at_ < flv::kTagHeaderBytes ? flv::kTagHeaderBytes : head_bytes_;
    if (at_ < kept) {
        const std::size_t used = std::min(bytes.size(), kept - at_);
        std::copy_n(bytes.begin(), used, head_.begin() + static_cast<std::ptrdiff_t>(at_));
        at_ += used;
        if (at_ == flv::kTagHeaderBytes) {
            tag_bytes_ = at_ + (load_be32(head_.data()) & 0xFF'FFFF);
            head_bytes_ = std::min(tag_bytes_, head_.size());
        }
        return used;
    }
    if (at_ < tag_bytes_) {
        const std::size_t used = std::min(bytes.size(), tag_bytes_ - at_);
        at_ += used;
        return used;
    }
    tail_[at_ - tag_bytes_] = bytes[0];
    if (++at_ < tag_bytes_ + flv::kPreviousTagSizeBytes) return 1;
    if (load_be32(tail_.data()) != tag_bytes_) {
        throw std::runtime_error("a tag of " + std::to_string(tag_bytes_) +
                                 " bytes is followed by the size " +
                                 std::to_string(load_be32(tail_.data())));
    }
    MediaHead head;
    head.type = head_[0] & 0x1F;
    head.timestamp_ms = load_be32(head_.data() + 4) >> 8 | std::uint32_t{head_[7]} << 24;
    head.body_bytes = tag_bytes_ - flv::kTagHeaderBytes;
    std::copy_n(head_.begin() + flv::kTagHeaderBytes, head_bytes_ - flv::kTagHeaderBytes,
                head.body.begin());
    at_ = 0;
    sink.on_media(head);
    return 1;
}

namespace {

std::string host_of(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

class HttpWire final : public Wire {
 public:
    HttpWire(const std::string& path, std::uint16_t port)
        : request_("GET " + path + ".flv HTTP/1.1\r\nHost: " + host_of(port) + "\r\n\r\n") {}

    void begin(Buffer& out) override { out.append(as_bytes(request_)); }

    void feed(Bytes bytes, Buffer& /*out*/, MediaSink& sink) override {
        if (!body_) bytes = bytes.subspan(read_head(bytes));
        while (body_ && !bytes.empty()) {
            if (body_->is_complete()) throw std::runtime_error("the stream ended");
            const auto piece = body_->next(bytes);
            if (!piece) throw std::runtime_error(piece.error().message);
            tags_.feed(piece->data, sink);
            bytes = bytes.subspan(piece->consumed);
        }
    }

 private:
    std::size_t read_head(Bytes bytes) {
        const auto used = reader_.feed(bytes);
        if (!used) throw std::runtime_error(used.error().message);
        if (!reader_.is_complete()) return *used;
        const http::ResponseHead head = reader_.take();
        if (head.status != 200) throw std::runtime_error(std::to_string(head.status));
        auto body =
            http::BodyReader::of_response(head, "GET", std::numeric_limits<std::uint64_t>::max());
        if (!body) throw std::runtime_error(body.error().message);
        body_.emplace(std::move(*body));
        return *used;
    }

    const std::string request_;
    http::ResponseReader reader_;
    std::optional<http::BodyReader> body_;
    TagScan tags_;
};

class WsWire final : public Wire {
 public:
    WsWire(const std::string& path, std::uint16_t port)
        : request_(ws::encode_upgrade_request(host_of(port), path + ".flv", kNonce)) {}

    void begin(Buffer& out) override { out.append(as_bytes(request_)); }

    void feed(Bytes bytes, Buffer& out, MediaSink& sink) override {
        if (!is_open_) bytes = bytes.subspan(read_head(bytes));
        while (is_open_ && !bytes.empty()) {
            if (in_payload_) {
                const Bytes piece = bytes.first(std::min<std::uint64_t>(bytes.size(), left_));
                take_payload(piece, sink);
                bytes = bytes.subspan(piece.size());
            } else {
                header_[header_bytes_++] = bytes[0];
                bytes = bytes.subspan(1);
                read_header();
            }
            if (in_payload_ && left_ == 0) end_frame(out);
        }
    }

 private:
    static constexpr ws::Nonce kNonce{7, 1, 7, 1, 7, 1, 7, 1, 7, 1, 7, 1, 7, 1, 7, 1};
    static constexpr ws::MaskKey kKey{0x5A, 0xC3, 0x17, 0x8E};

    std::size_t read_head(Bytes bytes) {
        const auto used = reader_.feed(bytes);
        if (!used) throw std::runtime_error(used.error().message);
        if (!reader_.is_complete()) return *used;
        const http::ResponseHead head = reader_.take();
        const auto checked = ws::check_upgrade_answer(head.status, head.fields, kNonce);
        if (!checked) throw std::runtime_error(checked.error().message);
        is_open_ = true;
        return *used;
    }

    void read_header() {
        const std::size_t length = header_bytes_ < 2 ? 0 : header_[1] & 0x7F;
        const std::size_t want = length == 127 ? 10 : length == 126 ? 4 : 2;
        if (header_bytes_ < want) return;
        left_ = length == 127   ? load_be64(header_.data() + 2)
                : length == 126 ? load_be16(header_.data() + 2)
                                : length;
        header_bytes_ = 0;
        in_payload_ = true;
    }

    ws::Opcode opcode() const { return static_cast<ws::Opcode>(header_[0] & 0x0F); }

    void take_payload(Bytes piece, MediaSink& sink) {
        left_ -= piece.size();
        if (opcode() == ws::Opcode::binary || opcode() == ws::Opcode::continuation) {
            tags_.feed(piece, sink);
        } else {
            control_.append(as_text(piece));
        }
    }

    void end_frame(Buffer& out) {
        in_payload_ = false;
        if (opcode() == ws::Opcode::close) throw std::runtime_error("the server closed");
        if (opcode() == ws::Opcode::ping) out.append(ws::encode_pong(control_, kKey).bytes());
        control_.clear();
    }

    const std::string request_;
    http::ResponseReader reader_;
    bool is_open_ = false;
    std::array<std::uint8_t, ws::kFrameHeaderMax> header_{};
    std::size_t header_bytes_ = 0;
    bool in_payload_ = false;
    std::uint64_t left_ = 0;  ///< of the payload
    std::string control_;
    TagScan tags_;
};

}  // namespace

std::unique_ptr<Wire> make_wire(const std::string& protocol, const std::string& path,
                                std::uint16_t port) {
    if (protocol == "http-flv") return std::make_unique<HttpWire>(path, port);
    if (protocol == "ws-flv") return std::make_unique<WsWire>(path, port);
    if (protocol == "rtmp") return make_rtmp_wire(path, port);
    throw std::invalid_argument("no protocol " + protocol);
}

}  // namespace st::bench
