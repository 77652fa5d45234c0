#include "media/nal.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace st::media {

const std::uint8_t* find_start_code_portable(const std::uint8_t* at, const std::uint8_t* end) {
    // Looks at every third byte: 00 00 01 cannot avoid all of them.
    while (end - at >= 3) {
        if (at[2] > 1) {
            at += 3;
        } else if (at[2] == 1) {
            if (at[0] == 0 && at[1] == 0) return at;
            at += 3;
        } else {
            at += 1;
        }
    }
    return end;
}

#if defined(__x86_64__)
namespace {

const std::uint8_t* find_sse2(const std::uint8_t* at, const std::uint8_t* end) {
    const __m128i zero = _mm_setzero_si128();
    const __m128i one = _mm_set1_epi8(1);
    while (end - at >= 18) {
        const auto load = [&](int by) {
            return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + by));
        };
        const __m128i zeros = _mm_cmpeq_epi8(_mm_or_si128(load(0), load(1)), zero);
        const __m128i hits = _mm_and_si128(zeros, _mm_cmpeq_epi8(load(2), one));
        const int mask = _mm_movemask_epi8(hits);
        if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
        at += 16;
    }
    return find_start_code_portable(at, end);
}

__attribute__((target("avx2"))) const std::uint8_t* find_avx2(const std::uint8_t* at,
                                                              const std::uint8_t* end) {
    const __m256i zero = _mm256_setzero_si256();
    const __m256i one = _mm256_set1_epi8(1);
    while (end - at >= 34) {
        const auto* p = at;
        const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
        const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 1));
        const __m256i c = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 2));
        const __m256i zeros = _mm256_cmpeq_epi8(_mm256_or_si256(a, b), zero);
        const __m256i hits = _mm256_and_si256(zeros, _mm256_cmpeq_epi8(c, one));
        const int mask = _mm256_movemask_epi8(hits);
        if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
        at += 32;
    }
    return find_sse2(at, end);
}

}  // namespace

const std::uint8_t* find_start_code(const std::uint8_t* at, const std::uint8_t* end) {
    static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
    return has_avx2 ? find_avx2(at, end) : find_sse2(at, end);
}
#else
const std::uint8_t* find_start_code(const std::uint8_t* at, const std::uint8_t* end) {
    return find_start_code_portable(at, end);
}
#endif

NalWalker::NalWalker(Bytes bytes)
    : bytes_(bytes), at_(find_start_code(bytes.data(), bytes.data() + bytes.size())) {
    leading_bytes_ = static_cast<std::size_t>(at_ - bytes_.data());
    while (leading_bytes_ > 0 && bytes_[leading_bytes_ - 1] == 0) --leading_bytes_;
    previous_end_ = leading_bytes_;
}

std::optional<std::size_t> NalWalker::next_begin() {
    while (at_ != bytes_.data() + bytes_.size()) {
        const auto begin = static_cast<std::size_t>(at_ - bytes_.data()) + 3;
        std::size_t at = begin;
        while (at < bytes_.size() && bytes_[at] == 0) ++at;
        const bool is_start_code = at < bytes_.size() && bytes_[at] == 1 && at - begin >= 2;
        if (at < bytes_.size() && !is_start_code) return begin;
        // An empty unit: go on with the start code behind it, if there is one.
        at_ = bytes_.data() + (is_start_code ? at - 2 : bytes_.size());
        previous_end_ = begin;
    }
    return std::nullopt;
}

bool NalWalker::next(NalSpan& nal) {
    const std::uint8_t* const first = bytes_.data();
    const std::uint8_t* const last = first + bytes_.size();
    while (at_ != last) {
        const auto code = static_cast<std::size_t>(at_ - first);
        nal.begin = code + 3;
        nal.start_bytes = code > previous_end_ ? 4 : 3;
        at_ = find_start_code(at_ + 3, last);
        nal.end = static_cast<std::size_t>(at_ - first);
        while (nal.end > nal.begin && bytes_[nal.end - 1] == 0) --nal.end;
        previous_end_ = nal.end;
        if (nal.end > nal.begin) return true;
    }
    return false;
}

std::size_t unescape(Bytes nal, std::span<std::uint8_t> out) {
    std::size_t size = 0;
    unsigned zeros = 0;
    for (const std::uint8_t byte : nal) {
        if (size == out.size()) break;
        if (zeros >= 2 && byte == 3) {
            zeros = 0;
            continue;
        }
        zeros = byte == 0 ? zeros + 1 : 0;
        out[size++] = byte;
    }
    return size;
}

std::uint32_t BitReader::bits(unsigned count) {
    std::uint64_t value = 0;
    for (unsigned left = count; left > 0;) {
        const std::size_t byte = at_ / 8;
        const unsigned offset = static_cast<unsigned>(at_ % 8);
        const unsigned take = std::min(8 - offset, left);
        const unsigned current = byte < bytes_.size() ? bytes_[byte] : 0U;
        value = value << take | ((current >> (8 - offset - take)) & ((1U << take) - 1));
        at_ += take;
        left -= take;
    }
    return static_cast<std::uint32_t>(value);
}

std::uint32_t BitReader::ue() {
    unsigned zeros = 0;
    while (!overrun() && !flag()) ++zeros;
    if (overrun() || zeros > 31) {
        broken_ = true;
        return 0;
    }
    return (1U << zeros) - 1 + bits(zeros);
}

std::int32_t BitReader::se() {
    const std::uint32_t code = ue();
    const std::int64_t half = std::int64_t{code} / 2 + code % 2;
    return static_cast<std::int32_t>(code % 2 == 1 ? half : -half);
}

}  // namespace st::media
