#pragma once
/// What converting a recording again needs to know of its folder: which file is the stream, and
/// what session.json says of the camera. For h264mux; any thread.
#include <chrono>
#include <optional>
#include <string>

namespace st::record {

struct SessionFacts {
    std::string stream;  ///< path of stream.fdump, else of stream.h264; empty: neither is there
    std::string table;   ///< path of pictures.csv; empty: it is not there
    std::string camera;  ///< from session.json; empty: not known
    bool is_recording = false;
    /// Least time a ping took there and back while it was recorded; nullopt: nobody measured.
    std::optional<std::chrono::microseconds> ping;
};

/// Never fails: without a readable session.json the stream is still there to be converted.
SessionFacts read_session_facts(const std::string& directory);

}  // namespace st::record
