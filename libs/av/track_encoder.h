#pragma once
/// A track in a codec that we do not pass on -> H.264 or AAC, for live viewing. Private to libs/av.
#include <functional>
#include <memory>

#include "av/error.h"
#include "av/handles.h"

namespace st::av {

constexpr AVRational kMicrosecondBase = {1, 1'000'000};

class TrackEncoder {
 public:
    /// Takes an encoded packet, times in kMicrosecondBase; it may move the packet away.
    using Sink = std::function<void(AVPacket& packet)>;

    virtual ~TrackEncoder() = default;
    /// One packet of the input; null: it has ended. A packet that cannot be decoded is passed over.
    virtual void feed(const AVPacket* packet, const Sink& sink) = 0;
    /// The encoder, open: its parameters are the output's.
    virtual const AVCodecContext& codec() const = 0;
};

/// x264, no B-frames, no delay, a key frame each second. Throws Error if there is no decoder or no
/// libx264.
std::unique_ptr<TrackEncoder> encode_video(const AVStream& stream, AVRational frame_rate);
/// libav's AAC, mono or stereo. Throws Error if there is no decoder.
std::unique_ptr<TrackEncoder> encode_audio(const AVStream& stream);

/// A decoder for the stream. Throws Error.
CodecPtr open_track_decoder(const AVStream& stream);
/// Whatever `encoder` has ready, into `sink`. Throws Error.
void take_encoded(AVCodecContext& encoder, const TrackEncoder::Sink& sink);

}  // namespace st::av
