#include "notify/decider.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "json/write.h"
#include "notify/signature.h"

namespace st::notify {
namespace {

using auth::Decided;
using auth::Question;

/// By RTMP one may be longer than any request of HTTP.
constexpr std::size_t kQueryBytesMax = 4 * 1024;

std::string body_of(const Question& question, const std::string& id, std::int64_t now_us) {
    const std::size_t slash = std::min(question.path.find('/', 1), question.path.size());
    json::Object data;
    data.set("path", question.path);
    data.set("app", question.path.substr(std::min<std::size_t>(1, question.path.size()),
                                         slash == 0 ? 0 : slash - 1));
    data.set("name", question.path.substr(std::min(slash + 1, question.path.size())));
    data.set("protocol", question.protocol);
    data.set("query", clean_text(question.query, kQueryBytesMax));
    data.set("peer", question.peer);
    data.set("id", id);
    json::Object body;
    body.set("type", question.is_publish ? "decide.publish" : "decide.play");
    body.set("timestamp", rfc3339(now_us));
    body.set("data", data);
    return json::write(body);
}

/// The client may give up this much later than the question: an answer that waits in the socket
/// when the thread comes late is looked at before the clock.
constexpr std::chrono::seconds kClientPatience{5};

/// A question and its deadline: whichever comes first answers.
struct Pending {
    Decided done;
    loop::TimerId timer = 0;
    RequestId request = 0;
};

}  // namespace

void Decider::ask(const DecideOptions& options, const Question& question, const Decided& done) {
    const std::string what =
        (question.is_publish ? "publish " : "play ") + question.path + " by " + question.peer;
    if (pending_ >= kPendingMax) {
        log_.warning(what + " refused: " + std::to_string(kPendingMax) + " questions are open");
        return done(Error{"not allowed: too many questions are open", 403});
    }
    const std::int64_t now_us = wall_us_();
    const std::string id = "ask_" + std::to_string(now_us) + "_" + std::to_string(next_id_++);
    HttpPost post;
    post.url = options.url;
    post.body = body_of(question, id, now_us);
    post.timeout = options.timeout + kClientPatience;
    const std::int64_t now_s = now_us / 1'000'000;
    post.headers = {"Content-Type: application/json", "webhook-id: " + id,
                    "webhook-timestamp: " + std::to_string(now_s),
                    "webhook-signature: " + signature(options.keys, id, now_s, post.body)};
    ++pending_;
    auto pending = std::make_shared<Pending>(Pending{done, 0, 0});
    const auto finish = [this, weak = std::weak_ptr(here_), pending,
                         what](const HttpResult& result) {
        if (weak.expired() || !pending->done) return;
        --pending_;
        timers_.cancel(pending->timer);
        const Decided answer = std::exchange(pending->done, {});
        if (result.is_good()) return answer({});
        log_.info(what + " refused: the target of decide.url answers " + result.text());
        answer(Error{"not allowed", 403});
    };
    pending->timer = timers_.after(options.timeout, [this, weak = std::weak_ptr(here_), pending,
                                                     finish, timeout = options.timeout] {
        if (weak.expired()) return;
        http_.give_up(pending->request);
        finish({0, "nothing within " + std::to_string(timeout.count()) + " ms", {}});
    });
    try {
        pending->request = http_.post(std::move(post), finish);
    } catch (const std::exception& e) {
        finish({0, e.what(), {}});
    }
}

}  // namespace st::notify
