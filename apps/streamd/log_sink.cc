#include "streamd/log_sink.h"

#include <Poco/AutoPtr.h>
#include <Poco/ConsoleChannel.h>
#include <Poco/Exception.h>
#include <Poco/File.h>
#include <Poco/FileChannel.h>
#include <Poco/Formatter.h>
#include <Poco/FormattingChannel.h>
#include <Poco/Logger.h>
#include <Poco/Message.h>
#include <Poco/SyslogChannel.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>

#include "base/clock.h"
#include "base/text.h"
#include "json/write.h"
#include "streamd/journal.h"
#include "streamd/log_queue.h"

namespace st::streamd {
namespace {

using Poco::Message;

Message::Priority to_poco(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return Message::PRIO_DEBUG;
        case LogLevel::info:
            return Message::PRIO_INFORMATION;
        case LogLevel::warning:
            return Message::PRIO_WARNING;
        case LogLevel::error:
            return Message::PRIO_ERROR;
    }
    return Message::PRIO_INFORMATION;
}

Message::Priority to_poco(LogThreshold level) {
    switch (level) {
        case LogThreshold::debug:
            return Message::PRIO_DEBUG;
        case LogThreshold::info:
            return Message::PRIO_INFORMATION;
        case LogThreshold::warning:
            return Message::PRIO_WARNING;
        case LogThreshold::error:
            return Message::PRIO_ERROR;
    }
    return Message::PRIO_INFORMATION;
}

const char* level_name(Message::Priority priority) {
    switch (priority) {
        case Message::PRIO_DEBUG:
            return "DEBUG";
        case Message::PRIO_WARNING:
            return "WARN ";
        case Message::PRIO_ERROR:
            return "ERROR";
        default:
            return "INFO ";
    }
}

int syslog_priority(Message::Priority priority) {
    switch (priority) {
        case Message::PRIO_DEBUG:
            return 7;
        case Message::PRIO_WARNING:
            return 4;
        case Message::PRIO_ERROR:
            return 3;
        default:
            return 6;
    }
}

/// Words of peers are cleaned where they come in; this is the second line of defence.
std::string clean(const std::string& text) { return clean_text(text, std::string::npos); }

/// A line as people read it, behind time and level.
std::string text_of(const std::string& prefix, const std::string& text) {
    return (prefix.empty() ? std::string() : clean(prefix) + ": ") + clean(text);
}

/// Of a message: its fields as they stand in the JSON form.
constexpr const char* kMembers = "members";

/// `,"peer":"10.0.0.7:51544","camera":"door"`
std::string json_members(const LogFields& fields) {
    static constexpr std::array<std::string_view, 4> kOwn = {"time", "level", "source", "text"};
    std::string out;
    for (const auto& [name, value] : fields) {
        if (std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end()) continue;
        out += "," + json::write(std::string_view(name)) + ":" +
               json::write(std::string_view(clean(value)));
    }
    return out;
}

/// Who takes the lines: they keep the time and the priority for themselves, or want them in the
/// line.
enum class Reader { people, journal, syslog };

/// The source of a message is the prefix chain.
class LineFormatter : public Poco::Formatter {
 public:
    LineFormatter(LogFormat format, Reader reader) : format_(format), reader_(reader) {}

    void format(const Message& message, std::string& text) override {
        const std::string time = rfc3339(message.getTime().epochMicroseconds());
        std::string level = level_name(message.getPriority());
        text.clear();
        if (reader_ == Reader::journal) {
            text = "<" + std::to_string(syslog_priority(message.getPriority())) + ">";
        }
        if (format_ == LogFormat::json) {
            level.resize(level.find_last_not_of(' ') + 1);
            text += "{\"time\":\"" + time + "\",\"level\":\"" + level +
                    "\",\"source\":" + json::write(std::string_view(clean(message.getSource()))) +
                    message.get(kMembers, "") +
                    ",\"text\":" + json::write(std::string_view(clean(message.getText()))) + "}";
            return;
        }
        if (reader_ == Reader::people) text = time + " ";
        text += level + " ";
        text += text_of(message.getSource(), message.getText());
    }

 private:
    const LogFormat format_;
    const Reader reader_;
};

/// What std::terminate still writes: the process has one log.
std::atomic<LogQueue*> last_words{nullptr};
/// The library's own, which says what exception it was.
std::terminate_handler library_handler = std::abort;

[[noreturn]] void on_terminate() {
    if (LogQueue* queue = last_words.exchange(nullptr)) queue->flush(LogQueue::kPatience);
    library_handler();
    std::abort();
}

class QueuedSink final : public ThresholdSink {
 public:
    QueuedSink(const Poco::AutoPtr<Poco::Channel>& out, std::shared_ptr<const Journal> journal,
               Message::Priority threshold)
        : queue_(
              [out = out, journal = std::move(journal)](const LogLine& line) mutable {
                  if (!journal || !journal->send(entry_of(line))) write_line(*out, line);
              },
              [out = out]() mutable { open_again(*out); }),
          threshold_(threshold) {
        last_words = &queue_;
        const std::terminate_handler before = std::set_terminate(on_terminate);
        if (before != nullptr && before != on_terminate) library_handler = before;
    }
    ~QueuedSink() override { last_words = nullptr; }

    bool enabled(LogLevel level) const override { return to_poco(level) <= threshold_; }
    void set_threshold(LogThreshold level) override { threshold_ = to_poco(level); }
    void reopen() override { queue_.reopen(); }
    void flush(std::chrono::milliseconds patience) override { queue_.flush(patience); }
    void write(LogLevel level, std::string_view prefix, std::string_view text) override {
        queue_.push({level, std::string(prefix), std::string(text), wall_us(), {}});
    }
    void write_with(LogLevel level, std::string_view prefix, const LogFields& fields,
                    std::string_view text) override {
        queue_.push({level, std::string(prefix), std::string(text), wall_us(), fields});
    }

 private:
    static std::string entry_of(const LogLine& line) {
        LogLine cleaned = line;
        cleaned.prefix = clean(line.prefix);
        for (auto& [name, value] : cleaned.fields) value = clean(value);
        return encode_journal_entry(cleaned, syslog_priority(to_poco(line.level)),
                                    text_of(cleaned.prefix, line.text));
    }
    static void write_line(Poco::Channel& out, const LogLine& line) {
        try {
            Message message(line.prefix, line.text, to_poco(line.level));
            message.setTime(Poco::Timestamp(line.time_us));
            if (!line.fields.empty()) message.set(kMembers, json_members(line.fields));
            out.log(message);
        } catch (const Poco::Exception&) {
            // A log that cannot be written (disk full, no descriptors) must not end the server.
        }
    }
    static void open_again(Poco::Channel& out) {
        try {
            out.close();
            out.open();
        } catch (const Poco::Exception&) {
            // The next line tries again.
        }
    }

    LogQueue queue_;
    std::atomic<Message::Priority> threshold_;
};

}  // namespace

std::shared_ptr<ThresholdSink> make_log_sink(const LogConfig& config, bool is_daemon,
                                             const std::string& journal_socket) {
    Poco::AutoPtr<Poco::Channel> out;
    std::shared_ptr<const Journal> journal;
    Reader reader = Reader::people;
    if (!config.file.empty()) {
        out = new Poco::FileChannel(config.file);
        try {
            out->open();
        } catch (const Poco::Exception& e) {
            throw std::runtime_error("log file " + config.file + ": " + e.name() +
                                     "; choose another with --log-file");
        }
    } else if (is_daemon) {
        out = new Poco::SyslogChannel("streamd", Poco::SyslogChannel::SYSLOG_PID,
                                      Poco::SyslogChannel::SYSLOG_DAEMON);
        reader = Reader::syslog;
    } else {
        out = new Poco::ConsoleChannel(std::cerr);
        if (is_stderr_of_journal()) {
            reader = Reader::journal;
            auto opened = Journal::open(journal_socket);
            const bool has_fields = config.format == LogFormat::text;
            if (opened && has_fields) journal = std::make_shared<Journal>(std::move(*opened));
        }
    }
    const Poco::AutoPtr<Poco::Formatter> formatter(new LineFormatter(config.format, reader));
    return std::make_shared<QueuedSink>(
        Poco::AutoPtr<Poco::Channel>(new Poco::FormattingChannel(formatter, out)),
        std::move(journal), to_poco(config.level));
}

}  // namespace st::streamd
