#include "flv/codec_config.h"

#include <array>
#include <cassert>
#include <string>

#include "media/nal.h"
#include "media/parameter_sets.h"

namespace st::flv {
namespace {

using media::NalType;

/// Reads `count` parameter sets, each behind 16 bits of length, from `record` at `at`.
Result<void> read_sets(Bytes record, std::size_t& at, std::size_t count, NalType type,
                       std::vector<Bytes>& sets) {
    const char* what = type == NalType::sps ? "SPS" : "PPS";
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t left = record.size() - at;
        const std::size_t size = left < 2 ? 0 : load_be16(record.data() + at);
        if (left < 2 + size) {
            return Error{std::string("avcC: ") + what + " " + std::to_string(i) +
                         " is cut short: " + std::to_string(left) + " of " +
                         std::to_string(2 + size) + " bytes"};
        }
        const Bytes set = record.subspan(at + 2, size);
        at += 2 + size;
        if (set.empty()) continue;
        if (media::nal_type(set[0]) != type) {
            return Error{std::string("avcC: ") + what + " " + std::to_string(i) +
                         " is a NAL unit of type " + std::to_string(set[0] & 0x1F)};
        }
        sets.push_back(set);
    }
    return {};
}

/// Profiles whose record goes on behind the sets (5.3.3.1.2): all but baseline, main and extended.
bool has_extension(std::uint8_t profile_idc) {
    return profile_idc != 66 && profile_idc != 77 && profile_idc != 88;
}

void append_set(Buffer& record, Bytes set) {
    std::array<std::uint8_t, 2> length{};
    store_be16(length.data(), static_cast<std::uint16_t>(set.size()));
    record.append(length);
    record.append(set);
}

constexpr std::array<std::uint32_t, 13> kSampleRates = {96'000, 88'200, 64'000, 48'000, 44'100,
                                                        32'000, 24'000, 22'050, 16'000, 12'000,
                                                        11'025, 8'000,  7'350};

/// 0 if the index is reserved.
std::uint32_t read_sample_rate(media::BitReader& bits) {
    const std::uint32_t index = bits.bits(4);
    if (index == 15) return bits.bits(24);
    return index < kSampleRates.size() ? kSampleRates[index] : 0;
}

unsigned read_object_type(media::BitReader& bits) {
    const unsigned type = bits.bits(5);
    return type == 31 ? 32 + bits.bits(6) : type;
}

}  // namespace

Result<AvcConfig> parse_avc_config(Bytes record) {
    if (record.size() < 7) {
        return Error{"avcC: " + std::to_string(record.size()) + " bytes, expected 7 or more"};
    }
    if (record[0] != 1) {
        return Error{"avcC: version " + std::to_string(record[0]) + ", expected 1"};
    }
    AvcConfig config;
    config.profile_idc = record[1];
    config.constraint_flags = record[2];
    config.level_idc = record[3];
    config.length_bytes = (record[4] & 3U) + 1;
    if (config.length_bytes == 3) return Error{"avcC: lengths of 3 bytes, expected 1, 2 or 4"};
    std::size_t at = 6;
    if (auto read = read_sets(record, at, record[5] & 0x1F, NalType::sps, config.sps); !read) {
        return read.error();
    }
    if (at == record.size()) return Error{"avcC: ends before the number of PPS"};
    const std::size_t pps_count = record[at++];
    if (auto read = read_sets(record, at, pps_count, NalType::pps, config.pps); !read) {
        return read.error();
    }
    return config;
}

Buffer encode_avc_config(Bytes sps, Bytes pps) {
    assert(sps.size() >= 4 && sps.size() <= 0xFFFF && pps.size() <= 0xFFFF);
    Buffer record;
    record.reserve(11 + sps.size() + pps.size() + 4);
    // Reserved bits are ones: lengths of 4 bytes, then one SPS.
    const std::array<std::uint8_t, 6> head = {1, sps[1], sps[2], sps[3], 0xFF, 0xE1};
    record.append(head);
    append_set(record, sps);
    const std::array<std::uint8_t, 1> pps_count = {1};
    record.append(pps_count);
    append_set(record, pps);
    if (!has_extension(sps[1])) return record;
    if (const auto parsed = media::parse_sps(sps)) {
        const std::array<std::uint8_t, 4> extension = {
            static_cast<std::uint8_t>(0xFC | parsed->chroma_format_idc),
            static_cast<std::uint8_t>(0xF8 | (parsed->bit_depth_luma - 8)),
            static_cast<std::uint8_t>(0xF8 | (parsed->bit_depth_chroma - 8)), 0};
        record.append(extension);
    }
    return record;
}

std::optional<PictureSize> picture_size(const AvcConfig& config) {
    if (config.sps.empty()) return std::nullopt;
    const auto sps = media::parse_sps(config.sps[0]);
    if (!sps) return std::nullopt;
    return PictureSize{sps->width, sps->height};
}

Result<AacConfig> parse_aac_config(Bytes config) {
    media::BitReader bits(config);
    AacConfig aac;
    aac.object_type = read_object_type(bits);
    aac.sample_rate = read_sample_rate(bits);
    const unsigned channels = bits.bits(4);
    aac.channels = channels == 7 ? 8 : channels;
    constexpr unsigned kSbr = 5;
    constexpr unsigned kParametricStereo = 29;
    if (aac.object_type == kSbr || aac.object_type == kParametricStereo) {
        aac.sample_rate = read_sample_rate(bits);  // what is heard; the first one is the core's
    }
    if (bits.overrun()) {
        return Error{"AudioSpecificConfig: cut short at " + std::to_string(config.size()) +
                     " bytes"};
    }
    if (aac.object_type == 0) return Error{"AudioSpecificConfig: object type 0"};
    if (aac.sample_rate == 0) return Error{"AudioSpecificConfig: reserved sample rate"};
    return aac;
}

}  // namespace st::flv
