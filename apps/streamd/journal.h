#pragma once
/// Log lines to systemd's journal with their fields, by its own protocol: one datagram a line, of
/// `NAME=value` lines (systemd.io, "Native Journal Protocol").
#include <optional>
#include <string>

#include "base/fd.h"
#include "streamd/log_queue.h"

namespace st::streamd {

constexpr char kJournalSocket[] = "/run/systemd/journal/socket";

/// What stands in the datagram: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, STREAMD_SOURCE, and of each
/// field STREAMD_<NAME>. `text`: as people read it, without level. A name that the journal would
/// not take is left out.
std::string encode_journal_entry(const LogLine& line, int priority, const std::string& text);

class Journal {
 public:
    /// nullopt: nobody listens there.
    static std::optional<Journal> open(const std::string& path = kJournalSocket);

    /// False: it was not taken (the journal restarts, or the line is too long for a datagram).
    bool send(const std::string& entry) const;

 private:
    explicit Journal(Fd socket) : socket_(std::move(socket)) {}

    Fd socket_;
};

/// Whether standard error leads to the journal: $JOURNAL_STREAM names its device and inode.
bool is_stderr_of_journal();

}  // namespace st::streamd
