#pragma once
/// NAL units of an H.264 Annex B byte stream: finding them, and reading bits out of them. Pure.
/// Spec: ITU-T H.264 7.3.1, 7.4.1, Annex B.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"

namespace st::media {

/// nal_unit_type, Table 7-1. Only those that are told apart somewhere.
enum class NalType : std::uint8_t {
    slice = 1,
    partition_a = 2,
    partition_b = 3,
    partition_c = 4,
    idr = 5,
    sei = 6,
    sps = 7,
    pps = 8,
    access_unit_delimiter = 9,
    end_of_sequence = 10,
    end_of_stream = 11,
    filler = 12,
    sps_extension = 13,
    svc_prefix = 14,
    subset_sps = 15,
    auxiliary_slice = 19,
    svc_slice = 20,
    svc_slice_3d = 21,
};

inline NalType nal_type(std::uint8_t first_byte) { return static_cast<NalType>(first_byte & 0x1F); }
inline std::uint8_t nal_ref_idc(std::uint8_t first_byte) { return (first_byte >> 5) & 3; }

/// The first 00 00 01 in [at, end), or end. Vectorised where the CPU can.
const std::uint8_t* find_start_code(const std::uint8_t* at, const std::uint8_t* end);

/// The portable form, for other CPUs and as the test's second opinion.
const std::uint8_t* find_start_code_portable(const std::uint8_t* at, const std::uint8_t* end);

/// One NAL unit inside a buffer, by positions so that the buffer may be written to.
struct NalSpan {
    std::size_t begin;  ///< first byte after the start code
    std::size_t end;    ///< one past the last byte; trailing zero bytes are not part of it
    std::size_t
        start_bytes;  ///< zeros and the 01 directly before `begin` that belong to it: 3 or 4
};

/// Walks the NAL units of a buffer. Bytes before the first start code are skipped: see
/// leading_bytes().
class NalWalker {
 public:
    explicit NalWalker(Bytes bytes);

    /// Where the unit that next() would return begins; nullopt: none is left. Does not look for the
    /// unit's end, so a large picture costs nothing.
    std::optional<std::size_t> next_begin();

    /// False at the end. Empty units (two start codes in a row) are passed over.
    bool next(NalSpan& nal);

    /// How many bytes stand before the first start code (and its leading zeros).
    std::size_t leading_bytes() const { return leading_bytes_; }

 private:
    Bytes bytes_;
    const std::uint8_t* at_;  ///< the 00 00 01 to handle next, or the end
    std::size_t previous_end_ = 0;
    std::size_t leading_bytes_ = 0;
};

/// Copies a NAL unit's content without emulation prevention bytes, at most out.size() bytes.
/// Returns how many.
std::size_t unescape(Bytes nal, std::span<std::uint8_t> out);

/// Bits from the most significant one on. Reading past the end gives zeros and makes overrun()
/// true.
class BitReader {
 public:
    explicit BitReader(Bytes bytes) : bytes_(bytes) {}

    std::uint32_t bits(unsigned count);  ///< count at most 32
    bool flag() { return bits(1) != 0; }
    std::uint32_t ue();  ///< Exp-Golomb, 9.1; a code of more than 32 zeros counts as overrun
    std::int32_t se();
    void skip(std::size_t count) { at_ += count; }

    bool overrun() const { return at_ > bytes_.size() * 8 || broken_; }
    std::size_t position() const { return at_; }
    std::size_t left() const { return at_ < bytes_.size() * 8 ? bytes_.size() * 8 - at_ : 0; }

 private:
    Bytes bytes_;
    std::size_t at_ = 0;  ///< in bits
    bool broken_ = false;
};

}  // namespace st::media
