#include "media/annexb_packets.h"

#include <gtest/gtest.h>

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

TEST(AnnexBPackets, puts_a_picture_together_that_is_cut_anywhere_behind_its_header) {
    const auto watch = [](std::size_t cut, std::size_t second_cut) {
        Camera camera;
        std::vector<Packet> all;
        const auto feed = [&](const Octets& buffer, std::uint64_t time_ms) {
            for (Packet& packet : camera.feed(buffer, time_ms)) all.push_back(std::move(packet));
        };
        Octets sei = {0, 0, 0, 1, 6, 5, 4, 1, 2, 3, 4, 0x80};
        const Octets idr = camera.slice({.idr = true}) + kRest +
                           camera.slice({.idr = true, .first_mb = 20}) + kRest + sei;
        const auto at = [&](std::size_t i) { return idr.begin() + static_cast<std::ptrdiff_t>(i); };
        feed(camera.sets(), 0);
        feed({at(0), at(cut)}, 0);
        if (cut != idr.size()) {
            feed({at(cut), at(second_cut)}, 0);
            feed({at(second_cut), idr.end()}, 0);
        }
        feed(camera.slice({.kind = 5, .frame_num = 1}) + kRest, 40);
        feed(camera.slice({.kind = 5, .frame_num = 2}) + kRest, 80);
        for (Packet& packet : camera.flush()) all.push_back(std::move(packet));
        EXPECT_EQ(camera.packets.unusable(), 0U);
        return payloads(all);
    };
    Camera camera;
    const std::size_t header = camera.slice({.idr = true}).size();
    const std::size_t size = 2 * (header + kRest.size()) + 12;
    const std::vector<Octets> whole = watch(size, size);
    ASSERT_EQ(whole.size(), 4U);
    for (std::size_t cut = header; cut < size; ++cut) {
        const std::size_t second_header = header + kRest.size();
        const bool is_in_header = cut > second_header + 4 && cut < second_header + header;
        if (is_in_header) continue;
        EXPECT_EQ(watch(cut, cut), whole) << cut;
        if (cut + 1 > second_header + 4 && cut + 1 < second_header + header) continue;
        EXPECT_EQ(watch(cut, cut + 1), whole) << cut;
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
    EXPECT_EQ(camera.feed(all, 0).size(), 4U);
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
