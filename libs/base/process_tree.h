#pragma once
/// Processes below another one, for who has to end all of it: a program may leave the process group
/// it was started in (setsid(1), timeout(1)). Linux, proc(5), pidfd_open(2). Any thread.
#include <sys/types.h>

#include <vector>

#include "base/fd.h"

namespace st {

/// Children, their children and so on of the process `leader`, those nearest first, as of now.
/// Those whose parent died are not among them, unless they came to one that is
/// (PR_SET_CHILD_SUBREAPER).
std::vector<pid_t> descendants_of(pid_t leader);

/// The pidfds of those that are not in process group `leader`: they mean these processes, and no
/// others that get their numbers.
std::vector<Fd> escaped_from(pid_t leader);

void send_signal(const std::vector<Fd>& processes, int signal);

}  // namespace st
