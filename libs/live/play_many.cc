#include "live/play_many.h"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "flv/tag.h"
#include "http/target.h"
#include "httpd/token_message.h"
#include "json/read.h"
#include "json/write.h"
#include "live/live.h"
#include "live/live_request.h"
#include "live/viewer_queue.h"
#include "ws/encode.h"

namespace st::live {
namespace {

constexpr std::size_t kMessageMax = 16 * 1024;
/// Of texts since everything was taken last; pictures have bounds of their own.
constexpr std::size_t kUnreadTextsMax = 64 * 1024;

/// Of an FLV tag as libs/flv makes it: is it needed where key frames alone are wanted? Headers and
/// metadata are; a header of video is marked as a key frame, too.
bool is_for_keys_mode(Bytes tag) {
    const flv::TagType type = flv::read_tag_head(tag).type;
    return type == flv::TagType::script || flv::is_key_picture(type, tag[flv::kTagHeaderBytes]);
}

/// What goes before a tag: the frame's head and the subscription's number.
SharedBuffer prefix(std::uint16_t id, std::size_t tag_bytes) {
    const ws::FrameHeader head = ws::encode_header(ws::Opcode::binary, tag_bytes + 2);
    std::vector<std::uint8_t> bytes(head.data.begin(), head.data.begin() + head.size);
    bytes.push_back(static_cast<std::uint8_t>(id >> 8));
    bytes.push_back(static_cast<std::uint8_t>(id & 0xFF));
    return share(Buffer(Bytes(bytes)));
}

}  // namespace

/// One stream of the connection.
class PlayMany::Subscription final : public ViewerTransport {
 public:
    Subscription(PlayMany& owner, std::uint16_t id, bool only_keys)
        : owner_(owner),
          id_(id),
          only_keys_(only_keys),
          viewer_(owner.parts_.live.hub(), owner.parts_.live.delivery_of(owner.net_),
                  owner.parts_.live.terms(), *this) {}

    void start(const std::string& path, const std::string& query) {
        path_ = path;
        viewer_.start(
            path, static_cast<hub::FormId>(Form::flv),
            {"ws-flv", owner_.peer_, http::without_credentials(query), owner_.ticket_.address()},
            {true, false});
    }
    void leave() { viewer_.leave(""); }
    void on_drained() { viewer_.on_drained(); }

 private:
    bool announces_tracks() const override { return false; }
    void accept(hub::Tracks /*tracks*/, const std::string& /*why_waiting*/) override {}
    void say_waiting(const std::string& why) override { tell("waiting", why); }
    /// "live" again with the next picture, and when time 0 is now, whatever came before.
    void note_publisher(bool is_there) override {
        if (!is_there) return tell("waiting", "");
        told_.reset();
        arrivals_ = {};
    }
    void begin() override { tell("live", ""); }
    void refuse(const Error& why) override { be_over(why.message); }
    void finish(ViewerEnd /*why*/, const std::string& words) override { be_over(words); }
    std::size_t queued_bytes() const override { return owner_.socket_->queued_bytes(); }
    std::uint64_t bytes_taken() const override { return owner_.socket_->bytes_taken(); }

    void send(std::span<const SharedBuffer> wires) override {
        std::vector<SharedBuffer> out;
        std::optional<std::uint32_t> newest_ms;
        for (const SharedBuffer& wire : wires) {
            const Bytes tag = wire->bytes();
            if (tag.size() <= flv::kTagHeaderBytes) continue;  // no tag could carry the packet
            const flv::TagHead head = flv::read_tag_head(tag);
            if (head.type == flv::TagType::video) newest_ms = head.timestamp_ms;
            if (only_keys_ && !is_for_keys_mode(tag)) continue;
            out.push_back(prefix(id_, tag.size()));
            out.push_back(wire);
        }
        if (newest_ms) tell_zero(*newest_ms, wall_us());
        if (out.empty()) return;
        owner_.has_sent_ = true;
        owner_.socket_->send_wires(out);
    }

    /// By the camera's clock where that is known, else by the arrivals.
    void tell_zero(std::uint32_t tag_ms, std::int64_t now_us) {
        if (const auto moved = arrivals_.add(tag_ms, now_us)) arrived_us_ = moved;
        if (!stream_) stream_ = owner_.parts_.live.hub().find(path_);
        const auto known = stream_ ? stream_->zero() : std::nullopt;
        hub::LineZero zero = known.value_or(hub::LineZero{*arrived_us_, 0});
        zero.wall_us += wraps_us(zero.wall_us, tag_ms, now_us);  // of FLV's time 0
        const bool is_told = told_ && (told_->bound_us > 0) == (zero.bound_us > 0) &&
                             std::abs(zero.wall_us - told_->wall_us) <= ArrivalZero::kStepUs;
        if (is_told) return;
        told_ = zero;
        owner_.tell(id_, "live", "", zero);
    }
    void tell(const std::string& state, const std::string& reason) {
        owner_.tell(id_, state, reason, std::nullopt);
    }
    void be_over(const std::string& reason) {
        tell("ended", reason);
        owner_.remove(id_);
    }

    PlayMany& owner_;
    const std::uint16_t id_;
    const bool only_keys_;
    std::string path_;
    hub::StreamPtr stream_;
    ArrivalZero arrivals_;
    std::optional<std::int64_t> arrived_us_;  ///< the stream's time 0 by them
    std::optional<hub::LineZero> told_;
    Viewer viewer_;
};

PlayMany::PlayMany(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                   std::unique_ptr<loop::Transport> stream, auth::Facts facts, std::string cookie,
                   std::string peer)
    : parts_(parts),
      net_(net),
      ticket_(std::move(ticket)),
      facts_(std::move(facts)),
      cookie_(std::move(cookie)),
      peer_(std::move(peer)) {
    stream->limit_kernel_queue(kViewerKernelQueue);
    const httpd::Options times = *parts_.http_options.get();
    socket_ = std::make_unique<httpd::WebSocket>(
        std::move(stream), ws::Limits{kMessageMax, kMessageMax},
        httpd::WebSocket::Times{times.ping_interval, times.ping_timeout}, parts_.http_counters,
        parts_.log.with("viewer").with("peer", peer_), *this);
}

PlayMany::~PlayMany() {
    net_.loop().cancel(guess_timer_);
    net_.loop().cancel(alive_timer_);
}

void PlayMany::start(Bytes pending) {
    arm_alive_timer();
    socket_->start(pending);
}

void PlayMany::shut_down() { socket_->close(ws::kCloseGoingAway, "the server ends"); }

void PlayMany::on_text(const std::string& text) {
    if (guess_timer_ != 0) return;
    if (const auto token = httpd::read_token_message(text)) take_token(*token);
    if (guess_timer_ != 0 || socket_->is_over()) return;
    const auto message = json::read(text);
    const json::Object* object = message ? message->object() : nullptr;
    if (object == nullptr) return complain("expected a JSON object");
    const json::Array* const ids = (*object)["unsubscribe"].array();
    const json::Array* const wanted = (*object)["subscribe"].array();
    const std::size_t asked = (ids ? ids->size() : 0) + (wanted ? wanted->size() : 0);
    if (!rate_.take(asked, net_.loop().now_ns())) {
        return socket_->close(ws::kClosePolicy, "too many requests");
    }
    if (ids) {
        for (const json::Value& id : *ids) {
            const auto number = id.natural();
            if (number && *number <= UINT16_MAX) unsubscribe(static_cast<std::uint16_t>(*number));
        }
    }
    if (wanted) {
        for (const json::Value& one : *wanted) {
            if (guess_timer_ != 0 || socket_->is_over()) return;
            subscribe(one);
        }
    }
}

/// Of clients that can write none into the request. One that came there stays.
void PlayMany::take_token(const std::string& token) {
    if (facts_.token) return;
    facts_.token = token;
    const auto policy = parts_.policy.get();
    if (!auth::has_wrong_token(*policy, auth::Role::play, facts_)) return;
    refuse_guess(std::nullopt, "");
}

void PlayMany::subscribe(const json::Value& wanted) {
    const json::Object* object = wanted.object();
    if (object == nullptr) return complain("subscribe: expected objects");
    const auto id = (*object)["id"].natural();
    if (!id || *id > UINT16_MAX) return complain("subscribe: id is a number from 0 to 65535");
    const auto number = static_cast<std::uint16_t>(*id);
    if (subscriptions_.contains(number)) {
        return complain("subscribe: " + std::to_string(number) + " is subscribed already");
    }
    if (subscriptions_.size() >= kSubscriptionsMax) {
        return tell(number, "ended",
                    "at most " + std::to_string(kSubscriptionsMax) + " streams at once",
                    std::nullopt);
    }
    const std::string asked = (*object)["path"].text_or_empty();
    const std::string mode = (*object)["mode"].text_or_empty();
    if (!mode.empty() && mode != "all" && mode != "keys") {
        return complain("subscribe: mode is all or keys");
    }
    const std::size_t mark = std::min(asked.find('?'), asked.size());
    const std::string path = asked.substr(0, mark);
    const std::string query = asked.substr(std::min(mark + 1, asked.size()));
    const auto policy = parts_.policy.get();
    const auto facts = facts_for(*policy, path, query);
    if (!facts) return tell(number, "ended", facts.error().message, std::nullopt);
    if (const auto may = auth::check_access(*policy, auth::Role::play, *facts); !may) {
        const bool is_guess = auth::has_wrong_token(*policy, auth::Role::play, *facts);
        return is_guess ? refuse_guess(number, may.error().message)
                        : tell(number, "ended", may.error().message, std::nullopt);
    }
    const auto subscription = std::make_shared<Subscription>(*this, number, mode == "keys");
    subscriptions_[number] = subscription;
    subscription->start(path, query);
}

Result<auth::Facts> PlayMany::facts_for(const auth::Policy& policy, const std::string& path,
                                        const std::string& query) const {
    const auto target = http::parse_target(path + (query.empty() ? "" : "?" + query));
    if (!target) return target.error();
    if (target->segments.size() != 2) {
        return Error{"expected a stream path such as /camera/door", 400};
    }
    const auto named = stream_path(target->segments[0], target->segments[1]);
    if (!named) return named.error();
    if (*named != path) return Error{"expected a stream path such as /camera/door", 400};
    auth::Facts facts = facts_;
    facts.path = path;
    facts.now_s = wall_us() / 1'000'000;
    facts.session = parts_.sessions.roles_of(cookie_, policy, facts.now_s);
    if (const std::string* token = target->find("token")) facts.token = *token;
    if (const std::string* sign = target->find("sign")) facts.sign = *sign;
    return facts;
}

/// Whoever guesses tokens makes a connection for each, and waits for the answer, the longer the
/// more he has guessed.
void PlayMany::refuse_guess(std::optional<std::uint16_t> id, const std::string& why) {
    const auto refuse = [this, id, why] {
        guess_timer_ = 0;
        if (id) tell(*id, "ended", why, std::nullopt);
        socket_->close(ws::kClosePolicy, "Unauthorized");
    };
    const auto delay = parts_.wrong_tokens.add(facts_.peer);
    if (delay.count() == 0) return refuse();
    guess_timer_ = net_.loop().after(delay, refuse);
}

void PlayMany::unsubscribe(std::uint16_t id) {
    const auto found = subscriptions_.find(id);
    if (found == subscriptions_.end()) return;
    found->second->leave();
    remove(id);
}

void PlayMany::remove(std::uint16_t id) {
    const auto found = subscriptions_.find(id);
    if (found == subscriptions_.end()) return;
    net_.loop().retire(std::move(found->second));
    subscriptions_.erase(found);
}

void PlayMany::complain(const std::string& text) {
    json::Object message;
    message.set("error", shown(text));
    send(json::write(message));
}

void PlayMany::tell(std::uint16_t id, const std::string& state, const std::string& reason,
                    const std::optional<hub::LineZero>& zero) {
    json::Object message;
    message.set("id", std::uint64_t{id});
    message.set("state", state);
    if (!reason.empty()) message.set("reason", shown(reason));
    if (zero) message.set("zero_us", zero->wall_us);
    if (zero && zero->bound_us > 0) message.set("bound_us", zero->bound_us);
    send(json::write(message));
}

void PlayMany::send(const std::string& text) {
    if (unread_texts_ > kUnreadTextsMax) return;  // it is being closed
    has_sent_ = true;
    socket_->send_text(text);
    unread_texts_ = socket_->queued_bytes() == 0 ? 0 : unread_texts_ + text.size();
    if (unread_texts_ <= kUnreadTextsMax) return;
    // Later, since the hub may be handing out packets now.
    net_.loop().defer([self = shared_from_this()] {
        if (self->socket_) self->socket_->close(ws::kClosePolicy, "answers are not read");
    });
}

void PlayMany::arm_alive_timer() {
    alive_timer_ = net_.loop().after(kAliveInterval, [this] {
        // What still waits is a sign of life, too, once it arrives.
        const bool is_silent = !has_sent_ && socket_->queued_bytes() == 0 && guess_timer_ == 0;
        if (is_silent) send(R"({"alive":true})");
        has_sent_ = false;
        arm_alive_timer();
    });
}

void PlayMany::on_drained() {
    if (unread_texts_ <= kUnreadTextsMax) unread_texts_ = 0;
    if (subscriptions_.empty()) return;
    // One that is over leaves the list meanwhile.
    const std::vector<std::pair<std::uint16_t, SubscriptionPtr>> all(subscriptions_.begin(),
                                                                     subscriptions_.end());
    // Over a slow connection only the first has room: each is the first in turn.
    const auto next = std::ranges::upper_bound(all, first_drained_, {},
                                               [](const auto& entry) { return entry.first; });
    const auto first = next == all.end() ? all.begin() : next;
    first_drained_ = first->first;
    for (auto at = first; at != all.end(); ++at) at->second->on_drained();
    for (auto at = all.begin(); at != first; ++at) at->second->on_drained();
}

void PlayMany::on_over(std::uint16_t /*code*/, const std::string& /*reason*/) {
    net_.loop().cancel(std::exchange(guess_timer_, 0));
    net_.loop().cancel(std::exchange(alive_timer_, 0));
    for (const auto& [id, subscription] : subscriptions_) subscription->leave();
}

void PlayMany::on_gone() {
    net_.loop().retire(std::shared_ptr<httpd::WebSocket>(std::move(socket_)));
    net_.remove(*this);
}

}  // namespace st::live
