#pragma once
/// Formats whose pictures are written one after the other with their times: what a writer of one
/// takes. The times of all are known before the first is written.
#include "base/bytes.h"
#include "mp4/movie_boxes.h"
#include "mp4/sample_file.h"

namespace st::mp4 {

/// Writes to one SampleFile, which outlives it. One thread.
class PictureWriter {
 public:
    virtual ~PictureWriter() = default;
    /// A run of pictures of one size begins; `track` outlives the writer. FLV takes several.
    virtual void begin(const Track& track) = 0;
    /// Sample `i` of that run, in order; NAL units behind their lengths. Borrowed for the call.
    virtual void picture(std::size_t i, Bytes sample) = 0;
    virtual void finish() = 0;
};

}  // namespace st::mp4
