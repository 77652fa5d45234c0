#pragma once
/// In which form an encoder's buffers come: NAL units behind start codes (Annex B), as we expect,
/// or behind 4-byte lengths, as WebCodecs' `avc` form and many phones' encoders give them. Pure.
/// Spec: ITU-T H.264 Annex B; ISO/IEC 14496-15 5.3.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"

namespace st::media {

enum class PayloadForm : std::uint8_t {
    empty,      ///< no bytes, or only a few zeros
    annex_b,    ///< begins with a start code, and holds H.264
    lengths,    ///< was length-prefixed, or said how; is Annex B now
    continued,  ///< goes on with the NAL unit that the payload before it began
    unknown,    ///< none of these: not H.264, or in a form that nobody here can read
};

/// Judges one stream's payloads, in order.
class PayloadForms {
 public:
    /// Changes a length-prefixed payload in place: each length becomes the start code 00 00 00 01.
    /// So does a decoder configuration record with an SPS and a PPS, which such encoders give
    /// first. `time`: the payload's timestamp in any unit. One that does not begin with a start
    /// code goes on with the one before it only if both belong to one buffer of the encoder, which
    /// has one timestamp; or if the stream is seen to be cut without regard to NAL units.
    PayloadForm normalise(std::span<std::uint8_t> payload, std::uint64_t time);

 private:
    bool is_length_prefixed_ = false;  ///< the last payload that could not be mistaken
    /// Start codes were seen behind the rest of a NAL unit, or cut off their unit.
    bool is_cut_anywhere_ = false;
    bool is_bare_ = false;               ///< the units that payloads begin with have no start code
    std::size_t zeros_before_ = 0;       ///< that ended the payloads so far
    bool ends_in_start_code_ = false;    ///< the last one that was not empty
    std::optional<std::uint64_t> time_;  ///< of the last payload that was understood
};

/// Whether 4-byte lengths and the units behind them fill `payload` exactly, none begins as no unit
/// does, and one as one of H.264. Units may be empty, and zeros stand behind them.
bool is_length_prefixed(Bytes payload);

}  // namespace st::media
