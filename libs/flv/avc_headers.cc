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

/// SPS and PPS alike: their first byte tells them apart.
SortedSets sorted(const GivenConfig& config) {
    SortedSets sets;
    for (const std::vector<ParameterSet>* list : {&config.sps, &config.pps}) {
        for (const ParameterSet& set : *list) {
            const Bytes bytes = trimmed(set);
            sets.emplace_back(bytes.begin(), bytes.end());
        }
    }
    std::ranges::sort(sets);
    return sets;
}

bool holds(const SortedSets& sets, const SortedSets& wanted) {
    return std::ranges::includes(sets, wanted);
}

/// What the picture that has just begun needs.
GivenConfig in_force(const media::AccessUnits& units) {
    const auto sets = units.sets().in_force(units.picture().sps_id);
    GivenConfig config;
    config.sps.emplace_back(sets.sps.begin(), sets.sps.end());
    for (const Bytes pps : sets.pps) config.pps.emplace_back(pps.begin(), pps.end());
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

media::Packet AvcHeaders::tell(SortedSets sets, media::Packet packet) {
    told_ = std::move(sets);
    told_record_ = Buffer(packet.payload.bytes());
    pending_.reset();
    looked_at_.reset();
    return packet;
}

std::size_t AvcHeaders::held_bytes() const {
    std::size_t bytes = told_record_.capacity();
    if (pending_) bytes += pending_->packet.payload.capacity();
    for (const ParameterSet& set : told_) bytes += set.capacity() + sizeof(set);
    if (!pending_) return bytes;
    for (const ParameterSet& set : pending_->sets) bytes += set.capacity() + sizeof(set);
    return bytes;
}

std::optional<media::Packet> AvcHeaders::give(const media::Packet& record,
                                              const GivenConfig& config) {
    if (!config.has_sets()) return std::nullopt;
    Buffer bytes = config.is_sound ? Buffer(record.payload.bytes()) : encode_config(config);
    bytes.data()[kLengthSizeAt] |= 3U;  // as the pictures will have them
    media::Packet packet = packet_of(std::move(bytes), record.dts_ms);
    SortedSets sets = sorted(config);
    looked_at_.reset();
    // Said again, in whatever spelling, it is what viewers have: nothing begins anew.
    if (told_ == sets) packet.payload = Buffer(told_record_.bytes());
    if (!has_any() || told_ == sets) return tell(std::move(sets), std::move(packet));
    pending_ = Pending{std::move(sets), std::move(packet)};
    return std::nullopt;
}

std::optional<media::Packet> AvcHeaders::due(const media::Packet& picture,
                                             const media::AccessUnits& units) {
    if (!picture.is_key && !pending_) return std::nullopt;
    const LookedAt now{units.sets().version(), units.picture().sps_id, picture.is_key};
    if (looked_at_ && looked_at_->covers(now)) return std::nullopt;
    looked_at_ = now;
    const GivenConfig config = in_force(units);
    SortedSets wanted = sorted(config);
    if (holds(told_, wanted)) {
        pending_.reset();
        return std::nullopt;
    }
    if (pending_ && holds(pending_->sets, wanted)) {
        Pending pending = *std::move(pending_);
        return tell(std::move(pending.sets), std::move(pending.packet));
    }
    if (!picture.is_key || !config.has_sets() || config.sps[0].size() < 4) return std::nullopt;
    media::Packet packet = packet_of(encode_config(config), picture.dts_ms);
    return tell(std::move(wanted), std::move(packet));
}

std::optional<media::Packet> AvcHeaders::due_unread(const media::Packet& picture) {
    if (pending_) {
        Pending pending = *std::move(pending_);
        return tell(std::move(pending.sets), std::move(pending.packet));
    }
    if (!picture.is_key) return std::nullopt;
    const Result<Buffer> record = config_from_lengths(picture.payload.bytes());
    if (!record) return std::nullopt;
    const GivenConfig config = read_given_config(record->bytes());
    SortedSets sets = sorted(config);
    if (!config.has_sets() || holds(told_, sets)) return std::nullopt;
    media::Packet packet = packet_of(Buffer(record->bytes()), picture.dts_ms);
    return tell(std::move(sets), std::move(packet));
}

}  // namespace st::flv
