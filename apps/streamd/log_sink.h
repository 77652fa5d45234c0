#pragma once
/// The log of streamd: Poco's channels behind st::Log and a queue, so that a loop that logs never
/// waits for a terminal or a disk. To standard error, to syslog, or to a file that a rotation may
/// move away.
#include <chrono>
#include <memory>
#include <string>

#include "base/log.h"
#include "streamd/config.h"
#include "streamd/journal.h"

namespace st::streamd {

/// A sink whose threshold may be moved while others write. Any thread.
class ThresholdSink : public LogSink {
 public:
    virtual void set_threshold(LogThreshold level) = 0;
    /// Opens the file again by its name.
    virtual void reopen() = 0;
    /// Waits until what was logged before is written, but no longer than that.
    virtual void flush(std::chrono::milliseconds patience) = 0;
};

/// One line per event: `2026-01-31T08:15:30.250Z INFO  camera 10.0.0.7:51544 text`, or as a JSON
/// object. Where standard error is the journal's ($JOURNAL_STREAM), the text form goes to
/// `journal_socket` with its fields; if nobody takes it there, and in the JSON form, to standard
/// error, with a `<N>` priority in front.
/// Without a file it goes to standard error, or to syslog if `is_daemon`, since that has none:
/// there without a time, with the priority of each line. Throws Poco::Exception if the file cannot
/// be opened.
std::shared_ptr<ThresholdSink> make_log_sink(const LogConfig& config, bool is_daemon,
                                             const std::string& journal_socket = kJournalSocket);

}  // namespace st::streamd
