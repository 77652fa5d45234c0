#pragma once
/// What became of all that a capture recorded, and its files. Main thread.
#include <optional>
#include <string>
#include <vector>

#include "control/recording.h"
#include "control/stop.h"
#include "streamctl/client/ctrl_c.h"
#include "streamctl/commands/commands.h"

namespace st::streamctl {

class CaptureOutcome {
 public:
    /// A recording that ended before the stop.
    struct Ending {
        std::string camera;
        std::string session;
        std::string why;  ///< empty: another one took its place
    };

    CaptureOutcome(const Options& options, ApiClient& client, Interrupt& interrupt,
                   Console& console)
        : options_(options), client_(client), interrupt_(interrupt), console_(console) {}

    /// Of a camera that did not start, or that was joined and goes on.
    void add(control::StopResult result) { results_.push_back(std::move(result)); }
    /// What became of it is asked for later.
    void add_ended(Ending ending);
    /// The answer to the stop, which is the last word on its camera. `sessions`: those that the
    /// camera was seen to record.
    void add_stopped(const control::StopResult& result, const std::vector<std::string>& sessions);
    /// Those of `sessions` that the answer does not list.
    void add_earlier(const control::StopResult& result, const std::vector<std::string>& sessions);
    void mark_failed() { is_well_ = false; }

    /// Waits for what ended before the stop, and says what became of it. True: Ctrl-C came, and
    /// nothing was waited for any longer.
    bool await_ended();
    /// With --json, unless the take is the answer: all cameras, in one line.
    void print(bool is_ok);
    /// Downloads, or puts on one time line, if it is to: the exit code.
    int fetch();

    /// Of what began, all went well.
    bool is_well() const { return is_well_; }
    /// A camera's files are there.
    bool has_delivered() const { return has_delivered_; }
    /// There is a recording that the capture began itself.
    bool has_recorded() const;
    bool was_printed() const { return was_printed_; }
    /// 3 if messages or pictures are missing.
    int losses() const { return losses_code(results_); }
    /// What can be fetched, or else all that is known to have ended; `others`: what may be beside.
    std::vector<std::string> ids_left(const std::vector<std::string>& others) const;

 private:
    control::StopResult result_of(const Ending& ending, CtrlC& ctrl_c);
    /// Waits until it is finished, Ctrl-C came, or nothing of it has changed for --timeout and the
    /// time that its bytes may take; nullopt: deleted.
    std::optional<control::Recording> await_finished(const std::string& id, CtrlC& ctrl_c);

    const Options& options_;
    ApiClient& client_;
    Interrupt& interrupt_;
    Console& console_;
    std::vector<control::StopResult> results_;
    std::vector<Ending> endings_;
    std::vector<std::string> finished_;    ///< recordings whose files can be fetched
    std::vector<std::string> unfinished_;  ///< those that were not waited for any longer
    bool is_well_ = true;
    bool has_delivered_ = false;
    bool was_printed_ = false;
};

}  // namespace st::streamctl
