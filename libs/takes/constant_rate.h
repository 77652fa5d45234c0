#pragma once
/// Films at an even rate, made of others: what tools read that count pictures and no times.
/// Decodes and encodes in a helper program. Blocks; any thread.
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "mux/convert.h"
#include "takes/slots.h"
#include "worker/job.h"

namespace st::takes {

struct ConstantRate {
    std::vector<std::string> movies;  ///< MP4s that follow each other; pictures count over all
    std::span<const Slot> slots;
    double rate = 0;
    unsigned crf = 16;  ///< of x264: 0 the best, 51 the worst
    std::string output;
    bool overwrite = false;
    std::string camera;  ///< metadata; empty: none
    worker::RunJob run;
    mux::Verifier* verifier = nullptr;  ///< never null
    /// A file that belongs to the film, and what is in it: it gets its name behind the film. If it
    /// cannot, there is neither; with `overwrite`, the film alone. Empty: none.
    std::string table;
    std::string table_text;
    std::stop_token cancel;
};

/// `output` has as many pictures as slots, the n-th one for the n-th slot. Error.code is that of
/// mux::convert().
Result<mux::Report> encode(const ConstantRate& wanted);

}  // namespace st::takes
