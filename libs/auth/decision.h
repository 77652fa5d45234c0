#pragma once
/// Somebody elsewhere may be asked before a viewer or publisher is let in.
#include <functional>
#include <string>

#include "base/result.h"

namespace st::auth {

struct Question {
    bool is_publish = false;
    std::string path;  ///< "/app/name"
    std::string protocol;
    std::string query;  ///< without what proves a right
    std::string peer;
};
/// Called once, on any thread, but not within the call that asked; perhaps never if the server
/// ends. Error.code 403.
using Decided = std::function<void(Result<void>)>;
/// Any thread. False: nobody is to be asked, and `done` is not called.
using Decide = std::function<bool(const Question& question, Decided done)>;

}  // namespace st::auth
