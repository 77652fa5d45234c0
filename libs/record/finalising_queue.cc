#include "record/finalising_queue.h"

#include <utility>

namespace st::record {

void FinalisingQueue::push(Unfinished job) {
    Class& jobs = classes_.at(class_of(job));
    ++jobs.size;
    jobs.by_camera[job.meta.camera].push_back(std::move(job));
}

Unfinished FinalisingQueue::pop_from(Class& jobs) {
    auto at = jobs.by_camera.upper_bound(jobs.last);
    if (at == jobs.by_camera.end()) at = jobs.by_camera.begin();
    Unfinished job = std::move(at->second.front());
    at->second.pop_front();
    jobs.last = at->first;
    if (at->second.empty()) jobs.by_camera.erase(at);
    --jobs.size;
    return job;
}

std::optional<Unfinished> FinalisingQueue::pop(bool may_be_large) {
    for (std::size_t i = 0; i < classes_.size(); ++i) {
        const bool is_large = i % 2 == 1;
        if (classes_.at(i).size == 0 || (is_large && !may_be_large)) continue;
        return pop_from(classes_.at(i));
    }
    return std::nullopt;
}

std::vector<Unfinished> FinalisingQueue::take_recovered() {
    std::vector<Unfinished> all;
    for (const std::size_t i : {2U, 3U}) {
        while (classes_.at(i).size > 0) all.push_back(pop_from(classes_.at(i)));
    }
    return all;
}

}  // namespace st::record
