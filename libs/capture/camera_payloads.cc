#include "capture/camera_payloads.h"

#include "media/jpeg.h"

namespace st::capture {

SeenPayload CameraPayloads::look_into(std::span<std::uint8_t> payload, std::uint64_t time) {
    const media::PayloadForm form = form_of(payload, time);
    return {form, peek(payload)};
}

/// A JPEG picture is whole by itself, as a key frame is.
media::NalPeek CameraPayloads::peek(Bytes payload) const {
    if (!link_.is_jpeg) return media::peek_nals(payload);
    media::NalPeek whole;
    whole.vcl = whole.idr = whole.starts_picture = true;
    return whole;
}

media::PayloadForm CameraPayloads::form_of(std::span<std::uint8_t> payload, std::uint64_t time) {
    if (!link_.is_jpeg) return forms_.normalise(payload, time);
    const auto size = media::read_jpeg_size(payload);
    if (!size) return media::PayloadForm::unknown;
    link_.width.store(size->width, std::memory_order_relaxed);
    link_.height.store(size->height, std::memory_order_relaxed);
    return media::PayloadForm::annex_b;
}

}  // namespace st::capture
