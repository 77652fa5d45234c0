#include "record/finalising_queue.h"

#include <utility>

namespace st::record {

void FinalisingQueue::push(Unfinished job) {
    Lane& lane = lanes_.at(lane_of(job));
    ++lane.size;
    lane.by_camera[job.meta.camera].push_back(std::move(job));
}

Unfinished FinalisingQueue::pop_from(Lane& lane) {
    auto at = lane.by_camera.upper_bound(lane.last);
    if (at == lane.by_camera.end()) at = lane.by_camera.begin();
    Unfinished job = std::move(at->second.front());
    at->second.pop_front();
    lane.last = at->first;
    if (at->second.empty()) lane.by_camera.erase(at);
    --lane.size;
    return job;
}

std::optional<Unfinished> FinalisingQueue::pop(bool may_be_large) {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        const bool is_large = i % 2 == 1;
        if (lanes_.at(i).size == 0 || (is_large && !may_be_large)) continue;
        return pop_from(lanes_.at(i));
    }
    return std::nullopt;
}

std::vector<Unfinished> FinalisingQueue::take_recovered() {
    std::vector<Unfinished> all;
    for (const std::size_t i : {2U, 3U}) {
        while (lanes_.at(i).size > 0) all.push_back(pop_from(lanes_.at(i)));
    }
    return all;
}

}  // namespace st::record
