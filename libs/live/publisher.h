#pragma once
/// One publisher of a live stream, from its request to its end, whatever carries it. docs/live.md.
///
///     claiming --> publishing --> over        first, somebody elsewhere may be asked
///        \--> waiting --^------------^      another one holds the path
///
/// A path that is held is given when its holder leaves, or stays silent for `takeover_after`; the
/// holder's first sign of life is the refusal. Lives on its executor's thread, owned by its
/// transport.
#include <chrono>
#include <memory>
#include <string>

#include "auth/decision.h"
#include "base/log.h"
#include "base/result.h"
#include "hub/hub.h"
#include "live/normalised_input.h"

namespace st::live {

/// Why a publisher that was accepted is told goodbye.
enum class PublisherEnd : std::uint8_t {
    done,      ///< it said that it ends
    invalid,   ///< what it sends cannot be read
    silent,    ///< it sends nothing any more
    replaced,  ///< another one has the path
    kicked,    ///< by an operator
    shutdown,  ///< the server ends
    slow,      ///< it holds memory that others need, and sends next to nothing
};

/// How a protocol answers a publisher.
class PublisherTransport {
 public:
    virtual ~PublisherTransport() = default;
    /// Once: the path is this publisher's. Packets may be pushed from now on.
    virtual void accept() = 0;
    /// Instead of accept(). `why.code`: 409 or 503. Nothing follows.
    virtual void refuse(const Error& why) = 0;
    /// Provoke a sign of life, where the protocol can.
    virtual void probe() {}
    /// What was held has gone on although nothing came: fewer bytes are held.
    virtual void on_flushed() {}
    /// After accept(): nothing is taken any more. `reason` is for people.
    virtual void finish(PublisherEnd why, const std::string& reason) = 0;
};

class Publisher final {
 public:
    enum class State : std::uint8_t {
        claiming,
        waiting,  ///< for the path's holder to leave or to show that it is alive
        publishing,
        over,
    };

    /// All but the values outlive it.
    Publisher(hub::Hub& hub, hub::Executor& executor, std::chrono::milliseconds takeover_after,
              Log log, PublisherTransport& transport);
    ~Publisher();
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;

    /// Once. The transport may be called before it returns.
    void start(const std::string& path, const hub::PublisherInfo& info,
               const auth::Decide& decide = {});
    /// Bytes came from the peer, whatever they are.
    void note_input(std::int64_t now_ns) { publication_.note_input(now_ns); }
    /// Goes nowhere unless this is publishing. Ends it if nothing it sends will ever be seen.
    void push(media::Packet packet, std::int64_t now_ns);
    /// A packet that could not be read. The first is logged at once, their number at the end.
    void note_unusable(const std::string& why);
    /// Tags so far whose size is not what is said behind them; logged at the end.
    void set_wrong_sizes(std::uint64_t tags) { wrong_sizes_ = tags; }
    /// Ends it and tells the peer why.
    /// `by`: who wanted it.
    void end(PublisherEnd why, const std::string& reason, const std::string& by = {});
    /// The peer left, or the connection broke. The transport is called no more.
    void leave(const std::string& reason);
    void shut_down();

    /// Memory held, beside what the stream holds.
    std::size_t held_bytes() const { return input_.normaliser().held_bytes(); }
    State state() const { return state_; }
    bool is_waiting() const { return state_ == State::claiming || state_ == State::waiting; }

 private:
    class Link;

    void claim();
    void on_claimed(Result<hub::Publication> claimed);
    void refuse(const Error& why);
    void on_holder_changed();
    void on_wait_over();
    void end_publication(const std::string& reason, const std::string& by = {});
    void stop_timer();

    hub::Hub& hub_;
    hub::Executor& executor_;
    const std::chrono::milliseconds takeover_after_;
    Log log_;
    PublisherTransport& transport_;
    State state_ = State::claiming;
    std::string path_;
    hub::PublisherInfo info_;
    std::int64_t since_ns_ = 0;  ///< when it asked
    std::shared_ptr<Link> link_;
    hub::TimerId timer_ = 0;
    NormalisedInput input_;
    std::uint64_t unusable_ = 0;
    std::string last_unusable_;
    std::uint64_t wrong_sizes_ = 0;
    hub::Publication publication_;
    std::shared_ptr<const bool> here_ = std::make_shared<const bool>(true);
};

}  // namespace st::live
