#include "flv/video_data.h"

#include <algorithm>

#include "flv/codec_config.h"
#include "media/nal.h"

namespace st::flv {

namespace {
constexpr std::size_t kLengthBytes = 4;
}

UnitScan scan_units(Bytes units) {
    UnitScan scan;
    bool has_idr = false;
    std::size_t at = 0;
    while (units.size() - at >= kLengthBytes) {
        const std::size_t size = load_be32(units.data() + at);
        at += kLengthBytes;
        if (size > units.size() - at) return scan;
        if (size > 0 && media::nal_type(units[at]) == media::NalType::idr) has_idr = true;
        at += size;
    }
    scan.is_whole = at == units.size();
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
    Bytes sps;
    Bytes pps;
    media::NalWalker walker(annex_b);
    for (media::NalSpan nal{}; walker.next(nal);) {
        const Bytes unit = annex_b.subspan(nal.begin, nal.end - nal.begin);
        const media::NalType type = media::nal_type(unit[0]);
        if (type == media::NalType::sps && sps.empty()) sps = unit;
        if (type == media::NalType::pps && pps.empty()) pps = unit;
    }
    if (sps.size() < 4 || pps.empty() || std::max(sps.size(), pps.size()) > 0xFFFF) {
        return Error{"flv: AVC sequence header in Annex B form without an SPS and a PPS"};
    }
    return encode_avc_config(sps, pps);
}

}  // namespace st::flv
