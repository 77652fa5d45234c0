#include "capture/captures.h"

#include <algorithm>
#include <tuple>

#include "base/clock.h"
#include "capture/stop_results.h"

namespace st::capture {
namespace {

/// What names a recording and says whose it is.
EventFields fields_of(const std::string& camera, const std::string& id,
                      const record::SessionStart& start) {
    EventFields fields{{"camera", camera}, {"session", id}};
    if (start.take) fields.emplace_back("take", *start.take);
    if (start.part > 1) fields.emplace_back("part", std::uint64_t{start.part});
    if (!start.started_by.empty()) fields.emplace_back("started_by", start.started_by);
    return fields;
}

std::uint64_t serial_of(const record::Event& event) {
    return std::visit([](const auto& e) { return e.serial; }, event);
}

}  // namespace

Captures::Captures(const Current<Options>& options, Cameras& cameras, Counters& counters,
                   loop::Timers& timers, EventSink& events)
    : options_(options),
      cameras_(cameras),
      counters_(counters),
      events_(events),
      previews_(options, cameras, timers),
      suspensions_(options, timers),
      tracking_(cameras),
      meant_(cameras, timers, events),
      starts_(cameras, tracking_, meant_, timers),
      stops_({options, cameras, tracking_, meant_, starts_, previews_, suspensions_, timers}) {
    cameras_.on_renamed = [this](const LinkPtr& link, const std::string& before, bool is_given) {
        renamed(link, before, is_given);
    };
}

// ---- what connections report -------------------------------------------------------------------

void Captures::on_report(const LinkPtr& link, const FromConnection& message) {
    std::visit([&](const auto& what) { on(link, what); }, message);
}

void Captures::on(const LinkPtr& link, const Alive&) { cameras_.alive(link); }

void Captures::on(const LinkPtr& link, const Described& described) {
    cameras_.set_model(link, described.model);
}

void Captures::on(const LinkPtr&, const Happened& happened) {
    events_.add(happened.type, happened.fields, happened.level);
}

void Captures::on(const LinkPtr& link, const Joined&) {
    cameras_.joined(link);
    await_or_begin(link);
}

/// One whose recording waits for it says next whether it goes on with that.
void Captures::await_or_begin(const LinkPtr& link) {
    if (!suspensions_.has(link->name) && !tracking_.is_being_left(*link))
        return begin_unasked(link);
    suspensions_.returned(link->name, [this, link] { begin_unasked(link); });
}

/// What it records, or is to record, follows it. One that says what it is after it has joined may
/// be one that dropped out under that name.
void Captures::renamed(const LinkPtr& link, const std::string& before, bool is_given) {
    const bool is_meant = meant_.renamed(link, before, is_given);
    if (is_given) return suspensions_.renamed(before, link->name);
    suspensions_.gone_again(before);
    const CameraEntry* entry = cameras_.find(link->id);
    const bool is_back = meant_.has(link->name) || suspensions_.has(link->name);
    if (!is_meant && is_back && entry != nullptr && entry->is_camera) await_or_begin(link);
}

/// Starts it if it is to be started without being asked: because it dropped out of a capture that
/// nobody stopped, or by camera.auto_start.
void Captures::begin_unasked(const LinkPtr& link) {
    const CameraEntry* entry = cameras_.find(link->id);
    if (entry == nullptr) return;
    const bool is_idle = entry->state == camera::State::idle;
    // Somebody may watch it already.
    const bool is_free = is_idle || entry->state == camera::State::previewing;
    if (is_free && meant_.has(entry->name)) return meant_.returned(*entry);
    if (!is_idle) return;
    if (const auto parameters = options_->auto_start) {
        StartOrder order;
        order.parameters = *parameters;
        order.started_by = "camera.auto_start";
        order.owner = starts_.new_owner();
        send_unasked(link, std::move(order));
    } else {
        previews_.joined(*entry);
    }
}

void Captures::on(const LinkPtr& link, const StateChanged& change) {
    const bool is_over = change.state == camera::State::idle ||
                         change.state == camera::State::finalising ||
                         change.state == camera::State::previewing;
    if (is_over) suspensions_.forget_stop(link->id);
    cameras_.set_state(link, change.state, change.session);
    meant_.in_state(link, change.state);
}

void Captures::on(const LinkPtr& link, const ClockTold& clock) { cameras_.set_clock(link, clock); }

void Captures::on(const LinkPtr& link, const HealthTold& told) {
    cameras_.set_health(link, told.health);
}

void Captures::on(const LinkPtr& link, const StartSent& sent) {
    if (cameras_.find(link->id) == nullptr) return;
    suspensions_.forget_stop(link->id);
    Tracked& one = tracking_.of(link);
    one.asked = sent.order;
    if (one.called_off == 0 || one.called_off != sent.order.owner) meant_.sent(link, sent.order);
}

void Captures::on(const LinkPtr& link, const CameraAnswer& answer) {
    switch (answer.kind) {
        case CameraAnswer::Kind::previewing: {
            const CameraEntry* entry = cameras_.find(link->id);
            const bool records = entry != nullptr && (entry->state == camera::State::recording ||
                                                      entry->state == camera::State::starting);
            return previews_.answer(
                link,
                records ? control::PreviewOutcome::recording : control::PreviewOutcome::previewing,
                {});
        }
        case CameraAnswer::Kind::started:
        case CameraAnswer::Kind::already_recording:
            previews_.answer(link, control::PreviewOutcome::recording, {});
            return starts_.answer(link, answer);
        case CameraAnswer::Kind::refused:
            if (answer.request == 0) {
                previews_.answer(link, control::PreviewOutcome::refused, answer.error);
            }
            return starts_.answer(link, answer);
        case CameraAnswer::Kind::start_timeout:
            previews_.answer(link, control::PreviewOutcome::timeout,
                             "the camera did not say in time that it streams");
            return starts_.answer(link, answer);
        case CameraAnswer::Kind::disconnected:
            previews_.answer(link, control::PreviewOutcome::disconnected, answer.error);
            return starts_.answer(link, answer);
        case CameraAnswer::Kind::not_recording:
            break;
    }
    Tracked* const one = tracking_.find(link->id);
    if (one == nullptr || !one->recordings.empty()) return;
    control::StopResult result;
    result.outcome = control::StopOutcome::not_recording;
    // A camera also says so when nobody asked; the failure is kept for the next who does.
    const bool was_asked = !one->stops.empty();
    const bool has_untold = was_asked && one->untold;
    if (has_untold) result = *std::exchange(one->untold, std::nullopt);
    stops_.answer(link, result, !has_untold);
}

void Captures::on(const LinkPtr& link, const Suspended& suspended) {
    suspensions_.add(link, suspended);
}

void Captures::on(const LinkPtr& link, const ResumeAsked& asked) {
    suspensions_.ask(asked.capture, [this, link](std::optional<Suspensions::Waiting> waiting) {
        if (!waiting) return link->send(Resumed{});
        suspensions_.gone_again(link->name);
        follow(waiting->from, link);
        cameras_.set_recording(link, waiting->what.session);
        link->send(Resumed{std::make_shared<const Suspended>(std::move(waiting->what))});
    });
}

void Captures::on(const LinkPtr&, const ResumeRefused& refused) {
    suspensions_.give_up(refused.capture);
}

/// What the lost connection recorded, and whoever waits for that, are the new one's.
void Captures::follow(const LinkPtr& from, const LinkPtr& to) {
    from->successor = to;
    const auto old = tracking_.follow(from, to);
    meant_.follow(from->id, to->id);
    if (!old) return;
    starts_.follow(*old, from->id, to->id);
    stops_.follow(*old, from->id, to->id);
}

void Captures::on(const LinkPtr& link, const Left& left) {
    suspensions_.forget_stop(link->id);
    // Another connection may have its name by now.
    if (cameras_.find(link->id) != nullptr) suspensions_.gone_again(link->name);
    EventFields more;
    if (!left.kicked_by.empty()) more.emplace_back("by", left.kicked_by);
    if (left.awaited.count() > 0) {
        more.emplace_back("awaited_ms", static_cast<std::uint64_t>(left.awaited.count()));
    }
    cameras_.left(link, left.reason, more);
    previews_.left(link);
    Tracked* const found = tracking_.find(link->id);
    if (found == nullptr) return;
    Tracked& one = *found;
    one.has_left = true;
    one.untold.reset();
    if (const Recording* last = one.newest()) {
        starts_.answer(link, {CameraAnswer::Kind::started, last->id, {}, 0});
    } else if (left.has_session) {
        one.is_leaving = true;
    } else {
        starts_.answer(link, {CameraAnswer::Kind::disconnected, {}, "the camera disconnected", 0});
    }
    if (!left.has_session) on(link, CameraAnswer{CameraAnswer::Kind::not_recording, {}, {}, 0});
    tracking_.forget_if_idle(link->id);
}

// ---- what the recorder tells -------------------------------------------------------------------

void Captures::on_event(const record::Event& event, const record::SessionPtr& session) {
    if (const auto* room = std::get_if<record::RoomAgain>(&event)) return on({}, {}, *room);
    if (serial_of(event) == 0 || !session) {  // a recording of an earlier run
        if (const auto* finished = std::get_if<record::Finished>(&event)) {
            report(finished->summary, false);
        }
        return;
    }
    auto link = std::static_pointer_cast<CameraLink>(session->start().owner);
    while (link->successor) link = link->successor;
    std::visit([&](const auto& what) { on(link, session, what); }, event);
}

void Captures::on(const LinkPtr& link, const record::SessionPtr& session,
                  const record::Opened& event) {
    counters_.sessions_opened_total.fetch_add(1);
    events_.add("session.opened", fields_of(event.camera, event.id, session->start()));
    Tracked& one = tracking_.of(link);
    meant_.opened(link->name, event, session->start().part,
                  one.asked ? std::optional(one.asked->owner) : std::nullopt);
    Recording made{session, event.id};
    if (one.asked) {
        made.tag = one.asked->tag;
        made.owner = one.asked->owner;
    }
    one.recordings[event.serial] = std::move(made);
    one.untold.reset();
    cameras_.set_recording(link, session);
    link->send(SessionNews{SessionNews::Kind::opened, event.serial, event.id});
    if (!std::exchange(one.is_leaving, false)) return;
    starts_.answer(link, {CameraAnswer::Kind::started, event.id, {}, 0});
}

void Captures::on(const LinkPtr& link, const record::SessionPtr& session,
                  const record::Failed& event) {
    EventFields fields = fields_of(event.camera, event.id, session->start());
    fields.emplace_back("error", event.error);
    for (const char* type : {"server.disk", "session.failed"}) {
        events_.add(type, fields, LogLevel::error);
    }
    meant_.refused(link->name);  // nobody stopped it: it goes on once there is room
    suspensions_.failed(event.serial);
    link->send(SessionNews{SessionNews::Kind::failed, event.serial, event.error});
}

void Captures::on(const LinkPtr&, const record::SessionPtr&, const record::RoomAgain&) {
    meant_.room_again();
}

void Captures::on(const LinkPtr& link, const record::SessionPtr&, const record::Room& event) {
    link->send(SessionNews{SessionNews::Kind::has_room, event.serial, {}});
}

void Captures::on(const LinkPtr& link, const record::SessionPtr&, const record::Finalising& event) {
    Tracked& one = tracking_.of(link);
    const auto recording = one.recordings.find(event.serial);
    if (recording == one.recordings.end()) return;
    recording->second.has_ended = true;
    stops_.ended(one);
}

void Captures::on(const LinkPtr& link, const record::SessionPtr& session,
                  const record::Finished& event) {
    report(event.summary, session->failed());
    Tracked& one = tracking_.of(link);
    meant_.finished(event.summary);
    const auto node = one.recordings.extract(event.serial);
    link->send(SessionNews{SessionNews::Kind::finished, event.serial, {}});
    if (std::exchange(one.is_leaving, false)) {  // its folder could not be made
        starts_.answer(link,
                       {CameraAnswer::Kind::refused, {}, event.summary.error.value_or(""), 0});
    }
    Tracked* const now = tracking_.find(link->id);
    if (now == nullptr) return;
    const control::StopResult result = to_result(event.summary);
    const bool failed = result.outcome == control::StopOutcome::failed;
    const bool is_fine = !failed && was_answered(event.summary);
    const bool is_awaited = !now->stops.empty();
    if (is_awaited && !node.empty() && now->has_other_part_of(node.mapped())) {
        return stops_.add(*now, result, is_fine);
    }
    // The newest one is meant. It may well be finished while an earlier, longer one is not.
    const auto& left = now->recordings;
    if (!left.empty() && left.rbegin()->first > event.serial) return;
    if (failed && now->stops.empty() && cameras_.find(link->id) != nullptr) {
        now->untold = result;
    }
    stops_.answer(link, result, is_fine);
    tracking_.forget_if_idle(link->id);
}

void Captures::report(const record::Summary& summary, bool failure_told) {
    const bool failed = summary.state == record::RecordingState::failed;
    (failed ? counters_.sessions_failed_total : counters_.sessions_finished_total).fetch_add(1);
    EventFields fields{{"camera", summary.camera},
                       {"session", summary.id},
                       {"state", std::string(to_text(summary.state))},
                       {"end_reason", std::string(camera::to_string(summary.end_reason))},
                       {"pictures", std::uint64_t{summary.pictures}}};
    if (summary.take) fields.emplace_back("take", *summary.take);
    if (!summary.started_by.empty()) fields.emplace_back("started_by", summary.started_by);
    if (!summary.stopped_by.empty()) fields.emplace_back("stopped_by", summary.stopped_by);
    const std::vector<control::SessionFile> files = session_files(summary);
    if (!files.empty()) fields.emplace_back("file", files.front().path);
    if (summary.error) fields.emplace_back("error", *summary.error);
    events_.add(failed && !failure_told ? "session.failed" : "session.finished", fields,
                failed ? LogLevel::error : LogLevel::info);
}

}  // namespace st::capture
