#include "av/references.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "media/avc_config.h"
#include "media/synthetic.h"

namespace st::av {
namespace {

using media::SliceSpec;

struct FreeParameters {
    void operator()(AVCodecParameters* p) const { avcodec_parameters_free(&p); }
};
using ParametersPtr = std::unique_ptr<AVCodecParameters, FreeParameters>;

/// Of an MP4's H.264 track.
ParametersPtr h264(const media::SpsSpec& spec) {
    const auto sps = media::make_sps(spec);
    const auto pps = media::make_pps();
    const std::vector<Bytes> sps_list{sps};
    const std::vector<Bytes> pps_list{pps};
    const Buffer record = media::encode_avc_config(sps_list, pps_list);
    ParametersPtr parameters(avcodec_parameters_alloc());
    parameters->codec_id = AV_CODEC_ID_H264;
    parameters->extradata_size = static_cast<int>(record.size());
    parameters->extradata =
        static_cast<std::uint8_t*>(av_mallocz(record.size() + AV_INPUT_BUFFER_PADDING_SIZE));
    std::memcpy(parameters->extradata, record.data(), record.size());
    return parameters;
}

PacketPtr sample(const std::vector<std::vector<std::uint8_t>>& nals) {
    std::vector<std::uint8_t> bytes;
    for (const auto& nal : nals) {
        std::array<std::uint8_t, 4> length{};
        store_be32(length.data(), static_cast<std::uint32_t>(nal.size()));
        bytes.insert(bytes.end(), length.begin(), length.end());
        bytes.insert(bytes.end(), nal.begin(), nal.end());
    }
    PacketPtr packet(av_packet_alloc());
    EXPECT_EQ(av_new_packet(packet.get(), static_cast<int>(bytes.size())), 0);
    std::ranges::copy(bytes, packet->data);
    return packet;
}

/// A stream of which some pictures do not come.
struct Stream {
    explicit Stream(const media::SpsSpec& spec = {})
        : parameters(h264(spec)), references(*parameters) {
        EXPECT_EQ(next({.idr = true}), Standing::begins);
    }
    Standing next(const SliceSpec& slice, std::uint32_t lost = 0) {
        return references.next(*sample({media::make_slice({}, slice)}), lost);
    }
    Standing p(std::uint32_t frame_num, std::uint32_t lost = 0) {
        return next({.kind = 5, .frame_num = frame_num, .poc_lsb = 2 * frame_num}, lost);
    }
    Standing unreferenced(std::uint32_t frame_num, std::uint32_t lost = 0) {
        return next({.ref_idc = 0, .kind = 6, .frame_num = frame_num, .poc_lsb = 2 * frame_num - 1},
                    lost);
    }
    ParametersPtr parameters;
    References references;
};

TEST(References, are_missing_where_numbers_are) {
    Stream s;
    EXPECT_EQ(s.p(1), Standing::goes_on);
    EXPECT_EQ(s.p(3), Standing::misses);
    EXPECT_EQ(s.p(4), Standing::goes_on);
    EXPECT_EQ(s.unreferenced(6), Standing::misses);
}

TEST(References, decoding_begins_at_a_recovery_point_behind_a_gap) {
    const std::vector<std::uint8_t> recovery_point{0x06, 0x06, 0x01, 0xC4, 0x80};
    Stream s;
    const auto slice = media::make_slice({}, {.frame_num = 5, .poc_lsb = 10});
    EXPECT_EQ(s.references.next(*sample({recovery_point, slice}), 0), Standing::begins);
    EXPECT_EQ(s.p(6), Standing::goes_on);
}

TEST(References, a_lost_message_was_one_where_all_pictures_are) {
    Stream s;
    EXPECT_EQ(s.p(1), Standing::goes_on);
    EXPECT_EQ(s.p(2, 1), Standing::misses) << "a key frame, whose numbers begin anew";
}

TEST(References, a_lost_message_was_none_where_the_numbers_go_on) {
    Stream s;
    EXPECT_EQ(s.unreferenced(1), Standing::goes_on);
    EXPECT_EQ(s.p(1, 1), Standing::goes_on);
    EXPECT_EQ(s.p(2, 15), Standing::goes_on);
    EXPECT_EQ(s.p(3, 16), Standing::misses) << "as many as there are numbers";
}

TEST(References, an_encoder_that_does_not_count_loses_none_unless_messages_are_lost) {
    Stream s;
    EXPECT_EQ(s.p(0), Standing::goes_on);
    EXPECT_EQ(s.unreferenced(0), Standing::goes_on);
    EXPECT_EQ(s.p(0, 1), Standing::misses);
}

TEST(References, numbers_that_a_stream_may_leave_out_are_missed_where_messages_are_lost) {
    Stream s({.may_leave_out_frame_nums = true});
    EXPECT_EQ(s.p(2), Standing::goes_on);
    EXPECT_EQ(s.p(5, 1), Standing::misses);
}

TEST(References, a_sample_that_is_cut_short_is_the_decoders_to_judge) {
    Stream s;
    const auto slice = media::make_slice({}, {.kind = 5, .frame_num = 7, .poc_lsb = 2});
    for (int size = 0; size < 8; ++size) {
        const auto packet = sample({slice});
        av_shrink_packet(packet.get(), size);
        EXPECT_EQ(s.references.next(*packet, 0), Standing::goes_on) << size;
    }
}

TEST(References, every_picture_begins_where_none_refers_to_another) {
    const ParametersPtr parameters(avcodec_parameters_alloc());
    parameters->codec_id = AV_CODEC_ID_MJPEG;
    References references(*parameters);
    EXPECT_EQ(references.next(*sample({media::make_slice({}, {.frame_num = 9})}), 1),
              Standing::begins);
}

}  // namespace
}  // namespace st::av
