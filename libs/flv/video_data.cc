#include "flv/video_data.h"

#include <algorithm>
#include <array>

#include "media/avc_config.h"
#include "media/nal.h"

namespace st::flv {

namespace {

constexpr std::size_t kLengthBytes = 4;

struct FirstSets {
    Bytes sps;
    Bytes pps;

    void note(Bytes unit) {
        const media::NalType type = media::nal_type(unit[0]);
        if (type == media::NalType::sps && sps.empty()) sps = unit;
        if (type == media::NalType::pps && pps.empty()) pps = unit;
    }
    Result<Buffer> config() const {
        if (sps.size() < 4 || pps.empty() || std::max(sps.size(), pps.size()) > 0xFFFF) {
            return Error{"flv: no SPS and PPS to make an AVC sequence header of"};
        }
        return media::encode_avc_config({&sps, 1}, {&pps, 1});
    }
};

/// Calls `take` with each unit; false: the lengths do not lead exactly to the end.
template <class Take>
bool for_each_unit(Bytes units, Take take) {
    std::size_t at = 0;
    while (units.size() - at >= kLengthBytes) {
        const std::size_t size = load_be32(units.data() + at);
        at += kLengthBytes;
        if (size > units.size() - at) return false;
        if (size > 0) take(units.subspan(at, size));
        at += size;
    }
    return at == units.size();
}

}  // namespace

UnitScan scan_units(Bytes units) {
    UnitScan scan;
    bool has_idr = false;
    scan.is_whole = for_each_unit(units, [&](Bytes unit) {
        has_idr = has_idr || media::nal_type(unit[0]) == media::NalType::idr;
    });
    scan.has_idr = scan.is_whole && has_idr;
    return scan;
}

bool begins_with_start_code(Bytes bytes) {
    if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0) return false;
    return bytes[2] == 1 || (bytes[2] == 0 && bytes[3] == 1);
}

Buffer lengths_from_annex_b(Bytes annex_b) {
    Buffer units;
    // A start code of 3 bytes grows by one; most have 4.
    units.reserve(annex_b.size() + kLengthBytes * 4);
    media::NalWalker walker(annex_b);
    for (media::NalSpan nal{}; walker.next(nal);) {
        std::uint8_t length[kLengthBytes];
        store_be32(length, static_cast<std::uint32_t>(nal.end - nal.begin));
        units.append(length);
        units.append(annex_b.subspan(nal.begin, nal.end - nal.begin));
    }
    return units;
}

Result<Buffer> config_from_annex_b(Bytes annex_b) {
    FirstSets sets;
    media::NalWalker walker(annex_b);
    for (media::NalSpan nal{}; walker.next(nal);) {
        sets.note(annex_b.subspan(nal.begin, nal.end - nal.begin));
    }
    return sets.config();
}

Result<Buffer> config_from_odd_record(Bytes record) {
    constexpr std::size_t kLengthSizeAt = 4;
    constexpr std::size_t kSpsCountAt = 5;
    constexpr std::array<std::uint8_t, 3> kStartCode = {0, 0, 1};
    FirstSets sets;
    Buffer annex_b;
    std::size_t at = kSpsCountAt;
    for (const unsigned count_mask : {0x1FU, 0xFFU}) {
        if (at >= record.size()) break;
        const std::size_t count = record[at++] & count_mask;
        for (std::size_t i = 0; i < count && record.size() - at >= 2; ++i) {
            const std::size_t announced = load_be16(record.data() + at);
            const std::size_t size = std::min<std::size_t>(announced, record.size() - at - 2);
            annex_b.append(kStartCode);
            annex_b.append(record.subspan(at + 2, size));
            at += 2 + size;
        }
    }
    media::NalWalker walker(annex_b.bytes());
    for (media::NalSpan nal{}; walker.next(nal);) {
        if (nal.end > nal.begin) sets.note(annex_b.bytes().subspan(nal.begin, nal.end - nal.begin));
    }
    Result<Buffer> made = sets.config();
    if (made) made->data()[kLengthSizeAt] = static_cast<std::uint8_t>(0xFC | (record[4] & 3));
    return made;
}

Result<Buffer> config_from_lengths(Bytes units) {
    FirstSets sets;
    for_each_unit(units, [&](Bytes unit) { sets.note(unit); });
    return sets.config();
}

}  // namespace st::flv
