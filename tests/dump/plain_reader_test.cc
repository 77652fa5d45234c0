#include "dump/plain_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "dump/samples.h"

namespace st::dump {
namespace {

using samples::Octets;
using samples::put;

struct Plain {
    Octets bytes;
    std::vector<std::size_t> at;  ///< where each message begins, and the end
};

Octets payload_of(std::mt19937& random, std::size_t size) {
    Octets payload = {0, 0, 0, 1, 0x65};
    while (payload.size() < size) {
        // No start code by chance, zeros now and then.
        const auto byte = static_cast<std::uint8_t>(random());
        payload.push_back(byte == 1 ? 7 : byte < 40 ? 0 : byte);
    }
    return payload;
}

Plain make_plain(std::mt19937& random, std::uint32_t count, std::size_t size_max,
                 std::uint64_t begin_ms = 90'000'000, std::uint32_t first = 0) {
    Plain made;
    for (std::uint32_t n = 0; n < count; ++n) {
        made.at.push_back(made.bytes.size());
        const Octets payload = payload_of(random, 5 + random() % size_max);
        put(made.bytes, camera::encode_header({begin_ms + 33ULL * n, first + n, payload}));
        put(made.bytes, payload);
    }
    made.at.push_back(made.bytes.size());
    return made;
}

/// What a camera may do to its headers: changes number and time of the one before.
using Habit = void (*)(std::mt19937& random, std::uint32_t n, std::uint32_t& seq,
                       std::uint64_t& device_ms);

/// Each access unit is one payload with start codes inside, cut into as many messages as `pieces`
/// says: all but the first begin anywhere.
Plain make_odd(std::mt19937& random, std::uint32_t count, std::size_t size_max, Habit habit,
               std::size_t pieces = 1, std::uint32_t seq = 7,
               std::uint64_t device_ms = 90'000'000) {
    Plain made;
    for (std::uint32_t n = 0; n < count; ++n) {
        if (n > 0) habit(random, n, seq, device_ms);
        Octets unit;
        for (auto nals = 1 + random() % 3; nals > 0; --nals)
            put(unit, payload_of(random, 24 + random() % size_max));
        for (std::size_t piece = 0; piece < pieces; ++piece) {
            const auto from = static_cast<std::ptrdiff_t>(unit.size() * piece / pieces);
            const auto to = static_cast<std::ptrdiff_t>(unit.size() * (piece + 1) / pieces);
            Octets payload(unit.begin() + from, unit.begin() + to);
            // A start code by chance would make it easier.
            if (piece > 0) payload[0] = 0x55;
            made.at.push_back(made.bytes.size());
            put(made.bytes, camera::encode_header({device_ms, seq, payload}));
            put(made.bytes, payload);
        }
    }
    made.at.push_back(made.bytes.size());
    return made;
}

Octets payload_at(const Plain& plain, std::size_t n) {
    const auto at = [&](std::size_t i) {
        return plain.bytes.begin() + static_cast<std::ptrdiff_t>(plain.at[i]);
    };
    return {at(n) + camera::kHeaderBytes, at(n + 1)};
}

constexpr std::array<Habit, 10> kHabits = {
    [](auto&, auto n, auto& seq, auto& ms) {  // a restart, and every second one from there on
        seq = n < 30 ? seq + 1 : n == 30 ? 0 : seq + 2;
        ms = n == 30 ? 5 : ms + 33;
    },
    [](auto&, auto n, auto& seq, auto& ms) {  // a gap while the clock is set
        seq += n == 30 ? 100 : 1;
        ms += n == 30 ? 3'600'000 : 33;
    },
    [](auto&, auto, auto& seq, auto& ms) {
        seq += 100;
        ms += 33;
    },
    [](auto& random, auto, auto& seq, auto& ms) {
        seq += static_cast<std::uint32_t>(1 + random() % 100);
        ms += 33;
    },
    [](auto& random, auto, auto& seq, auto& ms) {
        seq += static_cast<std::uint32_t>(1 + random() % 1'000'000);
        ms += 33;
    },
    [](auto&, auto n, auto& seq, auto& ms) {  // a restart, then gaps
        seq = n == 30 ? 0 : n == 31 ? 5 : n == 32 ? 400 : seq + 1;
        ms += 33;
    },
    [](auto&, auto n, auto& seq, auto& ms) {  // the same, with the clock
        seq = n == 30 ? 0 : n == 31 ? 3 : n == 32 ? 7 : seq + 1;
        ms = n == 30 ? 5 : ms + 33;
    },
    [](auto& random, auto, auto& seq, auto& ms) {
        seq = static_cast<std::uint32_t>(random());
        ms += 33;
    },
    [](auto& random, auto, auto& seq, auto& ms) {
        seq = static_cast<std::uint32_t>(random());
        ms = std::uint64_t{random() & 0x7FFFFFFF} << 32;
        ms += random();
    },
    [](auto& random, auto n, auto& seq, auto& ms) {  // two that are swapped now and then
        seq += n % 10 == 4 ? 2 : n % 10 == 5 ? -1U : n % 10 == 6 ? 2 : 1;
        ms += random() % 50;
    },
};

struct FoundPlain {
    std::vector<std::uint32_t> numbers;
    std::vector<Octets> payloads;
    Losses losses;
};

FoundPlain read_plain(Bytes bytes, std::size_t step = std::size_t{1} << 20) {
    PlainReader reader;
    FoundPlain found;
    std::size_t at = 0;
    for (;;) {
        if (const auto frame = reader.next()) {
            found.numbers.push_back(frame->seq);
            found.payloads.emplace_back(frame->payload.begin(), frame->payload.end());
            continue;
        }
        if (reader.at_end()) break;
        const auto space = reader.space();
        const std::size_t n = std::min({step, space.size(), bytes.size() - at});
        if (n == 0) {
            reader.finish();
            continue;
        }
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), n, space.begin());
        reader.commit(n);
        at += n;
    }
    found.losses = reader.losses();
    return found;
}

TEST(PlainReader, a_whole_dump_has_no_losses) {
    std::mt19937 random(1);
    const Plain plain = make_plain(random, 200, 3000);
    for (const std::size_t step : {std::size_t{1}, std::size_t{777}, std::size_t{1} << 20}) {
        const FoundPlain found = read_plain(plain.bytes, step);
        EXPECT_EQ(found.numbers.size(), 200U);
        EXPECT_EQ(found.losses.count, 0U);
    }
}

TEST(PlainReader, odd_numbers_and_times_are_no_losses) {
    std::mt19937 random(2);
    Octets bytes = make_plain(random, 20, 300).bytes;
    put(bytes, make_plain(random, 20, 300, 5000, 0).bytes);         // the camera began anew
    put(bytes, make_plain(random, 20, 300, 9'000'000, 500).bytes);  // a gap
    put(bytes, make_plain(random, 20, 300, 1, 0xFFFFFFF0U).bytes);  // the number wraps
    put(bytes, camera::encode_header({700, 4, {}}));                // nothing in it
    put(bytes, make_plain(random, 1, 300, 800, 5).bytes);
    put(bytes, make_plain(random, 1, 300, 800, 5).bytes);  // the same number again
    const Octets part = {0x33, 0x44, 0x55};
    put(bytes, camera::encode_header({833, 6, part}));  // goes on with the one before
    put(bytes, part);
    const FoundPlain found = read_plain(bytes);
    EXPECT_EQ(found.numbers.size(), 84U);
    EXPECT_EQ(found.losses.count, 0U) << found.losses.list[0].what << found.losses.list[0].offset;
}

TEST(PlainReader, numbers_that_never_change_are_no_losses) {
    std::mt19937 random(3);
    Octets bytes;
    for (std::uint64_t n = 0; n < 30; ++n) {
        const Octets payload = payload_of(random, 50);
        put(bytes, camera::encode_header({n * 40, 0, payload}));
        put(bytes, payload);
    }
    EXPECT_EQ(read_plain(bytes).losses.count, 0U);
}

void expect_whole(const Plain& plain, std::size_t step) {
    const FoundPlain found = read_plain(plain.bytes, step);
    ASSERT_EQ(found.losses.count, 0U) << found.losses.list[0].what << found.losses.list[0].offset;
    ASSERT_EQ(found.payloads.size(), plain.at.size() - 1);
    for (std::size_t n = 0; n < found.payloads.size(); ++n)
        ASSERT_EQ(found.payloads[n], payload_at(plain, n)) << n;
}

TEST(PlainReader, lengths_that_chain_on_are_believed_before_the_numbers) {
    std::mt19937 random(11);
    for (int round = 0; round < 40; ++round) {
        for (std::size_t habit = 0; habit < kHabits.size(); ++habit) {
            SCOPED_TRACE(testing::Message() << "round " << round << " habit " << habit);
            const Plain plain = make_odd(random, 60, 20 + random() % 600, kHabits[habit]);
            expect_whole(plain, 1 + random() % 5000);
        }
    }
}

TEST(PlainReader, pieces_of_an_access_unit_may_share_number_and_time) {
    std::mt19937 random(12);
    for (int round = 0; round < 40; ++round) {
        for (std::size_t habit = 0; habit < kHabits.size(); ++habit) {
            SCOPED_TRACE(testing::Message() << "round " << round << " habit " << habit);
            const std::size_t size_max = 1 + random() % 600;
            const Plain plain = make_odd(random, 60, size_max, kHabits[habit], 2 + random() % 4);
            expect_whole(plain, 1 + random() % 5000);
        }
    }
    // The first number and time of a camera that counts from 0.
    const Habit habit = [](auto&, auto, auto& seq, auto& ms) {
        ++seq;
        ms += 33;
    };
    expect_whole(make_odd(random, 60, 50, habit, 3, 0, 0), 4096);
}

TEST(PlainReader, one_message_with_an_odd_number_and_time_at_the_end_is_no_loss) {
    std::mt19937 random(13);
    Plain plain = make_plain(random, 20, 300);
    put(plain.bytes, make_plain(random, 1, 300, 5, 70'000).bytes);
    plain.at.push_back(plain.bytes.size());
    expect_whole(plain, 777);
}

TEST(PlainReader, little_is_read_ahead_whatever_the_numbers_are) {
    constexpr std::size_t kStepBytes = 64 * 1024;
    std::mt19937 random(14);
    for (const std::size_t size : {std::size_t{3} << 20, std::size_t{9} << 20}) {
        Octets bytes;
        const Octets payload = payload_of(random, size);
        for (std::uint32_t n = 0; n < 4; ++n) {
            put(bytes, camera::encode_header({33U * n, 100 * n, payload}));
            put(bytes, payload);
        }
        PlainReader reader;
        std::size_t fed = 0;
        int messages = 0;
        while (!reader.at_end()) {
            if (const auto frame = reader.next()) {
                ++messages;
                EXPECT_LE(fed - frame->offset, size + (std::size_t{4} << 20) + 2 * kStepBytes);
                continue;
            }
            const auto space = reader.space();
            const std::size_t n = std::min({kStepBytes, space.size(), bytes.size() - fed});
            std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(fed), n, space.begin());
            n > 0 ? reader.commit(n) : reader.finish();
            fed += n;
        }
        EXPECT_EQ(messages, 4);
        EXPECT_EQ(reader.losses().count, 0U);
    }
}

TEST(PlainReader, a_wrong_length_is_noticed_whatever_the_numbers_are) {
    std::mt19937 random(15);
    std::size_t dear = 0;
    for (int round = 0; round < 4000; ++round) {
        SCOPED_TRACE(round);
        const std::size_t pieces = round % 4 == 3 ? 3 : 1;
        const Plain plain = make_odd(random, 20, 200, kHabits[random() % kHabits.size()], pieces);
        const std::size_t count = plain.at.size() - 1;
        const std::size_t n = random() % count;
        Octets bytes = plain.bytes;
        std::uint8_t* const length = &bytes[plain.at[n] + 12];
        const std::uint32_t right = load_be32(length);
        store_be32(length, round % 2 == 0 ? right ^ (1U << random() % 32)
                                          : static_cast<std::uint32_t>(random() % 3000));
        const std::size_t end = plain.at[n] + camera::kHeaderBytes + load_be32(length);
        if (std::ranges::binary_search(plain.at, end)) continue;
        const FoundPlain found = read_plain(bytes, 1 + random() % 5000);
        ASSERT_GE(found.losses.count, 1U);
        std::size_t missing = 0;
        for (std::size_t i = 0; i < count; ++i)
            if (i != n &&
                std::ranges::find(found.payloads, payload_at(plain, i)) == found.payloads.end())
                ++missing;
        ASSERT_LE(missing, 3U);
        dear += missing > (pieces == 1 ? 1U : 2U) ? 1 : 0;
    }
    EXPECT_LT(dear, 20U);
}

TEST(PlainReader, damage_costs_little_whatever_the_numbers_are) {
    std::mt19937 random(16);
    std::size_t intact = 0;
    std::size_t lost = 0;
    for (int round = 0; round < 4000; ++round) {
        SCOPED_TRACE(round);
        const std::size_t size_max = 20 + random() % 300;
        const Plain plain = make_odd(random, 60, size_max, kHabits[random() % kHabits.size()]);
        Octets bytes = plain.bytes;
        const std::size_t from = random() % bytes.size();
        const std::size_t length = std::min<std::size_t>(bytes.size() - from, 1 + random() % 2000);
        for (std::size_t i = from; i < from + length; ++i)
            bytes[i] = static_cast<std::uint8_t>(round % 3 == 0 ? 0 : random());
        const FoundPlain found = read_plain(bytes, 1 + random() % 5000);
        std::size_t lost_now = 0;
        for (std::size_t n = 0; n < 60; ++n) {
            if (plain.at[n + 1] > from && plain.at[n] < from + length) continue;
            ++intact;
            lost_now +=
                std::ranges::find(found.payloads, payload_at(plain, n)) == found.payloads.end() ? 1
                                                                                                : 0;
        }
        ASSERT_LE(lost_now, 2U);
        lost += lost_now;
    }
    EXPECT_LT(lost * 100, intact) << lost << " of " << intact;
}

TEST(PlainReader, a_number_that_looks_like_a_length_hides_no_messages) {
    // Four bytes before a message, its time is a number, its number a length and its length a start
    // code; that "message" ends where a later one does.
    std::mt19937 random(20);
    for (std::size_t last = 12; last < 20; ++last) {
        SCOPED_TRACE(last);
        Octets bytes;
        std::vector<Octets> payloads;
        std::uint32_t seq = 0;
        const auto add = [&](std::size_t size) {
            payloads.push_back(payload_of(random, size));
            put(bytes, camera::encode_header({90'000'000 + seq / 3, seq, payloads.back()}));
            put(bytes, payloads.back());
        };
        for (seq = 100; seq < 1'000; seq += 100) add(300);
        const std::size_t damaged = bytes.size() - 300;
        const std::size_t begin = bytes.size();
        for (std::size_t n = 9; n <= last; ++n) {
            add(260 + n);
            seq += 100;
        }
        const auto length = static_cast<std::uint32_t>(bytes.size() - begin - 12);
        store_be32(&bytes[begin + 8], length);
        seq = length + 100;
        for (int n = 0; n < 20; ++n, seq += 100) add(280);
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(damaged), 296, std::uint8_t{0x5A});
        const FoundPlain found = read_plain(bytes, 700);
        for (std::size_t n = 9; n < payloads.size(); ++n)
            EXPECT_EQ(std::ranges::count(found.payloads, payloads[n]), 1) << n;
    }
}

TEST(PlainReader, a_damaged_number_is_said_and_costs_nothing) {
    std::mt19937 random(17);
    Plain plain = make_plain(random, 20, 300);
    plain.bytes[plain.at[9] + 8] ^= 0x40;
    const FoundPlain found = read_plain(plain.bytes);
    EXPECT_EQ(found.payloads.size(), 20U);
    ASSERT_EQ(found.losses.count, 1U);
    EXPECT_EQ(found.losses.list[0].offset, plain.at[9]);
    EXPECT_EQ(found.losses.list[0].bytes, 0U);
    EXPECT_EQ(found.losses.list[0].what, "the number of a message is wrong");
}

TEST(PlainReader, zeros_in_the_middle_cost_what_they_hit) {
    std::mt19937 random(4);
    Plain plain = make_plain(random, 200, 3000);
    const std::size_t from = plain.at[83] + 5;
    std::fill_n(plain.bytes.begin() + static_cast<std::ptrdiff_t>(from), 20'000, std::uint8_t{0});
    const auto behind = std::ranges::lower_bound(plain.at, from + 20'000);
    const auto kept = static_cast<std::size_t>(plain.at.end() - behind) - 1 + 83;
    const FoundPlain found = read_plain(plain.bytes);
    EXPECT_GE(found.numbers.size(), kept);
    ASSERT_EQ(found.losses.count, 1U);
    EXPECT_GE(found.losses.bytes, 15'000U);
}

TEST(PlainReader, a_wrong_length_costs_its_message_at_most) {
    std::mt19937 random(5);
    const Plain plain = make_plain(random, 60, 500);
    for (int round = 0; round < 3000; ++round) {
        SCOPED_TRACE(round);
        Octets bytes = plain.bytes;
        const std::size_t n = random() % 60;
        std::uint8_t* const length = &bytes[plain.at[n] + 12];
        const std::uint32_t right = load_be32(length);
        switch (round % 3) {
            case 0:
                store_be32(length, right ^ (1U << random() % 32));
                break;
            case 1:
                store_be32(length, static_cast<std::uint32_t>(random()));
                break;
            default:
                store_be32(length, static_cast<std::uint32_t>(right + 1 + random() % 3000));
        }
        const std::size_t end = plain.at[n] + camera::kHeaderBytes + load_be32(length);
        // By chance it ends where another message does: then nothing shows.
        if (std::ranges::binary_search(plain.at, end)) continue;
        const FoundPlain found = read_plain(bytes, 1 + random() % 5000);
        std::size_t missing = 0;
        for (std::uint32_t i = 0; i < 60; ++i)
            missing += std::ranges::count(found.numbers, i) == 1 ? 0U : 1U;
        ASSERT_GE(found.losses.count, 1U);
        const bool is_too_long = load_be32(length) > right;
        ASSERT_EQ(missing, is_too_long && n == 59 ? 1U : 0U)
            << n << " " << right << " " << load_be32(length);
    }
}

TEST(PlainReader, what_looks_like_a_message_within_a_header_gives_no_payload) {
    // Torn; number and length look like the next message's time, the payload like its number.
    const Octets payload = {0, 0, 0, 1, 0x01, 0, 0, 0, 0, 0, 1, 0x65, 9, 9, 9, 9};
    Octets bytes;
    put(bytes, camera::encode_header({100'000, 0, payload}));
    store_be32(&bytes[12], 100'300);
    put(bytes, payload);
    const FoundPlain found = read_plain(bytes);
    EXPECT_TRUE(found.payloads.empty());
    EXPECT_EQ(found.losses.bytes, bytes.size());
}

TEST(PlainReader, thousands_of_random_damages_cost_one_whole_message_each_at_most) {
    std::mt19937 random(20260131);
    std::size_t intact = 0;
    std::size_t lost = 0;
    for (int round = 0; round < 4000; ++round) {
        SCOPED_TRACE(round);
        const Plain plain = make_plain(random, 60, 20 + random() % 600);
        Octets bytes = plain.bytes;
        std::vector<bool> hit(60, false);
        const std::size_t wounds = 1 + random() % 4;
        for (std::size_t w = 0; w < wounds; ++w) {
            const std::size_t from = random() % bytes.size();
            const std::size_t length =
                std::min<std::size_t>(bytes.size() - from, 1 + random() % (w == 0 ? 2000 : 8));
            for (std::size_t i = from; i < from + length; ++i) {
                const auto value = static_cast<std::uint8_t>(round % 3 == 0 ? 0 : random());
                if (bytes[i] == value) continue;
                bytes[i] = value;
                for (std::size_t n = 0; n < 60; ++n)
                    if (i >= plain.at[n] && i < plain.at[n + 1]) hit[n] = true;
            }
        }
        const FoundPlain found = read_plain(bytes, 1 + random() % 5000);
        std::size_t lost_now = 0;
        for (std::uint32_t n = 0; n < 60; ++n) {
            if (hit[n]) continue;
            ++intact;
            const auto at = std::ranges::find_if(found.payloads, [&](const Octets& payload) {
                return payload.size() + camera::kHeaderBytes == plain.at[n + 1] - plain.at[n] &&
                       std::equal(payload.begin(), payload.end(),
                                  plain.bytes.begin() + static_cast<std::ptrdiff_t>(
                                                            plain.at[n] + camera::kHeaderBytes));
            });
            lost_now += at == found.payloads.end() ? 1 : 0;
        }
        ASSERT_LE(lost_now, wounds);
        lost += lost_now;
    }
    EXPECT_LT(lost * 500, intact) << lost << " of " << intact;
}

TEST(PlainReader, bytes_taken_out_or_put_in_cost_one_whole_message_each_at_most) {
    std::mt19937 random(7);
    for (int round = 0; round < 3000; ++round) {
        SCOPED_TRACE(round);
        const Plain plain = make_plain(random, 60, 20 + random() % 600);
        const std::size_t at = random() % plain.bytes.size();
        const std::size_t length = 1 + random() % 1500;
        Octets bytes = plain.bytes;
        std::size_t end = at;
        if (round % 2 == 0) {
            end = std::min(at + length, bytes.size());
            bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                        bytes.begin() + static_cast<std::ptrdiff_t>(end));
        } else {
            Octets noise(length);
            for (auto& byte : noise) byte = static_cast<std::uint8_t>(random());
            bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), noise.begin(),
                         noise.end());
        }
        const FoundPlain found = read_plain(bytes, 1 + random() % 5000);
        std::size_t missing = 0;
        for (std::uint32_t n = 0; n < 60; ++n) {
            const bool is_whole = plain.at[n + 1] <= at || plain.at[n] >= end;
            if (is_whole && std::ranges::count(found.numbers, n) != 1) ++missing;
        }
        ASSERT_LE(missing, 1U);
    }
}

TEST(PlainReader, a_foreign_file_is_one_damage_and_quickly_done) {
    std::mt19937 random(8);
    Octets noise(3'000'000);
    for (auto& byte : noise) byte = static_cast<std::uint8_t>(random() % 3 == 0 ? random() : 0);
    noise[12] = 0x7F;
    const FoundPlain found = read_plain(noise);
    EXPECT_TRUE(found.numbers.empty());
    ASSERT_EQ(found.losses.count, 1U);
    EXPECT_EQ(found.losses.bytes, noise.size());
}

TEST(PlainReader, zeros_behind_the_last_message_are_a_loss) {
    std::mt19937 random(9);
    Plain plain = make_plain(random, 10, 300);
    plain.bytes.resize(plain.bytes.size() + 5000, 0);
    const FoundPlain found = read_plain(plain.bytes);
    EXPECT_EQ(found.numbers.size(), 10U);
    ASSERT_EQ(found.losses.count, 1U);
    EXPECT_EQ(found.losses.list[0].what, "zeros");
    EXPECT_EQ(found.losses.bytes, 5000U);
}

}  // namespace
}  // namespace st::dump
