#pragma once
/// Runs a step on input we do not trust in a process of its own: a crash, a loop or a memory bomb
/// inside a decoder then costs that process alone.
///
/// The child gets default signal dispositions, an empty signal mask, its own process group,
/// /dev/null as standard input, no other descriptor than 0, 1 and 2, and is killed with its parent
/// thread's end.
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace st::av {

struct Limits {
    std::uint64_t address_bytes = std::uint64_t{2}
                                  << 30;        ///< RLIMIT_AS; 0: none (sanitizers need that)
    std::chrono::seconds cpu{30};               ///< RLIMIT_CPU
    std::chrono::milliseconds timeout{60'000};  ///< then SIGKILL to its process group
    std::uint64_t file_bytes = std::uint64_t{256} << 20;  ///< RLIMIT_FSIZE
};

/// Runs argv[0] with argv and waits. Error if it could not be started, left with another code than
/// 0, died of a signal or ran out of time: its first line on standard error is the message, its
/// exit code the code: 1 is the step's own refusal, anything else says nothing about its input. Any
/// thread, also in a process with many: between fork and exec nothing allocates.
Result<void> run_limited(const std::vector<std::string>& argv, const Limits& limits = {});

/// The same without a new program: runs `step` in a forked child, whose exceptions become its
/// message. Much cheaper, for libav's libraries are loaded already; only for a process whose other
/// threads hold no locks.
Result<void> run_forked(const std::function<void()>& step, const Limits& limits = {});

/// Built with the address or thread sanitizer: their own locks may be held by a thread that just
/// begins, so a fork without an exec may leave a child that waits for ever.
bool is_sanitized();

/// For main(), before anything else: if argv is `PROGRAM --worker check FILE` or `PROGRAM --worker
/// thumbnail IN OUT`, does that and returns the exit code; else nullopt.
std::optional<int> run_worker(int argc, char** argv);

/// Gives back the memory that loading some 140 libraries touched and that will hardly be touched
/// again: pages of program text, read again from the page cache where they are needed after all.
/// For main().
void release_loader_pages();

/// libav shall say nothing on standard error: what failed comes as an Error. For main().
void quiet_libav();

}  // namespace st::av
