#pragma once
/// Which request goes where. Rooms register routes; HttpConnection asks in the order of
/// registration and carries out the first plan it gets.
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "auth/access.h"
#include "http/head.h"
#include "http/response.h"
#include "http/target.h"
#include "httpd/file_sender.h"
#include "httpd/net_loop.h"
#include "httpd/peer.h"
#include "loop/transport.h"
#include "ws/handshake.h"

namespace st::httpd {

struct Request {
    http::RequestHead head;
    http::Target target;
    std::string body;  ///< whole; empty for a route that takes the connection over
    Peer peer;
    std::string default_stream;          ///< of the listener: what a WebSocket at "/" plays
    std::optional<ws::Upgrade> upgrade;  ///< it asks to become a WebSocket
    auth::Facts facts;
    bool is_secure = false;  ///< came over TLS
    /// Requested once the connection is gone, and nobody waits for an answer.
    std::stop_token asker{};

    /// The query without what proves a right here. Others see without_query_secrets() of it.
    std::string shown_query() const;
    /// Path and query, for other users' eyes and for files.
    std::string shown_target() const;
};

/// An answer, or the head of one behind which pieces of files are sent in place of the body.
struct Answer {
    http::Response response;
    std::optional<std::vector<FileRange>> files;
};
/// Called exactly once, on any thread.
using Reply = std::function<void(Answer)>;

/// A connection that a route takes over, at the end of the turn in which the request came.
struct Handover {
    NetLoop& net;
    Admission::Ticket ticket;
    std::unique_ptr<loop::Transport> transport;
    std::string pending;         ///< came behind the request
    std::string upgrade_answer;  ///< the 101 to send; "": sent already, or no upgrade
    bool input_over = false;     ///< nothing comes behind `pending`
};

struct Refusal {
    int status;
    std::string message;
    std::vector<Field> fields;
};

/// 405. `allowed`: "GET, HEAD".
Refusal method_refusal(const std::string& method, const std::string& allowed);

/// What is to become of a request. Besides the first four one member is set.
struct Plan {
    std::optional<auth::Role> role;     ///< checked first; nullopt: everybody may
    std::string signed_path;            ///< "/app/name" that a signed URL must be for
    std::vector<Field> refusal_fields;  ///< of every refusal
    std::string protocol;  ///< of those an upgrade offers, the one meant; "": the first

    std::optional<Refusal> refusal;
    /// Answers a request whose body was read, perhaps later.
    std::function<void(Request, const Reply&)> answer;
    /// The taker adds itself to Handover::net and sets itself as the transport's handler.
    std::function<void(Request, Handover)> take_over;

    static Plan refuse(int status, std::string message, std::vector<Field> fields = {});
    static Plan refuse_method(const std::string& method, const std::string& allowed);
};

class Router {
 public:
    /// nullopt: the request is not for this route.
    using Route = std::function<std::optional<Plan>(const Request&)>;

    void add_request(Route route) { requests_.push_back(std::move(route)); }
    void add_upgrade(Route route) { upgrades_.push_back(std::move(route)); }

    /// 404 if no route wants it.
    Plan plan(const Request& request) const;

 private:
    std::vector<Route> requests_;
    std::vector<Route> upgrades_;
};

}  // namespace st::httpd
