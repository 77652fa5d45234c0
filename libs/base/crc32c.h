#pragma once
/// CRC-32C (Castagnoli), reflected, as in RFC 3720 appendix B.4. "123456789" -> E3069283.
#include <cstdint>

#include "base/bytes.h"

namespace st {

/// The CRC of `bytes` after bytes whose CRC is `crc`: crc32c(b, crc32c(a)) == crc32c(a followed by
/// b). Any thread. Uses SSE4.2 where the CPU has it.
std::uint32_t crc32c(Bytes bytes, std::uint32_t crc = 0);

/// The portable table form, for CPUs without SSE4.2 and as the test's second opinion.
std::uint32_t crc32c_portable(Bytes bytes, std::uint32_t crc = 0);

}  // namespace st
