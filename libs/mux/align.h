#pragma once
/// Several cameras of one server on one time line: 0 is where the first picture of all was taken,
/// and each output begins where its own first picture belongs.
///
/// What is known of a camera: when its pictures came in, on the server's clock, and when they were
/// taken, on the camera's. The line of least delays below those pairs (clock/clock_fit.h) gives
/// offset and drift of the camera's clock but for the least delay itself, which one-way messages
/// cannot tell. A ping bounds it: it lies between 0 and the least round trip, so half of that is
/// taken off and the rest is the error. Without pings it is taken to be at most kDelayAssumed. What
/// a camera spends between its sensor and its socket no message tells: cameras are taken to differ
/// in it by at most kCameraDelayAssumed.
///
/// Any thread.
#include <span>
#include <vector>

#include "mux/convert.h"

namespace st::mux {

/// Least delay of a network nobody has measured: a radio network at ease.
constexpr std::chrono::milliseconds kDelayAssumed{20};
/// Encoding takes a picture or less on what films today.
constexpr std::chrono::milliseconds kCameraDelayAssumed{20};

/// Reads every input once and sets `line` in every job that has a place on it; convert() then does
/// the rest, in any order, and reports in Report::alignment. For each job what stands against it:
/// an error of inspect(), or 65 if nothing says when its pictures came in. Those jobs are left as
/// they were, the others are aligned without them.
std::vector<Result<void>> align(std::span<Job* const> jobs);

}  // namespace st::mux
