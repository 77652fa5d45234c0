#include "media/annexb_packets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <utility>

#include "support/cases.h"
#include "synthetic.h"

namespace st::media {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets operator+(Octets a, const Octets& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

class Camera {
 public:
    explicit Camera(SpsSpec spec = {.poc_type = 2}) : sps(std::move(spec)) {}

    static void add(Octets& to, Bytes nal) {
        to.insert(to.end(), {0, 0, 0, 1});
        to.insert(to.end(), nal.begin(), nal.end());
    }
    Octets sets() const {
        Octets buffer;
        add(buffer, make_sps(sps));
        add(buffer, make_pps(0, sps.id));
        return buffer;
    }
    Octets slice(const SliceSpec& spec) const {
        Octets buffer;
        add(buffer, make_slice(sps, spec));
        return buffer;
    }
    std::vector<Packet> feed(const Octets& buffer, std::uint64_t time_ms) {
        std::vector<Packet> made;
        packets.feed(buffer, time_ms, made);
        return made;
    }
    std::vector<Packet> flush() {
        std::vector<Packet> made;
        packets.flush(made);
        return made;
    }
    /// What comes before the first picture that is not held back.
    void begin() {
        feed(sets(), 0);
        feed(slice({.idr = true}), 0);
        feed(slice({.kind = 5, .frame_num = 1}), 40);
    }
    SpsSpec sps;
    AnnexBPackets packets;
};

TEST(AnnexBPackets, puts_parameter_sets_apart_and_lengths_before_slices) {
    Camera camera;
    EXPECT_TRUE(camera.feed(camera.sets(), 0).empty()) << "no picture";
    const Octets idr = camera.slice({.idr = true});
    auto made = camera.feed(idr, 70'000);
    for (Packet& packet : camera.flush()) made.push_back(std::move(packet));
    ASSERT_EQ(made.size(), 2U);
    EXPECT_TRUE(made[0].is_config);
    EXPECT_EQ(made[0].payload.data()[0], 1) << "configurationVersion";
    EXPECT_EQ(made[0].payload.data()[4], 0xFF) << "lengths of 4 bytes";
    EXPECT_TRUE(made[1].is_key);
    EXPECT_EQ(made[1].dts_ms, 70'000);
    EXPECT_EQ(made[1].cts_ms, 0);
    const Bytes payload = made[1].payload.bytes();
    ASSERT_EQ(payload.size(), idr.size()) << "a start code of 4 bytes became a length of 4";
    EXPECT_EQ(payload[3], payload.size() - 4);
    EXPECT_TRUE(std::equal(payload.begin() + 4, payload.end(), idr.begin() + 4));
}

TEST(AnnexBPackets, tells_an_unchanged_configuration_once) {
    Camera camera;
    Octets both = camera.sets();
    const Octets idr = camera.slice({.idr = true});
    both.insert(both.end(), idr.begin(), idr.end());
    EXPECT_EQ(camera.feed(both, 0).size(), 1U);
    EXPECT_EQ(camera.feed(both, 40).size(), 2U) << "two pictures";
    EXPECT_EQ(camera.feed(both, 80).size(), 1U);
}

TEST(AnnexBPackets, gives_sets_that_change_before_a_key_frame_with_the_picture_they_stand_before) {
    Camera camera;
    camera.begin();
    Octets pps;
    Camera::add(pps, make_pps(1, 0));
    EXPECT_TRUE(camera.feed(pps, 80).empty());
    const Octets slice = camera.slice({.kind = 5, .frame_num = 2, .pps_id = 1});
    const auto next = camera.feed(slice, 80);
    ASSERT_EQ(next.size(), 1U) << "no configuration: what was kept can still be begun with";
    EXPECT_EQ(next[0].payload.size(), pps.size() + slice.size());
    EXPECT_EQ(nal_type(next[0].payload.data()[4]), NalType::pps);
    const Octets later = camera.slice({.kind = 5, .frame_num = 3});
    EXPECT_EQ(camera.feed(later, 120).at(0).payload.size(), later.size()) << "once";
    const auto key = camera.feed(camera.slice({.idr = true}), 160);
    ASSERT_EQ(key.size(), 2U);
    EXPECT_TRUE(key[0].is_config);
    EXPECT_EQ(key[1].payload.size(), camera.slice({.idr = true}).size());
}

/// Octets of a parameter set of the same id: another weighted_bipred_idc.
Octets other_pps() {
    BitWriter out;
    out.ue(0).ue(0).bits(2, 0).ue(0).ue(0).ue(0).bits(1, 0).bits(2, 1);
    return out.se(0).se(0).se(0).bits(3, 0).nal(0x68);
}

/// The types of a picture's units.
std::vector<NalType> types(const Packet& packet) {
    std::vector<NalType> all;
    const Bytes bytes = packet.payload.bytes();
    for (std::size_t at = 0; at + 4 < bytes.size(); at += 4 + load_be32(bytes.data() + at)) {
        all.push_back(nal_type(bytes[at + 4]));
    }
    return all;
}

TEST(AnnexBPackets, gives_sets_again_that_return_at_a_key_frame_after_others_of_the_same_id) {
    using enum NalType;
    using Types = std::vector<NalType>;
    Camera camera;
    camera.begin();
    Octets other;
    Camera::add(other, other_pps());
    EXPECT_EQ(types(camera.feed(other + camera.slice({.kind = 5, .frame_num = 2}), 80).at(0)),
              (Types{pps, slice}));
    const auto key = [&](const Octets& sets, std::uint32_t number) {
        return camera.feed(sets + camera.slice({.idr = true, .idr_pic_id = number}), number * 200);
    };
    const auto back = key(camera.sets(), 1);
    ASSERT_EQ(back.size(), 1U) << "the same configuration again is no news";
    EXPECT_TRUE(back[0].is_key);
    EXPECT_EQ(types(back[0]), (Types{sps, pps, idr}));
    EXPECT_EQ(types(key(camera.sets(), 2).at(0)), Types{idr}) << "everybody has them";

    // Others that stay are told.
    EXPECT_EQ(types(camera.feed(other + camera.slice({.kind = 5, .frame_num = 1}), 480).at(0)),
              (Types{pps, slice}));
    const auto told = key(other, 3);
    ASSERT_EQ(told.size(), 2U);
    EXPECT_TRUE(told[0].is_config);
    EXPECT_EQ(types(told[1]), Types{idr});

    // So is what returns after them, as it is another one than was told last.
    const auto told_back = key(camera.sets(), 4);
    ASSERT_EQ(told_back.size(), 2U);
    EXPECT_TRUE(told_back[0].is_config);
    EXPECT_EQ(types(told_back[1]), Types{idr});

    // Whoever begins anew has nothing but the configuration.
    camera.feed(other + camera.slice({.kind = 5, .frame_num = 1}), 900);
    camera.packets.restart();
    EXPECT_EQ(key(camera.sets(), 5).size(), 1U);
    const auto first = camera.flush();
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(types(first[0]), Types{idr});
}

TEST(AnnexBPackets, learns_sets_of_what_it_is_not_fed) {
    Camera camera;
    camera.packets.learn(camera.sets() + camera.slice({.idr = true}));
    EXPECT_FALSE(camera.packets.is_holding());
    EXPECT_EQ(camera.packets.held_bytes(), 0U);
    camera.packets.restart();
    EXPECT_EQ(camera.feed(camera.slice({.idr = true}), 0).size(), 1U) << "the configuration";
    EXPECT_TRUE(camera.packets.is_holding());
    EXPECT_EQ(camera.flush().size(), 1U);
    EXPECT_FALSE(camera.packets.is_holding());
}

TEST(AnnexBPackets, begins_with_a_key_frame) {
    Camera camera;
    camera.feed(camera.sets(), 0);
    EXPECT_TRUE(camera.feed(camera.slice({.kind = 5, .frame_num = 1}), 40).empty());
    EXPECT_EQ(camera.feed(camera.slice({.idr = true}), 80).size(), 1U);
    EXPECT_EQ(camera.flush().size(), 1U);
    camera.packets.restart();
    EXPECT_TRUE(camera.feed(camera.slice({.kind = 5, .frame_num = 1}), 120).empty());
    const auto again = camera.feed(camera.slice({.idr = true, .idr_pic_id = 1}), 160);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_TRUE(again[0].is_config);
    EXPECT_EQ(camera.flush().size(), 1U);
}

TEST(AnnexBPackets, holds_back_the_first_picture_alone_where_each_comes_in_one_buffer) {
    Camera camera;
    camera.feed(camera.sets(), 0);
    EXPECT_EQ(camera.feed(camera.slice({.idr = true}), 0).size(), 1U) << "the configuration";
    const auto next = camera.feed(camera.slice({.kind = 5, .frame_num = 1}), 40);
    ASSERT_EQ(next.size(), 2U);
    EXPECT_TRUE(next[0].is_key);
    EXPECT_EQ(next[0].dts_ms, 0);
    EXPECT_EQ(next[1].dts_ms, 40);
    EXPECT_EQ(camera.feed(camera.slice({.kind = 5, .frame_num = 2}), 80).size(), 1U);
}

TEST(AnnexBPackets, joins_a_picture_that_comes_in_several_buffers_from_the_first_on) {
    Camera camera;
    camera.feed(camera.sets(), 0);
    const Octets first = camera.slice({.idr = true});
    const Octets second = camera.slice({.idr = true, .first_mb = 20});
    EXPECT_EQ(camera.feed(first, 0).size(), 1U) << "the configuration";
    EXPECT_TRUE(camera.feed(second, 0).empty());
    const auto idr = camera.feed(camera.slice({.kind = 5, .frame_num = 1}), 40);
    ASSERT_EQ(idr.size(), 1U);
    EXPECT_TRUE(idr[0].is_key);
    EXPECT_EQ(idr[0].payload.size(), first.size() + second.size());
    EXPECT_TRUE(camera.feed(camera.slice({.first_mb = 20, .kind = 5, .frame_num = 1}), 40).empty());
    const auto whole = camera.feed(camera.slice({.kind = 5, .frame_num = 2}), 80);
    ASSERT_EQ(whole.size(), 1U);
    EXPECT_EQ(whole[0].dts_ms, 40);
    EXPECT_GT(whole[0].payload.size(), camera.slice({.kind = 5, .frame_num = 1}).size() + 4);
}

TEST(AnnexBPackets, learns_later_too_that_pictures_come_in_several_buffers) {
    Camera camera;
    camera.begin();
    EXPECT_EQ(camera.feed(camera.slice({.kind = 5, .frame_num = 2}), 80).size(), 1U);
    const auto late = camera.feed(camera.slice({.first_mb = 20, .kind = 5, .frame_num = 2}), 80);
    EXPECT_TRUE(late.empty()) << "its beginning is out: pictures are held back from now on";
    EXPECT_TRUE(camera.feed(camera.slice({.kind = 5, .frame_num = 3}), 120).empty());
    EXPECT_EQ(camera.feed(camera.slice({.kind = 5, .frame_num = 4}), 160).size(), 1U);
}

/// Zeros that an encoder wrote, and its emulation prevention.
const Octets kRest = {0x11, 0x00, 0x00, 0x03, 0x01, 0x22, 0x00, 0x00, 0x03, 0x00, 0x80};

std::vector<Octets> payloads(const std::vector<Packet>& packets) {
    std::vector<Octets> all;
    for (const Packet& packet : packets) {
        const Bytes bytes = packet.payload.bytes();
        all.emplace_back(bytes.begin(), bytes.end());
    }
    return all;
}

/// What `messages` make, the first of them cut into parts that begin at `cuts`.
std::vector<Octets> made_of(const std::vector<Octets>& messages,
                            const std::vector<std::size_t>& cuts) {
    Camera camera;
    std::vector<Packet> all;
    const auto feed = [&](const Octets& buffer, std::uint64_t time_ms) {
        for (Packet& packet : camera.feed(buffer, time_ms)) all.push_back(std::move(packet));
    };
    const Octets& first = messages.front();
    const auto at = [&](std::size_t i) { return first.begin() + static_cast<std::ptrdiff_t>(i); };
    std::size_t begin = 0;
    for (const std::size_t end : cuts) feed({at(std::exchange(begin, end)), at(end)}, 0);
    feed({at(begin), first.end()}, 0);
    for (std::size_t i = 1; i < messages.size(); ++i) feed(messages[i], i * 40);
    for (Packet& packet : camera.flush()) all.push_back(std::move(packet));
    EXPECT_EQ(camera.packets.unusable(), 0U);
    std::size_t keys = 0;
    for (const Packet& packet : all) keys += packet.is_key ? 1 : 0;
    EXPECT_EQ(keys, 1U);
    return payloads(all);
}

TEST(AnnexBPackets, puts_a_picture_together_that_is_cut_anywhere) {
    const Camera camera;
    const Octets delimiter = {0, 0, 0, 1, 9, 0xF0};
    const Octets sei = {0, 0, 0, 1, 6, 5, 4, 1, 2, 3, 4, 0x80};
    const Octets key = delimiter + camera.sets() + sei + camera.slice({.idr = true}) + kRest +
                       camera.slice({.idr = true, .first_mb = 20}) + kRest + sei;
    const std::vector<Octets> messages = {key, camera.slice({.kind = 5, .frame_num = 1}) + kRest,
                                          camera.slice({.kind = 5, .frame_num = 2}) + kRest};
    const std::vector<Octets> whole = made_of(messages, {});
    ASSERT_EQ(whole.size(), 4U);
    for (std::size_t cut = 1; cut < key.size(); ++cut) {
        EXPECT_EQ(made_of(messages, {cut}), whole) << cut;
        for (std::size_t second = cut + 1; second < std::min(cut + 9, key.size()); ++second) {
            EXPECT_EQ(made_of(messages, {cut, second}), whole) << cut << ' ' << second;
        }
    }
}

/// The recovery point says where to begin, and is as much of a beginning in two parts.
TEST(AnnexBPackets, begins_at_a_recovery_point_that_is_cut_anywhere) {
    const Camera camera;
    const Octets point = {0, 0, 0, 1, 6, 6, 1, 0xC0, 0x80};
    const Octets refresh =
        camera.sets() + point + camera.slice({.kind = 5, .frame_num = 1}) + kRest;
    const std::vector<Octets> messages = {refresh, camera.slice({.kind = 5, .frame_num = 2})};
    const std::vector<Octets> whole = made_of(messages, {});
    ASSERT_EQ(whole.size(), 3U);
    for (std::size_t cut = 1; cut < refresh.size(); ++cut) {
        EXPECT_EQ(made_of(messages, {cut}), whole) << cut;
    }
}

/// A stream as encoders make it, of pictures of one to three slices of any size; the key frames are
/// larger than any message below.
class RandomStream {
 public:
    explicit RandomStream(std::uint32_t seed) : random_(seed) {
        for (std::uint32_t i = 0; i < 12; ++i) {
            const bool is_key = i % 6 == 0;
            Octets message;
            if (below(2) == 0) message = message + Octets{0, 0, 0, 1, 9, 0xF0};
            // Whoever sees a set for the first time, or another one, passes it on.
            if (is_key) message = message + camera_.sets();
            if (!is_key && below(4) == 0) {
                Camera::add(message, make_pps(1 + below(3), 0));
            }
            if (below(3) == 0) message = message + Octets{0, 0, 1, 6, 5, 4, 1, 2, 3, 4, 0x80};
            const std::uint32_t slices = 1 + below(3);
            for (std::uint32_t slice = 0; slice < slices; ++slice) {
                SliceSpec spec{.idr = is_key, .first_mb = slice * 20, .kind = is_key ? 7U : 5U};
                spec.frame_num = i % 6;
                spec.idr_pic_id = i / 6;
                message = message + camera_.slice(spec) + rest(is_key ? 2'000 : 0);
            }
            messages_.push_back(std::move(message));
        }
    }
    const std::vector<Octets>& messages() const { return messages_; }
    Octets bytes() const {
        Octets all;
        for (const Octets& message : messages_) all = all + message;
        return all;
    }

 private:
    std::uint32_t below(std::uint32_t end) {
        return std::uniform_int_distribution<std::uint32_t>(0, end - 1)(random_);
    }
    /// Of a slice: any bytes, with emulation prevention, and a last one that is not 0.
    Octets rest(std::size_t least) {
        Octets bytes;
        const std::size_t size = least + below(below(4) == 0 ? 1'500 : 60);
        std::size_t zeros = 0;
        while (bytes.size() < size) {
            const auto byte = static_cast<std::uint8_t>(below(3) == 0 ? 0 : below(256));
            if (zeros >= 2 && byte <= 3) bytes.push_back(3);
            zeros = byte == 0 ? (zeros >= 2 ? 1 : zeros + 1) : 0;
            bytes.push_back(byte);
        }
        bytes.push_back(0x80);
        return bytes;
    }

    std::mt19937 random_;
    const Camera camera_;
    std::vector<Octets> messages_;
};

/// Payloads and key flags of what `stream` makes in messages of the sizes that `next_size` gives.
std::vector<std::pair<bool, Octets>> pictures_of(const Octets& stream,
                                                 const std::function<std::size_t()>& next_size) {
    Camera camera;
    std::vector<std::pair<bool, Octets>> all;
    const auto take = [&](const std::vector<Packet>& packets) {
        for (const Packet& packet : packets) {
            const Bytes bytes = packet.payload.bytes();
            all.emplace_back(packet.is_key, Octets(bytes.begin(), bytes.end()));
        }
    };
    for (std::size_t at = 0; at < stream.size();) {
        const std::size_t end = std::min(at + next_size(), stream.size());
        take(camera.feed({stream.begin() + static_cast<std::ptrdiff_t>(at),
                          stream.begin() + static_cast<std::ptrdiff_t>(end)},
                         at));
        at = end;
    }
    take(camera.flush());
    EXPECT_EQ(camera.packets.unusable(), 0U);
    return all;
}

TEST(AnnexBPackets, makes_the_same_pictures_of_messages_of_any_size) {
    const auto step = static_cast<std::size_t>(test::cases(1, 29));
    for (std::size_t size = 1; size <= 2'000; size += size < 64 ? 1 : step) {
        const RandomStream stream(static_cast<std::uint32_t>(size));
        std::size_t number = 0;
        const auto whole =
            pictures_of(stream.bytes(), [&] { return stream.messages()[number++].size(); });
        ASSERT_GE(whole.size(), 13U) << "a configuration and 12 pictures";
        ASSERT_EQ(pictures_of(stream.bytes(), [&] { return size; }), whole) << size;
        std::mt19937 random(static_cast<std::uint32_t>(size));
        std::uniform_int_distribution<std::size_t> any(1, size);
        ASSERT_EQ(pictures_of(stream.bytes(), [&] { return any(random); }), whole) << size;
    }
}

TEST(AnnexBPackets, leaves_out_the_rest_of_a_picture_that_is_out_already) {
    Camera camera;
    camera.begin();
    EXPECT_EQ(camera.feed(camera.slice({.kind = 5, .frame_num = 2}), 80).size(), 1U);
    EXPECT_TRUE(camera.feed(kRest, 80).empty());
    EXPECT_EQ(camera.packets.unusable(), 1U);
    EXPECT_TRUE(camera.feed(camera.slice({.kind = 5, .frame_num = 3}), 120).empty());
    EXPECT_TRUE(camera.feed(kRest, 120).empty());
    const auto joined = camera.feed(camera.slice({.kind = 5, .frame_num = 4}), 160);
    ASSERT_EQ(joined.size(), 1U);
    EXPECT_EQ(joined[0].payload.size(),
              camera.slice({.kind = 5, .frame_num = 3}).size() + kRest.size());
}

TEST(AnnexBPackets, holds_pictures_no_longer_after_one_accident) {
    Camera camera;
    camera.begin();
    std::uint32_t number = 2;
    const auto next = [&] {
        const std::uint32_t i = number++;
        return camera.feed(camera.slice({.kind = 5, .frame_num = i % 16}), i * 40).size();
    };
    const auto come_late = [&] {
        const std::uint32_t frame_num = (number - 1) % 16;
        camera.feed(camera.slice({.first_mb = 20, .kind = 5, .frame_num = frame_num}), number * 40);
    };
    EXPECT_EQ(next(), 1U);
    come_late();
    EXPECT_EQ(camera.packets.unusable(), 1U);
    for (int i = 0; i < 30; ++i) EXPECT_EQ(next(), i == 0 ? 0U : 1U);
    EXPECT_EQ(next(), 2U) << "the one that was held, and this";
    EXPECT_EQ(next(), 1U);
    come_late();
    EXPECT_EQ(camera.packets.unusable(), 2U);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(next(), i == 0 ? 0U : 1U) << "it was no accident";
}

TEST(AnnexBPackets, leaves_out_a_unit_that_grows_too_large) {
    Camera camera;
    camera.feed(camera.sets(), 0);
    const Octets idr = camera.slice({.idr = true});
    camera.feed(idr + camera.slice({.idr = true, .first_mb = 20}), 0);
    const Octets rest(1 << 20, 0x55);
    for (int i = 0; i < 20; ++i) camera.feed(rest, 0);
    EXPECT_LE(camera.packets.held_bytes(), 2 * AnnexBPackets::kPictureBytesMax);
    const auto given = camera.flush();
    ASSERT_EQ(given.size(), 1U);
    EXPECT_EQ(given[0].payload.size(), idr.size());
}

TEST(AnnexBPackets, cuts_several_pictures_in_one_buffer) {
    Camera camera;
    Octets all = camera.sets();
    for (std::uint32_t i = 0; i < 3; ++i) {
        const Octets one =
            i == 0 ? camera.slice({.idr = true}) : camera.slice({.kind = 5, .frame_num = i});
        all.insert(all.end(), one.begin(), one.end());
    }
    EXPECT_EQ(camera.feed(all, 0).size(), 3U) << "the last one may go on, as far as is known";
    EXPECT_EQ(camera.flush().size(), 1U);
    EXPECT_EQ(camera
                  .feed(camera.slice({.kind = 5, .frame_num = 3}) +
                            camera.slice({.kind = 5, .frame_num = 4}),
                        40)
                  .size(),
              2U);
}

TEST(AnnexBPackets, orders_decoding_times_below_display_times) {
    Camera camera({.profile = 77, .poc_type = 0});
    camera.feed(camera.sets(), 0);
    // Decoding order I P B B P B B; shown at these times.
    const std::vector<std::uint64_t> shown = {1000, 1120, 1040, 1080, 1240, 1160, 1200,
                                              1360, 1280, 1320, 1480, 1400, 1440};
    std::int64_t last = 0;
    std::size_t late = 0;
    for (std::size_t i = 0; i < shown.size(); ++i) {
        SliceSpec spec{.idr = i == 0, .frame_num = static_cast<std::uint32_t>(i % 16)};
        spec.kind = i == 0 ? 7 : 5;
        spec.poc_lsb = static_cast<std::uint32_t>((shown[i] - 1000) / 20);
        auto made = camera.feed(camera.slice(spec), shown[i]);
        if (i == 0) made = camera.flush();
        ASSERT_FALSE(made.empty());
        const Packet& picture = made.back();
        EXPECT_EQ(picture.dts_ms + picture.cts_ms, static_cast<std::int64_t>(shown[i]));
        EXPECT_GE(picture.dts_ms, last);
        last = picture.dts_ms;
        if (picture.cts_ms < 0) ++late;
    }
    EXPECT_LE(late, 2U) << "only until the depth is known";
}

TEST(AnnexBPackets, holds_little_for_a_picture_that_never_comes) {
    Camera camera;
    Octets sei(1 << 20, 0x55);
    const Octets head = {0, 0, 0, 1, 0x06};
    std::copy(head.begin(), head.end(), sei.begin());
    camera.begin();
    for (int i = 0; i < 20; ++i) camera.feed(sei, 80);
    sei.resize(1'000);
    for (int i = 0; i < 2'000; ++i) camera.feed(sei, 80);
    EXPECT_LE(camera.packets.held_bytes(), 2 * AnnexBPackets::kPrefixBytesMax);
}

TEST(AnnexBPackets, takes_any_bytes) {
    Camera camera;
    Octets noise(4096);
    std::uint32_t state = 1;
    for (int round = 0; round < 200; ++round) {
        for (auto& byte : noise) {
            state = state * 1'664'525 + 1'013'904'223;
            byte = static_cast<std::uint8_t>((state >> 24) & ((state & 0x800) != 0 ? 0xFF : 0x01));
        }
        camera.feed(noise, state);
    }
    EXPECT_EQ(camera.feed({}, 0).size(), 0U);
}

}  // namespace
}  // namespace st::media
