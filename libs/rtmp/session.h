#pragma once
/// One RTMP connection, the server's side: bytes in, events out; calls in, bytes out. Pure: no
/// socket, clock, log or thread; one thread at a time. Spec: Adobe RTMP 1.0, sections 5 and 7.
///
///     session.feed(bytes);
///     for (;;) {
///         auto event = session.next();               // Error | need more | an event
///         send(session.take_output());               // after an Error too: it may say why
///         if (!event || !*event) break;
///         ...                                        // Connect, Publish, Play want an answer
///     }
///
/// What asks for a decision (Connect, Publish, Play) is answered by accept_ or refuse_, at once or
/// later. Everything else that a client may wait for is answered here: createStream, releaseStream,
/// FCPublish, FCSubscribe, getStreamLength, _checkbw, pings, unknown commands. Acknowledgements
/// too.
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"
#include "flv/amf.h"
#include "media/packet.h"
#include "rtmp/aggregate.h"
#include "rtmp/answer_writer.h"
#include "rtmp/chunk_reader.h"
#include "rtmp/command.h"
#include "rtmp/handshake.h"
#include "rtmp/target.h"

namespace st::rtmp {

/// Answer with accept_connect() or refuse_connect().
struct Connect {
    ConnectTarget target;
    std::string flash_version;    ///< what the client calls itself
    bool offers_four_cc = false;  ///< speaks enhanced RTMP
};
/// Answer with accept_publish() or refuse_publish(). Packets that come before are kept and follow
/// accept_publish(): read no more until then, they are bounded.
struct Publish {
    std::uint32_t stream_id = 0;
    Target target;
};
/// What a client wants to get on a stream: receiveAudio, receiveVideo.
struct Wanted {
    bool audio = true;
    bool video = true;
};
/// Answer with accept_play(), best when there is something to play, or refuse_play().
struct Play {
    std::uint32_t stream_id = 0;
    Target target;
    Wanted wanted;
    /// It wants no more than that, of the stream's time. Where to start means nothing in a live
    /// stream: librtmp asks for 0, "recorded", of any.
    std::optional<double> seconds;
};
/// It wants something else from now on; of any stream.
struct Chosen {
    std::uint32_t stream_id = 0;
    Wanted wanted;
};
/// Of a stream that publishes.
struct Media {
    std::uint32_t stream_id = 0;
    media::Packet packet;  ///< its time is the client's, 0..2^32-1
};
/// The client ended a publication or a play (closeStream, deleteStream, FCUnpublish, or another
/// publish or play in its place). The connection goes on.
struct Finished {
    std::uint32_t stream_id = 0;
    bool was_publishing = false;
};
struct Paused {
    std::uint32_t stream_id = 0;
    bool is_paused = false;
};
/// The answer to ping().
struct Pong {
    std::uint32_t timestamp_ms = 0;
};
using Event = std::variant<Connect, Publish, Play, Media, Finished, Paused, Chosen, Pong>;

struct SessionLimits {
    ChunkLimits chunks;
    std::size_t streams_max = 16;  ///< createStream without deleteStream
    /// Packets before accept_publish(), of all streams: what one read may bring, and no flood.
    std::size_t kept_bytes_max = 2 * 1024 * 1024;
};

class Session {
 public:
    /// What we announce: how many bytes may be on the way before we acknowledge, or the client.
    static constexpr std::uint32_t kWindowBytes = 2'500'000;

    /// `seed`: of the handshake's noise.
    explicit Session(std::uint64_t seed, SessionLimits limits = {})
        : limits_(limits), handshake_(seed), chunks_(limits.chunks) {
        chunks_.take_media(false);  // before connect there is nothing to send it for
    }

    /// Borrows `bytes` until next() returned nullopt or an Error; call next() until it does.
    void feed(Bytes bytes);
    /// The next event; nullopt = feed me more. An Error is final.
    Result<std::optional<Event>> next();
    /// Messages but media so far: a client has few things to say.
    std::uint64_t commands() const { return commands_; }
    /// What is to be sent now; empty if nothing.
    Buffer take_output();

    void accept_connect();
    /// `code`: "NetConnection.Connect.Rejected" and the like. Close once it is sent.
    void refuse_connect(const std::string& description,
                        const std::string& code = "NetConnection.Connect.Rejected");
    void accept_publish(std::uint32_t stream_id);
    /// `code`: "NetStream.Publish.BadName" (taken, or no such app), "NetStream.Publish.Denied",
    /// "NetStream.Publish.Unauthorized" (no right), "NetStream.Publish.Rejected".
    void refuse_publish(std::uint32_t stream_id, const std::string& code,
                        const std::string& description);
    /// A publication that was accepted is over for a reason of ours.
    void end_publish(std::uint32_t stream_id, const std::string& code,
                     const std::string& description);
    /// All that goes before the first packet. Packets go out as chunk_writer.h makes them, with
    /// kOutChunkBytes and this stream id.
    void accept_play(std::uint32_t stream_id);
    /// Of one that was accepted: nothing comes yet, and why.
    void tell_waiting(std::uint32_t stream_id, const std::string& why);
    void refuse_play(std::uint32_t stream_id,
                     const std::string& code = "NetStream.Play.StreamNotFound",
                     const std::string& description = "no such stream");
    /// What was asked for has been played; the stream goes on without this client.
    void complete_play(std::uint32_t stream_id, double seconds);
    /// The stream is over, or there will be none; the client may play another one.
    void end_play(std::uint32_t stream_id, const std::string& description);
    /// Acknowledges what was read so far, as is done unasked for each half window.
    void acknowledge();
    /// Asks for a Pong.
    void ping(std::uint32_t timestamp_ms);

    bool is_handshake_done() const { return handshake_.is_done(); }
    bool is_publishing(std::uint32_t stream_id) const;
    /// Bodies that could not be read and were left out, and why the last one was.
    std::uint64_t bad_bodies() const { return bad_bodies_; }
    const std::string& last_body_error() const { return last_body_error_; }
    std::uint64_t bytes_read() const { return chunks_.bytes_read(); }
    /// Memory held for unfinished messages, and what makes the first of them whole.
    std::size_t held_bytes() const { return chunks_.held_bytes(); }
    std::size_t missing_bytes() const { return chunks_.missing_bytes(); }
    /// Packets of streams whose publish is not answered yet.
    std::size_t kept_bytes() const { return kept_bytes_; }

 private:
    enum class Decision : std::uint8_t { none, asked, accepted, refused };
    enum class Use : std::uint8_t { idle, publish_asked, publishing, play_asked, playing };
    struct NetStream {
        std::uint32_t id;
        Use use = Use::idle;
        Wanted wanted{};
        std::string path{};  ///< of what it publishes
    };
    /// Taken apart part by part, as events are asked for.
    struct Aggregate {
        Buffer body;
        AggregateReader reader;  ///< borrows body's bytes, which do not move
        std::uint32_t stream_id;
    };
    using Handler = Result<void> (Session::*)(const Command& command, std::uint32_t stream_id);
    static Handler handler_of(std::string_view name);

    Error fail(const std::string& message);
    Result<void> handle(Message message);
    Result<void> on_command(const Message& message);
    const NetStream* publishing(std::uint32_t stream_id, Use use) const;
    Result<void> on_media(flv::TagType type, std::uint32_t stream_id, std::uint32_t timestamp_ms,
                          flv::Body body);
    Result<void> keep(Media media);
    std::vector<Media> take_kept(std::uint32_t stream_id);
    void on_aggregate(Message message);
    /// One part of the aggregate under way.
    Result<void> step_aggregate();
    void on_user_control(Bytes content);
    void on_window(Bytes content);
    void on_peer_bandwidth(Bytes content);
    void acknowledge_if_due();

    Result<void> on_connect(const Command& command, std::uint32_t stream_id);
    Result<void> on_create_stream(const Command& command, std::uint32_t stream_id);
    Result<void> on_publish(const Command& command, std::uint32_t stream_id);
    Result<void> on_play(const Command& command, std::uint32_t stream_id);
    Result<void> on_pause(const Command& command, std::uint32_t stream_id);
    Result<void> on_seek(const Command& command, std::uint32_t stream_id);
    Result<void> on_close_stream(const Command& command, std::uint32_t stream_id);
    Result<void> on_delete_stream(const Command& command, std::uint32_t stream_id);
    Result<void> on_fc_publish(const Command& command, std::uint32_t stream_id);
    Result<void> on_fc_unpublish(const Command& command, std::uint32_t stream_id);
    Result<void> on_fc_subscribe(const Command& command, std::uint32_t stream_id);
    Result<void> on_stream_length(const Command& command, std::uint32_t stream_id);
    Result<void> on_receive_audio(const Command& command, std::uint32_t stream_id);
    Result<void> on_receive_video(const Command& command, std::uint32_t stream_id);
    Result<void> on_courtesy(const Command& command, std::uint32_t stream_id);
    Result<void> on_answer(const Command& command, std::uint32_t stream_id);
    Result<void> on_unknown(const Command& command, std::uint32_t stream_id);

    NetStream* find(std::uint32_t stream_id);
    const NetStream* find(std::uint32_t stream_id) const;
    /// The stream, made if a client names one that it did not create.
    Result<NetStream*> use(std::uint32_t stream_id);
    void finish(NetStream& stream);

    const SessionLimits limits_;
    Handshake handshake_;
    ChunkReader chunks_;
    Bytes input_;  ///< borrowed, until the handshake is done
    bool failed_ = false;
    Error error_;

    Decision connect_ = Decision::none;
    ConnectTarget target_;
    double connect_transaction_ = 1;
    double object_encoding_ = 0;
    bool offers_four_cc_ = false;
    std::vector<NetStream> streams_;
    std::uint32_t next_stream_id_ = kFirstStreamId;

    std::deque<Event> events_;
    std::optional<Aggregate> aggregate_;
    AnswerWriter answers_;

    std::uint32_t window_bytes_ = kWindowBytes;  ///< acknowledged at half of it
    std::uint64_t acknowledged_at_ = 0;          ///< bytes read then
    std::uint64_t bad_bodies_ = 0;
    std::string last_body_error_;
    std::uint64_t commands_ = 0;
    std::vector<Media> kept_;  ///< of streams that have asked to publish
    std::size_t kept_bytes_ = 0;
};

}  // namespace st::rtmp
