#include "media/payload_form.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <random>
#include <vector>

namespace st::media {
namespace {

using Octets = std::vector<std::uint8_t>;

const Octets kSps = {0x67, 0x42, 0xC0, 0x1E, 0xDA, 0x02, 0x80};
const Octets kPps = {0x68, 0xCE, 0x3C, 0x80};

/// A NAL unit of type 5 or 1 that is `bytes` long, header included.
Octets slice(std::size_t bytes, std::uint8_t header = 0x65) {
    Octets nal(bytes, 0xAB);
    nal[0] = header;
    return nal;
}

Octets annex_b(const std::vector<Octets>& nals) {
    Octets payload;
    for (const Octets& nal : nals) {
        payload.insert(payload.end(), {0, 0, 0, 1});
        payload.insert(payload.end(), nal.begin(), nal.end());
    }
    return payload;
}

Octets prefixed(const std::vector<Octets>& nals, std::size_t length_bytes = 4) {
    Octets payload;
    for (const Octets& nal : nals) {
        for (std::size_t i = length_bytes; i-- > 0;) {
            payload.push_back(static_cast<std::uint8_t>(nal.size() >> (8 * i)));
        }
        payload.insert(payload.end(), nal.begin(), nal.end());
    }
    return payload;
}

TEST(PayloadForms, start_codes_stay_as_they_are) {
    PayloadForms forms;
    const Octets sent = annex_b({kSps, kPps, slice(900)});
    Octets payload = sent;
    EXPECT_EQ(forms.normalise(payload, 1), PayloadForm::annex_b);
    EXPECT_EQ(payload, sent);
    Octets short_code = {0, 0, 1, 0x41, 0x9A, 0x12};
    EXPECT_EQ(forms.normalise(short_code, 2), PayloadForm::annex_b);
    Octets zeros_before = {0, 0, 0, 0, 0, 1, 0x41, 0x9A};
    EXPECT_EQ(forms.normalise(zeros_before, 3), PayloadForm::annex_b);
}

TEST(PayloadForms, lengths_become_start_codes) {
    PayloadForms forms;
    Octets payload = prefixed({kSps, kPps, slice(70'000)});
    EXPECT_EQ(forms.normalise(payload, 1), PayloadForm::lengths);
    EXPECT_EQ(payload, annex_b({kSps, kPps, slice(70'000)}));
}

TEST(PayloadForms, lengths_may_begin_and_end_in_the_middle_of_a_stream) {
    PayloadForms forms;
    Octets first = annex_b({kSps, kPps, slice(400)});
    Octets second = prefixed({slice(40'000, 0x41)});
    Octets third = annex_b({slice(300, 0x41)});
    EXPECT_EQ(forms.normalise(first, 1), PayloadForm::annex_b);
    EXPECT_EQ(forms.normalise(second, 2), PayloadForm::lengths);
    EXPECT_EQ(forms.normalise(third, 3), PayloadForm::annex_b);
}

TEST(PayloadForms, the_record_of_how_lengths_are_meant_becomes_its_parameter_sets) {
    const auto record = [](const Octets& behind) {
        Octets made = {1, 0x64, 0, 0x1E, 0xFF, 0xE1, 0, static_cast<std::uint8_t>(kSps.size())};
        made.insert(made.end(), kSps.begin(), kSps.end());
        made.insert(made.end(), {1, 0, static_cast<std::uint8_t>(kPps.size())});
        made.insert(made.end(), kPps.begin(), kPps.end());
        made.insert(made.end(), behind.begin(), behind.end());
        return made;
    };
    for (const Octets& behind : {Octets{}, Octets{0xFD, 0xF8, 0xF8, 0}}) {
        PayloadForms forms;
        Octets payload = record(behind);
        Octets expected(5, 0);
        for (const Octets& set : {kSps, kPps}) {
            expected.insert(expected.end(), {0, 0, 1});
            expected.insert(expected.end(), set.begin(), set.end());
        }
        expected.insert(expected.end(), behind.size(), 0);
        EXPECT_EQ(forms.normalise(payload, 1), PayloadForm::lengths);
        EXPECT_EQ(payload, expected);
        Octets picture = prefixed({slice(300)});
        EXPECT_EQ(forms.normalise(picture, 2), PayloadForm::lengths) << "not a start code: 300";
    }
    const Octets whole = record({});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        PayloadForms forms;
        Octets cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        const Octets as_it_came = cut;
        EXPECT_NE(forms.normalise(cut, 1), PayloadForm::lengths) << size;
        EXPECT_EQ(cut, as_it_came);
    }
}

TEST(PayloadForms, a_length_that_looks_like_a_start_code_is_what_came_before) {
    // 256 + 0x41 bytes: 00 00 01 41 is a length, or a start code and the head of a slice.
    const Octets picture = prefixed({slice(0x141, 0x41)});
    PayloadForms with_lengths;
    Octets first = prefixed({kSps, kPps, slice(2000)});
    Octets payload = picture;
    ASSERT_EQ(with_lengths.normalise(first, 1), PayloadForm::lengths);
    EXPECT_EQ(with_lengths.normalise(payload, 2), PayloadForm::lengths);
    EXPECT_EQ(payload, annex_b({slice(0x141, 0x41)}));
    PayloadForms with_start_codes;
    first = annex_b({kSps, kPps, slice(2000)});
    payload = picture;
    ASSERT_EQ(with_start_codes.normalise(first, 1), PayloadForm::annex_b);
    EXPECT_EQ(with_start_codes.normalise(payload, 2), PayloadForm::annex_b);
    EXPECT_EQ(payload, picture);
}

TEST(PayloadForms, a_length_that_looks_like_a_start_code_before_no_unit_is_a_length) {
    // Whatever came before: 00 00 01 and then no head of a NAL unit, or of none that H.264 needs.
    for (const std::size_t bytes : {0x100U, 0x102U, 0x120U, 0x17FU, 0x1C1U, 0x1FFU}) {
        for (const bool had_start_codes : {false, true}) {
            PayloadForms forms;
            Octets first = annex_b({kSps, kPps, slice(2000)});
            if (had_start_codes) forms.normalise(first, 1);
            Octets payload = prefixed({slice(bytes, 0x41)});
            EXPECT_EQ(forms.normalise(payload, 2), PayloadForm::lengths) << bytes;
            EXPECT_EQ(payload, annex_b({slice(bytes, 0x41)})) << bytes;
        }
    }
}

TEST(PayloadForms, units_behind_lengths_may_be_empty) {
    const Octets zeros(4, 0);
    const auto joined = [](const std::vector<Octets>& parts) {
        Octets all;
        for (const Octets& part : parts) all.insert(all.end(), part.begin(), part.end());
        return all;
    };
    const auto parts = [&](const std::function<Octets(const std::vector<Octets>&)>& form) {
        return std::vector<Octets>{
            joined({zeros, form({kSps, kPps, slice(700)})}),
            joined({form({kSps}), zeros, form({kPps, slice(700)})}),
            joined({form({slice(700)}), zeros}),
            joined({form({slice(700)}), {0}}),
            joined({form({slice(700)}), {0, 0, 0}}),
        };
    };
    const std::vector<Octets> sent = parts([](const auto& nals) { return prefixed(nals); });
    const std::vector<Octets> expected = parts([](const auto& nals) { return annex_b(nals); });
    for (std::size_t i = 0; i < sent.size(); ++i) {
        PayloadForms forms;
        Octets payload = sent[i];
        EXPECT_EQ(forms.normalise(payload, 1), PayloadForm::lengths) << i;
        EXPECT_EQ(payload, expected[i]) << i;
    }
}

TEST(PayloadForms, lengths_of_two_bytes_are_not_known) {
    PayloadForms forms;
    for (std::uint64_t time = 0; time < 20; ++time) {
        Octets payload = prefixed({slice(500 + time * 977, time == 0 ? 0x65 : 0x41)}, 2);
        EXPECT_EQ(forms.normalise(payload, time), PayloadForm::unknown) << time;
    }
}

TEST(PayloadForms, lengths_that_do_not_add_up_are_not_known) {
    const Octets whole = prefixed({kSps, kPps, slice(600)});
    for (std::size_t left = 1; left < whole.size(); ++left) {
        PayloadForms forms;
        Octets payload(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(left));
        // Zeros behind a whole unit are nothing, were they meant to be a length's.
        const bool is_whole_units = std::ranges::any_of(
            std::array{4 + kSps.size(), 8 + kSps.size() + kPps.size()}, [&](std::size_t end) {
                return left >= end && left < end + 4 &&
                       std::all_of(payload.begin() + static_cast<std::ptrdiff_t>(end),
                                   payload.end(), [](std::uint8_t b) { return b == 0; });
            });
        const PayloadForm form = forms.normalise(payload, 1);
        if (left <= 3) {
            EXPECT_EQ(form, PayloadForm::empty) << left;
        } else {
            EXPECT_EQ(form, is_whole_units ? PayloadForm::lengths : PayloadForm::unknown) << left;
        }
    }
}

TEST(PayloadForms, random_bytes_are_not_known_however_the_stream_began) {
    std::mt19937 random(7);
    for (const bool has_pictures : {false, true}) {
        PayloadForms forms;
        if (has_pictures) {
            Octets picture = annex_b({kSps, kPps, slice(2000)});
            ASSERT_EQ(forms.normalise(picture, 0), PayloadForm::annex_b);
        }
        for (std::uint64_t time = 1; time < 500; ++time) {
            Octets payload(2000);
            for (std::uint8_t& byte : payload) byte = static_cast<std::uint8_t>(random());
            EXPECT_EQ(forms.normalise(payload, time), PayloadForm::unknown);
        }
    }
}

TEST(PayloadForms, pictures_of_other_codecs_are_not_known) {
    PayloadForms forms;
    Octets jpeg = {0xFF, 0xD8, 0xFF, 0xE0, 0x00, 0x10, 'J', 'F', 'I', 'F'};
    EXPECT_EQ(forms.normalise(jpeg, 1), PayloadForm::unknown);
    // HEVC: VPS, SPS, PPS and an IDR picture, then pictures that refer to it.
    Octets sets = annex_b({{0x40, 0x01, 0x0C}, {0x42, 0x01, 0x01}, {0x44, 0x01, 0xC1}});
    EXPECT_EQ(forms.normalise(sets, 2), PayloadForm::unknown);
    for (const std::uint8_t header : Octets{0x26, 0x28, 0x2A, 0x02, 0x00, 0x4E, 0x46}) {
        Octets picture = annex_b({{header, 0x01, 0xAF, 0x08, 0x42}});
        EXPECT_EQ(forms.normalise(picture, 3), PayloadForm::unknown) << int{header};
    }
}

TEST(PayloadForms, a_buffer_cut_into_messages_of_one_time_goes_on) {
    PayloadForms forms;
    Octets picture = annex_b({kSps, kPps, slice(2000)});
    Octets rest(1400, 0x5A);
    EXPECT_EQ(forms.normalise(picture, 40), PayloadForm::annex_b);
    EXPECT_EQ(forms.normalise(rest, 40), PayloadForm::continued);
    EXPECT_EQ(forms.normalise(rest, 80), PayloadForm::unknown);
}

TEST(PayloadForms, a_stream_that_is_cut_anywhere_goes_on) {
    PayloadForms forms;
    Octets picture = annex_b({kSps, kPps, slice(2000)});
    Octets rest(1400, 0x5A);
    Octets rest_and_next = rest;
    const Octets next = annex_b({slice(500, 0x41)});
    rest_and_next.insert(rest_and_next.end(), next.begin(), next.end());
    EXPECT_EQ(forms.normalise(picture, 1), PayloadForm::annex_b);
    EXPECT_EQ(forms.normalise(rest_and_next, 2), PayloadForm::continued);
    EXPECT_EQ(forms.normalise(rest, 3), PayloadForm::continued);
}

TEST(PayloadForms, a_stream_in_pieces_of_any_size_goes_on_from_its_first_byte) {
    const Octets stream = annex_b({kSps, kPps, slice(300), slice(100, 0x41)});
    for (std::size_t size = 1; size < 40; ++size) {
        PayloadForms forms;
        for (std::size_t at = 0; at < stream.size(); at += size) {
            Octets piece(
                stream.begin() + static_cast<std::ptrdiff_t>(at),
                stream.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, stream.size())));
            const Octets before = piece;
            EXPECT_NE(forms.normalise(piece, 40), PayloadForm::unknown)
                << "pieces of " << size << ", at " << at;
            EXPECT_EQ(piece, before) << "not taken for lengths";
        }
    }
}

TEST(PayloadForms, zeros_and_nothing_are_empty) {
    PayloadForms forms;
    Octets nothing;
    Octets zeros(5, 0);
    EXPECT_EQ(forms.normalise(nothing, 1), PayloadForm::empty);
    EXPECT_EQ(forms.normalise(zeros, 1), PayloadForm::empty);
    Octets many(2000, 0);
    EXPECT_EQ(forms.normalise(many, 2), PayloadForm::unknown);
}

TEST(PayloadForms, a_transport_stream_is_not_known_though_start_codes_are_in_it) {
    Octets stream;
    for (int packet = 0; packet < 40; ++packet) {
        Octets bytes = annex_b({kSps, kPps, slice(169, 0x41)});
        bytes.insert(bytes.begin(), {0x47, 0x41, 0x00, 0x30});
        bytes.resize(188, 0xFF);
        stream.insert(stream.end(), bytes.begin(), bytes.end());
    }
    for (const std::size_t size : {7 * 188U, 1024U, 3000U}) {
        PayloadForms forms;
        for (std::size_t at = 0; at + size <= stream.size(); at += size) {
            const auto begin = stream.begin() + static_cast<std::ptrdiff_t>(at);
            Octets piece(begin, begin + static_cast<std::ptrdiff_t>(size));
            EXPECT_EQ(forms.normalise(piece, at), PayloadForm::unknown) << size << " at " << at;
        }
    }
}

TEST(PayloadForms, units_without_the_first_start_code_are_not_known) {
    const Octets sps = {0x67, 0x42, 0xC0, 0x1E, 0xF4, 0x0B, 0x04, 0xB2};  // 176x144
    const Octets delimiter = {0x09, 0xF0};
    for (const Octets& first : {sps, delimiter}) {
        PayloadForms forms;
        Octets key = annex_b({first, sps, kPps, slice(2000)});
        key.erase(key.begin(), key.begin() + 4);
        Octets other = slice(900, 0x41);
        EXPECT_EQ(forms.normalise(key, 1), PayloadForm::unknown);
        EXPECT_EQ(forms.normalise(other, 2), PayloadForm::unknown);
        Octets whole = annex_b({sps, kPps, slice(2000)});
        EXPECT_EQ(forms.normalise(whole, 3), PayloadForm::annex_b);
        Octets rest(700, 0x5A);
        EXPECT_EQ(forms.normalise(rest, 3), PayloadForm::continued);
    }
}

}  // namespace
}  // namespace st::media
