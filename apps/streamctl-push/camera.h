#pragma once
/// One camera of `streamctl push`: a WebSocket client that behaves as the app does. On its loop's
/// thread only. Spec: docs/camera.md.
#include <Poco/Net/SocketAddress.h>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "camera/message.h"
#include "http/head.h"
#include "loop/tcp_stream.h"
#include "streamctl-push/clip.h"
#include "streamctl-push/clock_answers.h"
#include "streamctl-push/kept_messages.h"
#include "streamctl-push/push_clock.h"
#include "streamctl/options.h"
#include "ws/codec.h"
#include "ws/encode.h"
#include "ws/handshake.h"

namespace st::streamctl {

class PushCamera;

/// What all cameras of a push share.
class PushFleet {
 public:
    virtual ~PushFleet() = default;
    /// The input as `parameters` want it. Throws av::Error.
    virtual std::shared_ptr<Clip> clip_for(const camera::StartParameters& parameters) = 0;
    virtual ws::MaskKey next_mask() = 0;
    /// A line for people. `is_trouble`: also when quiet.
    virtual void say(const PushCamera& camera, std::string_view text, bool is_trouble) = 0;
    /// The camera is done and will do nothing more; `exit_code` is 0 if all was well. `may_pass`:
    /// what ended it may be over by the next try.
    virtual void on_done(PushCamera& camera, int exit_code, bool may_pass) = 0;
    /// Its connection is lost and its capture goes on: it wants to be opened again.
    virtual void on_lost(PushCamera& camera) = 0;
};

struct PushTarget {
    Poco::Net::SocketAddress address;
    std::string host_field;
    std::string host;         ///< the certificate must be for it
    loop::TlsContextPtr tls;  ///< null: plain
    std::string path;         ///< origin-form
    std::string token;
    std::string capabilities;    ///< its message, encoded
    bool was_connected = false;  ///< before: its name may still be held by that connection
    bool realtime = false;
    bool loops = false;
    bool resumes = false;
    Fault fault;
};

class PushCamera final : public loop::StreamHandler {
 public:
    /// Bytes that may wait for the socket; over it the input waits.
    static constexpr std::size_t kQueueBytesMax = std::size_t{1} << 20;
    static constexpr std::chrono::seconds kAnswerPatience{10};
    /// Bytes that are kept for the server; over it the input waits.
    static constexpr std::size_t kKeptBytesMax = std::size_t{256} << 20;
    /// A server that acknowledges does it each second: one that is silent for so long while it has
    /// to is out of reach, long before the system notices.
    static constexpr std::chrono::seconds kSilenceMax{5};

    PushCamera(loop::EventLoop& loop, PushFleet& fleet, std::string name, PushTarget target);
    ~PushCamera() override;

    /// Connects; everything else follows. Once, and again after PushFleet::on_lost.
    void open();
    /// The clip has more.
    void wake();
    /// Ends in an orderly way: capture_stopped, close.
    void finish(std::string_view reason);
    const std::string& name() const { return name_; }
    const PushTarget& target() const { return target_; }
    bool was_connected() const { return was_connected_; }
    bool is_done() const { return link_ == Link::done; }
    bool is_sending() const { return capture_ == Capture::running; }
    /// What it streams goes on with the next connection.
    bool keeps_capture() const { return capture_ != Capture::none && !capture_name_.empty(); }
    /// Since it was made, over all captures.
    std::uint64_t pictures_total() const { return pictures_total_; }
    std::uint64_t bytes_total() const { return bytes_total_; }
    /// Bytes that the connection has not taken yet.
    std::size_t queued_bytes() const { return stream_ ? stream_->queued_bytes() : 0; }

 private:
    enum class Link { connecting, open, lost, closing, done };
    enum class Capture {
        none,
        starting,  ///< nothing of it has been sent
        running,
        ending,  ///< there is no more of it, and the server may not have all
    };

    void on_data(std::span<std::uint8_t> bytes) override;
    void on_end(std::string_view error) override;
    void on_drained() override {
        flush();
        pump();
    }

    bool read_answer(std::span<std::uint8_t>& bytes);
    void refused(const http::ResponseHead& head);
    void introduce();
    void handle(ws::Event event);
    void handle_text(const std::string& text);
    void handle_close(const ws::Close& close);
    void start(const camera::Start& order);
    void on_stop_order();
    void on_received(const camera::Received& received);
    bool is_time_to_begin();
    void begin_sending(const PacketPtr& first);
    void stop(std::string message);
    void end_of_pass();
    bool go_back();
    void await_last_word();
    void capture_failed(const std::string& why);
    void capture_over();
    void give_up_capture();
    void leave_clip();
    void flush();
    void watch_silence();
    void pump();
    bool happens(double probability);
    /// Sends next_ if it is due; false: something has to happen first.
    bool send_next();
    void take_message(std::uint64_t timestamp_us, const SharedBuffer& payload);
    void send_message(std::uint64_t timestamp_us, std::uint32_t seq, Bytes payload);
    void send_text(std::string_view text);
    void close(std::uint16_t code, std::string_view reason);
    void fail(int exit_code);
    void done(int exit_code, bool may_pass = false);
    std::int64_t media_us(std::int64_t pts_us) const;

    loop::EventLoop& loop_;
    PushFleet& fleet_;
    const std::string name_;
    const PushTarget target_;
    std::unique_ptr<loop::TcpStream> stream_;
    Link link_ = Link::connecting;
    int exit_code_ = 0;  ///< once closing
    ws::Nonce nonce_{};
    std::optional<http::ResponseReader> answer_;  ///< of this connection, as the next
    std::optional<ws::Decoder> decoder_;
    loop::TimerId deadline_ = 0;  ///< for an answer of the server
    std::int64_t heard_ns_ = 0;
    loop::TimerId silence_ = 0;

    camera::StartParameters asked_;  ///< of the capture under way
    std::shared_ptr<Clip> clip_;
    ReaderId reader_ = 0;
    PacketPtr next_;
    loop::TimerId key_due_ = 0;  ///< a live input's first picture is to be a key frame
    loop::TimerId due_ = 0;
    bool pump_again_ = false;
    Buffer message_;  ///< reused
    std::uint64_t pictures_total_ = 0;
    std::uint64_t bytes_total_ = 0;
    bool was_connected_ = false;
    std::mt19937 chance_;         ///< of faults: the same for the same name
    std::int64_t jitter_us_ = 0;  ///< of next_
    PushClock clock_;
    ClockAnswers clock_answers_;

    Capture capture_ = Capture::none;
    std::string capture_name_;  ///< what the server calls it; "": it cannot be resumed
    bool is_resumed_ = true;    ///< this connection began it, or may go on with it
    KeptMessages kept_;         ///< of a capture that has a name
    std::string stop_message_;  ///< ending: what to say behind the last message
    bool stop_is_said_ = false;
    loop::TimerId last_word_ = 0;              ///< ending: for the server to have it all
    std::optional<std::string> closes_after_;  ///< once the capture is over, with that reason

    // Of the capture under way. Media time: microseconds since its first picture.
    std::uint32_t seq_ = 0;
    std::optional<std::int64_t> begin_ns_;  ///< no picture is taken before, CLOCK_MONOTONIC
    std::int64_t base_ns_ = 0;              ///< monotonic clock at media time 0
    std::int64_t origin_us_ = 0;            ///< pts of the first picture
    std::int64_t pass_us_ = 0;              ///< media time at which this pass over the input began
    std::int64_t latest_us_ = 0;            ///< latest media time so far
    std::uint64_t pictures_ = 0;
    std::uint64_t pass_pictures_ = 0;  ///< of them, those before this pass
    std::uint64_t bytes_ = 0;
    std::uint64_t reset_at_ = 0;  ///< the connection breaks after so many; 0: never
};

}  // namespace st::streamctl
