#include "flv/avc_headers.h"

#include <algorithm>
#include <utility>

#include "flv/video_data.h"
#include "media/parameter_sets.h"

namespace st::flv {
namespace {

constexpr std::size_t kLengthSizeAt = 4;

/// Zeros behind a set are none of it (7.4.1).
Bytes trimmed(Bytes set) {
    while (!set.empty() && set.back() == 0) set = set.first(set.size() - 1);
    return set;
}

bool holds(const std::vector<ParameterSet>& sets, const ParameterSet& wanted) {
    return std::ranges::any_of(sets, [&](const ParameterSet& set) {
        return std::ranges::equal(trimmed(set), trimmed(wanted));
    });
}

bool holds(const GivenConfig& config, const GivenConfig& wanted) {
    const auto all = [](const std::vector<ParameterSet>& sets,
                        const std::vector<ParameterSet>& these) {
        return std::ranges::all_of(these,
                                   [&](const ParameterSet& set) { return holds(sets, set); });
    };
    return all(config.sps, wanted.sps) && all(config.pps, wanted.pps);
}

/// What the picture that has just begun needs.
GivenConfig in_force(const media::AccessUnits& units) {
    const media::ParameterSets& sets = units.sets();
    const unsigned sps_id = units.picture().sps_id;
    GivenConfig config;
    const auto add = [](std::vector<ParameterSet>& to, Bytes set) {
        to.emplace_back(set.begin(), set.end());
    };
    add(config.sps, sets.sps_bytes(sps_id));
    for (unsigned id = 0; id < media::kPpsMax && config.pps.size() < 255; ++id) {
        const media::Pps* const pps = sets.pps(id);
        if (pps != nullptr && pps->sps_id == sps_id) add(config.pps, sets.pps_bytes(id));
    }
    return config;
}

media::Packet packet_of(Buffer record, std::int64_t dts_ms) {
    media::Packet packet;
    packet.is_config = true;
    packet.dts_ms = dts_ms;
    packet.payload = std::move(record);
    return packet;
}

}  // namespace

media::Packet AvcHeaders::tell(GivenConfig config, media::Packet packet) {
    told_ = std::move(config);
    pending_.reset();
    return packet;
}

std::optional<media::Packet> AvcHeaders::give(const media::Packet& record,
                                              const GivenConfig& config) {
    if (!config.has_sets()) return std::nullopt;
    Buffer bytes = config.is_sound ? Buffer(record.payload.bytes()) : encode_config(config);
    bytes.data()[kLengthSizeAt] |= 3U;  // as the pictures will have them
    media::Packet packet = packet_of(std::move(bytes), record.dts_ms);
    const bool is_repetition = holds(told_, config) && holds(config, told_);
    if (!has_any() || is_repetition) return tell(config, std::move(packet));
    pending_ = Pending{config, std::move(packet)};
    return std::nullopt;
}

std::optional<media::Packet> AvcHeaders::due(const media::Packet& picture,
                                             const media::AccessUnits& units) {
    if (!picture.is_key && !pending_) return std::nullopt;
    GivenConfig wanted = in_force(units);
    if (holds(told_, wanted)) {
        pending_.reset();
        return std::nullopt;
    }
    if (pending_ && holds(pending_->config, wanted)) {
        Pending pending = *std::move(pending_);
        return tell(std::move(pending.config), std::move(pending.packet));
    }
    if (!picture.is_key || !wanted.has_sets() || wanted.sps[0].size() < 4) return std::nullopt;
    media::Packet packet = packet_of(encode_config(wanted), picture.dts_ms);
    return tell(std::move(wanted), std::move(packet));
}

std::optional<media::Packet> AvcHeaders::due_unread(const media::Packet& picture) {
    if (pending_) {
        Pending pending = *std::move(pending_);
        return tell(std::move(pending.config), std::move(pending.packet));
    }
    if (!picture.is_key) return std::nullopt;
    const Result<Buffer> record = config_from_lengths(picture.payload.bytes());
    if (!record) return std::nullopt;
    GivenConfig config = read_given_config(record->bytes());
    if (!config.has_sets() || holds(told_, config)) return std::nullopt;
    media::Packet packet = packet_of(Buffer(record->bytes()), picture.dts_ms);
    return tell(std::move(config), std::move(packet));
}

}  // namespace st::flv
