#include "media/payload_form.h"

#include <algorithm>
#include <utility>

#include "media/nal.h"
#include "media/parameter_sets.h"

namespace st::media {
namespace {

constexpr std::size_t kLengthBytes = 4;
/// What says that a payload is H.264 stands near its beginning.
constexpr std::size_t kLookedAtMax = 64 * 1024;
/// More zeros than an encoder fills up with are no part of a stream.
constexpr std::size_t kZerosMost = 1024;

/// Whether a NAL unit begins as one does that an H.264 stream must have or often has. HEVC's
/// header is two bytes, the second hardly ever other than 1, and its types look like H.264's
/// partitions, SEI with a reference level, or a PPS with an absurd id.
bool is_h264_unit(Bytes nal) {
    const std::uint8_t head = nal[0];
    if ((head & 0x80) != 0) return false;
    const bool is_reference = nal_ref_idc(head) != 0;
    const bool looks_like_hevc = nal.size() > 1 && nal[1] == 1;
    switch (nal_type(head)) {
        case NalType::slice:
            return true;
        case NalType::idr:
        case NalType::sps:
            return is_reference;
        case NalType::pps:
            return is_reference && !looks_like_hevc;
        case NalType::sei:
        case NalType::access_unit_delimiter:
        case NalType::end_of_sequence:
        case NalType::end_of_stream:
        case NalType::filler:
            return !is_reference;
        default:
            return false;
    }
}

/// Units of other types may stand beside those of H.264: one that is certain is enough.
bool has_h264_unit(Bytes payload) {
    const Bytes looked_at = payload.first(std::min(payload.size(), kLookedAtMax));
    NalWalker walker(looked_at);
    NalSpan nal{};
    while (walker.next(nal)) {
        if (is_h264_unit(looked_at.subspan(nal.begin, nal.end - nal.begin))) return true;
    }
    return false;
}

/// Zeros before the first other byte; size() if there is none.
std::size_t leading_zeros(Bytes payload) {
    std::size_t zeros = 0;
    while (zeros < payload.size() && payload[zeros] == 0) ++zeros;
    return zeros;
}

std::size_t trailing_zeros(Bytes payload) {
    std::size_t zeros = 0;
    while (zeros < payload.size() && payload[payload.size() - 1 - zeros] == 0) ++zeros;
    return zeros;
}

/// 00 00 01 and nothing behind it.
bool ends_in_start_code(Bytes payload) {
    return payload.size() >= 3 && payload.back() == 1 && payload[payload.size() - 2] == 0 &&
           payload[payload.size() - 3] == 0;
}

/// MPEG-TS, cut anywhere: packets of 188 bytes that begin with 0x47 (ISO/IEC 13818-1, 2.4.3.2). The
/// start codes in it are not those of a NAL unit that goes on.
bool is_transport_stream(Bytes payload) {
    constexpr std::size_t kPacketBytes = 188;
    constexpr std::size_t kPacketsMin = 4;
    if (payload.size() < kPacketBytes * kPacketsMin) return false;
    for (std::size_t first = 0; first < kPacketBytes; ++first) {
        std::size_t at = first;
        while (at < payload.size() && payload[at] == 0x47) at += kPacketBytes;
        if (at >= payload.size()) return true;
    }
    return false;
}

/// Begins with a NAL unit as a picture begins, and no start code before it: an SPS, or a delimiter
/// with a start code behind it.
bool begins_with_bare_unit(Bytes payload) {
    const NalType type = nal_type(payload[0]);
    if (type == NalType::sps && nal_ref_idc(payload[0]) != 0) return parse_sps(payload).ok();
    if (type != NalType::access_unit_delimiter || payload.size() < 5) return false;
    const bool is_delimiter = nal_ref_idc(payload[0]) == 0 && (payload[1] & 0x1F) == 0x10;
    const std::size_t zeros = leading_zeros(payload.subspan(2));
    return is_delimiter && zeros >= 2 && 2 + zeros < payload.size() && payload[2 + zeros] == 1;
}

void to_start_codes(std::span<std::uint8_t> payload) {
    for (std::size_t at = 0; at < payload.size();) {
        if (payload.size() - at < kLengthBytes) break;  // zeros
        const std::size_t bytes = load_be32(payload.data() + at);
        if (bytes > 0) store_be32(payload.data() + at, 1);
        at += kLengthBytes + bytes;
    }
}

/// A decoder configuration record (14496-15, 5.3.3.1) with one SPS and one PPS has room for a start
/// code before each, and what stands around them may be zeros: then it is Annex B. False: it is no
/// such record, or has more sets.
bool configuration_to_start_codes(std::span<std::uint8_t> record) {
    constexpr std::size_t kSpsAt = 8;
    constexpr std::size_t kBeforePps = 3;  // their number, 1, and the length of the first
    if (record.size() < kSpsAt || record[0] != 1 || (record[4] & 0xFC) != 0xFC) return false;
    if ((record[5] & 0xE0) != 0xE0 || (record[5] & 0x1F) != 1) return false;
    const std::size_t sps_end = kSpsAt + (std::size_t{record[6]} << 8 | record[7]);
    const std::size_t pps_at = sps_end + kBeforePps;
    if (sps_end == kSpsAt || pps_at > record.size() || record[sps_end] != 1) return false;
    const std::size_t pps_end =
        pps_at + (std::size_t{record[pps_at - 2]} << 8 | record[pps_at - 1]);
    if (pps_end == pps_at || pps_end > record.size()) return false;
    const auto is_set = [&](std::size_t at, NalType type) {
        return nal_type(record[at]) == type && (record[at] & 0x80) == 0;
    };
    if (!is_set(kSpsAt, NalType::sps) || !is_set(pps_at, NalType::pps)) return false;
    std::ranges::fill(record.first(kSpsAt - 1), std::uint8_t{0});
    record[kSpsAt - 1] = 1;
    std::ranges::fill(record.subspan(sps_end, kBeforePps - 1), std::uint8_t{0});
    record[pps_at - 1] = 1;
    std::ranges::fill(record.subspan(pps_end), std::uint8_t{0});
    return true;
}

}  // namespace

bool is_length_prefixed(Bytes payload) {
    if (payload.size() <= kLengthBytes) return false;
    bool has_unit = false;
    for (std::size_t at = 0; at < payload.size();) {
        const std::size_t left = payload.size() - at;
        if (left < kLengthBytes) return has_unit && trailing_zeros(payload) >= left;
        const std::size_t bytes = load_be32(payload.data() + at);
        at += kLengthBytes;
        if (bytes > payload.size() - at) return false;
        if (bytes == 0) continue;  // an empty unit, as some encoders write them
        if ((payload[at] & 0x80) != 0) return false;
        has_unit = has_unit || is_h264_unit(payload.subspan(at, bytes));
        at += bytes;
    }
    return has_unit;
}

PayloadForm PayloadForms::normalise(std::span<std::uint8_t> payload, std::uint64_t time) {
    const std::size_t zeros = leading_zeros(payload);
    if (zeros == payload.size()) {
        zeros_before_ += zeros;
        return zeros > kZerosMost ? PayloadForm::unknown : PayloadForm::empty;
    }
    const std::size_t zeros_before = std::exchange(zeros_before_, trailing_zeros(payload));
    const bool follows_start_code =
        std::exchange(ends_in_start_code_, ends_in_start_code(payload)) && zeros_before == 0;
    const bool has_start_code = zeros >= 2 && payload[zeros] == 1;
    // A unit of 256 to 511 bytes has a length that looks like a start code: then what would follow
    // that decides, or else the payloads before it.
    const Bytes coded = has_start_code ? Bytes(payload).subspan(zeros + 1) : Bytes();
    const bool may_be_code = !coded.empty() && is_h264_unit(coded) && !is_length_prefixed_;
    if (!may_be_code && is_length_prefixed(payload)) {
        is_length_prefixed_ = true;
        time_ = time;
        to_start_codes(payload);
        return PayloadForm::lengths;
    }
    if (configuration_to_start_codes(payload)) {
        is_length_prefixed_ = true;
        time_ = time;
        return PayloadForm::lengths;
    }
    if (has_start_code) {
        if (!coded.empty() && !is_h264_unit(coded) && !has_h264_unit(payload)) {
            return PayloadForm::unknown;
        }
        is_cut_anywhere_ = is_cut_anywhere_ || coded.empty();
        is_length_prefixed_ = is_bare_ = false;
        time_ = time;
        return PayloadForm::annex_b;
    }
    if (is_length_prefixed_ || is_transport_stream(payload)) return PayloadForm::unknown;
    // A start code that was cut in two, or off its unit.
    const bool completes_code = zeros < 2 && zeros_before + zeros >= 2 && payload[zeros] == 1;
    const Bytes unit = completes_code       ? Bytes(payload).subspan(zeros + 1)
                       : follows_start_code ? Bytes(payload)
                                            : Bytes();
    // Behind a start code it may as well be a piece of a unit that looks like the beginning of one.
    const bool is_first = !time_.has_value();
    is_bare_ =
        is_bare_ || (is_first && unit.empty() && zeros == 0 && begins_with_bare_unit(payload));
    if (is_bare_) return PayloadForm::unknown;
    const bool is_code_alone = completes_code && unit.empty();
    if (is_code_alone) ends_in_start_code_ = true;
    if (is_code_alone || (!unit.empty() && is_h264_unit(unit)) || has_h264_unit(payload))
        is_cut_anywhere_ = true;
    return is_cut_anywhere_ || time_ == time ? PayloadForm::continued : PayloadForm::unknown;
}

}  // namespace st::media
