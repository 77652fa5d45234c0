#include "flv/normaliser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "flv/body.h"
#include "flv/codec_config.h"
#include "media/avc_config.h"
#include "media/nal.h"

namespace st::flv {
namespace {

using media::Codec;
using media::NalType;
using media::Packet;
using media::Role;

constexpr unsigned kLengthBytes = 4;
/// Where an AVCDecoderConfigurationRecord says how long lengths are.
constexpr std::size_t kLengthSizeAt = 4;
/// After so many pictures in one packet each, every packet is taken for a picture.
constexpr unsigned kWholePictures = 2;
/// After so many pictures in a row that came whole, nothing is held any more.
constexpr unsigned kUnjoinedPictures = 30;
/// Units before a picture that never comes.
constexpr std::size_t kPrefixBytesMax = 256 * 1024;
constexpr std::size_t kAdtsBytes = 7;
constexpr std::size_t kAdtsBytesWithCrc = 9;

void append_unit(Buffer& out, Bytes unit) {
    std::array<std::uint8_t, kLengthBytes> length{};
    store_be32(length.data(), static_cast<std::uint32_t>(unit.size()));
    out.append(length);
    out.append(unit);
}

std::size_t load_length(const std::uint8_t* at, unsigned bytes) {
    std::size_t length = 0;
    for (unsigned i = 0; i < bytes; ++i) length = length << 8 | at[i];
    return length;
}

bool is_slice(NalType type) {
    return type == NalType::slice || type == NalType::idr || type == NalType::partition_a;
}

/// Whether first_mb_in_slice, ue(v), is 0.
bool begins_at_first_macroblock(Bytes unit) { return unit.size() > 1 && (unit[1] & 0x80) != 0; }

Buffer joined(Bytes first, Bytes second) {
    Buffer both;
    both.reserve(first.size() + second.size());
    both.append(first);
    both.append(second);
    return both;
}

/// ISO/IEC 14496-3, 1.A.2.2: sync word, layer 0. A raw AAC frame cannot begin with these bits.
bool begins_with_adts(Bytes frame) {
    return frame.size() > kAdtsBytes && frame[0] == 0xFF && (frame[1] & 0xF6) == 0xF0;
}

/// The AudioSpecificConfig that an ADTS header stands for.
std::array<std::uint8_t, 2> config_of_adts(Bytes frame) {
    const unsigned object_type = (frame[2] >> 6) + 1U;
    const unsigned rate_index = (frame[2] >> 2) & 0xFU;
    const unsigned channels = (frame[2] & 1U) << 2 | frame[3] >> 6;
    const unsigned bits = object_type << 11 | rate_index << 7 | channels << 3;
    return {static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits)};
}

}  // namespace

void Normaliser::feed(Packet packet, std::vector<Packet>& out) {
    switch (packet.codec) {
        case Codec::h264:
            if (packet.is_config) return video_config(std::move(packet), out);
            return video(std::move(packet), out);
        case Codec::aac:
            return audio(std::move(packet), out);
        case Codec::flv:
        case Codec::metadata:
            break;
    }
    flush(out);
    give(std::move(packet), out);
}

void Normaliser::flush(std::vector<Packet>& out) {
    if (!held_) return;
    note_whole_picture();
    Packet picture = std::move(*held_);
    held_.reset();
    give(std::move(picture), out);
}

/// What a publisher does with its pictures is known from what it did with the last ones.
void Normaliser::note_whole_picture() {
    const bool was_joined = std::exchange(held_is_joined_, false);
    if (form_ == Form::unknown && ++whole_pictures_ >= kWholePictures) form_ = Form::pictures;
    if (form_ != Form::slices) return;
    unjoined_pictures_ = was_joined ? 0 : unjoined_pictures_ + 1;
    if (unjoined_pictures_ < kUnjoinedPictures) return;
    form_ = Form::unknown;  // it was one stray slice
    whole_pictures_ = unjoined_pictures_ = 0;
}

void Normaliser::give(Packet packet, std::vector<Packet>& out) {
    if (auto config = inlet_.admit(packet)) out.push_back(std::move(*config));
    out.push_back(std::move(packet));
}

void Normaliser::note_unusable(const std::string& why) {
    ++unusable_;
    last_unusable_ = why;
}

void Normaliser::video_config(Packet packet, std::vector<Packet>& out) {
    flush(out);
    if (packet.payload.size() > kLengthSizeAt) {
        std::uint8_t& lengths = packet.payload.data()[kLengthSizeAt];
        length_bytes_ = (lengths & 3U) + 1;
        lengths |= 3U;
    }
    if (const auto config = media::parse_avc_config(packet.payload.bytes())) {
        for (const Bytes set : config->sps) access_units_.feed(set);
        for (const Bytes set : config->pps) access_units_.feed(set);
    }
    give(std::move(packet), out);
}

void Normaliser::note_unit(Bytes unit, bool is_flagged_key, Walked& walked) {
    const Role role = access_units_.feed(unit);
    const NalType type = media::nal_type(unit[0]);
    if (!is_slice(type)) return;
    // A slice whose header cannot be read, too, begins a picture if it begins at macroblock 0.
    const bool begins = role == Role::first_slice ||
                        (role != Role::second_field && begins_at_first_macroblock(unit));
    if (begins && !walked.has_slices) {
        walked.begins_picture = true;
        if (role == Role::first_slice) {
            const media::PictureStart& picture = access_units_.picture();
            walked.is_key =
                picture.is_idr || picture.is_recovery_point || (is_flagged_key && picture.is_intra);
        } else {
            walked.is_key = type == NalType::idr || is_flagged_key;
        }
    }
    walked.has_slices = true;
}

/// Looks at every unit, and copies them only once something about them must change.
Normaliser::Walked Normaliser::walk(const Packet& packet) {
    Walked walked;
    const Bytes all = packet.payload.bytes();
    const auto be_odd = [&](std::size_t up_to) {
        if (!walked.is_plain) return;
        walked.is_plain = false;
        walked.units.append(all.first(up_to));
    };
    if (length_bytes_ != kLengthBytes) be_odd(0);
    std::size_t at = 0;
    while (at < all.size()) {
        const std::size_t begin = at;
        const std::size_t left = all.size() - at;
        const std::size_t size =
            left < length_bytes_ ? left : load_length(all.data() + at, length_bytes_);
        if (left < length_bytes_ || size > left - length_bytes_) {  // cut short
            be_odd(begin);
            break;
        }
        const Bytes unit = all.subspan(at + length_bytes_, size);
        at += length_bytes_ + size;
        const std::uint8_t* const end = unit.data() + unit.size();
        if (unit.empty() || media::find_start_code(unit.data(), end) != end) {
            be_odd(begin);
            if (unit.empty()) continue;
            // What stands before the first start code is a unit too.
            Buffer annex_b;
            constexpr std::array<std::uint8_t, 3> kStartCode = {0, 0, 1};
            annex_b.append(kStartCode);
            annex_b.append(unit);
            media::NalWalker walker(annex_b.bytes());
            for (media::NalSpan nal{}; walker.next(nal);) {
                const Bytes part = annex_b.bytes().subspan(nal.begin, nal.end - nal.begin);
                if (part.empty()) continue;
                note_unit(part, packet.is_key, walked);
                append_unit(walked.units, part);
            }
            continue;
        }
        note_unit(unit, packet.is_key, walked);
        if (!walked.is_plain) append_unit(walked.units, unit);
    }
    return walked;
}

void Normaliser::video(Packet packet, std::vector<Packet>& out) {
    Walked walked = walk(packet);
    if (!walked.is_plain) packet.payload = std::move(walked.units);
    if (packet.payload.empty()) return note_unusable("H.264: a picture without a whole NAL unit");
    if (!walked.has_slices) {  // parameter sets, SEI: of the picture that follows
        flush(out);
        if (prefix_.size() + packet.payload.size() > kPrefixBytesMax) {
            prefix_ = {};
            return note_unusable("H.264: too much before a picture");
        }
        prefix_.append(packet.payload.bytes());
        return;
    }
    if (!walked.begins_picture) {
        form_ = Form::slices;
        held_is_joined_ = true;
        Buffer more = std::exchange(prefix_, {});
        if (held_ && held_->payload.size() + more.size() + packet.payload.size() > kBodyBytesMax) {
            note_unusable("H.264: a picture of more than 16 MiB");
        } else if (held_) {
            held_->payload.append(more.bytes());
            held_->payload.append(packet.payload.bytes());
        } else {
            note_unusable("H.264: a slice without the beginning of its picture");
        }
        return;
    }
    flush(out);
    packet.is_key = walked.is_key;
    if (!prefix_.empty()) {
        packet.payload = joined(prefix_.bytes(), packet.payload.bytes());
        prefix_ = {};
    }
    if (form_ == Form::pictures) return give(std::move(packet), out);
    held_ = std::move(packet);
}

void Normaliser::audio(Packet packet, std::vector<Packet>& out) {
    if (packet.is_config) {
        audio_config_ = Buffer(packet.payload.bytes());
        return give(std::move(packet), out);
    }
    if (begins_with_adts(packet.payload.bytes())) {
        const Bytes frame = packet.payload.bytes();
        const auto config = config_of_adts(frame);
        if (!std::ranges::equal(audio_config_.bytes(), config)) {
            Packet made;
            made.track = media::Track::audio;
            made.codec = Codec::aac;
            made.is_config = true;
            made.dts_ms = packet.dts_ms;
            made.payload = Buffer(Bytes(config));
            audio_config_ = Buffer(Bytes(config));
            give(std::move(made), out);
        }
        const std::size_t head = (frame[1] & 1) != 0 ? kAdtsBytes : kAdtsBytesWithCrc;
        if (frame.size() <= head) return note_unusable("AAC: an ADTS header without a frame");
        packet.payload = Buffer(frame.subspan(head));
    } else if (audio_config_.empty()) {
        return note_unusable("AAC: sound without a decoder configuration");
    }
    give(std::move(packet), out);
}

}  // namespace st::flv
