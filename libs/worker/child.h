#pragma once
/// A child process on an event loop: what it writes arrives as it comes, its end is an event.
///
/// See spawn.h for what it inherits. One loop, its thread only,
/// which must live as long as the child may.
#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "loop/event_loop.h"
#include "worker/spawn.h"

namespace st::worker {

/// Calls may destroy the Child by EventLoop::retire() only.
class ChildHandler {
 public:
    virtual ~ChildHandler() = default;
    /// Standard output; the bytes are valid during the call.
    virtual void on_output(Bytes bytes) = 0;
    /// Standard error, cut anywhere.
    virtual void on_error_output(Bytes bytes) = 0;
    /// Once, after everything it wrote: it is gone, and so is its whole process group.
    virtual void on_exit(const Exit& exit) = 0;
};

class Child {
 public:
    /// Starts argv[0] (looked up in PATH) with argv; it reads `input` on its standard input, which
    /// no other process sees, as arguments are seen. A program that is not there is an exit with
    /// code 127, with the reason on standard error. Throws std::system_error: no descriptors, no
    /// memory, too many processes.
    Child(loop::EventLoop& loop, const std::vector<std::string>& argv, ChildHandler& handler,
          std::string_view input = {});
    /// Kills the process group and waits for the process, if it still runs.
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    pid_t pid() const { return pid_; }  ///< also its process group
    /// SIGTERM to its process group, and to what it started and has left the group.
    void terminate();
    /// SIGKILL to the same.
    void kill();

 private:
    /// Read in one turn before others get theirs.
    static constexpr std::size_t kReadBudget = 1024 * 1024;

    class Pipe final : public loop::Pollable {
     public:
        Pipe(Child& child, bool is_output) : child_(child), is_output_(is_output) {}
        void open(Fd fd);
        void close();
        /// Until EAGAIN, the end or the budget.
        void read();

     private:
        void on_ready(std::uint32_t events) override;

        Child& child_;
        const bool is_output_;
        Fd fd_;
    };
    class Watch final : public loop::Pollable {
     public:
        explicit Watch(Child& child) : child_(child) {}

     private:
        void on_ready(std::uint32_t events) override;
        Child& child_;
    };

    void signal(int number);
    void reap();
    void end();

    loop::EventLoop& loop_;
    ChildHandler& handler_;
    pid_t pid_ = -1;
    bool is_running_ = false;
    Pipe output_{*this, true};
    Pipe error_output_{*this, false};
    Watch watch_{*this};
    Fd pidfd_;
    std::vector<Fd> escaped_;  ///< from the group, as far as they have been signalled
    Exit exit_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< for deferred reads
};

}  // namespace st::worker
