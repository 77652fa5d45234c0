#include "base/crc32c.h"

#include <array>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace st {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // reflected 1EDC6F41

using Table = std::array<std::uint32_t, 256>;

constexpr std::array<Table, 8> make_tables() {
    std::array<Table, 8> tables{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? kPolynomial : 0);
        tables[0][i] = crc;
    }
    for (std::size_t t = 1; t < 8; ++t) {
        for (std::size_t i = 0; i < 256; ++i) {
            tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 0xFF];
        }
    }
    return tables;
}

constexpr std::array<Table, 8> kTables = make_tables();

/// Eight bytes a step ("slicing by eight").
std::uint32_t update_portable(std::uint32_t crc, const std::uint8_t* at, std::size_t size) {
    for (; size >= 8; at += 8, size -= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, 8);
        word ^= crc;
        crc = kTables[7][word & 0xFF] ^ kTables[6][(word >> 8) & 0xFF] ^
              kTables[5][(word >> 16) & 0xFF] ^ kTables[4][(word >> 24) & 0xFF] ^
              kTables[3][(word >> 32) & 0xFF] ^ kTables[2][(word >> 40) & 0xFF] ^
              kTables[1][(word >> 48) & 0xFF] ^ kTables[0][(word >> 56) & 0xFF];
    }
    for (; size > 0; ++at, --size) crc = (crc >> 8) ^ kTables[0][(crc ^ *at) & 0xFF];
    return crc;
}

#if defined(__x86_64__)

/// The CRC instruction has a latency of three cycles and a throughput of one: three lanes of kLane
/// bytes run side by side, and a table moves a lane's CRC past the lanes behind it.
constexpr std::size_t kLane = 512;

constexpr std::array<Table, 4> make_skip_tables() {
    // crc -> crc after kLane zero bytes is linear over GF(2): 32 columns give any value.
    std::array<std::uint32_t, 32> columns{};
    for (std::uint32_t bit = 0; bit < 32; ++bit) {
        std::uint32_t crc = 1U << bit;
        for (std::size_t i = 0; i < kLane; ++i) crc = (crc >> 8) ^ kTables[0][crc & 0xFF];
        columns[bit] = crc;
    }
    std::array<Table, 4> tables{};
    for (std::uint32_t byte = 0; byte < 4; ++byte) {
        for (std::uint32_t value = 0; value < 256; ++value) {
            std::uint32_t crc = 0;
            for (std::uint32_t bit = 0; bit < 8; ++bit) {
                if (value & (1U << bit)) crc ^= columns[byte * 8 + bit];
            }
            tables[byte][value] = crc;
        }
    }
    return tables;
}

constexpr std::array<Table, 4> kSkipLane = make_skip_tables();

std::uint32_t skip_lane(std::uint32_t crc) {
    return kSkipLane[0][crc & 0xFF] ^ kSkipLane[1][(crc >> 8) & 0xFF] ^
           kSkipLane[2][(crc >> 16) & 0xFF] ^ kSkipLane[3][crc >> 24];
}

std::uint64_t load64(const std::uint8_t* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    return word;
}

__attribute__((target("sse4.2"))) std::uint32_t update_sse42(std::uint32_t crc,
                                                             const std::uint8_t* at,
                                                             std::size_t size) {
    for (; size >= 3 * kLane; at += 3 * kLane, size -= 3 * kLane) {
        std::uint64_t a = crc;
        std::uint64_t b = 0;
        std::uint64_t c = 0;
        for (std::size_t i = 0; i < kLane; i += 8) {
            a = _mm_crc32_u64(a, load64(at + i));
            b = _mm_crc32_u64(b, load64(at + kLane + i));
            c = _mm_crc32_u64(c, load64(at + 2 * kLane + i));
        }
        crc = skip_lane(skip_lane(static_cast<std::uint32_t>(a)) ^ static_cast<std::uint32_t>(b)) ^
              static_cast<std::uint32_t>(c);
    }
    std::uint64_t wide = crc;
    for (; size >= 8; at += 8, size -= 8) wide = _mm_crc32_u64(wide, load64(at));
    crc = static_cast<std::uint32_t>(wide);
    for (; size > 0; ++at, --size) crc = _mm_crc32_u8(crc, *at);
    return crc;
}

#endif

}  // namespace

std::uint32_t crc32c_portable(Bytes bytes, std::uint32_t crc) {
    return ~update_portable(~crc, bytes.data(), bytes.size());
}

std::uint32_t crc32c(Bytes bytes, std::uint32_t crc) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) {
        return ~update_sse42(~crc, bytes.data(), bytes.size());
    }
#endif
    return crc32c_portable(bytes, crc);
}

}  // namespace st
