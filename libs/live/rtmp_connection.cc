#include "live/rtmp_connection.h"

#include <algorithm>

#include "base/clock.h"
#include "http/target.h"
#include "httpd/peer.h"
#include "live/live_request.h"
#include "live/rtmp_publisher.h"
#include "live/rtmp_viewer.h"
#include "live/viewer_queue.h"

namespace st::live {
namespace {

constexpr std::chrono::milliseconds kConnectDeadline{10'000};  ///< for handshake and connect
constexpr std::chrono::milliseconds kUseDeadline{
    30'000};  ///< connected, but neither publishing nor playing
/// Answers that wait for a peer who asks and does not read.
constexpr std::size_t kAnswersBytesMax = 256 * 1024;
/// Refusals that wait for the answer to a wrong token.
constexpr std::size_t kRefusalsMax = 16;
/// How long a publisher hears nothing from us at most.
constexpr std::chrono::seconds kWordInterval{5};

/// What a query gives to prove a right.
struct Proof {
    std::optional<std::string> token;
    std::optional<std::string> sign;
};

Proof proof_of(const std::string& query) {
    Proof proof;
    const auto pairs = http::parse_query(query);
    if (!pairs) return proof;
    for (const auto& [name, value] : *pairs) {
        if (name == "token" && !proof.token) proof.token = value;
        if (name == "sign" && !proof.sign) proof.sign = value;
    }
    return proof;
}

}  // namespace

RtmpConnection::RtmpConnection(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                               const Poco::Net::SocketAddress& peer)
    : parts_(parts),
      net_(net),
      ticket_(std::move(ticket)),
      peer_(httpd::peer_text(peer)),
      log_(parts.log.with("rtmp").with("peer", peer_)),
      session_(static_cast<std::uint64_t>(monotonic_ns()) | 1) {
    if (const auto parsed = auth::parse_address(httpd::peer_address_text(peer))) address_ = *parsed;
}

RtmpConnection::~RtmpConnection() {
    for (const auto& viewer : viewers_) viewer->leave("the server is shutting down");
    for (const auto& publisher : publishers_) publisher->leave("the server is shutting down");
    stop_timers();
}

void RtmpConnection::stop_timers() {
    net_.loop().cancel(std::exchange(use_timer_, 0));
    net_.loop().cancel(std::exchange(silence_timer_, 0));
    net_.loop().cancel(std::exchange(word_timer_, 0));
    net_.loop().cancel(std::exchange(guess_timer_, 0));
    refusals_.clear();
}

void RtmpConnection::start(std::unique_ptr<loop::Transport> transport) {
    stream_ = std::move(transport);
    const auto leave = [this] {
        stream_->close();
        on_end({});
    };
    const auto be_too_slow = [this] {
        log_.warning("closed: a message came too slowly while memory is short");
        close("message too slow while memory is short");
    };
    account_ = std::make_unique<httpd::InputAccount>(*stream_, parts_.http_counters.memory,
                                                     httpd::InputAccount::Ends{be_too_slow, leave});
    wait_for_use(kConnectDeadline, "no connect within 10 s");
}

void RtmpConnection::wait_for_use(std::chrono::milliseconds patience, const char* what) {
    net_.loop().cancel(use_timer_);
    use_timer_ = net_.loop().after(patience, [this, what] {
        use_timer_ = 0;
        if (!is_used()) close(what);
    });
}

void RtmpConnection::on_data(std::span<std::uint8_t> bytes) {
    if (state_ == State::closing) return;
    is_pinged_ = false;
    const std::int64_t now_ns = net_.loop().now_ns();
    for (const auto& publisher : publishers_) publisher->note_input(now_ns);
    account_->note_input(bytes.size());
    session_.feed(bytes);
    process();
}

void RtmpConnection::account() {
    if (state_ == State::closing) return;
    httpd::InputAccount::Held held{session_.held_bytes(), session_.missing_bytes(),
                                   session_.kept_bytes()};
    for (const auto& publisher : publishers_) held.whole += publisher->held_bytes();
    account_->set(held);
}

void RtmpConnection::process() {
    while (state_ != State::closing) {
        auto event = session_.next();
        flush();
        if (!event) {
            log_.warning(event.error().message);
            return close(event.error().message);
        }
        if (!*event) {
            report_bad_bodies();
            break;
        }
        report_bad_bodies();
        std::visit([this](auto& it) { handle(it); }, **event);
        flush();
    }
    if (state_ != State::closing && is_nagging()) return close("too many requests");
    account();
}

bool RtmpConnection::is_nagging() {
    // What the hub hands over to a viewer is bounded by itself.
    const std::size_t of_hub = viewers_.empty() ? 0
                                                : parts_.live.hub().options().queue.bytes +
                                                      parts_.options->message_bytes_max;
    if (stream_->queued_bytes() > of_hub + kAnswersBytesMax) return true;
    const std::uint64_t more = session_.commands() - commands_counted_;
    commands_counted_ += more;
    return !command_rate_.take(more, net_.loop().now_ns());
}

void RtmpConnection::flush() {
    Buffer out = session_.take_output();
    if (!out.empty()) stream_->send(share(std::move(out)));
}

void RtmpConnection::handle(const rtmp::Connect& event) {
    if (parts_.shutting_down) {
        session_.refuse_connect("the server is shutting down");
        flush();
        return close("the server is shutting down");
    }
    log_.debug("connected: " + event.flash_version);
    state_ = State::connected;
    session_.accept_connect();
    wait_for_use(kUseDeadline, "neither published nor played within 30 s");
}

/// The stream's path, if it is one and this peer may.
Result<std::string> RtmpConnection::permit(auth::Role role, const rtmp::Target& target) {
    // One guess at a time: what comes behind it is not even looked at.
    if (guess_timer_ != 0) return Error{"the token is wrong", 401};
    std::string_view path(target.path);
    std::string whole;
    if (path.size() > 1 && path.find('/', 1) == std::string_view::npos) {
        whole = "/" + parts_.options->default_app + target.path;
        path = whole;
    }
    const std::size_t slash = path.find('/', path.empty() ? 0 : 1);
    if (slash == std::string_view::npos) {
        return Error{"a stream is /app/name, got \"" + target.path.substr(0, 200) + "\"", 400};
    }
    auto checked = stream_path(path.substr(1, slash - 1), path.substr(slash + 1));
    if (!checked) return checked;
    const Proof proof = proof_of(target.query);
    auth::Facts facts = auth::gather_facts(*parts_.policy.get(), address_, {}, {}, nullptr);
    facts.is_http = false;
    facts.token = proof.token;
    facts.sign = proof.sign;
    facts.path = *checked;
    facts.now_s = wall_us() / 1'000'000;
    auto may = auth::check_access(*parts_.policy.get(), role, facts);
    if (may && role == auth::Role::publish) may = parts_.live.check_publish(*checked);
    if (may && parts_.shutting_down) may = Error{"the server is shutting down", 503};
    if (!may) {
        const bool is_guess =
            may.error().code == 401 && auth::has_wrong_token(*parts_.policy.get(), role, facts);
        if (is_guess) note_wrong_token();
        return may.error();
    }
    return checked;
}

/// Whoever guesses tokens waits for the answer, the longer the more they have guessed.
void RtmpConnection::note_wrong_token() {
    const auto delay = parts_.wrong_tokens.add(address_);
    if (delay.count() == 0) return;
    guess_timer_ = net_.loop().after(delay, [this] {
        guess_timer_ = 0;
        for (const Refusal& refusal : std::exchange(refusals_, {})) answer(refusal);
    });
}

void RtmpConnection::refuse_access(Refusal refusal) {
    if (guess_timer_ == 0) return answer(refusal);
    if (refusals_.size() >= kRefusalsMax) return close("too many requests");
    refusals_.push_back(std::move(refusal));
}

void RtmpConnection::answer(const Refusal& refusal) {
    if (state_ == State::closing) return;
    if (refusal.role == auth::Role::publish) {
        refuse_publish(refusal.stream_id, refusal.why);
    } else {
        refuse_play(refusal.stream_id, refusal.why);
    }
}

void RtmpConnection::handle(const rtmp::Publish& event) {
    const auto path = permit(auth::Role::publish, event.target);
    if (!path) {
        log_.warning("publish refused: " + path.error().message);
        return refuse_access({auth::Role::publish, event.stream_id, path.error()});
    }
    auto publisher = std::make_shared<RtmpPublisher>(*this, event.stream_id);
    publishers_.push_back(publisher);
    publisher->start(
        *path, {"rtmp", peer_, http::without_credentials(event.target.query), ticket_.address()});
}

void RtmpConnection::accept_publish(std::uint32_t stream_id) {
    read_on();
    session_.accept_publish(stream_id);
    flush();
    watch_silence();
    give_word_later();
    // What was kept until now, once nobody is in the middle of a call.
    net_.loop().post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->process();
    });
}

void RtmpConnection::refuse_publish(std::uint32_t stream_id, const Error& why) {
    const char* code = "NetStream.Publish.BadName";
    if (why.code == 401 || why.code == 403) code = "NetStream.Publish.Unauthorized";
    if (why.code == 429 || why.code == 503) code = "NetStream.Publish.Rejected";
    session_.refuse_publish(stream_id, code, why.message);
    flush();
    end_publisher(stream_id, why.message);
    close_if_unused(why.message);
}

void RtmpConnection::handle(const rtmp::Play& event) {
    const auto path = permit(auth::Role::play, event.target);
    if (!path) return refuse_access({auth::Role::play, event.stream_id, path.error()});
    stream_->limit_kernel_queue(kViewerKernelQueue);
    auto viewer = std::make_shared<RtmpViewer>(*this, event);
    viewers_.push_back(viewer);
    viewer->start(
        *path, {"rtmp", peer_, http::without_credentials(event.target.query), ticket_.address()});
}

void RtmpConnection::refuse_play(std::uint32_t stream_id, const Error& why) {
    const bool is_missing = why.code == 400 || why.code == 404;
    session_.refuse_play(stream_id,
                         is_missing ? "NetStream.Play.StreamNotFound" : "NetStream.Play.Failed",
                         why.message);
    flush();
    end_viewer(stream_id, why.message);
    close_if_unused(why.message);
}

void RtmpConnection::handle(rtmp::Media& event) {
    const auto publisher = publisher_on(event.stream_id);
    if (publisher) publisher->push(std::move(event.packet), net_.loop().now_ns());
}

void RtmpConnection::handle(const rtmp::Finished& event) {
    if (event.was_publishing) {
        end_publisher(event.stream_id, "publisher left");
    } else {
        end_viewer(event.stream_id, "viewer left");
    }
    if (!is_used()) wait_for_use(kUseDeadline, "neither published nor played within 30 s");
}

void RtmpConnection::handle(const rtmp::Paused& event) {
    if (const auto viewer = viewer_on(event.stream_id)) viewer->pause(event.is_paused);
}

void RtmpConnection::handle(const rtmp::Chosen& event) {
    if (const auto viewer = viewer_on(event.stream_id)) viewer->choose(event.wanted);
}

std::shared_ptr<RtmpViewer> RtmpConnection::viewer_on(std::uint32_t stream_id) const {
    const auto at = std::find_if(viewers_.begin(), viewers_.end(),
                                 [&](const auto& it) { return it->stream_id() == stream_id; });
    return at == viewers_.end() ? nullptr : *at;
}

std::shared_ptr<RtmpPublisher> RtmpConnection::publisher_on(std::uint32_t stream_id) const {
    const auto at = std::find_if(publishers_.begin(), publishers_.end(),
                                 [&](const auto& it) { return it->stream_id() == stream_id; });
    return at == publishers_.end() ? nullptr : *at;
}

void RtmpConnection::handle(const rtmp::Pong&) {}  // that bytes came is all it says

void RtmpConnection::end_viewer(std::uint32_t stream_id, const std::string& reason) {
    const std::shared_ptr<RtmpViewer> viewer = viewer_on(stream_id);
    if (!viewer) return;
    std::erase(viewers_, viewer);
    viewer->leave(reason);
    net_.loop().retire(viewer);  // one of its calls may be on the stack
}

void RtmpConnection::end_publisher(std::uint32_t stream_id, const std::string& reason) {
    const std::shared_ptr<RtmpPublisher> publisher = publisher_on(stream_id);
    if (!publisher) return;
    std::erase(publishers_, publisher);
    publisher->leave(reason);
    net_.loop().retire(publisher);
    read_on();  // it may have been the one that waited
}

void RtmpConnection::read_on() {
    const bool waits = std::any_of(publishers_.begin(), publishers_.end(),
                                   [](const auto& it) { return it->is_waiting(); });
    if (!waits) account_->resume();
}

void RtmpConnection::end_all(const std::string& reason) {
    while (!viewers_.empty()) end_viewer(viewers_.back()->stream_id(), reason);
    while (!publishers_.empty()) end_publisher(publishers_.back()->stream_id(), reason);
}

void RtmpConnection::give_word_later() {
    if (word_timer_ != 0) return;
    word_timer_ = net_.loop().after(kWordInterval, [this] {
        word_timer_ = 0;
        if (publishers_.empty()) return;
        session_.acknowledge();
        flush();
        give_word_later();
    });
}

/// A peer that vanished without a word is noticed as a silent camera is: asked, then closed.
void RtmpConnection::watch_silence() {
    if (silence_timer_ == 0) wait_for_input(parts_.http_options->ping_interval);
}

void RtmpConnection::wait_for_input(std::chrono::nanoseconds patience) {
    silence_timer_ = net_.loop().after(patience, [this] {
        silence_timer_ = 0;
        if (!publishers_.empty()) on_silence();
    });
}

void RtmpConnection::on_silence() {
    const httpd::Options times = *parts_.http_options.get();
    if (!stream_->is_reading()) return wait_for_input(times.ping_interval);  // deaf ourselves
    if (is_pinged_) return close("silent for too long");
    const std::chrono::nanoseconds silent(net_.loop().now_ns() - stream_->last_input_ns());
    if (silent < times.ping_interval) return wait_for_input(times.ping_interval - silent);
    is_pinged_ = true;
    ping();
    wait_for_input(times.ping_timeout);
}

void RtmpConnection::ping() {
    session_.ping(static_cast<std::uint32_t>(net_.loop().now_ns() / 1'000'000));
    flush();
}

void RtmpConnection::close_if_unused(const std::string& reason) {
    if (!is_used()) close(reason);
}

void RtmpConnection::close(const std::string& reason) {
    if (state_ == State::closing) return;
    state_ = State::closing;
    stop_timers();
    end_all(reason);
    account_->close();
    stream_->finish(httpd::kClosePatience);
}

void RtmpConnection::report_bad_bodies() {
    if (session_.bad_bodies() == bad_bodies_seen_) return;
    bad_bodies_seen_ = session_.bad_bodies();
    for (const auto& publisher : publishers_) publisher->note_unusable(session_.last_body_error());
}

void RtmpConnection::shut_down() {
    if (state_ == State::closing) return;
    const auto viewers = viewers_;  // each end takes one out of the lists
    for (const auto& viewer : viewers) viewer->shut_down();
    const auto publishers = publishers_;
    for (const auto& publisher : publishers) publisher->shut_down();
    close("the server is shutting down");
}

void RtmpConnection::on_end(std::string_view error) {
    if (state_ != State::closing) {
        state_ = State::closing;
        stop_timers();
        end_all(error.empty() ? "peer left" : std::string(error));
    }
    account_->close();
    net_.loop().retire(std::shared_ptr<loop::Transport>(std::move(stream_)));
    net_.remove(*this);
}

/// A publisher that left while it waited for its path must not replace anybody.
void RtmpConnection::on_hang_up(bool /*is_reset*/) {
    const bool waits = std::any_of(publishers_.begin(), publishers_.end(),
                                   [](const auto& it) { return it->is_waiting(); });
    if (!waits) return account_->on_hang_up();
    stream_->close();
    on_end({});
}

void RtmpConnection::on_drained() {
    const auto viewers = viewers_;  // a viewer's end takes it out of the list
    for (const auto& viewer : viewers) viewer->on_drained();
}

}  // namespace st::live
