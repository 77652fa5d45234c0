#pragma once
/// The other end of a session: sends what clients send, reads what they are answered.
#include <string>
#include <utility>
#include <vector>

#include "bytes.h"
#include "flv/amf.h"
#include "rtmp/session.h"

namespace st::rtmp {

inline std::string text(const flv::AmfValue& value) {
    if (const auto* it = value.string()) return '"' + *it + '"';
    if (const auto* it = value.number()) {
        std::string number = std::to_string(*it);
        number.erase(number.find_last_not_of('0') + 1);
        if (number.back() == '.') number.pop_back();
        return number;
    }
    if (const auto* it = value.boolean()) return *it ? "true" : "false";
    if (value.is_null()) return "null";
    if (std::holds_alternative<flv::AmfUndefined>(value.storage())) return "undefined";
    const flv::AmfObject* object = value.object();
    if (object == nullptr) return "?";
    if (const auto* code = object->find("code")) {
        const auto* description = object->find("description");
        return "{" + (code->string() ? *code->string() : "?") +
               (description && description->string() ? ": " + *description->string() : "") + "}";
    }
    return "{..}";
}

class Client {
 public:
    explicit Client(SessionLimits limits = {}) : session(42, limits) {}

    Session session;
    std::vector<Event> events;
    std::string error;
    /// Of the server, one line a message: "stream type: content".
    std::vector<std::string> answers;

    /// Everything pending goes to the session in pieces of `step`, its answers are read.
    void flush(std::size_t step = 1'000'000) {
        const Wire bytes = std::exchange(pending_, {});
        for (std::size_t at = 0; at < bytes.size() && error.empty(); at += step) {
            session.feed(Bytes(bytes).subspan(at, std::min(step, bytes.size() - at)));
            pull();
        }
        read_answers();
    }

    void send(const Wire& bytes) { pending_ = pending_ + bytes; }
    void send(MessageType type, std::uint32_t stream_id, const Wire& body,
              std::uint32_t timestamp_ms = 0) {
        Buffer out;
        append_message(out, type, 3, timestamp_ms, stream_id, body, 128);
        send(wire(out));
    }
    template <class... Values>
    void command(std::uint32_t stream_id, const Values&... values) {
        send(MessageType::command, stream_id, wire(flv::encode_amf0(values...)));
    }
    void handshake() { send(Wire{3} + Wire(2 * Handshake::kPartBytes, 0)); }

    static flv::AmfObject connect_object(const std::string& app, const std::string& tc_url) {
        flv::AmfObject object;
        object.add("app", app);
        object.add("flashVer", "FMLE/3.0 (compatible; test)");
        object.add("tcUrl", tc_url);
        return object;
    }
    /// Handshake and an accepted connect.
    void connect() {
        handshake();
        command(0, "connect", 1.0, connect_object("live", "rtmp://h/live"));
        flush();
        session.accept_connect();
        read_answers();
        events.clear();
        answers.clear();
    }
    /// The commands of ffmpeg and OBS, with a publication that is accepted on stream 1.
    void publish() {
        connect();
        command(0, "createStream", 4.0, flv::AmfNull{});
        command(1, "publish", 5.0, flv::AmfNull{}, "cam", "live");
        flush();
        session.accept_publish(1);
        read_answers();
        events.clear();
        answers.clear();
    }

    void read_answers() {
        const Buffer out = session.take_output();
        Bytes bytes = out.bytes();
        const std::size_t skipped = std::min(handshake_left_, bytes.size());
        handshake_left_ -= skipped;
        bytes = bytes.subspan(skipped);
        if (bytes.empty()) return;
        reader_.feed(bytes);
        for (;;) {
            auto message = reader_.next();
            ASSERT_TRUE(message) << message.error().message;
            if (!*message) break;
            answers.push_back(describe(**message));
        }
    }

    /// Whether it plays there: nobody else is told that nothing comes.
    bool plays(std::uint32_t stream_id) {
        read_answers();
        const std::size_t before = answers.size();
        session.tell_waiting(stream_id, "nothing comes");
        read_answers();
        const bool was_told = answers.size() > before;
        answers.resize(before);
        return was_told;
    }

    /// What the server's chunks are cut to.
    std::size_t answer_chunk_bytes() const { return reader_.chunk_bytes(); }

    /// What the session makes of what it has.
    void pull() {
        const auto why =
            test::pull(session, [this](Event&& event) { events.push_back(std::move(event)); });
        if (why) error = why->message;
    }

 private:
    static std::string describe(const Message& message) {
        std::string line = std::to_string(message.stream_id) + " ";
        const Bytes body = message.body.payload.bytes();
        if (message.type != MessageType::command && message.type != MessageType::data) {
            line += "type " + std::to_string(static_cast<int>(message.type));
            for (const std::uint8_t byte : body) line += " " + std::to_string(byte);
            return line;
        }
        line += message.type == MessageType::data ? "data" : "command";
        flv::Amf0Reader reader(body);
        while (!reader.at_end()) {
            const auto value = reader.next();
            line += value ? " " + text(*value) : " " + value.error().message;
        }
        return line;
    }

    Wire pending_;
    ChunkReader reader_;
    std::size_t handshake_left_ = 1 + 2 * Handshake::kPartBytes;
};

using Lines = std::vector<std::string>;

}  // namespace st::rtmp
