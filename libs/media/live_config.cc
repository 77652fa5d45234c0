#include "media/live_config.h"

#include <array>

#include "media/avc_config.h"
#include "media/nal.h"

namespace st::media {
namespace {

constexpr std::uint8_t kBaseline = 66;
constexpr std::size_t kLengthBytes = 4;

class BitWriter {
 public:
    void flag(bool value) {
        if (used_ % 8 == 0) bytes_.push_back(0);
        if (value) bytes_.back() |= static_cast<std::uint8_t>(0x80 >> (used_ % 8));
        ++used_;
    }
    void ue(std::uint32_t value) {  // 9.1
        const std::uint64_t code = std::uint64_t{value} + 1;
        int bits = 0;
        while (code >> (bits + 1) != 0) ++bits;
        for (int i = 0; i < bits; ++i) flag(false);
        for (int i = bits; i >= 0; --i) flag((code >> i & 1) != 0);
    }
    void copy(Bytes from, std::size_t bits) {
        for (std::size_t i = 0; i < bits; ++i) flag((from[i / 8] & (0x80 >> (i % 8))) != 0);
    }
    void trailing_bits() {
        flag(true);
        while (used_ % 8 != 0) flag(false);
    }
    Bytes bytes() const { return bytes_; }

 private:
    std::vector<std::uint8_t> bytes_;
    std::size_t used_ = 0;
};

/// bitstream_restriction_flag and what follows it.
void write_restriction(BitWriter& out, const Sps& sps) {
    constexpr std::uint32_t kMvBits = 15;
    out.flag(true);
    out.flag(true);  // motion vectors over picture boundaries: inferred so without this
    out.ue(2);       // max_bytes_per_pic_denom, likewise
    out.ue(1);       // max_bits_per_mb_denom
    out.ue(kMvBits);
    out.ue(kMvBits);
    out.ue(0);  // max_num_reorder_frames
    out.ue(sps.max_num_ref_frames);
}

std::vector<std::uint8_t> escaped(std::uint8_t header, Bytes plain) {  // 7.4.1
    std::vector<std::uint8_t> nal{header};
    std::size_t zeros = 0;
    for (const std::uint8_t byte : plain) {
        if (zeros >= 2 && byte <= 3) {
            nal.push_back(3);
            zeros = 0;
        }
        nal.push_back(byte);
        zeros = byte == 0 ? zeros + 1 : 0;
    }
    return nal;
}

}  // namespace

bool never_reorders(const Sps& sps) { return sps.profile_idc == kBaseline || sps.poc_type == 2; }

std::optional<std::vector<std::uint8_t>> without_reordering(Bytes nal) {
    const auto sps = parse_sps(nal);
    if (!sps || !never_reorders(*sps) || sps->vui.max_num_reorder_frames == 0U) return {};
    if (sps->restriction_bit == 0 && sps->vui_bit == 0) return {};
    std::vector<std::uint8_t> plain(nal.size() - 1);
    plain.resize(unescape(nal.subspan(1), plain));
    BitWriter out;
    if (sps->restriction_bit != 0) {
        out.copy(plain, sps->restriction_bit);
    } else {
        constexpr int kAbsent = 8;  // all else that a VUI may hold
        out.copy(plain, sps->vui_bit);
        out.flag(true);
        for (int i = 0; i < kAbsent; ++i) out.flag(false);
    }
    write_restriction(out, *sps);
    out.trailing_bits();
    return escaped(nal[0], out.bytes());
}

std::optional<Buffer> config_without_reordering(Bytes record) {
    const auto config = parse_avc_config(record);
    if (!config || config->length_bytes != kLengthBytes || config->sps.empty()) return {};
    std::vector<std::vector<std::uint8_t>> changed;
    std::vector<Bytes> list;
    changed.reserve(config->sps.size());
    for (const Bytes& sps : config->sps) {
        if (auto other = without_reordering(sps)) {
            changed.push_back(std::move(*other));
            list.emplace_back(changed.back());
        } else {
            list.push_back(sps);
        }
    }
    if (changed.empty()) return {};
    return encode_avc_config(list, config->pps);
}

std::optional<Buffer> sample_without_reordering(Bytes sample) {
    Buffer out;
    std::size_t copied = 0;
    for (std::size_t at = 0; at + kLengthBytes < sample.size();) {
        const std::size_t size = load_be32(sample.data() + at);
        if (size == 0 || size > sample.size() - at - kLengthBytes) break;
        const Bytes nal = sample.subspan(at + kLengthBytes, size);
        const NalType type = nal_type(nal[0]);
        if (type == NalType::slice || type == NalType::idr) break;
        if (type == NalType::sps) {
            if (const auto other = without_reordering(nal)) {
                std::array<std::uint8_t, kLengthBytes> length{};
                store_be32(length.data(), static_cast<std::uint32_t>(other->size()));
                out.append(sample.subspan(copied, at - copied));
                out.append(length);
                out.append(*other);
                copied = at + kLengthBytes + size;
            }
        }
        at += kLengthBytes + size;
    }
    if (copied == 0) return {};
    out.append(sample.subspan(copied));
    return out;
}

}  // namespace st::media
