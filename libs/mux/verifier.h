#pragma once
/// Who reads a finished file again before it gets its name. libs/mux links no decoder: its caller
/// brings one (record/verifier.h).
#include <cstdint>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "media/movie_facts.h"

namespace st::mux {

struct Verification {
    std::string name;              ///< for messages
    int fd = -1;                   ///< the file; borrowed
    bool is_indexed = true;        ///< an MP4 with one index; else fragments or FLV
    bool decodes = true;           ///< its first picture shall be decoded as well
    std::uint64_t pixels_max = 0;  ///< of that picture
    int jpeg_fd = -1;              ///< where a JPEG of it goes; -1: none is wanted
    std::stop_token cancel{};
};

struct Verified {
    media::MovieFacts facts;
    std::string
        undecoded;  ///< why the first picture was not decoded though it shall; empty: it was
};

class Verifier {
 public:
    virtual ~Verifier() = default;
    /// Error.code: 65 the first picture cannot be decoded, 74 the file cannot be read or this could
    /// not be found out, 130 cancelled. Several threads at once.
    virtual Result<Verified> verify(const Verification& wanted) = 0;
};

}  // namespace st::mux
