#pragma once
/// One on-demand source: its process, and what comes out of it as a stream of the hub. On the loop
/// of Sources, its thread only, but for status().
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/sync.h"
#include "flv/tag.h"
#include "hub/hub.h"
#include "live/log_lines.h"
#include "live/loop_executor.h"
#include "live/normalised_input.h"
#include "live/source_states.h"
#include "worker/child.h"

namespace st::live {

/// Exactly one of command and url.
struct SourceOptions {
    std::string path;                  ///< "/<app>/<name>"
    std::vector<std::string> command;  ///< program and arguments; no shell reads them
    std::string url;                   ///< see av::parse_source_url
    SourceRunOptions run;
};

struct SourceStatus {
    std::string path;
    std::string input;  ///< the URL or the command, for people; without passwords
    SourceState state = SourceState::idle;
    std::size_t viewers = 0;
    int pid = 0;                 ///< leads the process group; 0: no process
    std::uint64_t restarts = 0;  ///< after ends that nobody asked for
    std::size_t crashes = 0;     ///< within the window
    std::string last_error;      ///< why it ended last without being told to; empty: it did not
    std::int64_t since_us = 0;   ///< wall clock: of the first packet of this run; 0: none
};

class Source final : public worker::ChildHandler {
 public:
    /// `worker`: how to run av/input_process.h: {".../streamd-media", "input"}.
    /// `loop` and `hub` outlive it.
    Source(SourceOptions options, std::vector<std::string> worker, loop::EventLoop& loop,
           hub::Hub& hub, const Log& log);
    /// Kills the process, if there is one.
    ~Source() override;

    /// A viewer came (`has_joined`) or went.
    void on_viewers(bool has_joined);
    void restart();
    /// Ends the process with SIGTERM and starts no other.
    void shut_down();
    bool has_process() const { return child_ != nullptr; }

    const std::string& path() const { return options_.path; }
    /// Any thread.
    SourceStatus status() const ST_EXCLUDES(mutex_);

 private:
    class Link;

    void on_output(Bytes bytes) override;
    void on_error_output(Bytes bytes) override;
    void on_exit(const worker::Exit& exit) override;

    void act(SourceAction action);
    void start();
    void watch_silence();
    bool publish();
    void push(flv::Tag tag);
    void note_unusable(const std::string& why);
    /// What the process gives cannot be used: it ends.
    void give_up(const std::string& why, const std::string& by = {});
    std::string reason_of(const worker::Exit& exit) const;
    void end_run(const std::string& why, bool is_crash);
    std::string shown(const std::string& words) const;
    void log_lines(const std::vector<std::string>& lines);
    void tell_state(SourceState before);
    void update();

    const SourceOptions options_;
    const std::vector<std::string> worker_;
    const std::vector<std::string> passwords_;  ///< its own
    loop::EventLoop& loop_;
    hub::Hub& hub_;
    const Log log_;
    SourceStates states_;
    loop::TimerId timer_ = 0;
    loop::TimerId silence_timer_ = 0;
    bool is_closing_ = false;

    // Of this run of the process:
    std::shared_ptr<worker::Child> child_;
    std::unique_ptr<flv::TagReader> reader_;
    LoopExecutor executor_;
    NormalisedInput input_;
    LogLines lines_;
    std::shared_ptr<Link> link_;
    hub::Publication publication_;
    std::uint64_t publication_number_ = 0;  ///< the last one's
    bool has_left_out_ = false;             ///< something that could not be used, and said so
    std::string given_up_;                  ///< why; empty: it was not
    std::string kicked_by_;

    mutable Mutex mutex_;
    SourceStatus status_ ST_GUARDED_BY(mutex_);
};

}  // namespace st::live
