#include "media/access_unit.h"

#include <gtest/gtest.h>

#include "synthetic.h"

namespace st::media {
namespace {

class Stream {
 public:
    explicit Stream(SpsSpec spec) : sps(std::move(spec)) {
        EXPECT_EQ(units.feed(make_sps(sps)), Role::prefix);
        EXPECT_EQ(units.feed(make_pps(0, sps.id)), Role::prefix);
    }
    Role slice(const SliceSpec& spec) { return units.feed(make_slice(sps, spec)); }
    std::int32_t order(const SliceSpec& spec) {
        EXPECT_EQ(slice(spec), Role::first_slice);
        return units.picture().order;
    }
    SpsSpec sps;
    AccessUnits units;
};

TEST(AccessUnits, slices_of_one_picture_stay_together) {
    Stream s({});
    EXPECT_EQ(s.slice({.idr = true}), Role::first_slice);
    EXPECT_EQ(s.slice({.idr = true, .first_mb = 20}), Role::slice);
    EXPECT_EQ(s.slice({.idr = true, .first_mb = 280}), Role::slice);
    EXPECT_TRUE(s.units.picture().is_idr);
    EXPECT_EQ(s.slice({.kind = 5, .frame_num = 1, .poc_lsb = 2}), Role::first_slice);
    EXPECT_FALSE(s.units.picture().is_idr);
}

TEST(AccessUnits, each_field_of_7_4_1_2_4_begins_a_picture) {
    const SliceSpec before{.kind = 5, .frame_num = 3, .poc_lsb = 8};
    const std::vector<SliceSpec> others = {
        {.first_mb = 9, .kind = 5, .frame_num = 4, .poc_lsb = 8},                // frame_num
        {.first_mb = 9, .kind = 5, .frame_num = 3, .poc_lsb = 10},               // order count
        {.ref_idc = 0, .first_mb = 9, .kind = 5, .frame_num = 3, .poc_lsb = 8},  // reference or not
        {.idr = true, .first_mb = 9, .frame_num = 3, .poc_lsb = 8},              // IDR
    };
    for (const auto& other : others) {
        Stream s({});
        s.slice({.idr = true});
        EXPECT_EQ(s.slice(before), Role::first_slice);
        EXPECT_EQ(s.slice(other), Role::first_slice);
    }
    Stream s({});
    EXPECT_EQ(s.units.feed(make_pps(1, 0)), Role::prefix);
    s.slice({.idr = true, .idr_pic_id = 1});
    EXPECT_EQ(s.slice({.idr = true, .first_mb = 9, .idr_pic_id = 2}), Role::first_slice)
        << "idr_pic_id";
    EXPECT_EQ(s.slice({.idr = true, .first_mb = 99, .pps_id = 1, .idr_pic_id = 2}),
              Role::first_slice)
        << "PPS";
}

TEST(AccessUnits, the_same_picture_sent_twice_is_two_pictures) {
    Stream s({});
    s.slice({.idr = true});
    EXPECT_EQ(s.slice({.idr = true, .first_mb = 50}), Role::slice);
    EXPECT_EQ(s.slice({.idr = true}), Role::first_slice);
}

TEST(AccessUnits, baseline_slices_may_come_in_any_order) {
    Stream s({.profile = 66});
    s.slice({.idr = true, .first_mb = 50});
    EXPECT_EQ(s.slice({.idr = true, .first_mb = 20}), Role::slice);
    EXPECT_EQ(s.slice({.idr = true, .first_mb = 0}), Role::slice);
    EXPECT_EQ(s.slice({.idr = true, .first_mb = 0}), Role::first_slice);
}

TEST(AccessUnits, two_fields_are_one_picture_with_the_smaller_order) {
    Stream s({.frame_mbs_only = false});
    EXPECT_EQ(s.slice({.idr = true, .poc_lsb = 1, .field = Field::bottom}), Role::first_slice);
    EXPECT_EQ(s.slice({.kind = 5, .poc_lsb = 0, .field = Field::top}), Role::second_field);
    EXPECT_EQ(s.units.picture().order, 0);
    EXPECT_TRUE(s.units.picture().is_idr);
    EXPECT_EQ(s.slice({.kind = 5, .frame_num = 1, .poc_lsb = 4, .field = Field::top}),
              Role::first_slice);
    EXPECT_EQ(
        s.slice({.first_mb = 5, .kind = 5, .frame_num = 1, .poc_lsb = 4, .field = Field::top}),
        Role::slice);
    EXPECT_EQ(s.slice({.kind = 5, .frame_num = 1, .poc_lsb = 5, .field = Field::bottom}),
              Role::second_field);
    EXPECT_EQ(s.units.picture().order, 4);
}

TEST(AccessUnits, a_field_without_its_other_half_is_a_picture) {
    Stream s({.frame_mbs_only = false});
    s.slice({.idr = true, .field = Field::top});
    EXPECT_EQ(s.slice({.kind = 5, .frame_num = 1, .poc_lsb = 4, .field = Field::top}),
              Role::first_slice)
        << "same parity";
    EXPECT_EQ(s.slice({.kind = 5, .frame_num = 2, .poc_lsb = 9, .field = Field::bottom}),
              Role::first_slice)
        << "other frame";
    EXPECT_EQ(
        s.slice({.ref_idc = 0, .kind = 6, .frame_num = 3, .poc_lsb = 10, .field = Field::top}),
        Role::first_slice);
    EXPECT_EQ(
        s.slice({.ref_idc = 0, .kind = 6, .frame_num = 3, .poc_lsb = 11, .field = Field::bottom}),
        Role::second_field);
    EXPECT_EQ(
        s.slice({.ref_idc = 0, .kind = 6, .frame_num = 3, .poc_lsb = 12, .field = Field::top}),
        Role::first_slice)
        << "third";
}

TEST(AccessUnits, order_counts_of_type_0_wrap_both_ways) {
    Stream s({});
    EXPECT_EQ(s.order({.idr = true}), 0);
    EXPECT_EQ(s.order({.kind = 5, .frame_num = 1, .poc_lsb = 30}), 30);
    EXPECT_EQ(s.order({.kind = 5, .frame_num = 2, .poc_lsb = 60}), 60);
    EXPECT_EQ(s.order({.kind = 5, .frame_num = 3, .poc_lsb = 2}), 66);
    EXPECT_EQ(s.order({.ref_idc = 0, .kind = 6, .frame_num = 4, .poc_lsb = 62}), 62);
    EXPECT_EQ(s.order({.idr = true, .idr_pic_id = 1}), 0);
    EXPECT_EQ(s.order({.ref_idc = 0, .kind = 6, .frame_num = 1, .poc_lsb = 62}), -2) << "negative";
}

TEST(AccessUnits, operation_5_begins_the_counts_anew) {
    Stream s({});
    s.order({.idr = true});
    EXPECT_EQ(s.order({.kind = 5, .frame_num = 1, .poc_lsb = 20}), 20);
    EXPECT_EQ(s.order({.kind = 5, .frame_num = 2, .poc_lsb = 40, .mmco5 = true}), 0);
    EXPECT_TRUE(s.units.picture().begins_sequence);
    EXPECT_EQ(s.order({.kind = 5, .frame_num = 0, .poc_lsb = 4}), 4);
    EXPECT_FALSE(s.units.picture().begins_sequence);
}

TEST(AccessUnits, order_counts_of_type_1_follow_the_cycle) {
    // Two reference frames a cycle, 4 and 6 apart; others 1 earlier.
    Stream s({.poc_type = 1, .ref_offsets = {4, 6}, .non_ref_offset = -1});
    EXPECT_EQ(s.order({.idr = true}), 0);
    EXPECT_EQ(s.order({.kind = 5, .frame_num = 1}), 4);
    EXPECT_EQ(s.order({.kind = 5, .frame_num = 2}), 10);
    EXPECT_EQ(s.order({.kind = 5, .frame_num = 3}), 14);
    EXPECT_EQ(s.order({.ref_idc = 0, .kind = 6, .frame_num = 4}), 13);
    EXPECT_EQ(s.order({.kind = 5, .frame_num = 4, .delta_poc = 3}), 23);
}

TEST(AccessUnits, order_counts_of_type_2_are_coding_order_over_a_wrap) {
    Stream s({.poc_type = 2});
    EXPECT_EQ(s.order({.idr = true}), 0);
    std::int32_t last = 0;
    for (std::uint32_t n = 1; n < 40; ++n) {
        const std::int32_t order = s.order({.kind = 5, .frame_num = n % 16});
        EXPECT_EQ(order, last + 2);
        last = order;
    }
    EXPECT_EQ(s.order({.ref_idc = 0, .kind = 5, .frame_num = 40 % 16}), last + 1);
}

/// Of a P picture, or of one that no other refers to.
std::uint32_t left_out(Stream& s, std::uint32_t frame_num, std::uint32_t ref_idc = 1,
                       bool mmco5 = false) {
    static std::uint32_t order = 0;
    order = (order + 2) % 64;
    EXPECT_EQ(s.slice({.ref_idc = ref_idc,
                       .kind = 5,
                       .frame_num = frame_num,
                       .poc_lsb = order,
                       .mmco5 = mmco5}),
              Role::first_slice);
    EXPECT_EQ(s.units.picture().is_reference, ref_idc != 0);
    return s.units.picture().left_out;
}

TEST(AccessUnits, a_reference_picture_that_is_missing_leaves_out_a_frame_number) {
    Stream s({});
    s.slice({.idr = true});
    EXPECT_EQ(s.units.picture().left_out, 0U);
    for (std::uint32_t n = 1; n < 40; ++n) EXPECT_EQ(left_out(s, n % 16), 0U) << n;
    EXPECT_EQ(left_out(s, 8, 0), 0U) << "after number 7";
    EXPECT_EQ(left_out(s, 8, 0), 0U) << "what nothing refers to does not count";
    EXPECT_EQ(left_out(s, 8), 0U);
    EXPECT_EQ(left_out(s, 10), 1U);
    EXPECT_EQ(left_out(s, 11), 0U);
    EXPECT_EQ(left_out(s, 14, 0), 2U);
    EXPECT_EQ(left_out(s, 2), 6U) << "numbers begin anew";
    EXPECT_EQ(left_out(s, 2), 15U) << "the same again";
    s.slice({.idr = true, .idr_pic_id = 1});
    EXPECT_EQ(s.units.picture().left_out, 0U) << "it refers to none";
    EXPECT_EQ(left_out(s, 1), 0U);
    EXPECT_EQ(left_out(s, 2, 1, true), 0U) << "from which numbers count anew";
    EXPECT_EQ(left_out(s, 1), 0U);
    EXPECT_EQ(left_out(s, 3), 1U);
}

TEST(AccessUnits, before_the_first_picture_of_a_stream_nothing_is_known_to_be_missing) {
    Stream s({});
    EXPECT_EQ(left_out(s, 9), 0U);
    EXPECT_EQ(left_out(s, 10), 0U);
}

TEST(AccessUnits, both_fields_of_a_picture_have_its_number) {
    Stream s({.frame_mbs_only = false});
    s.slice({.idr = true, .field = Field::top});
    s.slice({.kind = 5, .frame_num = 0, .poc_lsb = 1, .field = Field::bottom});
    s.slice({.kind = 5, .frame_num = 1, .poc_lsb = 2, .field = Field::top});
    EXPECT_EQ(s.units.picture().left_out, 0U);
    s.slice({.kind = 5, .frame_num = 1, .poc_lsb = 3, .field = Field::bottom});
    s.slice({.kind = 5, .frame_num = 3, .poc_lsb = 4, .field = Field::top});
    EXPECT_EQ(s.units.picture().left_out, 1U);
}

TEST(AccessUnits, slices_without_parameter_sets_are_said_to_be) {
    AccessUnits units;
    EXPECT_EQ(units.feed(make_slice({}, {.idr = true})), Role::no_parameter_sets);
    units.feed(make_sps({}));
    EXPECT_EQ(units.feed(make_slice({}, {.idr = true})), Role::no_parameter_sets) << "PPS";
    units.feed(make_pps());
    EXPECT_EQ(units.feed(make_slice({}, {.idr = true})), Role::first_slice);
}

TEST(AccessUnits, a_recovery_point_is_of_the_slice_behind_it_alone) {
    const std::vector<std::uint8_t> recovery_point = {0x06, 0x06, 0x01, 0xC4, 0x80};
    const std::vector<std::uint8_t> unreadable = {0x41};
    Stream s({});
    s.slice({.idr = true});
    EXPECT_TRUE(s.units.has_read_slice());
    s.units.feed(recovery_point);
    s.units.feed(unreadable);
    EXPECT_FALSE(s.units.has_read_slice());
    EXPECT_EQ(s.slice({.kind = 5, .frame_num = 1, .poc_lsb = 2}), Role::first_slice);
    EXPECT_FALSE(s.units.picture().is_recovery_point);
    s.units.feed(recovery_point);
    EXPECT_EQ(s.slice({.kind = 5, .frame_num = 2, .poc_lsb = 4}), Role::first_slice);
    EXPECT_TRUE(s.units.picture().is_recovery_point);
}

TEST(AccessUnits, a_slice_is_unclear_in_part_until_its_header_is_there) {
    for (const SpsSpec& sps : {SpsSpec{.poc_type = 0}, SpsSpec{.poc_type = 1}}) {
        Stream s(sps);
        for (const SliceSpec& spec : {SliceSpec{.idr = true, .idr_pic_id = 40'000},
                                      SliceSpec{.first_mb = 200, .kind = 5, .frame_num = 3}}) {
            const auto nal = make_slice(sps, spec);
            std::size_t clear = 0;
            for (std::size_t size = 1; size <= nal.size(); ++size) {
                const Bytes part = Bytes(nal).first(size);
                if (s.units.is_unclear_in_part(part)) {
                    EXPECT_EQ(clear, 0U) << "it was clear before";
                    continue;
                }
                ++clear;
                AccessUnits units = Stream(sps).units;
                EXPECT_EQ(units.feed(part), Role::first_slice) << size;
            }
            EXPECT_GE(clear, 2U);
            EXPECT_LT(clear, nal.size() - 1);
        }
    }
}

TEST(AccessUnits, parameter_sets_and_sei_are_unclear_in_part_and_other_units_are_not) {
    using Types = std::vector<std::uint8_t>;
    Stream s({});
    for (const std::uint8_t type : Types{6, 7, 8}) {
        std::vector<std::uint8_t> nal(kParameterSetBytesMax, 0x55);
        nal[0] = type;
        EXPECT_TRUE(s.units.is_unclear_in_part(nal));
        EXPECT_TRUE(s.units.is_unclear_in_part(Bytes(nal).first(1)));
        nal.push_back(0x55);
        EXPECT_FALSE(s.units.is_unclear_in_part(nal)) << "no parameter set is so long";
    }
    for (const std::uint8_t type : Types{3, 4, 9, 10, 12, 14, 19}) {
        EXPECT_FALSE(s.units.is_unclear_in_part(Types{type}));
    }
    const AccessUnits nothing_known;
    EXPECT_FALSE(nothing_known.is_unclear_in_part(make_slice({}, {.idr = true})))
        << "no more of it helps";
}

TEST(AccessUnits, layers_filler_and_unknown_types_are_dropped) {
    AccessUnits units;
    for (const int type : {0, 11, 12, 14, 15, 16, 17, 18, 20, 21, 22, 24, 31}) {
        const std::vector<std::uint8_t> nal = {
            static_cast<std::uint8_t>(0x60 | type), 1, 2, 3, 4, 5};
        EXPECT_EQ(units.feed(nal), Role::dropped) << type;
    }
    EXPECT_EQ(units.feed({}), Role::dropped);
    EXPECT_EQ(units.feed(std::vector<std::uint8_t>{0x67, 0xFF}), Role::dropped) << "unreadable SPS";
}

TEST(RecoveryPoint, is_found_behind_other_messages) {
    EXPECT_TRUE(has_recovery_point(std::vector<std::uint8_t>{0x06, 0x06, 0x01, 0xC4, 0x80}));
    EXPECT_TRUE(has_recovery_point(
        std::vector<std::uint8_t>{0x06, 0x05, 0x02, 0xAA, 0xBB, 0x06, 0x01, 0xC4, 0x80}));
    EXPECT_FALSE(has_recovery_point(std::vector<std::uint8_t>{0x06, 0x05, 0x02, 0x06, 0x01, 0x80}));
    EXPECT_FALSE(
        has_recovery_point(std::vector<std::uint8_t>{0x06, 0x05, 0xFF, 0xFF, 0xFF, 0x06, 0x01}));
    EXPECT_FALSE(has_recovery_point(std::vector<std::uint8_t>{0x06}));
}

TEST(SliceHeader, every_truncation_is_refused_or_read_without_harm) {
    Stream s({.frame_mbs_only = false});
    const auto nal = make_slice(
        s.sps, {.kind = 5, .frame_num = 5, .poc_lsb = 9, .field = Field::bottom, .mmco5 = true});
    for (std::size_t n = 0; n < nal.size(); ++n) {
        const auto slice = parse_slice_header(Bytes(nal).first(n), s.units.sets());
        if (!slice) continue;
        EXPECT_EQ(slice->frame_num, 5U) << n;
    }
    const auto whole = parse_slice_header(nal, s.units.sets());
    ASSERT_TRUE(whole);
    EXPECT_TRUE(whole->is_bottom);
    EXPECT_TRUE(whole->has_mmco5);
    EXPECT_EQ(whole->poc_lsb, 9U);
}

}  // namespace
}  // namespace st::media
