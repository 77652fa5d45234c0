#include "capture/cameras.h"

#include "base/clock.h"
#include "base/name.h"
#include "capture/camera_connection.h"

namespace st::capture {
namespace {

control::CameraState to_control(camera::State state) {
    switch (state) {
        case camera::State::idle:
            return control::CameraState::idle;
        case camera::State::starting:
            return control::CameraState::starting;
        case camera::State::recording:
            return control::CameraState::recording;
        case camera::State::stopping:
            return control::CameraState::stopping;
        case camera::State::finalising:
            return control::CameraState::finalising;
        case camera::State::gone:
            return control::CameraState::gone;
    }
    return control::CameraState::gone;
}

bool is_active(camera::State state) {
    return state == camera::State::recording || state == camera::State::stopping;
}

}  // namespace

LinkPtr Cameras::make_link(httpd::NetLoop& net, const std::string& peer, const std::string& path) {
    return std::make_shared<CameraLink>(next_link_.fetch_add(1), net, peer, path, wall_us());
}

std::string Cameras::name_for(const CameraClaim& claim) const {
    if (!claim.name.empty()) return claim.name;
    const auto options = options_.get();
    for (const NameRule& rule : options->name_rules) {
        if (rule.model.empty() && rule.address && rule.address->contains(claim.address)) {
            return rule.name;
        }
    }
    return claim.default_name;
}

void Cameras::claim(CameraClaim claim) {
    const std::string name = name_for(claim);
    const std::size_t cameras_max = options_->cameras_max;
    if (cameras_max > 0 && by_name_.size() >= cameras_max && !by_name_.contains(name)) {
        return claim.done(
            Error{"limits.cameras (" + std::to_string(cameras_max) + ") reached", 503});
    }
    const auto holder = by_name_.find(name);
    if (holder == by_name_.end()) return grant(claim, name);
    const std::uint64_t claimant = claim.link->id;
    const LinkPtr held_by = holder->second.link;
    const loop::TimerId timer =
        control_.after(options_->takeover_after, [this, claimant] { take_over(claimant); });
    waiting_.emplace(claimant, Waiting{std::move(claim), name, held_by->id, timer});
    held_by->post([](CameraConnection& connection) { connection.probe(); });
}

void Cameras::grant(CameraClaim& claim, const std::string& name) {
    CameraEntry entry;
    entry.link = claim.link;
    entry.name = name;
    name_of_link_[claim.link->id] = name;
    by_name_[name] = std::move(entry);
    counters_.cameras.fetch_add(1);
    claim.link->name = name;
    claim.link->name_is_default = name == claim.default_name;
    claim.link->address = claim.address;
    events_.add("camera.connected",
                {{"camera", name}, {"peer", claim.link->peer}, {"path", claim.link->path}});
    claim.done({});
}

void Cameras::take_over(std::uint64_t claimant) {
    const auto found = waiting_.find(claimant);
    if (found == waiting_.end()) return;
    Waiting waiting = std::move(found->second);
    waiting_.erase(found);
    const auto holder = by_name_.find(waiting.name);
    if (holder != by_name_.end() && holder->second.link->id != waiting.holder) {
        return waiting.claim.done(
            Error{"camera \"" + waiting.name + "\" was taken by another connection", 409});
    }
    if (holder != by_name_.end()) {
        const LinkPtr old = holder->second.link;
        old->post([](CameraConnection& connection) { connection.replace(); });
        left(old, "replaced");
    }
    grant(waiting.claim, waiting.name);
}

void Cameras::alive(const LinkPtr& link) {
    for (auto it = waiting_.begin(); it != waiting_.end();) {
        if (it->second.holder != link->id) {
            ++it;
            continue;
        }
        const Waiting waiting = std::move(it->second);
        it = waiting_.erase(it);
        control_.cancel(waiting.timer);
        waiting.claim.done(Error{"camera \"" + waiting.name + "\" is connected from " + link->peer +
                                     "; use another name, or kick it",
                                 409});
    }
}

void Cameras::give_up(const LinkPtr& link) {
    const auto found = waiting_.find(link->id);
    if (found != waiting_.end()) {
        control_.cancel(found->second.timer);
        waiting_.erase(found);
    }
    left(link, "closed during the handshake");
}

CameraEntry* Cameras::entry_of(const LinkPtr& link) {
    const auto name = name_of_link_.find(link->id);
    return name == name_of_link_.end() ? nullptr : &by_name_.at(name->second);
}

void Cameras::joined(const LinkPtr& link) {
    CameraEntry* entry = entry_of(link);
    if (entry == nullptr || entry->is_camera) return;
    entry->is_camera = true;
    events_.add("camera.ready", {{"camera", entry->name}, {"peer", link->peer}});
    if (on_joined) on_joined(*entry);
}

void Cameras::set_state(const LinkPtr& link, camera::State state, const std::string& session) {
    CameraEntry* entry = entry_of(link);
    if (entry == nullptr) return;
    counters_.cameras_recording.fetch_add(int{is_active(state)} - int{is_active(entry->state)});
    if (state == camera::State::gone && entry->state == camera::State::recording && on_lost) {
        on_lost(*entry);
    }
    entry->state = state;
    entry->session = session;
}

void Cameras::set_model(const LinkPtr& link, const std::string& model) {
    CameraEntry* entry = entry_of(link);
    if (entry == nullptr) return;
    entry->model = model;
    if (!link->name_is_default) return;
    const auto options = options_.get();
    for (const NameRule& rule : options->name_rules) {
        if (rule.model.empty() || rule.model != model) continue;
        if (rule.address && !rule.address->contains(link->address)) continue;
        if (by_name_.contains(rule.name)) continue;  // one device of the model has it already
        auto node = by_name_.extract(entry->name);
        node.key() = rule.name;
        node.mapped().name = rule.name;
        link->name = rule.name;
        name_of_link_[link->id] = rule.name;
        by_name_.insert(std::move(node));
        link->name_is_default = false;
        link->post([name = rule.name](CameraConnection& camera) { camera.set_name(name); });
        return;
    }
}

bool Cameras::left(const LinkPtr& link, const std::string& reason) {
    const auto name = name_of_link_.find(link->id);
    if (name == name_of_link_.end()) return false;
    const auto entry = by_name_.find(name->second);
    counters_.cameras.fetch_sub(1);
    if (is_active(entry->second.state)) {
        counters_.cameras_recording.fetch_sub(1);
        if (entry->second.state == camera::State::recording && on_lost) on_lost(entry->second);
    }
    events_.add("camera.disconnected",
                {{"camera", entry->first}, {"peer", link->peer}, {"reason", reason}});
    by_name_.erase(entry);
    name_of_link_.erase(name);
    return true;
}

const CameraEntry* Cameras::find(const std::string& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &found->second;
}

const CameraEntry* Cameras::find(std::uint64_t link_id) const {
    const auto name = name_of_link_.find(link_id);
    return name == name_of_link_.end() ? nullptr : find(name->second);
}

control::CameraStatus Cameras::status(const CameraEntry& entry) const {
    const CameraLink& link = *entry.link;
    control::CameraStatus status;
    status.name = entry.name;
    status.peer = link.peer;
    status.path = link.path;
    if (!entry.model.empty()) status.model = entry.model;
    status.state = to_control(entry.state);
    if (!entry.session.empty()) status.session = entry.session;
    // Its folder is still being made: who reads "recording" can name what is recorded.
    if (entry.state == camera::State::recording && entry.session.empty()) {
        status.state = control::CameraState::starting;
    }
    if (link.width > 0) {
        status.width = link.width;
        status.height = link.height;
    }
    // A second that ended more than a second ago says nothing about now.
    if (monotonic_ns() - link.second_ns < 2'000'000'000) {
        status.fps_1s = link.second_pictures;
        status.bitrate_1s = link.second_bits;
    }
    status.frames = link.frames;
    status.bytes = link.bytes;
    status.bad = link.bad;
    status.connected_at = rfc3339(link.connected_us);
    status.last_seen = rfc3339(link.last_seen_us);
    return status;
}

}  // namespace st::capture
