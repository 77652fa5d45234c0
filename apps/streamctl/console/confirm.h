#pragma once
/// Questions before something is lost. Main thread.
#include <string>

#include "streamctl/client/interrupt.h"

namespace st::streamctl {

/// Throws Failed if nobody is at the terminal who could answer.
void need_somebody_to_ask();
/// Whether the person at the terminal says yes. Throws Failed if there is none to ask, or after
/// Ctrl-C.
bool is_confirmed(const std::string& question, Interrupt& interrupt);

}  // namespace st::streamctl
