#pragma once
/// onMetaData: the payload of metadata packets. Pure. Spec: Flash Video File Format, annex E.5.
#include <cstdint>
#include <optional>
#include <string>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"
#include "flv/amf.h"

namespace st::flv {

/// What we know of a stream by ourselves. Unset: not written.
struct StreamFacts {
    std::optional<bool> has_video;
    std::optional<bool> has_audio;
    std::uint32_t width = 0;  ///< 0: not known; so are the zeros below
    std::uint32_t height = 0;
    double fps = 0;
    bool is_h264 = false;
    bool is_aac = false;
    std::uint32_t audio_sample_rate = 0;
    unsigned audio_channels = 0;
    std::string encoder;
    double duration_s = 0;       ///< of a file
    bool has_file_size = false;  ///< as 0, to be patched at file_size_at()
};

/// A metadata payload for a stream whose publisher sent none.
Buffer build_metadata(const StreamFacts& facts);
/// Where the eight bytes of the file's size stand in such a payload, a double (AMF0, 2.2).
std::optional<std::size_t> file_size_at(Bytes payload);

/// A publisher's payload for live viewers: without hasAudio and hasVideo, for which browsers'
/// players wait in vain if they are not true, and without the length of a file. The FLV header says
/// which tracks there are. What is no metadata stays as it is.
Buffer metadata_for_live(Buffer payload);

/// The payload with these facts beside what it says; a new one where `payload` is empty or is none.
Buffer add_to_metadata(Bytes payload, const StreamFacts& facts);

/// The object or ECMA array of a metadata payload.
Result<AmfObject> parse_metadata(Bytes payload);

}  // namespace st::flv
