#pragma once
/// The door to the server: one operation, one answer, by JSON-RPC on /control. Throws Failed when
/// there is no answer to decode, or a refusal. Main thread.
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "control/error.h"
#include "control/list.h"
#include "control/preview.h"
#include "control/recording.h"
#include "control/start.h"
#include "control/stop.h"
#include "control/subscribe.h"
#include "json/value.h"
#include "streamctl/client/failed.h"
#include "streamctl/client/rpc_connection.h"
#include "streamctl/client/server_url.h"

namespace st::streamctl {

/// The server's refusal, e.g. {"error":{"code":"no_cameras",...}}.
class Refused final : public Failed {
 public:
    explicit Refused(const control::ApiError& error);
    /// As the HTTP door says it, for --json.
    const std::string& body() const { return body_; }
    control::ErrorCode code() const { return code_; }

 private:
    std::string body_;
    control::ErrorCode code_;
};

class ApiClient {
 public:
    /// Called by each Ctrl-C while an answer is awaited; true: go on waiting.
    using OnInterrupt = std::function<bool()>;

    using ReadToken = std::function<std::string()>;

    /// Connects with the first operation. `read_token` is called now and for each connection but
    /// the first: a server of this machine makes its token anew when it starts. `patience`: for an
    /// answer to an operation that does not wait for anything. `interrupt` outlives it.
    ApiClient(ServerUrl server, ReadToken read_token, milliseconds patience, Interrupt& interrupt);

    // Each returns the result, one JSON object.
    std::string start(const control::StartRequest& request);
    std::string stop(const control::StopRequest& request);
    std::string preview(const control::PreviewRequest& request);
    /// One of the operations that take "client" beside what they are about.
    std::string ask_as_client(std::string_view method, json::Object params);
    /// One page of the list.
    std::string recordings(const control::RecordingQuery& query);
    /// Any other, by its JSON-RPC name.
    std::string ask(std::string_view method, const json::Object& params = {});
    /// The same with `params` as JSON text, or "". `work`: how long the server may be busy with it.
    std::string ask(std::string_view method, std::string_view params, milliseconds work = {}) {
        return await(connection().ask(method, params), work + patience_, false);
    }

    // start and stop in two steps.
    std::uint64_t begin_start(const control::StartRequest& request);
    std::uint64_t begin_stop(const control::StopRequest& request);
    std::string end_start(std::uint64_t id, const control::StartRequest& request);
    std::string end_stop(std::uint64_t id, const control::StopRequest& request);
    /// Without it Ctrl-C throws Failed 130. Empty: that again.
    void on_interrupt(OnInterrupt call) { on_interrupt_ = std::move(call); }

    /// From now on events come; returns the id of the last one so far.
    std::uint64_t subscribe(const control::Subscription& subscription);
    RpcConnection& connection();
    /// The next operation has a connection of its own; events are no longer subscribed.
    void reconnect() {
        connection_.reset();
        is_subscribed_ = false;
    }
    const ServerUrl& server() const { return server_; }
    const std::string& token() const { return token_; }
    milliseconds patience() const { return patience_; }

 private:
    /// With `patient`, there is no end to the waiting as long as the server shows signs of life.
    std::string await(std::uint64_t id, milliseconds patience, bool patient);

    ServerUrl server_;
    const ReadToken read_token_;
    std::string token_;
    bool is_token_new_ = true;  ///< no connection was made with it
    const milliseconds patience_;
    Interrupt& interrupt_;
    OnInterrupt on_interrupt_;
    std::optional<RpcConnection> connection_;
    bool is_subscribed_ = false;
};

}  // namespace st::streamctl
