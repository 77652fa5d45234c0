#pragma once
/// One reader of GET /api/v1/events as server-sent events (WHATWG HTML, section 9.2): an event is
/// "id", "event" (its type) and "data" (its JSON). Resumes after Last-Event-ID. Lives on its loop.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/event_log.h"
#include "httpd/lasting_access.h"
#include "httpd/net_loop.h"
#include "loop/event_loop.h"
#include "loop/transport.h"

namespace st::api {

class EventStream final : public httpd::Connection,
                          public loop::StreamHandler,
                          public std::enable_shared_from_this<EventStream> {
 public:
    /// A reader that is behind by more is closed; it comes back with Last-Event-ID.
    static constexpr std::size_t kQueuedBytesMax = std::size_t{1} << 20;
    static constexpr std::chrono::milliseconds kHeartbeat{15'000};

    struct Wanted {
        std::vector<std::string> types;      ///< empty: all
        std::optional<std::uint64_t> since;  ///< nullopt: from now on
    };

    /// All of it outlives the connections.
    struct Uses {
        loop::EventLoop& control;  ///< which the events live on
        EventLog& events;
    };

    EventStream(const Uses& uses, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                httpd::LastingAccess access, std::unique_ptr<loop::Transport> stream);
    ~EventStream() override;

    /// Sends the head of the answer and subscribes; closes if who reads it may no longer.
    void start(const Wanted& wanted);

    void shut_down() override { close(); }
    void on_data(std::span<std::uint8_t>) override {}
    void on_end(std::string_view) override { close(); }

 private:
    void beat();
    /// Closes the connection instead if who reads it may no longer.
    void send(const std::string& text);
    void close();

    const Uses uses_;
    httpd::NetLoop& net_;
    httpd::Admission::Ticket ticket_;
    httpd::LastingAccess access_;
    std::unique_ptr<loop::Transport> stream_;
    loop::TimerId heartbeat_ = 0;
    bool closed_ = false;
    /// The control loop's; shared so that it outlives this connection there.
    std::shared_ptr<std::optional<EventLog::ListenerId>> listener_ =
        std::make_shared<std::optional<EventLog::ListenerId>>();
};

}  // namespace st::api
