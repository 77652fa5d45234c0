#pragma once
/// A session directory as streamd makes it, as far as converting it again needs.
#include <chrono>
#include <optional>
#include <string>

namespace st::mux {

struct SessionFacts {
    std::string stream;  ///< path of stream.fdump, else of stream.h264; empty: neither is there
    std::string camera;  ///< from session.json; empty: not known
    bool is_recording = false;
    /// Least time a ping took there and back while it was recorded; nullopt: nobody measured.
    std::optional<std::chrono::microseconds> ping;
};

/// Never fails: without a readable session.json the stream is still there to be converted.
SessionFacts read_session(const std::string& directory);

}  // namespace st::mux
