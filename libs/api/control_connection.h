#pragma once
/// One client of /control: JSON-RPC 2.0 over WebSocket. Lives on its network loop.
/// Spec: docs/control.md.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/event_log.h"
#include "api/operations.h"
#include "control/json_rpc.h"
#include "httpd/lasting_access.h"
#include "httpd/net_loop.h"
#include "httpd/websocket.h"

namespace st::api {

class ControlConnection final : public httpd::Connection,
                                public httpd::WebSocketHandler,
                                public std::enable_shared_from_this<ControlConnection> {
 public:
    /// Answers that wait for the client to read them; over it, it is closed (1008).
    static constexpr std::size_t kQueuedBytesMax = std::size_t{16} << 20;
    /// Over this, events are left out and counted: "events.lost".
    static constexpr std::size_t kEventBytesMax = std::size_t{1} << 20;
    /// Requests under way at once.
    static constexpr std::size_t kCallsMax = 1024;

    /// What connections work with. All of it outlives them.
    struct Uses {
        const Current<httpd::Options>& options;
        httpd::Counters& counters;
        Log log;
        loop::EventLoop& control;  ///< post to it what is for the events
        EventLog& events;
        /// Carries a request out; see Operations::call.
        std::function<void(control::Call, Operations::Done)> call;
    };

    ControlConnection(const Uses& uses, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
                      const std::string& peer, httpd::LastingAccess access,
                      std::unique_ptr<loop::Transport> stream);
    ~ControlConnection() override;

    void start(Bytes pending) { socket_.start(pending); }

    void shut_down() override;
    void on_binary(Buffer message) override;
    void on_text(const std::string& text) override;
    void on_drained() override;
    void on_over(std::uint16_t code, const std::string& reason) override;
    void on_gone() override;

 private:
    /// Gathers the answers of one message, in the order of its requests.
    struct Answers {
        bool is_batch = false;
        std::size_t missing = 0;
        std::vector<std::string> texts;  ///< "" for notifications
    };

    /// Where an answer goes, and its text: "" if nobody asked for one.
    struct Place {
        std::shared_ptr<Answers> answers;
        std::size_t at = 0;
        std::optional<std::string> id;  ///< of the request; none: a notification

        std::string result(std::string_view json) const;
        std::string error(const control::ApiError& error) const;
        std::string unknown_method(std::string_view method) const;
    };

    void handle(const control::RpcRequest& request, const Place& place);
    void subscribe(const std::string& params, const Place& place);
    void unsubscribe();
    /// False: it may no longer, and is closed.
    bool check_access();
    void set_answer(const Place& place, std::string text);
    void send(const std::string& text);
    void send_event(std::uint64_t id, const std::string& json);

    const Uses& uses_;
    httpd::NetLoop& net_;
    httpd::Admission::Ticket ticket_;
    const std::string peer_;  ///< who asks, unless a request says it
    httpd::LastingAccess access_;
    httpd::WebSocket socket_;
    /// Set and used on the control loop alone; shared so that it outlives this connection there.
    std::shared_ptr<std::optional<EventLog::ListenerId>> listener_ =
        std::make_shared<std::optional<EventLog::ListenerId>>();
    std::size_t calls_ = 0;
    std::uint64_t lost_events_ = 0;
    std::uint64_t last_sent_event_ = 0;
};

}  // namespace st::api
