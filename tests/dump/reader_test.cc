#include "dump/reader.h"

#include <gtest/gtest.h>

#include <random>

#include "base/crc32c.h"
#include "dump/samples.h"

namespace st::dump {
namespace {

using samples::body_of;
using samples::counting;
using samples::dump_of;
using samples::Found;
using samples::header;
using samples::Octets;
using samples::put;
using samples::put_header;
using samples::put_record;
using samples::read_all;

constexpr std::size_t kBody = 50;
constexpr std::size_t kWhole = kRecordHeaderBytes + kBody + kCrcBytes;

/// Offset of record `n` of dump_of(count, kBody).
std::size_t at_record(std::size_t n) { return kFileHeaderBytes + n * kWhole; }

std::vector<std::uint64_t> without(std::vector<std::uint64_t> numbers, std::uint64_t number) {
    std::erase(numbers, number);
    return numbers;
}

TEST(Reader, reads_records_however_they_are_split) {
    const Octets dump = dump_of(5, kBody);
    for (std::size_t step = 1; step <= dump.size(); step = step < 100 ? step + 1 : step + 37) {
        SCOPED_TRACE(step);
        const Found found = read_all(dump, step);
        EXPECT_EQ(found.numbers, counting(0, 5));
        EXPECT_EQ(found.bodies[3], body_of(3, kBody));
        EXPECT_EQ(found.offsets[3], at_record(3));
        EXPECT_EQ(found.losses.count, 0U);
    }
}

TEST(Reader, an_empty_input_is_an_empty_dump) {
    EXPECT_TRUE(read_all({}).numbers.empty());
    EXPECT_EQ(read_all({}).losses.count, 0U);
}

TEST(Reader, reads_records_larger_than_its_window) {
    Octets dump = dump_of(1, kBody);
    put_record(dump, header(1), 1, body_of(1, 5'000'000));
    put_record(dump, header(1), 2, body_of(2, kBodyBytesMax));
    put_record(dump, header(1), 3, body_of(3, kBody));
    const Found found = read_all(dump);
    EXPECT_EQ(found.numbers, counting(0, 4));
    EXPECT_EQ(found.bodies[1], body_of(1, 5'000'000));
    EXPECT_EQ(found.losses.count, 0U);
    EXPECT_LE(found.window_bytes_max, kRecordBytesMax + (1U << 20));
}

TEST(Reader, torn_tail_at_every_byte_loses_the_torn_record_alone) {
    const Octets dump = dump_of(4, kBody);
    for (std::size_t cut = at_record(3) + 1; cut < dump.size(); ++cut) {
        SCOPED_TRACE(cut);
        const Found found = read_all(Bytes(dump).first(cut));
        EXPECT_EQ(found.numbers, counting(0, 3));
        ASSERT_EQ(found.losses.count, 1U);
        EXPECT_EQ(found.losses.list[0].offset, at_record(3));
        EXPECT_EQ(found.losses.list[0].bytes, cut - at_record(3));
    }
    EXPECT_EQ(read_all(Bytes(dump).first(at_record(3))).losses.count, 0U);
}

TEST(Reader, any_flipped_bit_loses_its_record_alone) {
    const Octets dump = dump_of(6, kBody);
    for (std::size_t at = at_record(2); at < at_record(3); ++at) {
        for (const int bit : {0x01, 0x80}) {
            SCOPED_TRACE(at - at_record(2));
            Octets damaged = dump;
            damaged[at] ^= static_cast<std::uint8_t>(bit);
            const Found found = read_all(damaged);
            EXPECT_EQ(found.numbers, without(counting(0, 6), 2));
            ASSERT_EQ(found.losses.count, 1U);
            EXPECT_EQ(found.losses.list[0].offset, at_record(2));
            EXPECT_EQ(found.losses.list[0].bytes, kWhole);
        }
    }
}

TEST(Reader, a_corrupt_length_does_not_swallow_what_follows) {
    for (const std::uint32_t length : {0U, 1U, 49U, 51U, 200U, 4000U, 1'000'000U, 16U << 20, ~0U}) {
        SCOPED_TRACE(length);
        Octets damaged = dump_of(40, kBody);
        store_be32(&damaged[at_record(5) + 12], length);
        const Found found = read_all(damaged);
        EXPECT_EQ(found.numbers, without(counting(0, 40), 5));
        EXPECT_EQ(found.losses.bytes, kWhole);
    }
}

TEST(Reader, a_missing_middle_is_said_though_every_record_is_whole) {
    Octets dump = dump_of(10, kBody);
    dump.erase(dump.begin() + static_cast<std::ptrdiff_t>(at_record(3)),
               dump.begin() + static_cast<std::ptrdiff_t>(at_record(7)));
    const Found found = read_all(dump);
    EXPECT_EQ(found.numbers, (std::vector<std::uint64_t>{0, 1, 2, 7, 8, 9}));
    ASSERT_EQ(found.losses.count, 1U);
    EXPECT_EQ(found.losses.list[0].offset, at_record(3));
    EXPECT_EQ(found.losses.list[0].bytes, 0U);
    EXPECT_EQ(found.losses.list[0].what, "4 records missing");
}

TEST(Reader, a_middle_missing_from_within_records_costs_those_records) {
    Octets dump = dump_of(10, kBody);
    dump.erase(dump.begin() + static_cast<std::ptrdiff_t>(at_record(3) + 20),
               dump.begin() + static_cast<std::ptrdiff_t>(at_record(7) + 60));
    const Found found = read_all(dump);
    EXPECT_EQ(found.numbers, (std::vector<std::uint64_t>{0, 1, 2, 8, 9}));
    EXPECT_EQ(found.losses.count, 1U);
}

TEST(Reader, zeros_of_a_preallocated_tail_are_said) {
    Octets dump = dump_of(3, kBody);
    dump.resize(dump.size() + 5'000'000);
    const Found found = read_all(dump);
    EXPECT_EQ(found.numbers, counting(0, 3));
    ASSERT_EQ(found.losses.count, 1U);
    EXPECT_EQ(found.losses.list[0].what, "zeros at the end");
    EXPECT_EQ(found.losses.list[0].bytes, 5'000'000U);
}

TEST(Reader, zeros_after_a_close_record_are_no_loss) {
    Octets dump = dump_of(3, kBody);
    put_record(dump, header(1), 3, as_bytes("{}"), RecordType::close);
    dump.resize(dump.size() + 70'000);
    const Found found = read_all(dump);
    EXPECT_EQ(found.numbers, counting(0, 4));
    EXPECT_EQ(found.losses.count, 0U);
    EXPECT_TRUE(found.closed);
}

TEST(Reader, a_zeroed_page_in_the_middle_costs_the_records_in_it) {
    Octets dump = dump_of(200, kBody);
    std::fill_n(dump.begin() + 8192, 4096, std::uint8_t{0});
    const Found found = read_all(dump);
    const std::size_t first = (8192 - kFileHeaderBytes) / kWhole;
    const std::size_t last = (8192 + 4096 - 1 - kFileHeaderBytes) / kWhole;
    auto expected = counting(0, first);
    for (const std::uint64_t n : counting(last + 1, 200)) expected.push_back(n);
    EXPECT_EQ(found.numbers, expected);
}

TEST(Reader, dumps_joined_are_one_dump) {
    Octets dump = dump_of(3, kBody, 1);
    put(dump, dump_of(4, kBody, 2));
    put(dump, dump_of(2, kBody, 1));  // the first one's UUID again
    const Found found = read_all(dump, 33);
    EXPECT_EQ(found.numbers, (std::vector<std::uint64_t>{0, 1, 2, 0, 1, 2, 3, 0, 1}));
    EXPECT_EQ(found.losses.count, 0U);
    EXPECT_EQ(found.file_headers, 3U);
}

TEST(Reader, a_dump_joined_behind_a_torn_one_is_read) {
    Octets dump = dump_of(3, kBody, 1);
    dump.resize(dump.size() - 20);
    put(dump, dump_of(4, kBody, 2));
    const Found found = read_all(dump);
    EXPECT_EQ(found.numbers, (std::vector<std::uint64_t>{0, 1, 0, 1, 2, 3}));
    EXPECT_EQ(found.losses.count, 1U);
}

TEST(Reader, a_damaged_file_header_costs_its_own_bytes) {
    for (std::size_t at = 0; at < kFileHeaderBytes; ++at) {
        SCOPED_TRACE(at);
        Octets dump = dump_of(3, kBody);
        dump[at] ^= 0x55;
        const Found found = read_all(dump);
        EXPECT_EQ(found.numbers, counting(0, 3));
        ASSERT_EQ(found.losses.count, 1U);
        EXPECT_EQ(found.losses.bytes, kFileHeaderBytes);
    }
}

TEST(Reader, a_damaged_file_header_between_joined_dumps_costs_its_own_bytes) {
    for (const std::size_t at : {0U, 5U, 9U, 20U, 63U}) {
        SCOPED_TRACE(at);
        Octets dump = dump_of(3, kBody, 1);
        const std::size_t second = dump.size();
        put(dump, dump_of(4, kBody, 2));
        dump[second + at] ^= 0x55;
        const Found found = read_all(dump);
        EXPECT_EQ(found.numbers, (std::vector<std::uint64_t>{0, 1, 2, 0, 1, 2, 3}));
        ASSERT_EQ(found.losses.count, 1U);
        EXPECT_EQ(found.losses.list[0].offset, second);
        EXPECT_EQ(found.losses.bytes, kFileHeaderBytes);
    }
}

/// A dump whose record 2 holds a whole other dump.
Octets nesting_dump(std::size_t& nested_at, std::size_t& nested_end) {
    Octets dump = dump_of(2, kBody, 1);
    nested_at = dump.size();
    put_record(dump, header(1), 2, dump_of(30, kBody, 2));
    nested_end = dump.size();
    for (std::uint64_t n = 3; n < 6; ++n) put_record(dump, header(1), n, body_of(n, kBody));
    return dump;
}

TEST(Reader, a_dump_inside_a_payload_is_payload) {
    std::size_t at = 0;
    std::size_t end = 0;
    const Found found = read_all(nesting_dump(at, end));
    EXPECT_EQ(found.numbers, counting(0, 6));
    EXPECT_EQ(found.bodies[2], dump_of(30, kBody, 2));
}

TEST(Reader, a_dump_inside_a_damaged_payload_is_not_believed) {
    std::size_t at = 0;
    std::size_t end = 0;
    const Octets dump = nesting_dump(at, end);
    for (std::size_t damaged_at = at; damaged_at < end; damaged_at += 13) {
        SCOPED_TRACE(damaged_at - at);
        Octets damaged = dump;
        damaged[damaged_at] ^= 0x10;
        const Found found = read_all(damaged, 1000);
        EXPECT_EQ(found.numbers, without(counting(0, 6), 2));
        EXPECT_EQ(found.losses.bytes, end - at);
    }
}

TEST(Reader, stale_records_of_the_same_dump_are_not_taken_twice) {
    Octets dump = dump_of(6, kBody);
    const Octets again(dump.begin() + static_cast<std::ptrdiff_t>(at_record(2)),
                       dump.begin() + static_cast<std::ptrdiff_t>(at_record(4)));
    put(dump, again);
    const Found found = read_all(dump);
    EXPECT_EQ(found.numbers, counting(0, 6));
    EXPECT_EQ(found.losses.bytes, again.size());
}

TEST(Reader, unknown_types_are_skipped_without_a_loss) {
    Octets dump = dump_of(2, kBody);
    put_record(dump, header(1), 2, body_of(2, kBody), static_cast<RecordType>(77));
    put_record(dump, header(1), 3, body_of(3, kBody));
    const Found found = read_all(dump);
    EXPECT_EQ(found.numbers, (std::vector<std::uint64_t>{0, 1, 3}));
    EXPECT_EQ(found.losses.count, 0U);
}

TEST(Reader, forged_markers_in_damage_are_not_believed) {
    Octets dump = dump_of(3, kBody);
    for (int i = 0; i < 1000; ++i) {
        put(dump, encode_record_header({RecordType::frame, 1 << 20, tag_of(header(1).uuid),
                                        3 + static_cast<std::uint64_t>(i), 0}));
    }
    put_record(dump, header(1), 3, body_of(3, kBody));
    const Found found = read_all(dump);
    EXPECT_EQ(found.numbers, counting(0, 4));
    EXPECT_EQ(found.losses.bytes, 36'000U);
}

TEST(Reader, a_foreign_file_is_one_damage) {
    Octets noise(300'000);
    std::mt19937 random(7);
    for (auto& byte : noise) byte = static_cast<std::uint8_t>(random());
    const Found found = read_all(noise);
    EXPECT_TRUE(found.numbers.empty());
    ASSERT_EQ(found.losses.count, 1U);
    EXPECT_EQ(found.losses.bytes, noise.size());
}

TEST(Reader, the_list_of_damages_is_capped_and_the_count_is_not) {
    Octets dump = dump_of(500, kBody);
    for (std::size_t n = 0; n < 500; n += 2) dump[at_record(n) + 40] ^= 1;
    const Found found = read_all(dump);
    EXPECT_EQ(found.numbers.size(), 250U);
    EXPECT_EQ(found.losses.list.size(), kDamageListMax);
    EXPECT_EQ(found.losses.count, 250U);
    EXPECT_EQ(found.losses.bytes, 250 * kWhole);
}

TEST(Reader, a_corrupt_length_does_not_make_it_allocate) {
    Octets dump = dump_of(2, kBody);
    store_be32(&dump[at_record(1) + 12], 16U << 20);
    dump.resize(dump.size() + (40U << 20), 0x5A);
    const Found found = read_all(dump);
    EXPECT_EQ(found.numbers, counting(0, 1));
    EXPECT_LE(found.window_bytes_max, kRecordBytesMax + (2U << 20));
}

struct UnevenDump {
    Octets bytes;
    std::vector<std::size_t> begins;  ///< of each record, and the end
};

/// Records of very different sizes, so that boundaries fall everywhere.
template <class Below>
UnevenDump uneven_dump(std::uint64_t records, Below& below) {
    UnevenDump made;
    put_header(made.bytes, header(1));
    for (std::uint64_t n = 0; n < records; ++n) {
        made.begins.push_back(made.bytes.size());
        put_record(made.bytes, header(1), n, body_of(n, 8 + below(400)));
    }
    made.begins.push_back(made.bytes.size());
    return made;
}

TEST(Reader, thousands_of_random_damages_lose_only_what_they_hit) {
    std::mt19937 random(20260131);
    const auto below = [&](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    const UnevenDump made = uneven_dump(60, below);
    const Octets& clean = made.bytes;
    const std::vector<std::size_t>& begins = made.begins;
    for (int round = 0; round < 4000; ++round) {
        SCOPED_TRACE(round);
        Octets damaged = clean;
        std::vector<bool> hit(60, false);
        const std::size_t wounds = 1 + below(4);
        for (std::size_t w = 0; w < wounds; ++w) {
            const std::size_t from = below(damaged.size());
            const std::size_t length = std::min(damaged.size() - from, 1 + below(w == 0 ? 600 : 8));
            for (std::size_t i = from; i < from + length; ++i) {
                const auto value = static_cast<std::uint8_t>(round % 3 == 0 ? 0 : random());
                if (damaged[i] == value) continue;
                damaged[i] = value;
                for (std::size_t n = 0; n < 60; ++n) {
                    if (i >= begins[n] && i < begins[n + 1]) hit[n] = true;
                }
            }
        }
        const Found found = read_all(damaged, 1 + below(5000));
        std::vector<std::uint64_t> expected;
        for (std::uint64_t n = 0; n < 60; ++n) {
            if (!hit[n]) expected.push_back(n);
        }
        ASSERT_EQ(found.numbers, expected);
        for (std::size_t i = 0; i < found.bodies.size(); ++i) {
            ASSERT_EQ(found.bodies[i], body_of(found.numbers[i], found.bodies[i].size()));
        }
    }
}

TEST(Reader, later_records_at_an_earlier_place_outlaw_nothing) {
    std::mt19937 random(606);
    const auto below = [&](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    const UnevenDump made = uneven_dump(100, below);
    const Octets& clean = made.bytes;
    const std::vector<std::size_t>& begins = made.begins;
    for (int round = 0; round < 3000; ++round) {
        SCOPED_TRACE(round);
        const std::size_t length = 1 + below(4000);
        const std::size_t from = below(clean.size() - length);
        const std::size_t to = kFileHeaderBytes + below(clean.size() - kFileHeaderBytes);
        const Octets copy(clean.begin() + static_cast<std::ptrdiff_t>(from),
                          clean.begin() + static_cast<std::ptrdiff_t>(from + length));
        Octets damaged = clean;
        std::size_t end = to;
        if (round % 2 == 0) {
            damaged.insert(damaged.begin() + static_cast<std::ptrdiff_t>(to), copy.begin(),
                           copy.end());
        } else {
            end = std::min(to + length, damaged.size());
            std::copy_n(copy.begin(), end - to, damaged.begin() + static_cast<std::ptrdiff_t>(to));
        }
        std::vector<std::uint64_t> expected;
        for (std::uint64_t n = 0; n < 100; ++n) {
            if (begins[n + 1] <= to || begins[n] >= end) expected.push_back(n);
        }
        // Of what follows the copy two are needed to tell which numbers are right.
        if (expected.size() < 3 || end > begins[97]) continue;
        const auto record_at = [&](std::size_t place) {
            return std::ranges::upper_bound(begins, place) - begins.begin() - 1;
        };
        const std::string what = "records " + std::to_string(record_at(from)) + " to " +
                                 std::to_string(record_at(from + length)) + " copied to " +
                                 std::to_string(record_at(to)) + ", up to " +
                                 std::to_string(record_at(end));
        SCOPED_TRACE(what);
        const Found found = read_all(damaged, 1 + below(5000));
        std::size_t at = 0;
        for (const std::uint64_t number : expected) {
            while (at < found.numbers.size() && found.numbers[at] != number) ++at;
            ASSERT_LT(at, found.numbers.size()) << "record " << number << " is lost";
        }
        ASSERT_TRUE(std::ranges::is_sorted(found.numbers));
        ASSERT_TRUE(std::ranges::adjacent_find(found.numbers) == found.numbers.end());
    }
}

}  // namespace
}  // namespace st::dump
