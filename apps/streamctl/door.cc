#include "door.h"

#include "control/json.h"

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

std::string with_one(const char* name, const std::string& value) {
    auto object = control::ordered_object();
    object.set(name, value);
    return control::to_line(object);
}

}  // namespace

Refused::Refused(const control::ApiError& error)
    : Failed(exit_code_of(error.code),
             std::string(control::to_text(error.code)) + ": " + printable(error.message)),
      body_(encode(error)),
      code_(error.code) {}

Door::Door(ServerUrl server, std::string token, milliseconds patience, Interrupt& interrupt)
    : server_(std::move(server)),
      token_(std::move(token)),
      patience_(patience),
      interrupt_(interrupt) {}

Link& Door::link() {
    if (!link_) link_.emplace(server_, token_, patience_, interrupt_);
    return *link_;
}

std::string Door::start(const control::StartRequest& request) {
    return end_start(begin_start(request), request);
}

std::string Door::stop(const control::StopRequest& request) {
    return end_stop(begin_stop(request), request);
}

std::uint64_t Door::begin_start(const control::StartRequest& request) {
    return link().ask("capture.start", encode(request));
}

std::uint64_t Door::begin_stop(const control::StopRequest& request) {
    return link().ask("capture.stop", encode(request));
}

std::string Door::end_start(std::uint64_t id, const control::StartRequest& request) {
    return await(id, request.wait ? request.timeout + patience_ : patience_, false);
}

std::string Door::end_stop(std::uint64_t id, const control::StopRequest& request) {
    // The server counts its time-out from the finaliser's last progress, so it may take longer than
    // that without anything being wrong.
    return await(id, request.wait ? request.timeout + patience_ : patience_, request.wait);
}

std::string Door::cameras() { return call("cameras.list", ""); }

std::string Door::camera(const std::string& name) {
    return call("cameras.get", with_one("name", name));
}

std::string Door::kick(const std::string& name) {
    return call("cameras.kick", with_one("name", name));
}

std::string Door::status() { return call("server.status", ""); }

std::string Door::config() { return call("server.config", ""); }

std::string Door::reload() { return call("server.reload", ""); }

std::string Door::recordings(const control::RecordingQuery& query) {
    auto object = control::ordered_object();
    for (const auto& [name, value] : encode(query)) {
        if (name != "limit") object.set(name, value);
    }
    if (query.limit != 0) object.set("limit", query.limit);
    return call("recordings.list", control::to_line(object));
}

std::string Door::recording(const std::string& id) {
    return call("recordings.get", with_one("id", id));
}

std::string Door::delete_recording(const std::string& id) {
    return call("recordings.delete", with_one("id", id));
}

std::uint64_t Door::subscribe(const control::Subscription& subscription) {
    const std::string result = call("events.subscribe", encode(subscription));
    const auto object = control::parse_object(result);
    std::uint64_t last = 0;
    if (object) control::ObjectReader(**object).read("last_id", last);
    return last;
}

std::string Door::call(std::string_view method, std::string_view params) {
    return await(link().ask(method, params), patience_, false);
}

std::string Door::await(std::uint64_t id, milliseconds patience, bool patient) {
    auto deadline = Clock::now() + patience;
    Clock::time_point asked{};  // when a sign of life was last asked for
    for (;;) {
        if (auto answer = link().take_answer(id)) {
            if (answer->error) throw Refused(*answer->error);
            return std::move(answer->result);
        }
        switch (link().wait(deadline)) {
            case Wire::Woke::news:
                continue;
            case Wire::Woke::interrupted:
                if (!on_interrupt_ || !on_interrupt_()) {
                    throw Failed(cli::kInterrupted, "interrupted");
                }
                continue;
            case Wire::Woke::time:
                if (!patient || link().heard() < asked) {
                    throw Failed(cli::kNoAnswer, server_.text + ": no answer within " +
                                                     std::to_string(patience.count()) + " ms");
                }
                asked = Clock::now();
                link().ping();
                deadline = asked + patience_;
        }
    }
}

}  // namespace st::streamctl
