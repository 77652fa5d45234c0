#pragma once
/// Says to players what an SPS proves and does not say: that no picture is shown later than it
/// comes. Decoders otherwise hold as many pictures back as the level allows, up to 16, half a
/// second of a live stream. For viewers alone: recordings keep what the camera sent. Pure. H.264,
/// E.2.1.
#include <cstdint>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"
#include "media/parameter_sets.h"

namespace st::media {

/// Pictures come in the order in which they are shown: by the profile (Baseline has no B slices) or
/// by the picture order count (type 2).
bool never_reorders(const Sps& sps);

/// The SPS with max_num_reorder_frames 0. nullopt: it does not prove that, or says it already.
std::optional<std::vector<std::uint8_t>> without_reordering(Bytes sps);

/// An AVCDecoderConfigurationRecord with such SPS; nullopt: it stays as it is.
std::optional<Buffer> config_without_reordering(Bytes record);

/// An access unit of NAL units behind four-byte lengths, with such SPS; nullopt: it stays as it is.
/// Only what stands before the first slice is looked at.
std::optional<Buffer> sample_without_reordering(Bytes sample);

}  // namespace st::media
