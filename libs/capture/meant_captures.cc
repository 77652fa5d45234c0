#include "capture/meant_captures.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "capture/stop_results.h"

namespace st::capture {
namespace {

/// It can be told to begin.
bool is_free(camera::State state) {
    return state == camera::State::idle || state == camera::State::finalising ||
           state == camera::State::previewing;
}

}  // namespace

void send_unasked(const LinkPtr& link, StartOrder order) {
    order.request = 0;
    order.begin_ns.reset();
    order.timeout = std::chrono::milliseconds(10'000);
    link->send(order);
}

MeantCaptures::~MeantCaptures() {
    for (const auto& [name, meant] : meant_) timers_.cancel(meant.timer);
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
    timers_.cancel(found->second.timer);
    return std::move(meant_.extract(found).mapped());
}

void MeantCaptures::sent(const LinkPtr& link, const StartOrder& order) {
    if (meant_.size() >= kCamerasMax && !meant_.contains(link->name)) return;
    Meant& meant = meant_[link->name];
    timers_.cancel(std::exchange(meant.timer, 0));
    // Of another start than before: what that one recorded is no part of this.
    if (meant.order.owner != order.owner) meant = Meant{};
    meant.order = order;
    meant.link = link->id;
    meant.waits_for_room = false;
}

void MeantCaptures::follow(std::uint64_t from_link, std::uint64_t to_link) {
    for (auto& [name, meant] : meant_) {
        if (meant.link == from_link) meant.link = to_link;
    }
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

void MeantCaptures::finished(const record::Summary& summary) {
    // Not by its camera's name, which may be another one by now.
    const auto found = std::find_if(meant_.begin(), meant_.end(), [&](const auto& one) {
        const auto& ids = one.second.sessions;
        return std::find(ids.begin(), ids.end(), summary.id) != ids.end();
    });
    if (found == meant_.end()) return;
    std::vector<control::StopResult>& ended = found->second.ended;
    if (ended.size() >= kPartsMax) ended.erase(ended.begin());
    ended.push_back(to_result(summary));
}

void MeantCaptures::refused(const std::string& camera) {
    const auto found = meant_.find(camera);
    if (found == meant_.end()) return;
    const bool was_asked_for = found->second.order.request != 0;
    if (was_asked_for && found->second.sessions.empty()) return void(take(camera, {}));
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
    const auto found = meant_.find(link->name);
    if (found == meant_.end()) return;
    Meant& meant = found->second;
    const bool is_its = meant.link == link->id;
    if (state == camera::State::recording && is_its) {
        meant.parts = std::max(meant.parts, meant.order.part);
        meant.tries = 0;
    }
    if (!is_free(state)) return;
    if (meant.waits_for_room) return start_if_room(link, meant);
    if (!is_its) return;  // of something else, before it was told
    if (meant.tries > 0) return try_later(found);
    // Ended in good order: only a camera that drops out is started again.
    meant_.erase(found);
}

bool MeantCaptures::renamed(const LinkPtr& link, const std::string& before, bool is_given) {
    const auto found = meant_.find(before);
    if (found == meant_.end() || (!is_given && found->second.link != link->id)) return false;
    auto node = meant_.extract(found);
    take(link->name, {});
    node.key() = link->name;
    meant_.insert(std::move(node));
    return true;
}

void MeantCaptures::returned(const CameraEntry& entry) {
    Meant& meant = meant_.at(entry.name);
    if (meant.waits_for_room) return;
    meant.tries = 0;
    start_again(entry, meant);
}

/// A preview with other parameters than those that were asked for ends first.
void MeantCaptures::start_again(const CameraEntry& entry, Meant& meant) {
    timers_.cancel(std::exchange(meant.timer, 0));
    meant.link = 0;
    ++meant.tries;
    StartOrder order = meant.order;
    order.part = meant.parts + 1;
    order.given =
        entry.state == camera::State::previewing && order.parameters != camera::StartParameters{};
    send_unasked(entry.link, std::move(order));
}

/// It refused, or did not begin in time: perhaps its lens is still in use.
void MeantCaptures::try_later(ByCamera::iterator which) {
    Meant& meant = which->second;
    if (meant.timer != 0) return;
    if (meant.tries >= kTriesMax) {
        EventFields fields{{"camera", which->first}, {"tries", std::uint64_t{meant.tries}}};
        if (!meant.order.take.empty()) fields.emplace_back("take", meant.order.take);
        events_.add("camera.given_up", fields, LogLevel::error);
        meant_.erase(which);
        return;
    }
    const auto after = kRetryAfter * (1U << (meant.tries - 1));
    meant.next_try = ++tries_planned_;
    meant.timer = timers_.after(after, [this, which_try = meant.next_try] { try_now(which_try); });
}

/// The camera may have been renamed meanwhile.
void MeantCaptures::try_now(std::uint64_t which_try) {
    for (auto& [name, meant] : meant_) {
        if (meant.next_try != which_try) continue;
        meant.timer = 0;
        const CameraEntry* entry = cameras_.find(name);
        // One that has left is started when it returns.
        if (entry == nullptr || !is_free(entry->state)) return;
        return start_again(*entry, meant);
    }
}

/// The disk has room again: a camera that it stopped is started, if it is done with stopping.
void MeantCaptures::start_if_room(const LinkPtr& link, Meant& meant) {
    const CameraEntry* entry = cameras_.find(link->id);
    if (!has_room_ || entry == nullptr) return;
    if (!is_free(entry->state)) return;
    meant.waits_for_room = false;
    meant.tries = 0;
    start_again(*entry, meant);
}

}  // namespace st::capture
