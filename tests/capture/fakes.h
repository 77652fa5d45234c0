#pragma once
/// What the tests of cameras run on: a socket that only remembers, and recordings that nobody
/// writes.
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/event_sink.h"
#include "capture/camera_link.h"
#include "httpd/message_socket.h"
#include "loop/manual_timers.h"
#include "record/mailbox.h"
#include "record/session.h"

namespace st::capture {

using loop::ManualTimers;

class FakeSocket final : public httpd::MessageSocket {
 public:
    void start(Bytes) override {}
    void send_text(std::string_view text) override { texts.emplace_back(text); }
    void send_ping(std::string_view payload) override { pings.emplace_back(payload); }
    void close(std::uint16_t code, const std::string& reason) override {
        if (closed_code != 0) return;
        closed_code = code;
        closed_reason = reason;
        if (on_close) on_close(code, reason);
    }
    void pause_reading() override { is_paused = true; }
    void resume_reading() override { is_paused = false; }
    bool is_caught_up() const override { return !is_paused && !is_within_message; }
    void hold(const httpd::InputAccount::Held& now) override { held = now; }

    std::vector<std::string> texts;
    std::vector<std::string> pings;
    std::uint16_t closed_code = 0;
    std::string closed_reason;
    bool is_paused = false;
    bool is_within_message = false;
    httpd::InputAccount::Held held;
    std::function<void(std::uint16_t, const std::string&)> on_close;
};

class EventList final : public EventSink {
 public:
    struct Event {
        std::string type;
        EventFields fields;
    };
    void add(std::string_view type, const EventFields& fields, LogLevel) override {
        events.push_back({std::string(type), fields});
    }
    std::size_t count(std::string_view type) const {
        std::size_t found = 0;
        for (const Event& event : events) found += event.type == type ? 1 : 0;
        return found;
    }
    /// The text of a field of the last event of that type; "" if there is none.
    std::string last(std::string_view type, std::string_view field) const {
        std::string text;
        for (const Event& event : events) {
            if (event.type != type) continue;
            for (const auto& [name, value] : event.fields) {
                if (name != field) continue;
                const auto* words = std::get_if<std::string>(&value);
                text = words ? *words : std::to_string(std::get<std::uint64_t>(value));
            }
        }
        return text;
    }
    std::vector<Event> events;
};

/// Makes sessions whose messages stay in their queues.
class UnwrittenSessions {
 public:
    UnwrittenSessions() = default;
    UnwrittenSessions(const UnwrittenSessions&) = delete;
    UnwrittenSessions& operator=(const UnwrittenSessions&) = delete;
    /// The mailbox and the sessions in it hold each other until they are taken out.
    ~UnwrittenSessions() {
        mailbox_->stop();
        for (std::vector<record::SessionPtr> work; mailbox_->wait(work);) work.clear();
    }
    record::SessionPtr open(record::SessionStart start) {
        auto session = std::make_shared<record::Session>(next_serial_++, std::move(start),
                                                         budget_bytes, mailbox_);
        sessions.push_back(session);
        return session;
    }
    std::size_t budget_bytes = std::size_t{1} << 20;
    std::vector<record::SessionPtr> sessions;

 private:
    std::shared_ptr<record::Mailbox> mailbox_ = std::make_shared<record::Mailbox>();
    std::uint64_t next_serial_ = 1;
};

}  // namespace st::capture
