#pragma once
/// One connection as it begins: HTTP/1.x requests, one after another, until a route takes it over.
/// Knows no camera and no stream: what a request means is the router's to say. Lives on its network
/// loop. Deadlines and bounds: httpd/options.h.
///
///     head --> body --> answering --> sending_file --> head (keep-alive) or done
///                         \--> draining --/
///       \--> token (an upgrade whose token comes as the first message)
///       \--> taking_over --> done
#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/current.h"
#include "base/log.h"
#include "http/body.h"
#include "httpd/counters.h"
#include "httpd/file_sender.h"
#include "httpd/options.h"
#include "httpd/router.h"
#include "httpd/sessions.h"
#include "httpd/token_guard.h"
#include "loop/transport.h"
#include "ws/codec.h"

namespace st::httpd {

class HttpConnection final : public Connection,
                             public loop::StreamHandler,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
    /// What connections work with. All of it outlives them.
    struct Uses {
        const Router& router;
        const Current<auth::Policy>& policy;
        Counters& counters;
        const std::atomic<bool>& shutting_down;
        loop::BlockingWork& disk;  ///< reads files
        TokenGuard& wrong_tokens;
        const Sessions& sessions;
        Log log;
    };

    HttpConnection(const Uses& uses, NetLoop& net, Admission::Ticket ticket, Peer peer,
                   std::string default_stream);
    ~HttpConnection() override;

    /// Right after construction: waits for a request. `transport` has this as its handler.
    void start(std::unique_ptr<loop::Transport> transport);

    void shut_down() override;
    void on_data(std::span<std::uint8_t> bytes) override;
    bool on_half_end() override;
    void on_end(std::string_view error) override;
    void on_drained() override;

 private:
    enum class State : std::uint8_t {
        head,
        body,
        token,
        answering,
        sending_file,
        draining,     ///< the peer has not taken the whole answer
        taking_over,  ///< at the end of this turn
        done
    };

    void consume(Bytes bytes);
    void keep_for_later(Bytes bytes);
    void consume_pending();
    void begin_request();
    Result<void> count_client();
    bool read_upgrade();
    /// Checks the plan's role, then does what it says.
    void carry_out();
    void read_body();
    void dispatch();
    void take_over_later();
    void take_over();

    auth::Facts facts() const;
    void read_token(Bytes bytes);
    void wait_for_token();
    void refuse_access(const Error& why);

    /// Closes as well: a body may be on its way that nobody reads.
    void refuse(int status, const std::string& message, std::vector<Field> fields = {});
    void answer(const http::Response& response);
    void end_answer();
    void watch_output();
    void account();
    void send_file(Answer answer);
    void next_request();
    void close_websocket(std::uint16_t code, const std::string& reason);
    void finish();
    void set_deadline(std::chrono::milliseconds after, std::string what);
    void on_deadline(const std::string& what);
    void close_now();
    bool is_answering() const;

    const Uses& uses_;
    NetLoop& net_;
    Admission::Ticket ticket_;
    const Peer peer_;
    const std::string default_stream_;
    Log log_;
    std::unique_ptr<loop::Transport> transport_;

    State state_ = State::head;
    http::RequestReader reader_;
    Request request_;
    Plan plan_;
    std::stop_source gone_{std::nostopstate};  ///< for whoever works on an answer
    std::optional<http::BodyReader> body_reader_;
    std::string pending_;  ///< came while an answer was being made
    bool keep_alive_ = false;
    bool input_over_ = false;     ///< the peer sends no more, and waits for what it asked for
    std::string upgrade_answer_;  ///< not sent yet
    std::unique_ptr<ws::Decoder> token_decoder_;  ///< the upgrade was answered to be told a token
    loop::TimerId deadline_ = 0;
    std::unique_ptr<FileSender> file_;
    MemoryBudget::Charge held_;  ///< for pending_, and what the peer does not take
};

}  // namespace st::httpd
