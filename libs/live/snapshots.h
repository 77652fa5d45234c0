#pragma once
/// Pictures of live streams: the newest key frame, decoded in a child process. docs/live.md.
#include <functional>
#include <string>

#include "base/result.h"
#include "hub/unit.h"
#include "live/parts.h"

namespace st::live {

class Snapshots {
 public:
    /// The bytes of a JPEG. Error.code 404: nobody publishes there; 503: no picture could be had.
    using Done = std::function<void(Result<std::string>)>;

    explicit Snapshots(Parts& parts) : parts_(parts) {}

    /// The control loop's thread. `done` on any thread, once. A camera nobody watches is asked to
    /// be made into packets first: up to its next key frame passes.
    void take(const std::string& path, const Done& done);

 private:
    void wait_for_picture(const std::string& path, std::int64_t deadline_ns, const Done& done);
    static void decode(const hub::Unit& unit, const Done& done);

    Parts& parts_;
};

}  // namespace st::live
