#include "flv/video_data.h"

#include <algorithm>

#include "base/bytes.h"
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

bool is_annexb_not_length(Bytes bytes) {
    if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0) return false;
    if (bytes[2] == 0) return bytes[3] == 1;
    if (bytes[2] != 1 || (bytes[3] & 0x80) != 0) return false;
    // A unit of 256 to 511 bytes has a length that looks like one: behind it stands another length.
    const std::size_t next = kLengthBytes + load_be32(bytes.data());
    return next + 2 > bytes.size() || bytes[next] != 0 || bytes[next + 1] != 0;
}

Buffer lengths_from_annex_b(Bytes annex_b) {
    Buffer units;
    // A start code of 3 bytes grows by one; most have 4.
    units.reserve(annex_b.size() + kLengthBytes * 4);
    media::NalWalker walker(annex_b);
    for (media::NalSpan nal{}; walker.next(nal);) {
        media::append_with_length(units, annex_b.subspan(nal.begin, nal.end - nal.begin));
    }
    return units;
}

Result<Buffer> config_from_lengths(Bytes units) {
    FirstSets sets;
    for_each_unit(units, [&](Bytes unit) { sets.note(unit); });
    return sets.config();
}

}  // namespace st::flv
