#include "capture/tracking.h"

#include <algorithm>
#include <utility>

namespace st::capture {

bool Tracked::has_of(const std::string& tag) const {
    return std::any_of(recordings.begin(), recordings.end(),
                       [&](const auto& at) { return at.second.tag == tag; });
}

std::uint64_t Tracked::open_of(const std::string& tag) const {
    const Recording* last = newest();
    return last != nullptr && !last->has_ended && last->tag == tag ? last->owner : 0;
}

bool Tracked::has_other_part_of(const Recording& one) const {
    return std::any_of(recordings.begin(), recordings.end(), [&](const auto& at) {
        const Recording& other = at.second;
        if (other.owner != one.owner) return false;
        // What nobody started has no start in common.
        return one.owner != 0 || other.session->start().part != one.session->start().part;
    });
}

Tracked& Tracking::of(const LinkPtr& link) { return at(link->id, link->name); }

Tracked& Tracking::at(std::uint64_t link, const std::string& name) {
    Tracked& one = tracked_[link];
    one.name = name;
    return one;
}

Tracked* Tracking::find(std::uint64_t link) {
    const auto found = tracked_.find(link);
    return found == tracked_.end() ? nullptr : &found->second;
}

const Tracked* Tracking::find(std::uint64_t link) const {
    const auto found = tracked_.find(link);
    return found == tracked_.end() ? nullptr : &found->second;
}

void Tracking::forget_if_idle(std::uint64_t link) {
    const auto found = tracked_.find(link);
    if (found == tracked_.end()) return;
    const Tracked& one = found->second;
    if (!one.recordings.empty() || !one.starts.empty() || !one.stops.empty()) return;
    if (cameras_.find(link) == nullptr && !one.is_leaving) tracked_.erase(found);
}

std::optional<Tracked> Tracking::follow(const LinkPtr& from, const LinkPtr& to) {
    auto node = tracked_.extract(from->id);
    if (node.empty()) return std::nullopt;
    Tracked& old = node.mapped();
    Tracked& one = of(to);
    one.recordings.merge(old.recordings);
    if (old.asked) one.asked = std::move(old.asked);
    one.is_leaving = one.is_leaving || old.is_leaving;
    one.starts.insert(old.starts.begin(), old.starts.end());
    one.stops.insert(old.stops.begin(), old.stops.end());
    return std::move(old);
}

bool Tracking::is_being_left(const CameraLink& by) const {
    return std::any_of(tracked_.begin(), tracked_.end(), [&](const auto& one) {
        return one.first != by.id && one.second.name == by.name && !one.second.recordings.empty() &&
               !one.second.has_left;
    });
}

bool Tracking::is_recording(const std::string& take) const {
    const auto is_of_it = [&](const auto& at) {
        return !at.second.has_ended && at.second.session->start().take == take;
    };
    return std::any_of(tracked_.begin(), tracked_.end(), [&](const auto& one) {
        const auto& recordings = one.second.recordings;
        return std::any_of(recordings.begin(), recordings.end(), is_of_it);
    });
}

std::uint64_t Tracking::progress_of(const std::map<std::uint64_t, std::string>& links) const {
    std::uint64_t sum = 0;
    for (const auto& [link, name] : links) {
        for (const auto& [serial, recording] : tracked_.at(link).recordings) {
            // A camera that was told to stop sends the rest.
            if (!recording.has_ended) sum += recording.session->figures().messages;
            sum += static_cast<std::uint64_t>(recording.session->last_progress_ns()) +
                   recording.session->progress_bytes();
        }
    }
    return sum;
}

}  // namespace st::capture
