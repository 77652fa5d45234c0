#pragma once
/// A Report as JSON: h264mux prints it, and session.json holds parts of it (docs/recording.md).
#include <optional>
#include <string>

#include "json/value.h"
#include "mux/report.h"

namespace st::mux {

/// At most three decimals: a rate is not known better.
json::Value rate_value(std::optional<double> rate);
json::Object clock_fields(const Report& report);
json::Array gap_list(const Report& report);
json::Array damage_list(const Report& report);
/// `with_paths`: beside its name where each file lies.
json::Array file_list(const Report& report, bool with_paths);

/// All that h264mux says of a job.
json::Object to_object(const Report& report);
/// On one line, no newline at its end.
std::string to_json(const Report& report);

}  // namespace st::mux
