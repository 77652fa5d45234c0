#pragma once
/// Opens a movie file the way a player does and says what is in it. Parses only; decodes nothing.
#include "media/movie_facts.h"

namespace st::av {

/// An MP4 with one index: reads that, the first samples and the last few. Throws av::Error if it
/// cannot be opened, has no H.264 track with its parameter sets, or a sample that was read is not
/// made of whole NAL units.
media::MovieFacts read_indexed(int fd);

/// A fragmented MP4 or an FLV file: reads its pictures one after the other, all of them. Times in
/// ms, as the file rounds them. Throws av::Error if it cannot be opened, has no H.264 track or
/// holds a picture that is not made of whole NAL units.
media::MovieFacts read_pictures(int fd);

}  // namespace st::av
