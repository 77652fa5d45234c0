#pragma once
/// A session directory as streamd makes it, as far as converting it again needs.
#include <string>

namespace st::mux {

struct SessionFacts {
    std::string stream;  ///< path of stream.fdump, else of stream.h264; empty: neither is there
    std::string camera;  ///< from session.json; empty: not known
    bool is_recording = false;
};

/// Never fails: without a readable session.json the stream is still there to be converted.
SessionFacts read_session(const std::string& directory);

}  // namespace st::mux
