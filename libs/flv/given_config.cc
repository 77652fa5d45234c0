#include "flv/given_config.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "flv/video_data.h"
#include "media/avc_config.h"
#include "media/nal.h"
#include "media/parameter_sets.h"

namespace st::flv {
namespace {

using media::NalType;

constexpr std::size_t kLengthSizeAt = 4;
constexpr std::size_t kSpsCountAt = 5;
constexpr std::size_t kSpsBytesMin = 4;
constexpr std::size_t kSpsMax = 31;  ///< fields of 5 and of 8 bits
constexpr std::size_t kPpsMax = 255;
constexpr std::array<std::uint8_t, 3> kStartCode = {0, 0, 1};
/// Sets without lengths are looked for at every byte; a pair of them has less than a hundred.
constexpr std::size_t kBareBytesMax = 256;

void note_unit(GivenConfig& config, Bytes unit) {
    if (unit.empty() || unit.size() > 0xFFFF) return;
    const NalType type = media::nal_type(unit[0]);
    const bool is_sps = type == NalType::sps && unit.size() >= kSpsBytesMin;
    if (!is_sps && type != NalType::pps) return;
    std::vector<ParameterSet>& sets = is_sps ? config.sps : config.pps;
    const auto is_same = [&](const ParameterSet& set) { return std::ranges::equal(set, unit); };
    if (std::ranges::any_of(sets, is_same) || sets.size() >= (is_sps ? kSpsMax : kPpsMax)) return;
    sets.emplace_back(unit.begin(), unit.end());
}

void note_annex_b(GivenConfig& config, Bytes annex_b) {
    media::NalWalker walker(annex_b);
    for (media::NalSpan nal{}; walker.next(nal);) {
        note_unit(config, annex_b.subspan(nal.begin, nal.end - nal.begin));
    }
}

/// The units of a record's two lists, as far as there are any.
void note_lists(GivenConfig& config, Bytes record) {
    Buffer annex_b;
    std::size_t at = kSpsCountAt;
    for (const unsigned count_mask : {0x1FU, 0xFFU}) {
        if (at >= record.size()) break;
        const std::size_t count = record[at++] & count_mask;
        for (std::size_t i = 0; i < count && record.size() - at >= 2; ++i) {
            const std::size_t size = load_be16(record.data() + at);
            if (size > record.size() - at - 2) return note_annex_b(config, annex_b.bytes());
            annex_b.append(kStartCode);
            annex_b.append(record.subspan(at + 2, size));
            at += 2 + size;
        }
    }
    note_annex_b(config, annex_b.bytes());
}

/// What may stand between an SPS and a PPS at `pps_at`: a count and a length, a length of 2 or 4
/// bytes, or a start code. 0: nothing of these.
std::size_t separator_bytes(Bytes record, std::size_t pps_at) {
    const std::size_t left = record.size() - pps_at;
    const std::uint8_t* const at = record.data() + pps_at;
    if (pps_at >= 4 && load_be32(at - 4) == left) return 4;
    if (pps_at >= 4 && load_be32(at - 4) == 1) return 4;
    if (pps_at >= 3 && at[-3] == 1 && load_be16(at - 2) != 0 && load_be16(at - 2) <= left) return 3;
    if (pps_at >= 3 && at[-3] == 0 && at[-2] == 0 && at[-1] == 1) return 3;
    if (pps_at >= 2 && load_be16(at - 2) == left) return 2;
    return 0;
}

bool may_begin(std::uint8_t byte, NalType type) {
    return (byte & 0x80) == 0 && media::nal_ref_idc(byte) != 0 && media::nal_type(byte) == type;
}

/// The first SPS and its PPS in bytes whose lengths say nothing: where both can be read.
void note_bare_sets(GivenConfig& config, Bytes record) {
    if (record.size() > kBareBytesMax) return;
    std::size_t begin = 0;
    std::optional<media::Sps> sps;
    for (; begin < record.size(); ++begin) {
        if (!may_begin(record[begin], NalType::sps)) continue;
        if (auto read = media::parse_sps(record.subspan(begin))) {
            sps = *std::move(read);
            break;
        }
    }
    if (!sps) return;
    std::size_t found = 0;
    for (std::size_t at = begin + kSpsBytesMin; at + 2 < record.size(); ++at) {
        if (!may_begin(record[at], NalType::pps)) continue;
        const auto pps = media::parse_pps(record.subspan(at));
        if (!pps || pps->sps_id != sps->id) continue;
        found = at;
        if (separator_bytes(record, at) != 0) break;
    }
    if (found == 0) return;
    const std::size_t end = found - separator_bytes(record, found);
    const Bytes first = record.subspan(begin, end > begin ? end - begin : 0);
    if (!media::parse_sps(first)) return;
    note_unit(config, first);
    note_unit(config, record.subspan(found));
}

/// 4 where the record says nothing of it.
unsigned length_bytes_of(Bytes record) {
    const bool is_record = record.size() > kLengthSizeAt && record[0] <= 1;
    return is_record ? (record[kLengthSizeAt] & 3U) + 1 : 4;
}

bool has_start_code(Bytes bytes) {
    const std::uint8_t* const end = bytes.data() + bytes.size();
    return media::find_start_code(bytes.data(), end) != end;
}

}  // namespace

GivenConfig read_given_config(Bytes record) {
    GivenConfig config;
    if (is_annexb_not_length(record)) {
        note_annex_b(config, record);
        return config;
    }
    config.length_bytes = length_bytes_of(record);
    Buffer plain(record);
    if (plain.size() > kLengthSizeAt) plain.data()[kLengthSizeAt] |= 3U;
    if (const auto read = media::parse_avc_config(plain.bytes())) {
        const bool is_odd = has_start_code(record);
        const auto is_short = [](Bytes sps) { return sps.size() < kSpsBytesMin; };
        config.is_sound = !is_odd && !read->sps.empty() && !read->pps.empty() &&
                          std::ranges::none_of(read->sps, is_short);
    }
    note_lists(config, record);
    if (!config.has_sets()) {
        for_each_unit(record, [&](Bytes unit) { note_unit(config, unit); });
    }
    if (!config.has_sets()) {
        GivenConfig bare;
        bare.length_bytes = config.length_bytes;
        note_bare_sets(bare, record);
        if (bare.has_sets()) return bare;
    }
    return config;
}

Buffer encode_config(const GivenConfig& config) {
    const auto parts = [](const std::vector<ParameterSet>& sets) {
        std::vector<Bytes> list;
        list.reserve(sets.size());
        for (const ParameterSet& set : sets) list.emplace_back(set);
        return list;
    };
    return media::encode_avc_config(parts(config.sps), parts(config.pps));
}

}  // namespace st::flv
