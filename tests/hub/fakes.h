#pragma once
/// A hub without sockets: executors whose time stands still, encodings that write what they were
/// given, viewers that take as much as they are told.
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "hub/hub.h"
#include "loop/manual_timers.h"

namespace st::hub {

constexpr std::int64_t kMs = 1'000'000;

class ManualExecutor final : public Executor {
 public:
    void post(std::function<void()> task) override {
        ++posts;
        tasks_.push_back(std::move(task));
    }
    TimerId after(std::chrono::nanoseconds delay, std::function<void()> task) override {
        return timers_.after(delay, std::move(task));
    }
    void cancel(TimerId timer) override { timers_.cancel(timer); }
    std::size_t timers() const { return timers_.size(); }
    std::int64_t now_ns() const override { return timers_.clock_ns(); }
    std::int64_t read_clock_ns() const override { return timers_.clock_ns(); }

    void run() {
        while (!tasks_.empty()) {
            const auto task = std::move(tasks_.front());
            tasks_.pop_front();
            task();
        }
    }
    /// Runs what falls due on the way.
    void advance(std::int64_t ms) {
        timers_.advance(std::chrono::milliseconds(ms), [this] { run(); });
        run();
    }

    int posts = 0;

 private:
    std::deque<std::function<void()>> tasks_;
    loop::ManualTimers timers_;

 public:
    std::int64_t& now = timers_.now_ns;
};

/// "<form><track>@<dts>:<payload>", e.g. "Av@40:k".
class TextEncoding final : public Encoding {
 public:
    explicit TextEncoding(char form) : form_(form) {}
    SharedBuffer encode(const media::Packet& packet) const override {
        const char* tracks = "vam";
        std::string text(1, form_);
        text += tracks[static_cast<int>(packet.track)];
        text += '@' + std::to_string(packet.dts_ms) + ':';
        text.append(packet.payload.data(), packet.payload.data() + packet.payload.size());
        return share(Buffer(as_bytes(text)));
    }

 private:
    const char form_;
};

class FakePublisher final : public Publisher {
 public:
    void probe() override { ++probes; }
    void replaced() override { ++replacements; }
    void kicked(const std::string& by) override {
        ++kicks;
        kicked_by = by;
    }
    int probes = 0;
    int replacements = 0;
    int kicks = 0;
    std::string kicked_by;
};

/// Takes everything, until `takes` is false: then bytes pile up.
class FakeViewer final : public Viewer, public Sink {
 public:
    Sink& sink() override { return *this; }
    void begin(Tracks tracks) override {
        got.push_back(std::string("begin") + (tracks.video ? " video" : "") +
                      (tracks.audio ? " audio" : ""));
    }
    void send(std::span<const SharedBuffer> wires) override {
        ++sends;
        if (on_send) on_send();
        for (const SharedBuffer& wire : wires) {
            got.emplace_back(reinterpret_cast<const char*>(wire->data()), wire->size());
            last = wire;
            (takes ? taken : queued) += wire->size();
        }
    }
    std::size_t queued_bytes() const override { return queued; }
    std::uint64_t bytes_taken() const override { return taken; }
    void end(EndReason reason, const std::string& by) override {
        got.push_back("end: " + (by.empty() ? to_text(reason) : kicked_text(by)));
        subscription = {};
    }
    void drain(std::int64_t now_ns) {
        takes = true;
        taken += std::exchange(queued, 0);
        if (subscription) subscription.on_drained(now_ns);
    }
    /// The socket takes all it has, and nothing of what it is handed then.
    void sip(std::int64_t now_ns) {
        taken += std::exchange(queued, 0);
        if (subscription) subscription.on_drained(now_ns);
    }
    std::vector<std::string> take() { return std::exchange(got, {}); }

    bool takes = true;
    std::size_t queued = 0;
    std::size_t taken = 0;
    int sends = 0;
    std::function<void()> on_send;
    SharedBuffer last;
    std::vector<std::string> got;
    Subscription subscription;
};

inline media::Packet packet(media::Track track, std::int64_t dts_ms, const std::string& payload,
                            bool is_key = false, bool is_config = false) {
    media::Packet made;
    made.track = track;
    made.codec = track == media::Track::video   ? media::Codec::h264
                 : track == media::Track::audio ? media::Codec::aac
                                                : media::Codec::metadata;
    made.is_key = is_key;
    made.is_config = is_config;
    made.dts_ms = dts_ms;
    made.payload = Buffer(as_bytes(payload));
    return made;
}
inline media::Packet key(std::int64_t ms, const std::string& text = "k") {
    return packet(media::Track::video, ms, text, true);
}
inline media::Packet delta(std::int64_t ms, const std::string& text = "p") {
    return packet(media::Track::video, ms, text);
}
inline media::Packet sound(std::int64_t ms, const std::string& payload = "s") {
    return packet(media::Track::audio, ms, payload);
}
inline media::Packet config(const std::string& text) {
    return packet(media::Track::video, 0, text, false, true);
}
inline media::Packet sound_config() { return packet(media::Track::audio, 0, "ASC", false, true); }
inline media::Packet metadata() { return packet(media::Track::metadata, 0, "meta"); }
inline media::Packet promise() {
    media::Packet made = metadata();
    made.promises_video = made.promises_audio = true;
    return made;
}

/// What a few packets pass.
inline Options small_queue() {
    Options options;
    options.queue.bytes = 50;
    options.queue.age = std::chrono::milliseconds(500);
    options.queue.stuck_after = std::chrono::milliseconds(3'000);
    return options;
}

/// A hub with two forms, A and B, and one delivery.
struct World {
    explicit World(Options options = {})
        : hub(
              options, encodings(), [this](const Event& event) { events.push_back(event); },
              &memory),
          delivery(hub.add_delivery(executor)) {}

    static std::vector<std::unique_ptr<const Encoding>> encodings() {
        std::vector<std::unique_ptr<const Encoding>> list;
        list.push_back(std::make_unique<TextEncoding>('A'));
        list.push_back(std::make_unique<TextEncoding>('B'));
        return list;
    }
    Publication publish(const std::string& path = "/live/x", Clock clock = Clock::bits_32) {
        auto result = hub.publish(path, publisher, {"rtmp", "peer", ""}, clock, executor.now);
        assert(result.ok());
        return std::move(*result);
    }
    void join(FakeViewer& viewer, FormId form = 0, const std::string& path = "/live/x") {
        auto result = hub.subscribe(path, delivery, form, viewer, {"http-flv", "viewer", ""});
        assert(result.ok());
        viewer.subscription = std::move(*result);
        viewer.subscription.start(executor.now);
    }
    void push(Publication& publication, media::Packet made) {
        publication.push(std::move(made), executor.now);
        executor.run();
    }

    std::vector<Event> events;
    MemoryBudget memory{SIZE_MAX};
    ManualExecutor executor;
    Hub hub;
    DeliveryQueue& delivery;
    std::shared_ptr<FakePublisher> publisher = std::make_shared<FakePublisher>();
};

}  // namespace st::hub
