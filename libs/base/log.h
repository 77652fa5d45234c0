#pragma once
/// Logging as a value: a sink and a chain of prefixes. One event a line, key=value.
/// Pure libraries never log; they return. The sink is bound to Poco's logger in apps/streamd.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace st {

enum class LogLevel { debug, info, warning, error };

/// Name and value: "peer", "camera", "stream", ...
using LogFields = std::vector<std::pair<std::string, std::string>>;

/// Where lines go. Called from any thread.
class LogSink {
 public:
    virtual ~LogSink() = default;
    virtual bool enabled(LogLevel level) const = 0;
    virtual void write(LogLevel level, std::string_view prefix, std::string_view text) = 0;
    /// The same with what is known of who or what it is about: for forms that have fields.
    virtual void write_with(LogLevel level, std::string_view prefix, const LogFields& /*fields*/,
                            std::string_view text) {
        write(level, prefix, text);
    }
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
        Log made(sink_, std::move(prefix));
        made.fields_ = fields_;
        return made;
    }

    /// The same with a field that the text form does not show.
    Log with_field(std::string_view name, std::string_view value) const {
        Log made = *this;
        auto fields =
            fields_ ? std::make_shared<LogFields>(*fields_) : std::make_shared<LogFields>();
        std::erase_if(*fields, [&](const auto& field) { return field.first == name; });
        fields->emplace_back(name, value);
        made.fields_ = std::move(fields);
        return made;
    }
    /// A field whose value is a word of the prefix, too.
    Log with(std::string_view name, std::string_view value) const {
        return with(value).with_field(name, value);
    }

    bool enabled(LogLevel level) const { return sink_ && sink_->enabled(level); }
    void debug(std::string_view text) const { write(LogLevel::debug, text); }
    void info(std::string_view text) const { write(LogLevel::info, text); }
    void warning(std::string_view text) const { write(LogLevel::warning, text); }
    void error(std::string_view text) const { write(LogLevel::error, text); }

 private:
    void write(LogLevel level, std::string_view text) const {
        if (!enabled(level)) return;
        fields_ ? sink_->write_with(level, prefix_, *fields_, text)
                : sink_->write(level, prefix_, text);
    }

    std::shared_ptr<LogSink> sink_;
    std::string prefix_;
    std::shared_ptr<const LogFields> fields_;  ///< null: none
};

}  // namespace st
