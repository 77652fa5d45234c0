#include "media/avc_config.h"

#include <array>
#include <cassert>
#include <string>

#include "media/nal.h"
#include "media/parameter_sets.h"

namespace st::media {
namespace {

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
        if (nal_type(set[0]) != type) {
            return Error{std::string("avcC: ") + what + " " + std::to_string(i) +
                         " is a NAL unit of type " + std::to_string(set[0] & 0x1F)};
        }
        sets.push_back(set);
    }
    return {};
}

bool has_extension(std::uint8_t profile_idc) {
    return profile_idc != 66 && profile_idc != 77 && profile_idc != 88;
}

void append_set(Buffer& record, Bytes set) {
    assert(set.size() <= 0xFFFF);
    std::array<std::uint8_t, 2> length{};
    store_be16(length.data(), static_cast<std::uint16_t>(set.size()));
    record.append(length);
    record.append(set);
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

Buffer encode_avc_config(std::span<const Bytes> sps_list, std::span<const Bytes> pps_list) {
    assert(!sps_list.empty() && sps_list.size() <= 31 && pps_list.size() <= 255);
    const Bytes first = sps_list.front();
    assert(first.size() >= 4);
    Buffer record;
    // Reserved bits are ones: lengths of 4 bytes, then the number of SPS.
    const std::array<std::uint8_t, 6> head = {
        1, first[1], first[2], first[3], 0xFF, static_cast<std::uint8_t>(0xE0 | sps_list.size())};
    record.append(head);
    for (const Bytes set : sps_list) append_set(record, set);
    const std::array<std::uint8_t, 1> pps_count = {static_cast<std::uint8_t>(pps_list.size())};
    record.append(pps_count);
    for (const Bytes set : pps_list) append_set(record, set);
    if (!has_extension(first[1])) return record;
    if (const auto sps = parse_sps(first)) {
        const std::array<std::uint8_t, 4> extension = {
            static_cast<std::uint8_t>(0xFC | sps->chroma_format_idc),
            static_cast<std::uint8_t>(0xF8 | (sps->bit_depth_luma - 8)),
            static_cast<std::uint8_t>(0xF8 | (sps->bit_depth_chroma - 8)), 0};
        record.append(extension);
    }
    return record;
}

void append_with_length(Buffer& out, Bytes nal) {
    std::array<std::uint8_t, 4> length{};
    store_be32(length.data(), static_cast<std::uint32_t>(nal.size()));
    out.append(length);
    out.append(nal);
}

std::optional<PictureSize> picture_size(const AvcConfig& config) {
    if (config.sps.empty()) return std::nullopt;
    const auto sps = parse_sps(config.sps[0]);
    if (!sps) return std::nullopt;
    return PictureSize{sps->width, sps->height};
}

}  // namespace st::media
