#pragma once
/// What converting a recording again needs to know of its folder: which file is the stream, and
/// what session.json says of the camera. For h264mux; any thread.
#include <chrono>
#include <optional>
#include <string>

#include "mux/convert.h"

namespace st::record {

struct SessionFacts {
    std::string stream;  ///< path of stream.fdump, else of stream.h264; empty: neither is there
    /// Path of pictures.csv, which a recording that failed may lack; empty: none is kept.
    std::string table;
    /// What the times in it count from, of a recording that belongs to a take.
    std::optional<mux::TakeZero> take_zero;
    std::string camera;  ///< from session.json; empty: not known
    bool is_recording = false;
    /// Least time a ping took there and back while it was recorded; nullopt: nobody measured.
    std::optional<std::chrono::microseconds> ping;
};

/// Never fails: without a readable session.json the stream is still there to be converted.
SessionFacts read_session_facts(const std::string& directory);

}  // namespace st::record
