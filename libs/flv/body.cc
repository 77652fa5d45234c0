#include "flv/body.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <string_view>
#include <utility>

#include "flv/adts.h"
#include "flv/amf.h"
#include "flv/video_data.h"
#include "media/aac_config.h"

namespace st::flv {
namespace {

using media::Codec;
using media::Packet;
using media::Track;
using MaybePacket = Result<std::optional<Packet>>;

constexpr std::size_t kAvcHeadBytes = 5;
constexpr std::size_t kAacHeadBytes = 2;
constexpr std::uint8_t kAvc = 7;
constexpr std::uint8_t kHevcUnofficial = 12;  ///< as some services write HEVC without a FourCC
constexpr std::uint8_t kAv1Unofficial = 13;
constexpr std::uint8_t kAac = 10;
constexpr std::uint8_t kFourCcAudio = 9;
constexpr std::uint8_t kFourCcVideo = 0x80;  ///< flag in the first byte
constexpr std::uint8_t kKeyFrame = 1;
constexpr std::uint8_t kGeneratedKeyFrame = 4;
constexpr std::uint8_t kVideoCommand = 5;
/// 44 kHz, 16 bit, stereo: what AAC says whatever it is.
constexpr std::uint8_t kAacFirstByte = 0xAF;

/// The tag carries nothing for the stream.
MaybePacket nothing() { return std::optional<Packet>(); }

std::size_t head_length(std::uint8_t type, std::uint8_t first) {
    if (type == static_cast<std::uint8_t>(TagType::video) && (first & 0x8F) == kAvc) {
        return kAvcHeadBytes;
    }
    if (type == static_cast<std::uint8_t>(TagType::audio) && first >> 4 == kAac) {
        return kAacHeadBytes;
    }
    return 0;
}

bool is_key_type(std::uint8_t frame_type) {
    return frame_type == kKeyFrame || frame_type == kGeneratedKeyFrame;
}

Packet packet_of(Track track, Codec codec, std::int64_t dts_ms, Buffer payload) {
    Packet packet;
    packet.track = track;
    packet.codec = codec;
    packet.dts_ms = dts_ms;
    packet.payload = std::move(payload);
    return packet;
}

/// `most`: of what is kept as long as the stream lives.
MaybePacket bounded(Packet packet, std::size_t most = kConfigBytesMax) {
    const std::size_t size = packet.payload.size();
    if ((!packet.is_config && !packet.is_colour) || size <= most) {
        return std::optional<Packet>(std::move(packet));
    }
    return Error{"flv: a decoder configuration of " + std::to_string(size) + " bytes, at most " +
                 std::to_string(most)};
}

/// Of another codec: the whole body.
Packet passed_through(Track track, std::int64_t dts_ms, std::uint32_t codec_tag, Buffer body) {
    Packet packet = packet_of(track, Codec::flv, dts_ms, std::move(body));
    packet.codec_tag = codec_tag;
    return packet;
}

MaybePacket avc_config(std::int64_t dts_ms, Buffer record) {
    if (record.empty()) return nothing();
    Packet packet = packet_of(Track::video, Codec::h264, dts_ms, std::move(record));
    packet.is_config = true;
    return bounded(std::move(packet));
}

MaybePacket avc_frame(std::int64_t dts_ms, std::int32_t cts_ms, bool is_key, Buffer units) {
    if (units.empty()) return nothing();
    UnitScan scan = scan_units(units.bytes());
    if (!scan.is_whole && is_annexb_not_length(units.bytes())) {
        units = lengths_from_annex_b(units.bytes());
        if (units.empty()) return nothing();
        scan = scan_units(units.bytes());
    }
    Packet packet = packet_of(Track::video, Codec::h264, dts_ms, std::move(units));
    packet.is_key = is_key || scan.has_idr;
    packet.cts_ms = cts_ms;
    return std::optional<Packet>(std::move(packet));
}

MaybePacket aac_packet(std::int64_t dts_ms, bool is_config, Buffer payload) {
    if (payload.empty()) return nothing();
    // Some publishers have an ADTS header there.
    const bool is_adts = has_adts_sync(payload.bytes());
    if (is_config && !is_adts) {
        if (auto config = media::parse_aac_config(payload.bytes()); !config) return config.error();
    }
    Packet packet = packet_of(Track::audio, Codec::aac, dts_ms, std::move(payload));
    packet.is_config = is_config;
    return bounded(std::move(packet), is_adts ? kConfigBytesMax : kAacConfigBytesMax);
}

/// The head of a FourCC body: what kind of packet, of which codec, and where its data begins.
struct FourCcHead {
    std::uint8_t packet_type = 0;
    std::uint32_t four_cc = 0;  ///< 0: none
    bool is_multitrack = false;
    std::uint8_t track_id = 0;  ///< of the first track, if it is multitrack
    std::size_t bytes = 0;
};

constexpr std::uint8_t kSequenceStart = 0;
constexpr std::uint8_t kCodedFrames = 1;
constexpr std::uint8_t kSequenceEnd = 2;
constexpr std::uint8_t kCodedFramesX = 3;        ///< video: composition time 0, not written
constexpr std::uint8_t kColour = 4;              ///< video: "Metadata", that is colorInfo
constexpr std::uint8_t kMpeg2SequenceStart = 5;  ///< video
constexpr std::uint8_t kAudioMultitrack = 5;
constexpr std::uint8_t kVideoMultitrack = 6;
constexpr std::uint8_t kModifiers = 7;
constexpr std::uint32_t kAvc1 = 0x61766331;
constexpr std::uint32_t kMp4a = 0x6D703461;

Result<FourCcHead> read_four_cc_head(Bytes body, Track track) {
    const Error cut{std::string("flv: FourCC ") + (track == Track::video ? "video" : "audio") +
                    " head is cut short at " + std::to_string(body.size()) + " bytes"};
    FourCcHead head;
    head.packet_type = body[0] & 0x0F;
    head.bytes = 1;
    while (head.packet_type == kModifiers) {
        if (body.size() < head.bytes + 1) return cut;
        std::size_t size = std::size_t{body[head.bytes++]} + 1;
        if (size == 256) {
            if (body.size() < head.bytes + 2) return cut;
            size = std::size_t{load_be16(body.data() + head.bytes)} + 1;
            head.bytes += 2;
        }
        if (body.size() - head.bytes < size + 1) return cut;
        head.packet_type = body[head.bytes + size] & 0x0F;
        head.bytes += size + 1;
    }
    const std::uint8_t multitrack = track == Track::video ? kVideoMultitrack : kAudioMultitrack;
    if (head.packet_type == multitrack) {
        if (body.size() < head.bytes + 1) return cut;
        head.packet_type = body[head.bytes++] & 0x0F;
        head.is_multitrack = true;
    }
    // Not defined: a browser's publisher marks Opus so, without a FourCC.
    if (head.packet_type > kModifiers) return head;
    if (body.size() < head.bytes + 4) return cut;
    head.four_cc = load_be32(body.data() + head.bytes);
    head.bytes += 4;
    if (!head.is_multitrack) return head;
    if (body.size() < head.bytes + 1) return cut;
    head.track_id = body[head.bytes++];
    return head;
}

MaybePacket four_cc_video(std::int64_t dts_ms, Buffer body) {
    const std::uint8_t frame_type = (body.data()[0] >> 4) & 7;
    const Result<FourCcHead> head = read_four_cc_head(body.bytes(), Track::video);
    if (!head) return head.error();
    const bool is_colour = head->packet_type == kColour;  // whatever its frame type says
    if (head->packet_type == kSequenceEnd || (frame_type == kVideoCommand && !is_colour)) {
        return nothing();
    }
    const bool is_key = is_key_type(frame_type) &&
                        (head->packet_type == kCodedFrames || head->packet_type == kCodedFramesX);
    if (head->four_cc != kAvc1 || is_colour || head->is_multitrack) {
        Packet packet = passed_through(Track::video, dts_ms, head->four_cc, std::move(body));
        packet.is_colour = is_colour;
        packet.is_config = head->packet_type == kSequenceStart ||
                           head->packet_type == kMpeg2SequenceStart || is_colour;
        packet.is_key = is_key && head->track_id == 0;
        packet.track_id = head->track_id;
        return bounded(std::move(packet));
    }
    const Bytes content = body.bytes().subspan(head->bytes);
    switch (head->packet_type) {
        case kSequenceStart:
            return avc_config(dts_ms, Buffer(content));
        case kCodedFrames:
            if (content.size() < 3) return nothing();
            return avc_frame(dts_ms, load_be24_signed(content.data()), is_key,
                             Buffer(content.subspan(3)));
        case kCodedFramesX:
            return avc_frame(dts_ms, 0, is_key, Buffer(content));
        default:
            return nothing();
    }
}

MaybePacket four_cc_audio(std::int64_t dts_ms, Buffer body) {
    const Result<FourCcHead> head = read_four_cc_head(body.bytes(), Track::audio);
    if (!head) return head.error();
    if (head->packet_type == kSequenceEnd) return nothing();
    const bool is_config = head->packet_type == kSequenceStart;
    const bool is_ours = head->four_cc == kMp4a && !head->is_multitrack;
    if (is_ours && (is_config || head->packet_type == kCodedFrames)) {
        return aac_packet(dts_ms, is_config, Buffer(body.bytes().subspan(head->bytes)));
    }
    Packet packet = passed_through(Track::audio, dts_ms, head->four_cc, std::move(body));
    packet.is_config = is_config;
    packet.track_id = head->track_id;
    return bounded(std::move(packet));
}

MaybePacket video_packet(std::int64_t dts_ms, Body body) {
    if (body.head_bytes != 0) {
        const std::uint8_t frame_type = body.head[0] >> 4;
        if (body.head_bytes < kAvcHeadBytes || frame_type == kVideoCommand) return nothing();
        if (body.head[1] == 0) return avc_config(dts_ms, std::move(body.payload));
        if (body.head[1] != 1) return nothing();  // 2: end of sequence; others are not defined
        return avc_frame(dts_ms, load_be24_signed(body.head.data() + 2), is_key_type(frame_type),
                         std::move(body.payload));
    }
    if (body.payload.empty()) return nothing();
    const std::uint8_t first = body.payload.data()[0];
    if ((first & kFourCcVideo) != 0) return four_cc_video(dts_ms, std::move(body.payload));
    const std::uint8_t frame_type = first >> 4;
    const std::uint8_t codec = first & 0x0F;
    if (frame_type == kVideoCommand || body.payload.size() == 1) return nothing();
    const bool has_packet_type = codec == kHevcUnofficial || codec == kAv1Unofficial;
    const bool is_config = has_packet_type && body.payload.data()[1] == 0;
    Packet packet = passed_through(Track::video, dts_ms, codec, std::move(body.payload));
    packet.is_config = is_config;
    packet.is_key = is_key_type(frame_type) && !is_config;
    return bounded(std::move(packet));
}

MaybePacket audio_packet(std::int64_t dts_ms, Body body) {
    if (body.head_bytes != 0) {
        if (body.head_bytes < kAacHeadBytes || body.head[1] > 1) return nothing();
        return aac_packet(dts_ms, body.head[1] == 0, std::move(body.payload));
    }
    if (body.payload.empty()) return nothing();
    if (body.payload.data()[0] >> 4 == kFourCcAudio) {
        return four_cc_audio(dts_ms, std::move(body.payload));
    }
    if (body.payload.size() == 1) return nothing();
    const std::uint32_t codec = body.payload.data()[0] >> 4;
    return std::optional<Packet>(
        passed_through(Track::audio, dts_ms, codec, std::move(body.payload)));
}

/// Some publishers name a codec 0 or "" where there is no track.
bool promises(const AmfObject& metadata, std::string_view track, std::string_view codec) {
    const AmfValue* has_track = metadata.find(track);
    if (has_track != nullptr && has_track->boolean() != nullptr) return *has_track->boolean();
    const AmfValue* id = metadata.find(codec);
    if (id == nullptr) return false;
    if (id->number() != nullptr) return *id->number() != 0;
    return id->string() != nullptr && !id->string()->empty();
}

/// Not what is between a publisher and the server.
bool may_pass(std::string_view name) {
    return !name.empty() && name[0] != '@' && name[0] != '|' && name != "onStatus";
}

MaybePacket script_packet(std::int64_t dts_ms, Bytes body) {
    if (body.empty()) return nothing();
    Amf0Reader reader(body);
    Result<AmfValue> name = reader.next();
    if (!name) return name.error();
    if (name->string() != nullptr && *name->string() == "@setDataFrame") {
        if (reader.at_end()) return nothing();
        name = reader.next();
        if (!name) return name.error();
    }
    if (name->string() == nullptr || !may_pass(*name->string())) return nothing();
    if (*name->string() != "onMetaData") {
        Packet packet = packet_of(Track::metadata, Codec::metadata, dts_ms, Buffer());
        packet.payload = encode_amf0(*name);
        packet.payload.append(body.subspan(reader.position()));
        packet.is_passing = true;
        return std::optional<Packet>(std::move(packet));
    }
    if (reader.at_end()) return nothing();
    const Result<AmfValue> content = reader.next();
    if (!content) return content.error();
    if (content->object() == nullptr) {
        return Error{"flv: onMetaData holds neither an object nor an ECMA array"};
    }
    Packet packet =
        packet_of(Track::metadata, Codec::metadata, dts_ms, encode_amf0(*name, *content));
    packet.promises_video = promises(*content->object(), "hasVideo", "videocodecid");
    packet.promises_audio = promises(*content->object(), "hasAudio", "audiocodecid");
    return std::optional<Packet>(std::move(packet));
}

}  // namespace

void BodyAssembler::begin(std::uint8_t type, std::size_t body_bytes) {
    assert(body_bytes <= kBodyBytesMax);
    type_ = type;
    body_bytes_ = body_bytes;
    head_bytes_ = 0;
    body_ = Body();
}

void BodyAssembler::append(Bytes bytes) {
    assert(bytes.size() <= missing_bytes());
    if (bytes.empty()) return;
    if (!has_begun()) head_bytes_ = std::min(head_length(type_, bytes[0]), body_bytes_);
    const std::size_t to_head = std::min(head_bytes_ - body_.head_bytes, bytes.size());
    std::copy_n(bytes.begin(), to_head, body_.head.begin() + body_.head_bytes);
    body_.head_bytes += to_head;
    bytes = bytes.subspan(to_head);
    if (bytes.empty()) return;
    Buffer& payload = body_.payload;
    const std::size_t need = payload.size() + bytes.size();
    if (need > payload.capacity()) {
        const std::size_t doubled = std::max({need, kFirstBytes, 2 * payload.capacity()});
        payload.reserve(std::min(doubled, body_bytes_ - head_bytes_));
    }
    payload.append(bytes);
}

Body BodyAssembler::take() {
    assert(missing_bytes() == 0);
    body_bytes_ = 0;
    return std::exchange(body_, Body());
}

Result<std::optional<Packet>> to_packet(TagType type, std::uint32_t timestamp_ms, Body body) {
    const std::int64_t dts_ms = timestamp_ms;
    switch (type) {
        case TagType::audio:
            return audio_packet(dts_ms, std::move(body));
        case TagType::video:
            return video_packet(dts_ms, std::move(body));
        case TagType::script:
            return script_packet(dts_ms, body.payload.bytes());
    }
    return std::optional<Packet>();
}

Result<std::optional<Packet>> to_packet(TagType type, std::uint32_t timestamp_ms, Bytes body) {
    BodyAssembler assembler;
    assembler.begin(static_cast<std::uint8_t>(type), body.size());
    assembler.append(body);
    return to_packet(type, timestamp_ms, assembler.take());
}

TagType tag_type(const Packet& packet) {
    switch (packet.track) {
        case Track::video:
            return TagType::video;
        case Track::audio:
            return TagType::audio;
        case Track::metadata:
            break;
    }
    return TagType::script;
}

BodyHead body_head(const Packet& packet) {
    BodyHead head;
    switch (packet.codec) {
        case Codec::h264: {
            const bool is_key = packet.is_key || packet.is_config;
            const auto cts = static_cast<std::uint32_t>(packet.is_config ? 0 : packet.cts_ms);
            head.bytes = {static_cast<std::uint8_t>((is_key ? 0x10 : 0x20) | kAvc),
                          static_cast<std::uint8_t>(packet.is_config ? 0 : 1),
                          static_cast<std::uint8_t>(cts >> 16), static_cast<std::uint8_t>(cts >> 8),
                          static_cast<std::uint8_t>(cts)};
            head.size = kAvcHeadBytes;
            break;
        }
        case Codec::aac:
            head.bytes = {kAacFirstByte, static_cast<std::uint8_t>(packet.is_config ? 0 : 1)};
            head.size = kAacHeadBytes;
            break;
        case Codec::flv:
        case Codec::metadata:
            break;
    }
    return head;
}

std::size_t body_bytes(const Packet& packet) {
    switch (packet.codec) {
        case Codec::h264:
            return kAvcHeadBytes + packet.payload.size();
        case Codec::aac:
            return kAacHeadBytes + packet.payload.size();
        case Codec::flv:
        case Codec::metadata:
            break;
    }
    return packet.payload.size();
}

std::uint8_t* write_body(const Packet& packet, std::uint8_t* out) {
    const BodyHead head = body_head(packet);
    out = std::copy_n(head.bytes.begin(), head.size, out);
    return std::copy_n(packet.payload.data(), packet.payload.size(), out);
}

}  // namespace st::flv
