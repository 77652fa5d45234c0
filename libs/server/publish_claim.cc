#include "server/publish_claim.h"

namespace st::server {

void PublishClaim::ask(const std::string& path, const hub::PublisherPtr& publisher,
                       const hub::PublisherInfo& info, hub::Clock clock, Done done) {
    const std::int64_t asked_ns = loop_.now_ns();
    auto first = live_.hub().publish(path, publisher, info, clock, asked_ns);
    if (first || first.error().code != 409) return done(std::move(first));
    timer_ = loop_.after(
        takeover_after_, [this, path, publisher, info, clock, asked_ns, done = std::move(done)] {
            timer_ = 0;
            const Done call = done;  // this may be gone when it returns
            call(live_.hub().publish(path, publisher, info, clock, loop_.now_ns(), asked_ns));
        });
}

}  // namespace st::server
