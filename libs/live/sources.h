#pragma once
/// All on-demand sources of a server, on a loop and a thread of their own.
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "hub/hub.h"
#include "live/source.h"
#include "loop/loop_thread.h"

namespace st::live {

class Sources {
 public:
    /// How long the processes may take to end with the server, before they are killed.
    static constexpr std::chrono::seconds kGoodbye = SourceStates::kKillAfter;

    /// `worker`: see Source. `hub` outlives this. No thread is made for no sources.
    Sources(const std::vector<SourceOptions>& options, const std::vector<std::string>& worker,
            hub::Hub& hub, const Log& log);
    /// shut_down(), and kills what is left after kGoodbye.
    ~Sources();
    Sources(const Sources&) = delete;
    Sources& operator=(const Sources&) = delete;

    /// To be told of everything the hub tells. Any thread.
    void on_event(const hub::Event& event);
    /// Whether there is a source of that path. Any thread.
    bool has(std::string_view path) const { return find(path) != nullptr; }
    /// By path. Any thread.
    std::vector<SourceStatus> status() const;
    /// Whether there is a source of that path that is tried as long as it has viewers: it has not
    /// failed for good. Any thread.
    bool is_coming(std::string_view path) const;
    /// False: there is none of that path. Any thread.
    bool restart(std::string_view path);
    /// Asks all processes to end; none is started any more. Any thread; returns at once.
    void shut_down();

 private:
    Source* find(std::string_view path) const;
    void on_viewers(const std::string& path, bool has_joined);

    /// Constant after construction.
    std::map<std::string, std::unique_ptr<Source>, std::less<>> sources_;
    std::unique_ptr<loop::LoopThread> thread_;
};

}  // namespace st::live
