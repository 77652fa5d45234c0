#pragma once
/// The counters of all parts as Prometheus text (exposition format 0.0.4). Any thread.
#include <span>
#include <string>

#include "capture/counters.h"
#include "httpd/counters.h"
#include "loop/event_loop.h"

namespace st::api {

/// One value that is not a counter of ours: name without prefix, help, value.
struct Gauge {
    std::string name;
    std::string help;
    double value;
};

/// `loops`: the network loops' busy times, one series each, "streamd_loop_busy_seconds" being the
/// time from epoll_wait's return to its next call.
std::string prometheus_text(const httpd::Counters& http, const capture::Counters& cameras,
                            std::span<const loop::BusyStats* const> loops,
                            std::span<const Gauge> gauges);

}  // namespace st::api
