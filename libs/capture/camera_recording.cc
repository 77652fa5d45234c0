#include "capture/camera_recording.h"

#include <utility>

#include "base/bytes.h"
#include "base/clock.h"
#include "camera/frame.h"

namespace st::capture {

record::SessionStart to_session_start(const std::string& name, const LinkPtr& link,
                                      const std::optional<StartOrder>& order) {
    record::SessionStart start;
    start.camera = name;
    start.peer = link->peer;
    start.path = link->path;
    start.owner = link;
    start.is_jpeg = link->is_jpeg;
    if (!order) return start;
    start.parameters = order->parameters;
    start.started_by = order->started_by;
    start.part = order->part;
    if (!order->take.empty()) start.take = order->take;
    return start;
}

void CameraRecording::begin(record::SessionStart start, std::int64_t now_ns) {
    start.started_us = wall_us();
    start.started_ns = timers_.clock_ns();
    session_ = open_(std::move(start));
    began_ns_ = now_ns;
    dropped_ = {};
    frames_ = 0;
    trip_.begin();
}

void CameraRecording::end(record::SessionEnd end) {
    end.dropped.bad = dropped_.bad;
    end.dropped.undecodable = dropped_.undecodable;
    end.ping_us = trip_.end();
    session_->end(std::move(end));
    last_ended_ = std::exchange(session_, nullptr);
    id_.clear();
}

void CameraRecording::keep(Suspended& kept) {
    kept.session = std::exchange(session_, nullptr);
    kept.session_began_ns = began_ns_;
    kept.dropped = dropped_;
    id_.clear();
}

void CameraRecording::take(const Suspended& kept) {
    session_ = kept.session->latest();
    id_ = session_->id();
    began_ns_ = kept.session_began_ns;
    dropped_ = kept.dropped;
    frames_ = 1;
    trip_.begin();
}

bool CameraRecording::add(SharedBuffer message, const media::NalPeek& peek, std::int64_t arrival_ns,
                          bool is_understood) {
    ++frames_;
    count(message->bytes(), peek, arrival_ns);
    return session_->push(std::move(message), arrival_ns, is_understood);
}

void CameraRecording::add_held(camera::HeldMessage held, const media::NalPeek& peek) {
    count(held.message->bytes(), peek, held.arrival_ns);
    session_->push(std::move(held.message), held.arrival_ns);
}

void CameraRecording::add_sets(camera::HeldMessage sets) {
    session_->push(std::move(sets.message), sets.arrival_ns);
}

void CameraRecording::count(Bytes message, const media::NalPeek& peek, std::int64_t arrival_ns) {
    session_->figures().count(load_be32(message.data() + 8), message.size() - camera::kHeaderBytes,
                              peek.starts_picture, arrival_ns);
}

void CameraRecording::note(std::string_view json, std::int64_t arrival_ns) {
    if (session_) session_->push_note(json, arrival_ns);
}

void CameraRecording::note(const clock::Exchange& exchange, std::int64_t arrival_ns) {
    const camera::ExchangeNote made{exchange.sent_us, exchange.received_us, exchange.replied_us,
                                    exchange.returned_us};
    note(camera::encode_note(made), arrival_ns);
}

void CameraRecording::note(const std::optional<camera::ResumedNote>& resumed,
                           std::int64_t arrival_ns) {
    if (resumed) note(camera::encode_note(*resumed), arrival_ns);
}

/// Noted at once: the recorder may end the recording by itself, or another connection goes on with
/// it.
void CameraRecording::on_pong(std::string_view payload, std::int64_t now_ns) {
    const auto least_us = trip_.on_pong(payload, now_ns);
    if (session_ && least_us) session_->note_ping(*least_us);
}

bool CameraRecording::follow() {
    if (last_ended_) last_ended_ = last_ended_->latest();
    if (!session_) return false;
    const record::SessionPtr latest = session_->latest();
    if (latest == session_) return false;
    session_ = latest;
    began_ns_ = latest->start().started_ns;
    return true;
}

}  // namespace st::capture
