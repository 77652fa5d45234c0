#pragma once
/// The door to the server: one operation, one answer. Today it is the HTTP API; nothing above this
/// class knows. Throws Failed when there is no answer to decode. Main thread.
#include <Poco/Net/StreamSocket.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

#include "cli/exit_codes.h"
#include "control/error.h"
#include "control/list.h"
#include "control/recording.h"
#include "control/start.h"
#include "control/stop.h"
#include "server_url.h"

namespace st::streamctl {

/// No answer, or a refusal: a message for stderr and the exit code it means.
class Failed : public std::runtime_error {
 public:
    Failed(cli::ExitCode exit_code, const std::string& message)
        : std::runtime_error(message), exit_code_(exit_code) {}
    cli::ExitCode exit_code() const { return exit_code_; }

 private:
    cli::ExitCode exit_code_;
};

/// The API's refusal, e.g. {"error":{"code":"no_cameras",...}}.
class Refused final : public Failed {
 public:
    Refused(const control::ApiError& error, std::string body);
    /// As the server sent it, for --json.
    const std::string& body() const { return body_; }
    control::ErrorCode code() const { return code_; }

 private:
    std::string body_;
    control::ErrorCode code_;
};

class Door {
 public:
    using milliseconds = std::chrono::milliseconds;

    /// `patience`: for an answer to an operation that does not wait for anything.
    Door(ServerUrl server, std::string token, milliseconds patience);

    // Each returns the body of a 200, one JSON object.
    std::string start(const control::StartRequest& request);
    std::string stop(const control::StopRequest& request);
    std::string cameras();
    std::string camera(const std::string& name);
    std::string kick(const std::string& name);
    std::string status();
    /// One page of the list.
    std::string recordings(const control::RecordingQuery& query);
    std::string recording(const std::string& id);
    std::string delete_recording(const std::string& id);

 private:
    std::string ask(const std::string& method, const std::string& target, const std::string& body,
                    milliseconds patience, bool patient = false);
    /// Until `socket` can be read. With `patient`, no end to that as long as the server answers
    /// other questions.
    void await(const Poco::Net::StreamSocket& socket, milliseconds patience, bool patient);

    ServerUrl server_;
    std::string token_;
    milliseconds patience_;
};

}  // namespace st::streamctl
