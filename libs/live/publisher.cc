#include "live/publisher.h"

#include <utility>

namespace st::live {
/// What the hub calls, from any thread: posts to the publisher's own.
class Publisher::Link final : public hub::Publisher, public std::enable_shared_from_this<Link> {
 public:
    Link(hub::Executor& executor, live::Publisher& publisher)
        : executor_(executor), publisher_(&publisher) {}

    void probe() override {
        post([](live::Publisher& publisher) { publisher.transport_.probe(); });
    }
    void replaced() override {
        post([](live::Publisher& publisher) { publisher.end(PublisherEnd::replaced, "replaced"); });
    }
    void kicked(const std::string& by) override {
        post([by](live::Publisher& publisher) {
            publisher.end(PublisherEnd::kicked, hub::kicked_text(by), by);
        });
    }
    void holder_changed() override {
        post([](live::Publisher& publisher) { publisher.on_holder_changed(); });
    }
    /// The executor's thread.
    void forget() { publisher_ = nullptr; }

 private:
    template <class Call>
    void post(Call call) {
        executor_.post([self = shared_from_this(), call] {
            if (self->publisher_ != nullptr) call(*self->publisher_);
        });
    }

    hub::Executor& executor_;
    live::Publisher* publisher_;  ///< the executor's thread only; null once it is over
};

Publisher::Publisher(hub::Hub& hub, hub::Executor& executor,
                     std::chrono::milliseconds takeover_after, Log log,
                     PublisherTransport& transport)
    : hub_(hub),
      executor_(executor),
      takeover_after_(takeover_after),
      log_(std::move(log)),
      transport_(transport),
      link_(std::make_shared<Link>(executor, *this)),
      input_(
          executor,
          [this](media::Packet packet, std::int64_t now_ns) {
              publication_.push(std::move(packet), now_ns);
          },
          [this] { transport_.on_flushed(); }) {}

Publisher::~Publisher() {
    stop_timer();
    link_->forget();
}

void Publisher::start(const std::string& path, const hub::PublisherInfo& info,
                      const auth::Decide& decide) {
    path_ = path;
    info_ = info;
    log_ = log_.with_field("stream", path).with_field("peer", info.peer);
    const auto decided = [this, weak = std::weak_ptr(here_),
                          &executor = executor_](Result<void> may) {
        executor.post([this, weak, may] {
            if (weak.expired() || state_ != State::claiming) return;
            may ? claim() : refuse(may.error());
        });
    };
    const bool is_asked =
        decide && decide({true, path, info.protocol, info.query, info.peer}, decided);
    if (!is_asked) claim();
}

void Publisher::claim() {
    since_ns_ = executor_.now_ns();
    auto claimed = hub_.publish(path_, link_, info_, hub::Clock::bits_32, since_ns_);
    if (claimed || claimed.error().code != 409) return on_claimed(std::move(claimed));
    state_ = State::waiting;
    timer_ = executor_.after(takeover_after_, [this] {
        timer_ = 0;
        on_wait_over();
    });
}

void Publisher::on_wait_over() {
    on_claimed(
        hub_.publish(path_, link_, info_, hub::Clock::bits_32, executor_.now_ns(), since_ns_));
}

void Publisher::on_holder_changed() {
    if (state_ != State::waiting) return;
    auto claimed = hub_.publish(path_, link_, info_, hub::Clock::bits_32, executor_.now_ns());
    if (claimed || claimed.error().code != 409) return on_claimed(std::move(claimed));
    const hub::StreamPtr stream = hub_.find(path_);
    const hub::PublisherPtr holder = stream ? stream->publisher() : nullptr;
    // A sign of life from before the question is none.
    if (!holder || holder->last_input_ns.load() <= since_ns_) return;
    on_claimed(std::move(claimed));
}

void Publisher::on_claimed(Result<hub::Publication> claimed) {
    stop_timer();
    if (!claimed) return refuse(claimed.error());
    publication_ = std::move(*claimed);
    state_ = State::publishing;
    transport_.accept();
}

void Publisher::refuse(const Error& why) {
    stop_timer();
    state_ = State::over;
    link_->forget();
    log_.warning("publish refused: " + why.message);
    transport_.refuse(why);
}

void Publisher::push(media::Packet packet, std::int64_t now_ns) {
    if (state_ != State::publishing) return;
    if (input_.feed(std::move(packet), now_ns)) return;
    note_unusable(input_.normaliser().last_unusable());
    const std::string hopeless = input_.normaliser().hopeless();
    if (hopeless.empty()) return;
    hub_.note_refused(path_, info_, hopeless, now_ns);
    end(PublisherEnd::invalid, hopeless);
}

void Publisher::note_unusable(const std::string& why) {
    last_unusable_ = why;
    publication_.note_unusable(why);
    if (++unusable_ == 1) log_.warning("a packet cannot be used: " + why);
}

void Publisher::end_publication(const std::string& reason, const std::string& by) {
    input_.flush();
    publication_.end(reason, by);
    const std::uint64_t unusable = std::exchange(unusable_, 0);
    if (unusable > 1) {
        log_.warning(std::to_string(unusable) + " packets could not be used: " + last_unusable_);
    }
    const std::uint64_t wrong_sizes = std::exchange(wrong_sizes_, 0);
    if (wrong_sizes > 0) {
        log_.info(std::to_string(wrong_sizes) + " tags are not of the size said behind them");
    }
}

void Publisher::end(PublisherEnd why, const std::string& reason, const std::string& by) {
    if (state_ == State::over) return;
    if (state_ != State::publishing) return refuse(Error{reason, 503});
    state_ = State::over;
    link_->forget();
    end_publication(reason, by);
    if (why != PublisherEnd::done) log_.warning("publish ended: " + reason);
    transport_.finish(why, reason);
}

void Publisher::leave(const std::string& reason) {
    if (is_waiting()) log_.warning("publish refused: " + path_ + ": left before it was free");
    stop_timer();
    state_ = State::over;
    link_->forget();
    end_publication(reason);
}

void Publisher::shut_down() { end(PublisherEnd::shutdown, "the server is shutting down"); }

void Publisher::stop_timer() { executor_.cancel(std::exchange(timer_, 0)); }

}  // namespace st::live
