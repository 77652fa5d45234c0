#include "streamctl/client/api_client.h"

#include "base/units.h"
#include "control/json.h"
#include "json/write.h"
#include "streamctl/client/printable.h"
#include "streamctl/client/who.h"

namespace st::streamctl {
namespace {

cli::ExitCode exit_code_of(control::ErrorCode code) {
    switch (code) {
        case control::ErrorCode::unauthorized:
        case control::ErrorCode::forbidden:
            return cli::kNotAuthorised;
        default:
            return cli::kRefused;
    }
}

/// What the server says, and how to say here what it proposes.
std::string sentence(const control::ApiError& error) {
    const bool may_append = error.code == control::ErrorCode::take_exists;
    return printable(error.message) + (may_append ? " (--append)" : "");
}

}  // namespace

Refused::Refused(const control::ApiError& error)
    : Failed(exit_code_of(error.code), sentence(error)), body_(encode(error)), code_(error.code) {}

ApiClient::ApiClient(ServerUrl server, ReadToken read_token, milliseconds patience,
                     Interrupt& interrupt)
    : server_(std::move(server)),
      read_token_(std::move(read_token)),
      token_(read_token_()),
      patience_(patience),
      interrupt_(interrupt) {}

RpcConnection& ApiClient::connection() {
    if (connection_ && !is_subscribed_ && connection_->is_stale()) connection_.reset();
    if (!connection_) {
        if (!std::exchange(is_token_new_, false)) token_ = read_token_();
        connection_.emplace(server_, token_, patience_, interrupt_);
        server_ = connection_->server();
    }
    return *connection_;
}

std::string ApiClient::start(const control::StartRequest& request) {
    return end_start(begin_start(request), request);
}

std::string ApiClient::stop(const control::StopRequest& request) {
    return end_stop(begin_stop(request), request);
}

std::uint64_t ApiClient::begin_start(const control::StartRequest& request) {
    control::StartRequest asked = request;
    asked.client = who();
    return connection().ask("capture.start", encode(asked));
}

std::uint64_t ApiClient::begin_stop(const control::StopRequest& request) {
    control::StopRequest asked = request;
    asked.client = who();
    return connection().ask("capture.stop", encode(asked));
}

std::string ApiClient::end_start(std::uint64_t id, const control::StartRequest& request) {
    return await(id, request.wait ? request.timeout + patience_ : patience_, false);
}

std::string ApiClient::end_stop(std::uint64_t id, const control::StopRequest& request) {
    // The server counts its time-out from the finaliser's last progress, so it may take longer than
    // that without anything being wrong.
    return await(id, request.wait ? request.timeout + patience_ : patience_, request.wait);
}

std::string ApiClient::preview(const control::PreviewRequest& request) {
    control::PreviewRequest asked = request;
    asked.client = who();
    return await(connection().ask("capture.preview", encode(asked)),
                 request.wait ? request.timeout + patience_ : patience_, false);
}

std::string ApiClient::ask(std::string_view method, const json::Object& params) {
    return ask(method, json::write(params));
}

std::string ApiClient::ask_as_client(std::string_view method, json::Object params) {
    params.set("client", who());
    return ask(method, params);
}

std::string ApiClient::recordings(const control::RecordingQuery& query) {
    json::Object object;
    for (const auto& [name, value] : encode(query)) {
        if (name != "limit") object.set(name, value);
    }
    if (query.limit != 0) object.set("limit", query.limit);
    return ask("recordings.list", object);
}

std::uint64_t ApiClient::subscribe(const control::Subscription& subscription) {
    const std::string result = ask("events.subscribe", encode(subscription));
    is_subscribed_ = true;
    const auto object = control::parse_object(result);
    std::uint64_t last = 0;
    if (object) control::ObjectReader(*object).read("last_id", last);
    return last;
}

std::string ApiClient::await(std::uint64_t id, milliseconds patience, bool patient) {
    auto deadline = Clock::now() + patience;
    Clock::time_point asked{};  // when a sign of life was last asked for
    for (;;) {
        if (auto answer = connection().take_answer(id)) {
            if (answer->error) throw Refused(*answer->error);
            return std::move(answer->result);
        }
        switch (connection().wait(deadline)) {
            case Connection::Woke::news:
                continue;
            case Connection::Woke::interrupted:
                if (!on_interrupt_ || !on_interrupt_()) {
                    throw Failed(cli::kInterrupted, "interrupted");
                }
                continue;
            case Connection::Woke::time:
                if (!patient || connection().heard() < asked) {
                    throw Failed(cli::kNoAnswer,
                                 server_.text + ": no answer within " + format_duration(patience));
                }
                asked = Clock::now();
                connection().ping();
                deadline = asked + patience_;
        }
    }
}

}  // namespace st::streamctl
