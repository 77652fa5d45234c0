#pragma once
/// Logging as a value: a sink and a chain of prefixes. One event a line, key=value.
/// Pure libraries never log; they return. The sink is bound to Poco's logger in apps/streamd.
#include <memory>
#include <string>
#include <string_view>

namespace st {

enum class LogLevel { debug, info, warning, error };

/// Where lines go. Called from any thread.
class LogSink {
 public:
    virtual ~LogSink() = default;
    virtual bool enabled(LogLevel level) const = 0;
    virtual void write(LogLevel level, std::string_view prefix, std::string_view text) = 0;
};

/// Cheap to copy; outlives nothing: it shares the sink. A default Log discards.
class Log {
 public:
    Log() = default;
    explicit Log(std::shared_ptr<LogSink> sink, std::string prefix = {})
        : sink_(std::move(sink)), prefix_(std::move(prefix)) {}

    /// The same sink with one more word in front, e.g. with("camera").with("10.0.0.7_51544").
    Log with(std::string_view word) const {
        std::string prefix = prefix_;
        if (!prefix.empty()) prefix += ' ';
        prefix += word;
        return Log(sink_, std::move(prefix));
    }

    bool enabled(LogLevel level) const { return sink_ && sink_->enabled(level); }
    void debug(std::string_view text) const { write(LogLevel::debug, text); }
    void info(std::string_view text) const { write(LogLevel::info, text); }
    void warning(std::string_view text) const { write(LogLevel::warning, text); }
    void error(std::string_view text) const { write(LogLevel::error, text); }

 private:
    void write(LogLevel level, std::string_view text) const {
        if (enabled(level)) sink_->write(level, prefix_, text);
    }

    std::shared_ptr<LogSink> sink_;
    std::string prefix_;
};

}  // namespace st
