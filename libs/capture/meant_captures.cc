#include "capture/meant_captures.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "capture/stop_results.h"

namespace st::capture {

void send_unasked(const LinkPtr& link, StartOrder order) {
    order.request = 0;
    order.begin_ns.reset();
    order.given = false;
    order.timeout = std::chrono::milliseconds(10'000);
    link->send(order);
}

bool MeantCaptures::has_take(const std::string& take) const {
    return std::any_of(meant_.begin(), meant_.end(),
                       [&](const auto& one) { return one.second.order.take == take; });
}

std::optional<MeantCaptures::Meant> MeantCaptures::take(const std::string& camera,
                                                        const std::string& tag) {
    const auto found = meant_.find(camera);
    if (found == meant_.end()) return std::nullopt;
    if (!tag.empty() && found->second.order.tag != tag) return std::nullopt;
    return std::move(meant_.extract(found).mapped());
}

void MeantCaptures::sent(const std::string& camera, const StartOrder& order) {
    if (meant_.size() >= kCamerasMax && !meant_.contains(camera)) return;
    Meant& meant = meant_[camera];
    // Of another start than before: what that one recorded is no part of this.
    if (meant.order.owner != order.owner) meant = Meant{};
    meant.order = order;
    meant.parts = order.part;
    meant.waits_for_room = false;
}

void MeantCaptures::opened(const std::string& camera, const record::Opened& event, unsigned part,
                           std::optional<std::uint64_t> owner) {
    const auto found = meant_.find(camera);
    if (found == meant_.end()) return;
    Meant& meant = found->second;
    // The recorder goes on in another part by itself when a file is full.
    meant.parts = std::max(meant.parts, part);
    if (owner == meant.order.owner) meant.sessions.push_back(event.id);
}

void MeantCaptures::finished(const std::string& camera, const record::Summary& summary) {
    const auto found = meant_.find(camera);
    if (found == meant_.end()) return;
    const auto& ids = found->second.sessions;
    if (std::find(ids.begin(), ids.end(), summary.id) == ids.end()) return;
    std::vector<control::StopResult>& ended = found->second.ended;
    if (ended.size() >= kPartsMax) ended.erase(ended.begin());
    ended.push_back(to_result(summary));
}

void MeantCaptures::refused(const std::string& camera) {
    const auto found = meant_.find(camera);
    if (found == meant_.end()) return;
    found->second.waits_for_room = true;
    has_room_ = false;
}

void MeantCaptures::room_again() {
    has_room_ = true;
    for (auto& [name, meant] : meant_) {
        if (!meant.waits_for_room) continue;
        if (const CameraEntry* entry = cameras_.find(name)) {
            start_if_room(entry->link, meant);
        } else {
            meant.waits_for_room = false;  // started when it returns
        }
    }
}

void MeantCaptures::in_state(const LinkPtr& link, camera::State state) {
    // Ended in good order: only a camera that drops out is started again.
    const bool has_ended = state == camera::State::finalising || state == camera::State::idle ||
                           state == camera::State::previewing;
    const auto found = has_ended ? meant_.find(link->name) : meant_.end();
    if (found == meant_.end()) return;
    if (found->second.waits_for_room) return start_if_room(link, found->second);
    meant_.erase(found);
}

void MeantCaptures::returned(const CameraEntry& entry) {
    Meant& meant = meant_.at(entry.name);
    if (!meant.waits_for_room) start_again(entry.link, meant);
}

void MeantCaptures::start_again(const LinkPtr& link, Meant& meant) {
    StartOrder order = meant.order;
    order.part = ++meant.parts;
    send_unasked(link, std::move(order));
}

/// The disk has room again: a camera that it stopped is started, if it is done with stopping.
void MeantCaptures::start_if_room(const LinkPtr& link, Meant& meant) {
    const CameraEntry* entry = cameras_.find(link->id);
    if (!has_room_ || entry == nullptr) return;
    const bool is_done = entry->state == camera::State::idle ||
                         entry->state == camera::State::finalising ||
                         entry->state == camera::State::previewing;
    if (!is_done) return;
    meant.waits_for_room = false;
    start_again(link, meant);
}

}  // namespace st::capture
