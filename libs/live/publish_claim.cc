#include "live/publish_claim.h"

namespace st::live {
namespace {

/// The holder lives on another loop: a look now and then is cheaper than being told.
constexpr std::chrono::milliseconds kLookAgain{50};

}  // namespace

void PublishClaim::ask(const std::string& path, const hub::PublisherPtr& publisher,
                       const hub::PublisherInfo& info, hub::Clock clock, Done done) {
    if (live_.is_source && live_.is_source(path)) {
        return done(Error{path + ": an on-demand source of this server", 409});
    }
    const std::int64_t now_ns = loop_.now_ns();
    auto first = live_.hub().publish(path, publisher, info, clock, now_ns);
    if (first || first.error().code != 409) return done(std::move(first));
    look_again(std::make_shared<const Asked>(
        Asked{path, publisher, info, clock, now_ns, std::move(done)}));
}

void PublishClaim::look_again(std::shared_ptr<const Asked> asked) {
    timer_ = loop_.after(kLookAgain, [this, asked = std::move(asked)] {
        timer_ = 0;
        const std::int64_t now_ns = loop_.now_ns();
        const hub::StreamPtr stream = live_.hub().find(asked->path);
        const hub::PublisherPtr holder = stream ? stream->publisher() : nullptr;
        const bool is_alive = holder && holder->last_input_ns.load() > asked->since_ns;
        const bool is_over =
            now_ns - asked->since_ns >= std::chrono::nanoseconds(takeover_after_).count();
        const bool is_given_up = has_left();
        if (holder && !is_alive && !is_over && !is_given_up) return look_again(asked);
        // With a holder that lives this is the refusal. `this`, and with it what the timer holds,
        // may be gone when done() returns.
        // NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
        const std::shared_ptr<const Asked> kept = asked;
        if (is_given_up) return kept->done(Error{kept->path + ": left before it was free", 409});
        kept->done(live_.hub().publish(kept->path, kept->publisher, kept->info, kept->clock, now_ns,
                                       kept->since_ns));
    });
}

bool PublishClaim::has_left() const { return peer_ != nullptr && peer_->peer_has_left(); }

}  // namespace st::live
