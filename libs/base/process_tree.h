#pragma once
/// Processes below another one, for who has to end all of it: a program may leave the process group
/// it was started in (setsid(1), timeout(1)). Linux, proc(5). Any thread.
#include <sys/types.h>

#include <vector>

namespace st {

/// Children, their children and so on of the process `leader`, those nearest first, as of now.
/// Those whose parent died are not among them, unless they came to one that is
/// (PR_SET_CHILD_SUBREAPER).
std::vector<pid_t> descendants_of(pid_t leader);

/// Sends `signal` to each of them that is not in process group `leader`.
void signal_escaped(pid_t leader, int signal);

}  // namespace st
