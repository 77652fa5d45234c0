#pragma once
/// One coded picture, piece of sound or piece of metadata of a live stream, as all of the server
/// shares it: made once where it comes in, never changed, freed by its last owner.
#include <cstdint>
#include <memory>

#include "base/buffer.h"

namespace st::media {

enum class Track : std::uint8_t { video, audio, metadata };

/// What the payload is.
///   h264, config     AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1)
///   h264, frame      one access unit: NAL units, each behind its length (as config says, 4 bytes
///                    where we make it); SPS and PPS may be inside
///   aac, config      AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1)
///   aac, frame       one raw AAC frame, no ADTS
///   flv              another codec, passed through: the whole body of an FLV audio or video tag;
///                    codec_tag says which
///   metadata         AMF0 values: the string "onMetaData" and one object or ECMA array; or another
///                    data message (is_passing)
enum class Codec : std::uint8_t { h264, aac, flv, metadata };

struct Packet {
    Track track = Track::video;
    Codec codec = Codec::h264;
    bool is_config = false;   ///< decoder configuration ("sequence header"), not a picture or sound
    bool is_key = false;      ///< a decoder may begin here; of video only
    bool is_colour = false;   ///< a config that says how colours are meant, beside the decoder's
    std::int32_t cts_ms = 0;  ///< display time minus dts_ms; of video only
    std::int64_t dts_ms = 0;  ///< decoding time on the stream's own time line
    Buffer payload;
    std::uint32_t codec_tag = 0;  ///< of flv: FourCC, or the codec number of the body's head
    bool promises_video = false;  ///< of metadata: the tracks that its publisher says there are
    bool promises_audio = false;
    bool is_passing = false;    ///< of metadata: onTextData and the like, for those who watch now
    std::uint8_t track_id = 0;  ///< of flv: not 0 for one more track beside the stream's
};

using PacketPtr = std::shared_ptr<const Packet>;

}  // namespace st::media
