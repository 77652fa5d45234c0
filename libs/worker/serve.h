#pragma once
/// The helper's side of worker/pool.h: a program that takes jobs from the socket that is its
/// standard input, until the other side is gone.
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace st::worker {

/// The first word of a helper; what follows it is for the log.
constexpr std::string_view kGreeting = "streamd " ST_VERSION " helper:";
/// The first byte of an answer.
constexpr std::string_view kAnswered = "+";
constexpr std::string_view kRefused = "-";

/// Does one job: the answer. An exception is a refusal with its text. `fds` are borrowed.
using Perform = std::function<std::string(std::string_view name, std::string_view request,
                                          std::span<const int> fds)>;

/// Greets with `remark`, then serves. Returns the exit code.
int serve(const Perform& perform, std::string_view remark);

}  // namespace st::worker
