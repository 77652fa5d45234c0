#pragma once
/// What the payloads of one camera hold: H.264, in which form, or a JPEG picture each. Lives on
/// the camera's network loop.
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "capture/camera_link.h"
#include "media/nal_peek.h"
#include "media/payload_form.h"

namespace st::capture {

struct SeenPayload {
    media::PayloadForm form = media::PayloadForm::empty;
    media::NalPeek peek;

    bool is_understood() const { return form != media::PayloadForm::unknown; }
};

class CameraPayloads {
 public:
    explicit CameraPayloads(CameraLink& link) : link_(link) {}

    /// The next one: Annex B is made of NAL units behind lengths, in place. `time`: its timestamp
    /// in any unit.
    SeenPayload look_into(std::span<std::uint8_t> payload, std::uint64_t time);
    /// One that was seen before.
    media::NalPeek peek(Bytes payload) const;

 private:
    media::PayloadForm form_of(std::span<std::uint8_t> payload, std::uint64_t time);

    CameraLink& link_;
    media::PayloadForms forms_;
};

}  // namespace st::capture
