/// The load of ./dev bench fanout: one publisher and many viewers in one process. Says on stdout,
/// as one JSON object, what a window of watching cost the server, how old the pictures were, and
/// whether every viewer got every one.
///
///     fanout_load --port N --server-pid PID [--viewer-port N] [--protocol http-flv]
///                 [--path /live/bench] [--viewers 1000] [--stalled 0] [--joining-within 2]
///                 [--fps 30] [--mbit 2] [--gop 60] [--warmup 2] [--seconds 8]
///                 [--acks prompt|delayed|kernel] [--tls 0|1]
///
/// --port takes the publisher, --viewer-port (the same, if not given) the viewers, over TLS with
/// --tls 1. --stalled are
/// viewers beside the others that stop reading once they have seen something, and read what is left
/// for them at the end.
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "base/clock.h"
#include "fanout_publisher.h"
#include "fanout_socket.h"
#include "fanout_viewer.h"
#include "load_probe.h"

namespace st::bench {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::uint64_t kSeenBeforeStall = 10;
constexpr std::uint32_t kLaggingPictures = 30;
constexpr double kPatienceS = 60;
constexpr double kLastReadS = 5;

struct Options {
    std::uint16_t port = 0;
    std::uint16_t viewer_port = 0;
    int server_pid = 0;
    std::string protocol = "http-flv";
    bool is_secure = false;
    std::string path = "/live/bench";
    std::size_t viewers = 1000;
    std::size_t stalled = 0;
    double joining_within_s = 2;
    Feed feed;
    Acks acks = Acks::prompt;
    double warmup_s = 2;
    double window_s = 8;
};

class Load {
 public:
    explicit Load(Options options)
        : options_(std::move(options)),
          publisher_(options_.path, options_.port, options_.feed),
          tls_(options_.is_secure ? make_client_context() : nullptr),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
        start_ns_ = next_look_ns_ = monotonic_ns();
    }

    void run() {
        // A whole GOP first: what a server keeps of the stream is not the viewers'.
        run_for(static_cast<double>(options_.feed.gop) / options_.feed.fps + 0.2);
        const long rss_before_kb = usage().rss_kb;
        join_all();
        until_all_see();
        for (const auto& viewer : viewers_) {
            join_max_ns_ = std::max(join_max_ns_, viewer->wait_ns());
        }
        run_for(options_.warmup_s);
        measure();
        rss_before_kb_ = rss_before_kb;
        // What was sent in the window may still be on its way.
        run_for(0.5);
        const std::size_t closed = options_.stalled > 0 ? read_what_is_left() : 0;
        report(closed);
    }

 private:
    Usage usage() const { return usage_of(options_.server_pid); }

    void add_viewer(bool is_stalled) {
        const std::uint16_t port = options_.viewer_port;
        auto viewer = std::make_unique<FanoutViewer>(
            make_wire(options_.protocol, options_.path, port), port, tls_.get(), publisher_,
            is_stalled ? stalled_delays_ : delays_, is_stalled, options_.acks);
        control(EPOLL_CTL_ADD, *viewer, EPOLLIN | EPOLLOUT);
        (is_stalled ? stalled_ : viewers_).push_back(std::move(viewer));
    }

    void control(int operation, FanoutViewer& viewer, std::uint32_t events) {
        epoll_event event{};
        event.events = events;
        event.data.ptr = &viewer;
        if (::epoll_ctl(epoll_.get(), operation, viewer.fd(), &event) < 0) {
            throw std::system_error(errno, std::generic_category(), "epoll_ctl");
        }
    }

    void join_all() {
        const std::size_t all = options_.viewers + options_.stalled;
        const std::int64_t begin = monotonic_ns();
        for (std::size_t i = 0; i < all;) {
            const double passed = static_cast<double>(monotonic_ns() - begin) / 1e9;
            const auto due = options_.joining_within_s <= 0
                                 ? all
                                 : static_cast<std::size_t>(passed / options_.joining_within_s *
                                                            static_cast<double>(all)) +
                                       1;
            for (; i < std::min(due, all); ++i) add_viewer(i >= options_.viewers);
            turn(monotonic_ns() + kSecond / 1000);
        }
        joined_in_ns_ = monotonic_ns() - begin;
    }

    static bool sees(const FanoutViewer& viewer) {
        return viewer.pictures() > 0 || viewer.is_over();
    }

    void until_all_see() {
        const std::int64_t deadline = monotonic_ns() + static_cast<std::int64_t>(kPatienceS * 1e9);
        const auto one_sees = [](const auto& viewer) { return sees(*viewer); };
        while (!std::all_of(viewers_.begin(), viewers_.end(), one_sees) ||
               stalled_now_ < stalled_.size()) {
            if (monotonic_ns() > deadline) throw std::runtime_error("not all viewers see anything");
            turn(monotonic_ns() + kSecond / 100);
        }
    }

    void run_for(double seconds) {
        const std::int64_t end = monotonic_ns() + static_cast<std::int64_t>(seconds * 1e9);
        while (monotonic_ns() < end) turn(end);
    }

    std::int64_t due_ns() const {
        return start_ns_ + static_cast<std::int64_t>(static_cast<double>(publisher_.pictures()) /
                                                     options_.feed.fps * 1e9);
    }

    /// Sends every picture that is due, then handles what the sockets say until the next one is, or
    /// until `limit_ns`, or one batch of it.
    void turn(std::int64_t limit_ns) {
        const std::int64_t now = monotonic_ns();
        while (due_ns() <= now) {
            late_max_ns_ = std::max(late_max_ns_, now - due_ns());
            publisher_.send_picture();
        }
        if (now >= next_look_ns_) {
            rss_max_kb_ = std::max(rss_max_kb_, usage().rss_kb);
            next_look_ns_ = now + kSecond / 2;
        }
        const std::int64_t wait_ns =
            std::max<std::int64_t>(0, std::min(due_ns(), limit_ns) - monotonic_ns());
        const timespec wait{wait_ns / kSecond, wait_ns % kSecond};
        std::array<epoll_event, 256> events{};
        const int count =
            ::epoll_pwait2(epoll_.get(), events.data(), events.size(), &wait, nullptr);
        for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)]);
    }

    void handle(const epoll_event& event) {
        auto& viewer = *static_cast<FanoutViewer*>(event.data.ptr);
        if ((event.events & EPOLLOUT) != 0) {
            viewer.on_writable();
            // What a handshake sends fits a fresh socket: from here on it waits for the server.
            if (!viewer.is_over()) control(EPOLL_CTL_MOD, viewer, EPOLLIN);
        }
        if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
            viewer.on_readable(scratch_);
        }
        const bool stalls = viewer.may_skip() && !are_stalled_reading_ &&
                            (viewer.pictures() >= kSeenBeforeStall || viewer.is_over());
        if (stalls) ++stalled_now_;
        if (stalls || viewer.is_over()) control(EPOLL_CTL_DEL, viewer, 0);
    }

    std::uint64_t bytes() const {
        std::uint64_t sum = 0;
        for (const auto& viewer : viewers_) sum += viewer->bytes();
        return sum;
    }

    void measure() {
        delays_.clear();
        late_max_ns_ = 0;
        const std::uint64_t bytes_before = bytes();
        const Usage before = usage();
        const std::int64_t start = monotonic_ns();
        run_for(options_.window_s);
        const Usage after = usage();
        seconds_ = static_cast<double>(monotonic_ns() - start) / 1e9;
        gigabytes_ = static_cast<double>(bytes() - bytes_before) / 1e9;
        cpu_s_ = after.cpu_s() - before.cpu_s();
        user_s_ = after.user_s - before.user_s;
        rss_kb_ = after.rss_kb;
        p50_ms_ = delays_.at_share(0.5);
        p99_ms_ = delays_.at_share(0.99);
        max_ms_ = delays_.max_ms();
        window_late_ms_ = static_cast<double>(late_max_ns_) / 1e6;
    }

    /// Of those that had stopped reading, how many the server has closed.
    std::size_t read_what_is_left() {
        are_stalled_reading_ = true;
        for (const auto& viewer : stalled_) {
            if (!viewer->is_over()) control(EPOLL_CTL_ADD, *viewer, EPOLLIN);
        }
        run_for(kLastReadS);
        return static_cast<std::size_t>(std::count_if(
            stalled_.begin(), stalled_.end(),
            [](const auto& viewer) { return viewer->is_over() && viewer->pictures() > 0; }));
    }

    bool is_complete(const FanoutViewer& viewer) const {
        return !viewer.is_over() && viewer.pictures() > 0 && viewer.missing() == 0 &&
               viewer.newest() + kLaggingPictures >= publisher_.pictures();
    }

    std::string errors() const {
        std::map<std::string, std::size_t> counts;
        for (const auto& viewer : viewers_) {
            if (!viewer->error().empty()) ++counts[viewer->error()];
            if (viewer->error().empty() && !is_complete(*viewer)) ++counts["lags behind"];
        }
        for (const auto& viewer : stalled_) {
            if (!viewer->error().empty()) ++counts["stalled: " + viewer->error()];
        }
        std::string text;
        for (const auto& [what, count] : counts) {
            text += (text.empty() ? "\"" : ",\"") + std::to_string(count) + " x " + what + "\"";
        }
        return text;
    }

    void report(std::size_t closed) const {
        const auto complete =
            std::count_if(viewers_.begin(), viewers_.end(),
                          [this](const auto& viewer) { return is_complete(*viewer); });
        std::uint64_t missed = 0;
        for (const auto& viewer : stalled_) missed += viewer->missing();
        std::printf(
            "{\"protocol\":\"%s\",\"viewers\":%zu,\"complete\":%td,\"joined_in_ms\":%.0f,"
            "\"join_max_ms\":%.1f,\"window_s\":%.3f,\"gigabytes\":%.4f,\"cpu_s\":%.2f,"
            "\"user_s\":%.2f,\"cpu_s_per_gb\":%.4f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,"
            "\"max_ms\":%.2f,\"pictures\":%u,\"late_max_ms\":%.1f,\"rss_kb_before\":%ld,"
            "\"rss_kb\":%ld,\"rss_kb_max\":%ld,\"stalled\":%zu,\"stalled_closed\":%zu,"
            "\"stalled_missed\":%llu,\"errors\":[%s]}\n",
            options_.protocol.c_str(), viewers_.size(), complete,
            static_cast<double>(joined_in_ns_) / 1e6, static_cast<double>(join_max_ns_) / 1e6,
            seconds_, gigabytes_, cpu_s_, user_s_, gigabytes_ > 0 ? cpu_s_ / gigabytes_ : 0,
            p50_ms_, p99_ms_, max_ms_, publisher_.pictures(), window_late_ms_, rss_before_kb_,
            rss_kb_, rss_max_kb_, stalled_.size(), closed, static_cast<unsigned long long>(missed),
            errors().c_str());
        std::fflush(stdout);
    }

    Options options_;
    FanoutPublisher publisher_;
    const SslContext tls_;
    Fd epoll_;
    Delays delays_;
    Delays stalled_delays_;
    std::vector<std::unique_ptr<FanoutViewer>> viewers_;
    std::vector<std::unique_ptr<FanoutViewer>> stalled_;
    std::size_t stalled_now_ = 0;
    bool are_stalled_reading_ = false;
    std::vector<std::uint8_t> scratch_ = std::vector<std::uint8_t>(kReadBytes);
    std::int64_t start_ns_ = 0;
    std::int64_t next_look_ns_ = 0;
    std::int64_t late_max_ns_ = 0;
    std::int64_t joined_in_ns_ = 0;
    std::int64_t join_max_ns_ = 0;
    double seconds_ = 0;
    double gigabytes_ = 0;
    double cpu_s_ = 0;
    double user_s_ = 0;
    double p50_ms_ = 0;
    double p99_ms_ = 0;
    double max_ms_ = 0;
    double window_late_ms_ = 0;
    long rss_before_kb_ = 0;
    long rss_kb_ = 0;
    long rss_max_kb_ = 0;
};

Acks to_acks(const std::string& text) {
    if (text == "prompt") return Acks::prompt;
    if (text == "delayed") return Acks::delayed;
    if (text == "kernel") return Acks::kernel;
    throw std::invalid_argument("--acks " + text + " is none of prompt, delayed and kernel");
}

Options read_options(int argc, char** argv) {
    Options options;
    std::map<std::string, std::string> given;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) throw std::invalid_argument(std::string(argv[i]) + " needs a value");
        given[argv[i]] = argv[i + 1];
    }
    const auto take = [&given](const char* name, auto set) {
        const auto found = given.find(name);
        if (found == given.end()) return;
        set(found->second);
        given.erase(found);
    };
    const auto port = [](std::uint16_t& at) {
        return [&at](const std::string& text) { at = static_cast<std::uint16_t>(std::stoi(text)); };
    };
    const auto number = [](double& at) {
        return [&at](const std::string& text) { at = std::stod(text); };
    };
    const auto count = [](std::size_t& at) {
        return [&at](const std::string& text) { at = std::stoul(text); };
    };
    const auto text = [](std::string& at) {
        return [&at](const std::string& value) { at = value; };
    };
    take("--port", port(options.port));
    options.viewer_port = options.port;
    take("--viewer-port", port(options.viewer_port));
    take("--server-pid", [&](const std::string& value) { options.server_pid = std::stoi(value); });
    take("--protocol", text(options.protocol));
    take("--path", text(options.path));
    take("--viewers", count(options.viewers));
    take("--stalled", count(options.stalled));
    take("--joining-within", number(options.joining_within_s));
    take("--fps", number(options.feed.fps));
    take("--mbit", number(options.feed.mbit));
    take("--gop", [&](const std::string& value) {
        options.feed.gop = static_cast<std::uint32_t>(std::max(std::stoi(value), 2));
    });
    take("--tls", [&](const std::string& value) { options.is_secure = value == "1"; });
    take("--acks", [&](const std::string& value) { options.acks = to_acks(value); });
    take("--warmup", number(options.warmup_s));
    take("--seconds", number(options.window_s));
    if (!given.empty()) throw std::invalid_argument("unknown option " + given.begin()->first);
    if (options.port == 0 || options.server_pid == 0) {
        throw std::invalid_argument("--port and --server-pid are needed");
    }
    return options;
}

}  // namespace
}  // namespace st::bench

int main(int argc, char** argv) {
    ::signal(SIGPIPE, SIG_IGN);  // SSL_write() cannot be told
    try {
        rlimit files{};
        if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
            files.rlim_cur = files.rlim_max;
            ::setrlimit(RLIMIT_NOFILE, &files);
        }
        st::bench::Load(st::bench::read_options(argc, argv)).run();
        return 0;
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "fanout_load: %s\n", error.what());
        return 64;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "fanout_load: %s\n", error.what());
        return 1;
    }
}
