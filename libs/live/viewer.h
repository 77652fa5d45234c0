#pragma once
/// One viewer of a live stream, from its request to its end, whatever carries it. docs/live.md.
///
///     deciding --> waiting_for_publisher <--> waiting_for_entry --> playing --> draining --> over
///
/// It is answered as soon as a publisher is there: at once, or where the answer says which tracks
/// there are, when they are known or a second later. Lives on its queue's thread, owned by its
/// transport.
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "auth/decision.h"
#include "base/result.h"
#include "hub/hub.h"

namespace st::live {

/// Why a viewer that was accepted is told goodbye.
enum class ViewerEnd : std::uint8_t {
    ended,     ///< the stream is over
    complete,  ///< the viewer has had all that it asked for
    stuck,     ///< the viewer takes nothing any more
    kicked,    ///< by an operator
    left,      ///< it closed its side and takes nothing any more
    shutdown,  ///< the server ends
};
const char* to_text(ViewerEnd why);

/// How a protocol answers a viewer and carries its packets.
class ViewerTransport : public hub::Sink {
 public:
    /// Whether accept() must say which tracks there are.
    virtual bool announces_tracks() const { return true; }
    /// Once: the protocol's yes, and what goes before the first packet. `why_waiting`: as for
    /// say_waiting(), where that is known already; empty: nothing is in the way.
    virtual void accept(hub::Tracks tracks, const std::string& why_waiting) = 0;
    /// After accept(), now and then while no picture can be sent: why, in words for people.
    virtual void say_waiting(const std::string& /*why*/) {}
    /// Before accept() and after it: it begins to wait for a publisher, or its own has gone while
    /// it plays; and then, while it plays, that there is one again.
    virtual void note_publisher(bool /*is_there*/) {}
    /// Once, after accept() and before the first packet.
    virtual void begin() {}
    /// Instead of accept(): the protocol's no. `why.code`: 403, 404 or 503. Nothing follows.
    virtual void refuse(const Error& why) = 0;
    /// After accept(): nothing more comes. What was sent goes out, then the connection ends.
    /// `words` say why.
    virtual void finish(ViewerEnd why, const std::string& words) = 0;
};

class Viewer final : private hub::Viewer {
 public:
    /// On which a viewer is let in.
    struct Terms {
        /// How long it waits for a publisher before it is refused.
        std::chrono::milliseconds wait{10'000};
        /// Whether the path's source is being tried: then it waits on. May be empty.
        std::function<bool(const std::string& path)> is_coming = {};
        auth::Decide decide = {};  ///< may be empty
    };

    enum class State : std::uint8_t {
        deciding,  ///< somebody elsewhere is asked whether it may
        waiting_for_publisher,
        waiting_for_entry,  ///< a publisher is there; nothing can be decoded yet
        playing,
        draining,  ///< told that it is over; what was sent goes out
        over,
    };

    /// All but `terms` outlive it.
    Viewer(hub::Hub& hub, hub::DeliveryQueue& delivery, Terms terms, ViewerTransport& transport)
        : hub_(hub), delivery_(delivery), terms_(std::move(terms)), transport_(transport) {}
    ~Viewer() override { delivery_.executor().cancel(timer_); }
    Viewer(const Viewer&) = delete;
    Viewer& operator=(const Viewer&) = delete;

    /// Once. The transport may be called before it returns. A query with `cache=0` leaves out what
    /// is kept of the stream: the viewer begins at the next key frame.
    void start(const std::string& path, hub::FormId form, const hub::ViewerInfo& info,
               hub::Tracks wanted = {true, true});
    /// Only these tracks from now on.
    void choose(hub::Tracks wanted);
    /// The transport's socket took everything.
    void on_drained();
    /// The peer asks for nothing more but may still read. One that waits for a publisher, and not
    /// for a source, is refused; one that takes nothing of a stream that gives nothing is taken to
    /// be gone.
    void on_half_end();
    /// It has had what it asked for.
    void end_as_asked() { finish(ViewerEnd::complete); }
    /// The peer left, or the connection broke. `reason` is for the event; empty: what the hub
    /// knows. The transport is called no more.
    void leave(const std::string& reason);
    void shut_down();

    State state() const { return state_; }

 private:
    hub::Sink& sink() override { return transport_; }
    void publisher_changed() override;
    void begin(hub::Tracks tracks) override;
    void end(hub::EndReason reason, const std::string& by) override;

    void join();
    void wait_for_publisher();
    void watch_wait();
    bool may_wait_on() const;
    void on_wait_over();
    void wait_for_entry();
    void watch_entry(std::chrono::nanoseconds delay);
    std::string why_waiting() const;
    void accept(hub::Tracks tracks);
    void refuse(const Error& why);
    void finish(ViewerEnd why) { finish(why, to_text(why)); }
    void finish(ViewerEnd why, const std::string& words);
    void watch_silence();
    void look_at_silence(std::uint64_t bytes_then);
    template <class Call>
    void call_after(std::chrono::nanoseconds delay, Call call);
    void stop_timer();

    hub::Hub& hub_;
    hub::DeliveryQueue& delivery_;
    const Terms terms_;
    ViewerTransport& transport_;
    std::string path_;
    hub::FormId form_ = 0;
    hub::ViewerInfo info_;
    hub::Tracks wanted_;
    State state_ = State::deciding;
    bool is_accepted_ = false;
    std::optional<std::int64_t> half_ended_ns_;
    hub::Subscription subscription_;
    hub::TimerId timer_ = 0;  ///< whatever the state waits for
    std::shared_ptr<const bool> here_ = std::make_shared<const bool>(true);
};

}  // namespace st::live
