#include "api/control_connection.h"

#include "base/clock.h"
#include "control/event_types.h"
#include "control/json.h"
#include "control/subscribe.h"
#include "ws/frame.h"

namespace st::api {

using control::ApiError;
using control::Decoded;
using control::RpcRequest;

ControlConnection::ControlConnection(const Uses& uses, httpd::NetLoop& net,
                                     httpd::Admission::Ticket ticket, const std::string& peer,
                                     httpd::LastingAccess access,
                                     std::unique_ptr<loop::Transport> stream)
    : uses_(uses),
      net_(net),
      ticket_(std::move(ticket)),
      peer_(peer),
      access_(std::move(access)),
      socket_(std::move(stream), ws::Limits{control::kRequestBytesMax, control::kRequestBytesMax},
              httpd::WebSocket::Times{uses.options->ping_interval, uses.options->ping_timeout},
              uses.counters, uses.log.with("control").with("peer", peer), *this) {}

ControlConnection::~ControlConnection() = default;

void ControlConnection::shut_down() { socket_.close(ws::kCloseGoingAway, "server shutting down"); }

void ControlConnection::on_binary(Buffer) {
    socket_.close(ws::kCloseUnsupported, "control speaks JSON-RPC in text messages");
}

bool ControlConnection::check_access() {
    if (socket_.is_over()) return false;
    const auto may = access_.check(wall_us() / 1'000'000);
    if (!may) socket_.close(ws::kClosePolicy, may.error().message);
    return may.ok();
}

std::string ControlConnection::Place::result(std::string_view json) const {
    return id ? control::encode_rpc_result(*id, json) : "";
}

std::string ControlConnection::Place::error(const ApiError& error) const {
    return id ? control::encode_rpc_error(*id, error) : "";
}

std::string ControlConnection::Place::unknown_method(std::string_view method) const {
    return id ? control::encode_rpc_unknown_method(*id, method) : "";
}

void ControlConnection::on_text(const std::string& text) {
    if (!check_access()) return;
    const control::RpcMessage message = control::decode_rpc(text);
    auto answers = std::make_shared<Answers>();
    answers->is_batch = message.is_batch;
    answers->missing = message.entries.size();
    answers->texts.resize(message.entries.size());
    for (std::size_t i = 0; i < message.entries.size(); ++i) {
        const control::RpcEntry& entry = message.entries[i];
        if (entry.request) {
            handle(*entry.request, {answers, i, entry.request->id});
        } else {
            set_answer({answers, i, {}}, entry.refusal);
        }
    }
}

void ControlConnection::set_answer(const Place& place, std::string text) {
    Answers& answers = *place.answers;
    answers.texts[place.at] = std::move(text);
    if (--answers.missing > 0) return;
    std::erase(answers.texts, "");
    if (answers.texts.empty()) return;
    send(answers.is_batch ? control::encode_rpc_batch(answers.texts) : answers.texts.front());
}

void ControlConnection::send(const std::string& text) {
    if (socket_.queued_bytes() > kQueuedBytesMax) {
        return socket_.close(ws::kClosePolicy, "answers are not read");
    }
    socket_.send_text(text);
}

void ControlConnection::handle(const RpcRequest& request, const Place& place) {
    const auto refuse = [&](const ApiError& error) { set_answer(place, place.error(error)); };
    if (request.method == "events.subscribe") return subscribe(request.params, place);
    if (request.method == "events.unsubscribe") {
        unsubscribe();
        return set_answer(place, place.result("{\"ok\":true}"));
    }
    const control::OperationInfo* operation = control::find_rpc(request.method);
    if (operation == nullptr) return set_answer(place, place.unknown_method(request.method));
    if (calls_ >= kCallsMax) {
        return refuse({control::ErrorCode::too_many_requests, "too many requests under way", {}});
    }
    auto call = control::rpc_call(*operation, request.params);
    if (!call) return refuse(call.error());
    call->peer = peer_;
    ++calls_;
    uses_.call(std::move(*call), [&net = net_, weak = weak_from_this(),
                                  place](const Decoded<std::string>& result) {
        net.loop().post(
            [weak, place, text = result ? place.result(*result) : place.error(result.error())] {
                const auto self = weak.lock();
                if (!self) return;
                --self->calls_;
                self->set_answer(place, text);
            });
    });
}

void ControlConnection::subscribe(const std::string& params, const Place& place) {
    const auto asked = control::decode_subscription(params);
    if (!asked) return set_answer(place, place.error(asked.error()));
    for (const std::string& type : asked->types) {
        if (control::is_event_type(type)) continue;
        return set_answer(place, place.error({control::ErrorCode::bad_request,
                                              control::no_such_event(type), "types"}));
    }
    uses_.control.post([&events = uses_.events, &net = net_, weak = weak_from_this(),
                        listener = listener_, asked = *asked, place] {
        if (*listener) events.unsubscribe(**listener);
        // The answer first: the events that follow belong to it.
        net.loop().post([weak, place, last = events.last_id()] {
            const auto self = weak.lock();
            if (!self) return;
            self->set_answer(place, place.result("{\"last_id\":" + std::to_string(last) + "}"));
        });
        const auto tell = [&net, weak](std::uint64_t event, const std::string&,
                                       const std::string& json) {
            net.loop().post([weak, event, json] {
                if (const auto self = weak.lock()) self->send_event(event, json);
            });
        };
        *listener = events.subscribe({asked.types, tell}, asked.since);
    });
}

void ControlConnection::unsubscribe() {
    uses_.control.post([&events = uses_.events, listener = listener_] {
        if (*listener) events.unsubscribe(**listener);
        listener->reset();
    });
}

void ControlConnection::send_event(std::uint64_t id, const std::string& json) {
    if (!check_access()) return;
    if (socket_.queued_bytes() > kEventBytesMax) {
        ++lost_events_;
        return;
    }
    last_sent_event_ = id;
    socket_.send_text(control::encode_rpc_notification("event", json));
}

void ControlConnection::on_drained() {
    if (lost_events_ == 0) return;
    const std::string params = "{\"count\":" + std::to_string(std::exchange(lost_events_, 0)) +
                               ",\"since\":" + std::to_string(last_sent_event_) + "}";
    socket_.send_text(control::encode_rpc_notification("events.lost", params));
}

void ControlConnection::on_over(std::uint16_t, const std::string&) { unsubscribe(); }

void ControlConnection::on_gone() { net_.remove(*this); }

}  // namespace st::api
