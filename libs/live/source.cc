#include "live/source.h"

#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/secrets.h"
#include "base/units.h"

namespace st::live {
namespace {

std::vector<std::string> words_of(const SourceOptions& options) {
    return options.command.empty() ? std::vector{options.url} : options.command;
}

/// What the helper reads (av/input_process.h): its arguments would be seen by every account.
std::string worker_input(const SourceOptions& options) {
    std::string input = options.command.empty() ? "url" : "command";
    for (const std::string& word : words_of(options)) input += '\0' + word;
    return input;
}

/// Lines of our helper among those of what it runs (av/input_process.cc).
constexpr std::string_view kHelperPrefix = "streamd-media: ";

}  // namespace

/// What the hub calls, from any thread. One for each run of the process.
class Source::Link final : public hub::Publisher, public std::enable_shared_from_this<Link> {
 public:
    explicit Link(Source& source) : source_(source), loop_(source.loop_) {}

    void probe() override {}  // packets are the sign of life
    void replaced() override { end("another publisher took the path"); }
    void kicked(const std::string& by) override { end(hub::kicked_text(by), by); }

 private:
    void end(const std::string& why, const std::string& by = {}) {
        loop_.post([self = shared_from_this(), why, by] {
            // The run may be over by now, and another one have begun.
            if (self->source_.link_ == self) self->source_.give_up(why, by);
        });
    }

    Source& source_;  ///< for the loop's tasks only: it outlives them
    loop::EventLoop& loop_;
};

Source::Source(SourceOptions options, std::vector<std::string> worker, loop::EventLoop& loop,
               hub::Hub& hub, const Log& log)
    : options_(std::move(options)),
      worker_(std::move(worker)),
      passwords_(passwords_in(words_of(options_))),
      loop_(loop),
      hub_(hub),
      log_(log.with("stream", options_.path)),
      states_(options_.run),
      executor_(loop),
      input_(executor_, [this](media::Packet packet, std::int64_t now_ns) {
          if (!publication_.push(std::move(packet), now_ns) && publication_) {
              give_up("another publisher took the path");
          }
      }) {
    const Lock lock(mutex_);
    status_.path = options_.path;
    status_.input = without_passwords(words_of(options_));
}

Source::~Source() {
    loop_.cancel(timer_);
    loop_.cancel(silence_timer_);
    publication_.end("source stopped");
}

SourceStatus Source::status() const {
    const hub::StreamPtr stream = hub_.find(options_.path);
    const Lock lock(mutex_);
    SourceStatus status = status_;
    status.viewers = stream ? stream->viewers() : 0;
    return status;
}

void Source::on_viewers(bool has_joined) {
    const hub::StreamPtr stream = hub_.find(options_.path);
    act(states_.viewers(stream ? stream->viewers() : 0, has_joined, monotonic_ns()));
}

void Source::restart() { act(states_.restart(monotonic_ns())); }

void Source::shut_down() {
    is_closing_ = true;
    loop_.cancel(timer_);
    if (child_) child_->terminate();
}

void Source::act(SourceAction action) {
    switch (action) {
        case SourceAction::none:
            break;
        case SourceAction::start:
            if (!is_closing_) start();
            break;
        case SourceAction::terminate:
            child_->terminate();
            break;
        case SourceAction::kill:
            log_.warning("still there after SIGTERM: killed");
            child_->kill();
            break;
    }
    loop_.cancel(timer_);
    timer_ = 0;
    if (const auto due = states_.due_ns(); due && !is_closing_) {
        timer_ = loop_.after(std::chrono::nanoseconds(*due - monotonic_ns()),
                             [this] { act(states_.tick(monotonic_ns())); });
    }
    update();
}

void Source::start() {
    reader_ = std::make_unique<flv::TagReader>();
    input_.restart();
    lines_ = LogLines(std::string(kHelperPrefix));
    has_left_out_ = false;
    given_up_.clear();
    kicked_by_.clear();
    try {
        child_ = std::make_shared<worker::Child>(loop_, worker_, *this, worker_input(options_));
    } catch (const std::system_error& e) {  // C3: out of descriptors, say: as if it had crashed
        end_run(e.what(), true);
        return;
    }
    link_ = std::make_shared<Link>(*this);
    link_->last_input_ns.store(monotonic_ns(), std::memory_order_relaxed);
    watch_silence();
    log_.info("started pid=" + std::to_string(child_->pid()) + " " +
              without_passwords(words_of(options_)));
}

/// Here and not in the process, which may hang in the kernel.
void Source::watch_silence() {
    if (states_.state() == SourceState::stopping) return;  // which has a limit of its own
    const auto due_ns = link_->last_input_ns.load(std::memory_order_relaxed) +
                        std::chrono::nanoseconds(options_.run.silence).count();
    const std::chrono::nanoseconds left(due_ns - monotonic_ns());
    if (left.count() <= 0) {
        return give_up("nothing came for " + format_duration(options_.run.silence));
    }
    silence_timer_ = loop_.after(left, [this] { watch_silence(); });
}

void Source::on_output(Bytes bytes) {
    if (!given_up_.empty()) return;
    link_->last_input_ns.store(monotonic_ns(), std::memory_order_relaxed);
    reader_->feed(bytes);
    while (given_up_.empty()) {
        auto tag = reader_->next();
        if (!tag) return give_up(tag.error().message);
        if (!*tag) return;
        push(std::move(**tag));
    }
}

void Source::push(flv::Tag tag) {
    auto packet = flv::to_packet(tag.type, tag.timestamp_ms, std::move(tag.body));
    if (!packet) return note_unusable(packet.error().message);
    if (!*packet || !publish()) return;
    if (!input_.feed(std::move(**packet), loop_.now_ns())) {
        note_unusable(input_.normaliser().last_unusable());
    }
}

/// One odd track or packet does not end a source, and parameter sets may come later.
void Source::note_unusable(const std::string& why) {
    publication_.note_unusable(why);
    if (!std::exchange(has_left_out_, true)) log_.warning("something is left out: " + why);
}

/// Once the process has something to show; false: the path is another one's.
bool Source::publish() {
    if (publication_) return true;
    hub::PublisherInfo info;
    info.protocol = "source";
    auto publication =
        hub_.publish(options_.path, link_, info, hub::Clock::bits_32, loop_.now_ns());
    if (!publication) {
        give_up(publication.error().message);
        return false;
    }
    publication_ = std::move(*publication);
    publication_number_ = publication_.number();
    const SourceState before = states_.state();
    states_.media(monotonic_ns());
    {
        const Lock lock(mutex_);
        status_.since_us = wall_us();
    }
    update();
    tell_state(before);
    return true;
}

void Source::give_up(const std::string& why, const std::string& by) {
    if (!child_ || !given_up_.empty()) return;
    given_up_ = why;
    kicked_by_ = by;
    child_->kill();
}

void Source::on_error_output(Bytes bytes) { log_lines(lines_.feed(bytes, monotonic_ns())); }

void Source::log_lines(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) log_.info("says: " + shown(line));
}

/// Words of the process or about it.
std::string Source::shown(const std::string& words) const {
    return without_passwords(words, passwords_);
}

void Source::on_exit(const worker::Exit& exit) {
    log_lines(lines_.finish());
    loop_.retire(std::move(child_));
    child_ = nullptr;
    // A signal that was not ours, or a program that cannot be executed. The helper ends as its
    // command did.
    const bool is_crash =
        given_up_.empty() && (exit.signal != 0 || exit.code == worker::kCannotStart);
    end_run(shown(given_up_.empty() ? reason_of(exit) : given_up_), is_crash);
}

/// Why it ended: what the command said last, or FFmpeg, is nearer to the cause than what our helper
/// made of it.
std::string Source::reason_of(const worker::Exit& exit) const {
    if (exit.is_success()) return "the input ended";
    const std::string helpers = exit.signal != 0 ? exit.text() : lines_.last_of_helper();
    const std::string& last = lines_.last();
    if (helpers.empty() && last.empty()) {
        return exit.text();
    }
    if (helpers.empty() || last.find(helpers) != std::string::npos) return last;
    if (last.empty() || helpers.find(last) != std::string::npos) return helpers;
    return options_.command.empty() ? helpers + " (" + last + ")" : last + " (" + helpers + ")";
}

void Source::end_run(const std::string& why, bool is_crash) {
    input_.flush();
    publication_.end(kicked_by_.empty() ? "source ended" : hub::kicked_text(kicked_by_),
                     kicked_by_);
    loop_.cancel(silence_timer_);
    silence_timer_ = 0;
    link_.reset();
    const SourceState before = states_.state();
    const SourceAction next = states_.exited(monotonic_ns(), is_crash);
    {
        const Lock lock(mutex_);
        status_.since_us = 0;
        if (before != SourceState::stopping) status_.last_error = why;
    }
    tell_state(before);
    if (before != SourceState::stopping && states_.state() == SourceState::failed) {
        // No other run will take over its viewers.
        hub_.give_up(options_.path, publication_number_, true);
    }
    act(next);
}

void Source::tell_state(SourceState before) {
    const SourceState now = states_.state();
    if (now == SourceState::running) return log_.info("running");
    if (before == SourceState::stopping || is_closing_) return log_.info("stopped");
    const SourceStatus status = this->status();
    const std::string what = "ended by itself: " + status.last_error;
    if (now == SourceState::backing_off && states_.due_ns()) {
        const auto wait = std::chrono::nanoseconds(*states_.due_ns() - monotonic_ns());
        return log_.warning(what + "; trying again in " +
                            format_duration(std::chrono::round<std::chrono::seconds>(wait)));
    }
    if (now != SourceState::failed) return log_.warning(what);
    log_.error(what + "; it stays down after " + std::to_string(states_.crashes()) +
               " crashes within " + format_duration(options_.run.crash_window) +
               ", until a viewer comes after that time or it is restarted");
}

void Source::update() {
    const Lock lock(mutex_);
    status_.state = states_.state();
    status_.pid = child_ ? child_->pid() : 0;
    status_.restarts = states_.restarts();
    status_.crashes = states_.crashes();
}

}  // namespace st::live
