#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <iostream>
#include <memory>

#include "base/text.h"
#include "cli/exit_codes.h"
#include "cli/parse.h"
#include "control/camera_status.h"
#include "control/json.h"
#include "streamctl/client/name_lookup.h"
#include "streamctl/commands/commands.h"
#include "streamctl/commands/completion_names.h"
#include "streamctl/console/completion.h"
#include "streamctl/console/event_text.h"
#include "streamctl/console/line_editor.h"
#include "streamctl/console/script.h"
#include "streamctl/console/table.h"

extern char** environ;

namespace st::streamctl {
namespace {

namespace fs = std::filesystem;

/// $XDG_STATE_HOME/streamctl/history; empty if there is no home to put it in.
std::string history_path() {
    const char* state = std::getenv("XDG_STATE_HOME");
    const char* home = std::getenv("HOME");
    fs::path folder;
    if (state != nullptr && *state == '/')
        folder = state;
    else if (home != nullptr && *home == '/')
        folder = fs::path(home) / ".local/state";
    else
        return {};
    folder /= "streamctl";
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return {};
    fs::permissions(folder, fs::perms::owner_all, error);
    return folder / "history";
}

/// `!COMMAND`: what the user typed, as if in the shell.
void run_shell(const std::string& command) {
    std::string shell = "sh";
    std::string option = "-c";
    std::string line = command;
    std::array<char*, 4> words{shell.data(), option.data(), line.data(), nullptr};
    // Ctrl-C is the command's to act on, and so is a pipe that nobody reads: not as it is here.
    posix_spawnattr_t attributes{};
    ::posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes, &pipe);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    pid_t child = 0;
    const int error = ::posix_spawn(&child, "/bin/sh", nullptr, &attributes, words.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    int status = 0;
    if (error != 0)
        std::cerr << "streamctl: no shell could be started\n";
    else if (::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) != 0)
        std::cerr << "streamctl: exit status " << WEXITSTATUS(status) << '\n';
}

/// The prompt with a connection of its own, for events and names. While a command runs that
/// connection is closed; what happened meanwhile is fetched afterwards.
class Prompt {
 public:
    static constexpr int kEventsPerSecond = 10;
    static constexpr milliseconds kConnectPatience{500};
    /// After the first failure; twice as long after each further one.
    static constexpr milliseconds kRetryAfter{1000};
    static constexpr milliseconds kRetryAfterMax{10'000};

    explicit Prompt(const Options& defaults)
        : defaults_(defaults),
          editor_({[this] { return prompt(); }, [this] { return news_fd(); },
                   [this] { return patience_ms(); }, [this] { on_news(); },
                   [this](const std::string& line) { return complete(line); }},
                  interrupt_, history_path()) {}

    int run() {
        // Options that are wrong stay so: only what the network does is tried again.
        make_client(defaults_, interrupt_);
        std::cout << "streamctl " ST_VERSION ": help lists the commands, exit or Ctrl-D ends.\n"
                  << std::flush;
        connect();
        bool leave = false;
        std::string line;
        while (!leave && !interrupt_.ends_program()) {
            const auto ended = editor_.read(line);
            if (ended == LineEditor::Ended::interrupted) continue;
            if (ended == LineEditor::Ended::end) break;
            if (line.find_first_not_of(" \t") == std::string::npos || is_ours(line)) continue;
            connection_.reset();
            if (line[line.find_first_not_of(" \t")] == '!')
                run_shell(line.substr(line.find('!') + 1));
            else
                run_line(line, defaults_, interrupt_, leave);
            std::cout.flush();
            interrupt_.take();  // Ctrl-C was meant for the command
            if (!leave && !interrupt_.ends_program()) connect();
        }
        return interrupt_.ends_program() ? cli::kInterrupted : cli::kDone;
    }

 private:
    std::string prompt() const {
        if (!connection_) return "streamctl (offline)> ";
        if (recording_ > 0) return "streamctl (" + std::to_string(recording_) + " recording)> ";
        return "streamctl> ";
    }

    /// `events on` and `events off`.
    bool is_ours(const std::string& line) {
        const auto words = cli::split_words(line);
        if (!words || words->size() != 2 || words->front() != "events") return false;
        if (words->back() != "on" && words->back() != "off") return false;
        shows_events_ = words->back() == "on";
        return true;
    }

    void say(const std::string& text) { editor_.print_above("streamctl: " + text + "\n"); }

    int news_fd() const {
        if (connection_) return connection_->fd();
        return lookup_ ? lookup_->fd() : -1;
    }

    /// Gives the server its address. While a line is typed, a name is not looked up twice, and what
    /// is typed does not wait for it. False: the lookup is not over. Throws Failed.
    bool find(ServerUrl& server) {
        if (!editor_.is_reading()) {
            look_up(server, true);
        } else if (server.text == found_.text) {
            server.address = found_.address;
        } else {
            if (!lookup_) lookup_.emplace(server);
            if (!lookup_->is_over()) return false;
            server.address = std::exchange(lookup_, std::nullopt)->take();
        }
        found_ = server;
        return true;
    }

    void connect() {
        const bool was_connected = ever_connected_ && !lost_;
        try {
            const ApiClient client = make_client(defaults_, interrupt_);
            ServerUrl server = client.server();
            if (!find(server)) return;
            lookup_.reset();
            auto connection = std::make_unique<RpcConnection>(server, client.token(),
                                                              kConnectPatience, interrupt_);
            // The kept events of a server that has been restarted have smaller numbers.
            control::Subscription wanted;
            if (ever_connected_) wanted.since = last_event_;
            subscribing_ = connection->ask("events.subscribe", encode(wanted));
            asked_cameras_ = connection->ask("cameras.list", "");
            ask_again_ = false;
            connection_ = std::move(connection);
            retry_after_ = kRetryAfter;
            if (lost_) say("connected again to " + client.server().text);
            lost_ = false;
            ever_connected_ = true;
            until_answered();
        } catch (const Failed& failed) {
            lose(failed, !lost_ && (was_connected || !ever_connected_));
        }
    }

    void lose(const Failed& failed, bool says_so) {
        connection_.reset();
        lookup_.reset();
        recording_ = 0;
        retry_at_ = Clock::now() + retry_after_;
        if (failed.exit_code() == cli::kInterrupted) return editor_.interrupt();
        lost_ = true;
        retry_after_ = std::min(2 * retry_after_, kRetryAfterMax);
        if (says_so) say(std::string(failed.what()) + "; trying again");
    }

    /// Waits for the server. A signal that comes meanwhile is the editor's.
    bool has_news(Clock::time_point deadline) {
        const Connection::Woke woke = connection_->wait(deadline);
        if (woke == Connection::Woke::interrupted) editor_.interrupt();
        return woke == Connection::Woke::news;
    }

    /// Waits for an answer that belongs on the screen, for a moment.
    void until_answered() {
        const auto deadline = Clock::now() + kConnectPatience;
        while (connection_ && Clock::now() < deadline) {
            if (!has_news(deadline) || take_answers()) return;
        }
    }

    /// True if the list of cameras came.
    bool take_answers() {
        if (auto answer = connection_->take_answer(subscribing_)) on_subscribed(*answer);
        if (!asked_cameras_) return false;
        const auto answer = connection_->take_answer(*asked_cameras_);
        if (!answer) return false;
        asked_cameras_.reset();
        if (std::exchange(ask_again_, false)) asked_cameras_ = connection_->ask("cameras.list", "");
        const auto list = control::decode_list(answer->result);
        if (answer->error || !list) return true;
        cameras_.clear();
        recording_ = 0;
        for (const std::string& item : list->items) {
            const auto camera = control::decode_camera(item);
            if (!camera) continue;
            if (is_clean(camera->name)) cameras_.push_back(camera->name);
            if (camera->state == control::CameraState::recording) ++recording_;
        }
        return true;
    }

    void on_subscribed(const RpcAnswer& answer) {
        const auto object = control::parse_object(answer.result);
        std::uint64_t last = 0;
        if (object) control::ObjectReader(*object).read("last_id", last);
        if (last < last_event_) say("the server has been restarted");
        last_event_ = last;
    }

    int patience_ms() const {
        auto until = connection_ ? connection_->next_doubt()
                     : lookup_   ? Clock::time_point::max()
                                 : retry_at_;
        if (!waiting_.empty()) until = std::min(until, next_print_);
        const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
        return static_cast<int>(std::clamp<long>(left, 0, 60'000));
    }

    void on_news() {
        if (!connection_) {
            if (lookup_ ? lookup_->is_over() : Clock::now() >= retry_at_) {
                connect();
                if (connection_) editor_.redraw();
            }
            return;
        }
        try {
            read_connection();
        } catch (const Failed& failed) {
            lose(failed, true);
        }
        show_events();
    }

    void read_connection() {
        pollfd ready{connection_->fd(), POLLIN, 0};
        if (::poll(&ready, 1, 0) > 0) {
            connection_->read();
        } else if (Clock::now() >= connection_->next_doubt()) {
            connection_->doubt();
        }
        const std::size_t before = recording_;
        take_answers();
        bool is_about_cameras = false;
        while (auto event = connection_->take_event()) {
            last_event_ = event->id;
            is_about_cameras = is_about_cameras || event->type.starts_with("camera.") ||
                               event->type.starts_with("session.");
            if (!shows_events_) continue;
            if (std::string text = event_text(*event); !text.empty()) {
                waiting_.push_back(std::move(text));
            }
        }
        if (is_about_cameras) {
            if (asked_cameras_)
                ask_again_ = true;
            else
                asked_cameras_ = connection_->ask("cameras.list", "");
        }
        if (recording_ != before) editor_.redraw();
    }

    /// At most so many a second; what comes faster is counted.
    void show_events() {
        constexpr std::size_t kWaitingMax = 50;
        const auto now = Clock::now();
        if (waiting_.empty() || now < next_print_) return;
        std::string text;
        if (waiting_.size() > kWaitingMax) {
            const std::size_t left_out = waiting_.size() - kWaitingMax;
            waiting_.erase(waiting_.begin(),
                           waiting_.begin() + static_cast<std::ptrdiff_t>(left_out));
            text = "(" + counted(left_out, "event") + " left out)\n";
        } else {
            text = waiting_.front() + "\n";
            waiting_.pop_front();
        }
        next_print_ = now + milliseconds(1000 / kEventsPerSecond);
        editor_.print_above(text);
    }

    std::vector<std::string> names(const std::string& kind) {
        if (kind == "cameras") return cameras_;
        if (!connection_) return {};
        return names_of(kind, [this](std::string_view method, std::string_view params) {
            const auto id = connection_->ask(method, params);
            const auto deadline = Clock::now() + kConnectPatience;
            while (has_news(deadline)) {
                if (auto answer = connection_->take_answer(id)) return answer->result;
            }
            return std::string();
        });
    }

    Candidates complete(const std::string& line) {
        try {
            return candidates_for(line, [this](const std::string& kind) { return names(kind); });
        } catch (const Failed& failed) {
            lose(failed, true);
            return {};
        }
    }

    const Options& defaults_;
    Interrupt interrupt_;
    LineEditor editor_;
    std::unique_ptr<RpcConnection> connection_;
    bool ever_connected_ = false;
    bool lost_ = false;  ///< and that was said
    Clock::time_point retry_at_{};
    milliseconds retry_after_ = kRetryAfter;
    ServerUrl found_;                   ///< with its address, as it was looked up last
    std::optional<NameLookup> lookup_;  ///< while a line is typed
    std::uint64_t last_event_ = 0;
    std::uint64_t subscribing_ = 0;
    std::optional<std::uint64_t> asked_cameras_;
    bool ask_again_ = false;
    std::vector<std::string> cameras_;
    std::size_t recording_ = 0;
    bool shows_events_ = true;
    std::deque<std::string> waiting_;  ///< events, as they are shown
    Clock::time_point next_print_{};
};

}  // namespace

int run_prompt(const Options& defaults) {
    try {
        return Prompt(defaults).run();
    } catch (const Failed& failed) {
        std::cerr << "streamctl: " << failed.what() << '\n';
        return failed.exit_code();
    } catch (const std::runtime_error& error) {
        std::cerr << "streamctl: " << error.what() << '\n';
        return cli::kIoFailed;
    }
}

}  // namespace st::streamctl
