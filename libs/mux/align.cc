#include "mux/align.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mux/failure.h"

namespace st::mux {
namespace {

CommonLine common_line(const std::vector<ServerPlace>& places) {
    CommonLine line;
    std::vector<MachineTime> starts;
    for (const ServerPlace& place : places) starts.push_back(place.origin.time());
    line.by_wall_clock = !are_of_one_start(starts);
    line.zero_us = std::numeric_limits<double>::infinity();
    for (const ServerPlace& place : places) {
        line.zero_us = std::min(line.zero_us, place.first_us + place.origin.us(line.by_wall_clock));
    }
    return line;
}

Error why_not(const Report& report) {
    const std::string why = report.pictures == 0
                                ? ": no decodable picture"
                                : ": its pictures have no arrival times; --align needs the "
                                  "recorded dump, stream.fdump";
    return {report.input + why, static_cast<int>(Exit::bad_input)};
}

}  // namespace

std::vector<Result<void>> align(std::span<Job* const> jobs) {
    std::vector<Result<void>> results;
    std::vector<ServerPlace> places;
    for (const Job* job : jobs) {
        const auto report = inspect(*job);
        if (!report) {
            results.emplace_back(report.error());
        } else if (!report->place) {
            results.emplace_back(why_not(*report));
        } else {
            results.emplace_back();
            places.push_back(*report->place);
        }
    }
    if (places.empty()) return results;
    const CommonLine line = common_line(places);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        if (results[i]) jobs[i]->line = line;
    }
    return results;
}

}  // namespace st::mux
