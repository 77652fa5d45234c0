#include "door.h"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/URI.h>

#include <array>
#include <sstream>

#include "control/json.h"

namespace st::streamctl {
namespace {

namespace Net = Poco::Net;

cli::ExitCode exit_code_of(control::ErrorCode code) {
    switch (code) {
        case control::ErrorCode::unauthorized:
        case control::ErrorCode::forbidden:
            return cli::kNotAuthorised;
        default:
            return cli::kRefused;
    }
}

std::string message_of(const control::ApiError& error) {
    return std::string(control::to_text(error.code)) + ": " + error.message;
}

/// At most kReplyBytesMax; throws Failed over it.
std::string read_body(std::istream& in) {
    std::string body;
    std::array<char, 16 * 1024> piece{};
    while (in.read(piece.data(), piece.size()) || in.gcount() > 0) {
        body.append(piece.data(), static_cast<std::size_t>(in.gcount()));
        if (body.size() > control::kReplyBytesMax) {
            throw Failed(cli::kRefused, "the server's answer is longer than 64 MiB");
        }
    }
    return body;
}

std::string escaped(const std::string& text) {
    std::string out;
    Poco::URI::encode(text, "/?&=+#;:@!$'()*,[]", out);
    return out;
}

}  // namespace

Refused::Refused(const control::ApiError& error, std::string body)
    : Failed(exit_code_of(error.code), message_of(error)),
      body_(std::move(body)),
      code_(error.code) {}

Door::Door(ServerUrl server, std::string token, milliseconds patience)
    : server_(std::move(server)), token_(std::move(token)), patience_(patience) {}

std::string Door::start(const control::StartRequest& request) {
    return ask("POST", "/api/v1/capture/start", encode(request),
               request.wait ? request.timeout + patience_ : patience_);
}

std::string Door::stop(const control::StopRequest& request) {
    // The server counts its time-out from the finaliser's last progress, so it may take longer than
    // that without anything being wrong.
    return ask("POST", "/api/v1/capture/stop", encode(request),
               request.wait ? request.timeout + patience_ : patience_, request.wait);
}

std::string Door::cameras() { return ask("GET", "/api/v1/cameras", {}, patience_); }

std::string Door::camera(const std::string& name) {
    return ask("GET", "/api/v1/cameras/" + escaped(name), {}, patience_);
}

std::string Door::kick(const std::string& name) {
    return ask("DELETE", "/api/v1/cameras/" + escaped(name), {}, patience_);
}

std::string Door::status() { return ask("GET", "/api/v1/status", {}, patience_); }

std::string Door::recordings(const control::RecordingQuery& query) {
    std::string target = "/api/v1/recordings";
    char separator = '?';
    for (const auto& [name, value] : encode(query)) {
        target += separator + name + "=" + escaped(value);
        separator = '&';
    }
    return ask("GET", target, {}, patience_);
}

std::string Door::recording(const std::string& id) {
    return ask("GET", "/api/v1/recordings/" + escaped(id), {}, patience_);
}

std::string Door::delete_recording(const std::string& id) {
    return ask("DELETE", "/api/v1/recordings/" + escaped(id), {}, patience_);
}

void Door::await(const Poco::Net::StreamSocket& socket, milliseconds patience, bool patient) {
    const Poco::Timespan timeout(patience.count() * 1000);
    while (!socket.poll(timeout, Net::Socket::SELECT_READ)) {
        if (!patient) throw Poco::TimeoutException();
        status();
    }
}

std::string Door::ask(const std::string& method, const std::string& target, const std::string& body,
                      milliseconds patience, bool patient) {
    const auto unreachable = [&](const std::string& why) {
        return Failed(cli::kUnreachable, server_.text + ": " + why);
    };
    bool connected = false;
    try {
        Net::SocketAddress address(server_.host, server_.port);
        Net::StreamSocket socket;
        socket.connect(address, Poco::Timespan(patience_.count() * 1000));
        connected = true;
        Net::HTTPClientSession session(socket);
        session.setKeepAlive(false);
        session.setTimeout(Poco::Timespan(patience.count() * 1000));
        Net::HTTPRequest request(method, target, Net::HTTPMessage::HTTP_1_1);
        request.set("Host", server_.host_field());
        request.set("User-Agent", "streamctl/" ST_VERSION);
        if (!token_.empty()) request.set("Authorization", "Bearer " + token_);
        if (method == "POST") {
            request.setContentType("application/json");
            request.setContentLength(static_cast<std::streamsize>(body.size()));
        }
        session.sendRequest(request) << body << std::flush;
        await(session.socket(), patience, patient);
        Net::HTTPResponse response;
        const std::string reply = read_body(session.receiveResponse(response));
        const int status = response.getStatus();
        const std::streamsize announced = response.getContentLength64();
        if (announced >= 0 && static_cast<std::size_t>(announced) != reply.size()) {
            throw unreachable("the connection broke in the middle of the answer");
        }
        if (status != 200) throw Refused(control::decode_error(reply, status), reply);
        return reply;
    } catch (const Poco::TimeoutException&) {
        if (!connected) throw unreachable("no answer to the connection request");
        throw Failed(cli::kNoAnswer, server_.text + ": no answer within " +
                                         std::to_string(patience.count()) + " ms");
    } catch (const Net::ConnectionRefusedException&) {
        throw unreachable("connection refused; is streamd running there?");
    } catch (const Net::NoMessageException&) {
        throw unreachable("the server went away without an answer");
    } catch (const Net::MessageException& error) {
        throw unreachable("that is no HTTP answer (" + error.displayText() + ")");
    } catch (const Poco::Exception& error) {
        throw unreachable(error.displayText());
    }
}

}  // namespace st::streamctl
