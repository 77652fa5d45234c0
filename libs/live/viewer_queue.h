#pragma once
/// What may wait for a viewer outside of the hub. docs/live.md, "Slow viewers".
#include "loop/tcp_stream.h"

namespace st::live {

/// What the kernel may hold for a viewer: beyond it he is slow where we can see it. What is not on
/// its way is better kept here, where all viewers share it: to fill the buffers of many that
/// stopped reading makes every other wait.
constexpr loop::KernelQueue kViewerKernelQueue{256 * 1024, 16 * 1024};

}  // namespace st::live
