#pragma once
/// What a helper writes to its standard error: why it died, if it could still say so. Private to
/// libs/worker.
#include <string>

#include "base/fd.h"

namespace st::worker {

/// A pipe that no helper can block on: what does not fit is lost.
class LastWords {
 public:
    /// Throws std::system_error.
    LastWords();

    /// The helper's end; close_theirs() once it has it.
    int theirs() const { return theirs_.get(); }
    void close_theirs() { theirs_.reset(); }

    /// Forgets what was written so far.
    void forget();
    /// The last line that was written, cleaned and cut (base/text); "" if there is none.
    std::string take();

 private:
    Fd ours_;
    Fd theirs_;
};

}  // namespace st::worker
