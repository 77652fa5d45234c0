#pragma once
/// What the hub tells of: after it happened, without a lock held, on the thread where it happened.
#include <functional>
#include <string>
#include <variant>

#include "hub/viewer.h"

namespace st::hub {

struct Published {
    std::string path;
    PublisherInfo publisher;
    std::uint64_t publication = 0;
    bool is_return = false;  ///< viewers of an earlier publisher are still there
};
struct Unpublished {
    std::string path;
    PublisherInfo publisher;
    std::uint64_t publication = 0;
    std::string reason;
    std::uint64_t bytes = 0;
    std::size_t viewers = 0;
    std::int64_t since_us = 0;  ///< wall clock: when it began
    std::string by = {};        ///< who ended it; empty: nobody did
};
struct Joined {
    std::string path;
    ViewerInfo viewer;
    std::uint64_t id = 0;
    std::size_t viewers = 0;  ///< with this one
};
struct Left {
    std::string path;
    ViewerInfo viewer;
    std::uint64_t id = 0;
    std::size_t viewers = 0;  ///< without this one
    std::uint64_t bytes = 0;
    std::uint64_t dropped = 0;
    std::string reason;
    std::int64_t since_us = 0;  ///< wall clock: when it came
    std::string by = {};        ///< who ended it; empty: nobody did
};
struct Slow {
    std::string path;
    ViewerInfo viewer;
    std::uint64_t id = 0;
    std::uint64_t dropped = 0;  ///< packets, in all
    std::uint64_t cuts = 0;     ///< how often, in all
};

using Event = std::variant<Published, Unpublished, Joined, Left, Slow>;
using EventSink = std::function<void(const Event&)>;

}  // namespace st::hub
