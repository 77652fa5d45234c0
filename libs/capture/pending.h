#pragma once
/// Requests that wait for cameras, and their answers. Control loop only.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "control/error.h"
#include "loop/timers.h"

namespace st::capture {

/// One request.
template <class Reply>
struct Pending {
    std::map<std::uint64_t, std::string> waiting;  ///< link id -> camera
    Reply reply;
    std::function<void(control::Decoded<Reply>)> done;
    loop::TimerId timer = 0;
};

/// Answers come in any order; people and tests compare lists.
template <class Results>
void sort_by_camera(Results& results) {
    std::sort(results.begin(), results.end(),
              [](const auto& a, const auto& b) { return a.camera < b.camera; });
}

/// Takes a request out of `all` that waits for nobody any more, to be answered.
template <class Request>
std::optional<Request> take_if_complete(std::map<std::uint64_t, Request>& all, std::uint64_t id,
                                        loop::Timers& timers) {
    const auto found = all.find(id);
    if (!found->second.waiting.empty()) return std::nullopt;
    Request request = std::move(found->second);
    all.erase(found);
    timers.cancel(request.timer);
    sort_by_camera(request.reply.results);
    return request;
}

}  // namespace st::capture
