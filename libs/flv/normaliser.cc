#include "flv/normaliser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "flv/adts.h"
#include "flv/body.h"
#include "flv/given_config.h"
#include "flv/metadata.h"
#include "flv/video_data.h"
#include "media/aac_config.h"
#include "media/avc_config.h"
#include "media/nal.h"

namespace st::flv {
namespace {

using media::Codec;
using media::NalType;
using media::Packet;
using media::Role;

constexpr unsigned kLengthBytes = 4;
/// How long pictures wait for parameter sets before there is no hope.
constexpr std::int64_t kUnseenMsMax = 5'000;
/// How long what may refer to a lost picture is left out; then a picture with faults is better.
constexpr std::int64_t kLostMsMax = 10'000;
constexpr std::int64_t kAacSamples = 1024;
/// A track that begins so long after the other one was not there when viewers were answered.
constexpr std::int64_t kLateMs = 1'000;
/// After so many pictures in one packet each, every packet is taken for a picture.
constexpr unsigned kWholePictures = 2;
/// After so many pictures in a row that came whole, nothing is held any more.
constexpr unsigned kUnjoinedPictures = 30;
/// Units before a picture that never comes.
constexpr std::size_t kPrefixBytesMax = 256 * 1024;
constexpr std::size_t kAdtsBytes = 7;
constexpr std::size_t kAdtsBytesWithCrc = 9;

std::size_t load_length(const std::uint8_t* at, unsigned bytes) {
    std::size_t length = 0;
    for (unsigned i = 0; i < bytes; ++i) length = length << 8 | at[i];
    return length;
}

bool is_slice(NalType type) {
    return type == NalType::slice || type == NalType::idr || type == NalType::partition_a;
}

bool is_of_picture(NalType type) {
    return is_slice(type) || type == NalType::partition_b || type == NalType::partition_c;
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

/// The whole header is there.
bool begins_with_adts(Bytes frame) { return frame.size() >= kAdtsBytes && has_adts_sync(frame); }

std::size_t adts_head_bytes(Bytes frame) {
    return (frame[1] & 1) != 0 ? kAdtsBytes : kAdtsBytesWithCrc;
}

/// With the header.
std::size_t adts_frame_bytes(Bytes frame) {
    return (frame[3] & 3U) << 11 | std::size_t{frame[4]} << 3 | frame[5] >> 5;
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
    has_video_ = has_video_ || packet.track == media::Track::video;
    switch (packet.codec) {
        case Codec::h264:
            if (packet.is_config) return video_config(packet, out);
            return video(std::move(packet), out);
        case Codec::aac:
            return audio(std::move(packet), out);
        case Codec::metadata:
            return metadata(std::move(packet), out);
        case Codec::flv:
            break;
    }
    if (packet.track == media::Track::video) flush(out);
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
    has_joined_ = has_joined_ || was_joined;
    // Slices of a size leave small pictures whole, for as long as little moves.
    if (has_joined_ || ++unjoined_pictures_ < kUnjoinedPictures) return;
    form_ = Form::unknown;  // it was one stray slice
    whole_pictures_ = unjoined_pictures_ = 0;
}

void Normaliser::give(Packet packet, std::vector<Packet>& out) {
    announce(packet, out);
    const bool is_media = !packet.is_config && packet.track_id == 0;
    const bool is_picture = is_media && packet.track == media::Track::video;
    if (is_picture && !first_picture_ms_) first_picture_ms_ = packet.dts_ms;
    if (is_media && !is_picture && !first_sound_ms_) first_sound_ms_ = packet.dts_ms;
    out.push_back(std::move(packet));
}

/// Before a track that nobody spoke of and that comes when the other one is under way: viewers are
/// told by metadata, which is all that FLV has for it.
void Normaliser::announce(const Packet& packet, std::vector<Packet>& out) {
    if (packet.track == media::Track::metadata || packet.track_id != 0) return;
    const bool is_video = packet.track == media::Track::video;
    const std::optional<std::int64_t> other_ms = is_video ? first_sound_ms_ : first_picture_ms_;
    const bool is_late = other_ms && packet.dts_ms - *other_ms >= kLateMs;
    bool& is_announced = is_video ? is_video_announced_ : is_audio_announced_;
    if (std::exchange(is_announced, true) || !is_late) return;
    StreamFacts facts;
    if (is_video) {
        facts.is_h264 = packet.codec == Codec::h264;
    } else if (packet.codec == Codec::aac) {
        facts.is_aac = true;
        const auto config = media::parse_aac_config(audio_config_.bytes());
        if (config) facts.audio_sample_rate = config->sample_rate;
        if (config) facts.audio_channels = config->channels;
    }
    Packet told;
    told.track = media::Track::metadata;
    told.codec = Codec::metadata;
    told.dts_ms = packet.dts_ms;
    told.promises_video = is_video_announced_ || first_picture_ms_;
    told.promises_audio = is_audio_announced_ || first_sound_ms_;
    metadata_ = add_to_metadata(metadata_.bytes(), facts);
    told.payload = Buffer(metadata_.bytes());
    out.push_back(std::move(told));
}

void Normaliser::metadata(Packet packet, std::vector<Packet>& out) {
    if (!packet.is_passing) {
        packet.payload = metadata_for_live(std::move(packet.payload));
        if (packet.payload.size() > kConfigBytesMax) {
            return note_unusable("flv: metadata of " + std::to_string(packet.payload.size()) +
                                 " bytes, at most " + std::to_string(kConfigBytesMax));
        }
        metadata_ = Buffer(packet.payload.bytes());
        is_video_announced_ = is_video_announced_ || packet.promises_video;
        is_audio_announced_ = is_audio_announced_ || packet.promises_audio;
    }
    out.push_back(std::move(packet));
}

void Normaliser::note_unusable(const std::string& why) {
    ++unusable_;
    last_unusable_ = why;
}

/// A picture that no decoder can be set up for.
void Normaliser::note_unseen(const Packet& picture, const std::string& why) {
    note_unusable(why);
    if (headers_.has_any() && first_picture_ms_) return;
    if (!unseen_since_ms_) unseen_since_ms_ = picture.dts_ms;
    const bool had_its_chance = picture.is_key && !config_trouble_.empty();
    if (had_its_chance || picture.dts_ms - *unseen_since_ms_ > kUnseenMsMax) hopeless_ = why;
}

/// Sound that no decoder can be set up for; pictures may make up for it.
void Normaliser::note_unheard(const Packet& sound) {
    note_unusable("AAC: sound without a decoder configuration");
    if (has_video_ || first_sound_ms_) return;
    if (!unheard_since_ms_) unheard_since_ms_ = sound.dts_ms;
    if (sound.dts_ms - *unheard_since_ms_ > kUnseenMsMax) hopeless_ = last_unusable_;
}

void Normaliser::video_config(const Packet& packet, std::vector<Packet>& out) {
    flush(out);
    const GivenConfig config = read_given_config(packet.payload.bytes());
    length_bytes_ = config.length_bytes;
    config_trouble_.clear();
    if (!config.has_sets()) {
        const bool has_either = !config.sps.empty() || !config.pps.empty();
        config_trouble_ = "H.264: a decoder configuration of " +
                          std::to_string(packet.payload.size()) + " bytes without " +
                          (has_either ? config.sps.empty() ? "an SPS" : "a PPS" : "SPS and PPS");
    }
    for (const ParameterSet& set : config.sps) access_units_.feed(set);
    for (const ParameterSet& set : config.pps) access_units_.feed(set);
    if (auto header = headers_.give(packet, config)) give(*std::move(header), out);
}

void Normaliser::note_unit(Bytes unit, bool is_flagged_key, Walked& walked) {
    const Role role = access_units_.feed(unit);
    const NalType type = media::nal_type(unit[0]);
    walked.ends_picture = walked.ends_picture || role == Role::prefix || role == Role::suffix;
    if (!is_slice(type)) return;
    // A slice whose header cannot be read, too, begins a picture if it begins at macroblock 0.
    const bool is_guess = !access_units_.has_read_slice();
    const bool begins = role == Role::first_slice || (is_guess && begins_at_first_macroblock(unit));
    if (begins && !walked.has_slices) {
        walked.begins_picture = true;
        walked.is_read = role == Role::first_slice;
        if (role == Role::first_slice) {
            walked.is_key = access_units_.picture().is_entry(is_flagged_key);
        } else {
            walked.is_key = type == NalType::idr || is_flagged_key;
        }
    }
    walked.has_slices = true;
    walked.is_reference = walked.is_reference || media::nal_ref_idc(unit[0]) != 0;
}

/// Some say that their lengths are of another size than they are.
void Normaliser::choose_length_bytes(Bytes units) {
    const auto fits = [units](unsigned bytes) {
        bool has_unit = false;
        bool is_plausible = true;
        const auto look = [&](Bytes unit) {
            has_unit = true;
            is_plausible = is_plausible && (unit[0] & 0x80) == 0;
        };
        return for_each_unit(units, look, bytes) && has_unit && is_plausible;
    };
    if (fits(length_bytes_)) return;
    for (const unsigned bytes : {4U, 2U, 1U, 3U}) {
        if (bytes == length_bytes_ || !fits(bytes)) continue;
        length_bytes_ = bytes;
        return;
    }
}

/// `rest`, from a length on, is shorter than that says. What is there of a slice tells whose it is.
void Normaliser::note_cut(Bytes rest, const Packet& packet, Walked& walked) {
    const Bytes unit = rest.subspan(std::min<std::size_t>(rest.size(), length_bytes_));
    const bool is_stray = rest.size() < length_bytes_ && rest.size() < packet.payload.size();
    if (is_stray) return;
    walked.is_cut = true;
    if (unit.empty()) {
        walked.is_broken = walked.is_reference = !walked.has_slices;
        return;
    }
    if ((unit[0] & 0x80) != 0) return;  // no unit
    if (!is_of_picture(media::nal_type(unit[0]))) {
        // What stands before the slices of a picture; these are missing.
        if (!walked.has_slices)
            walked.is_broken = walked.begins_picture = walked.is_reference = true;
        return;
    }
    note_unit(unit, packet.is_key, walked);
    walked.is_broken = true;
    walked.is_reference = walked.is_reference || media::nal_ref_idc(unit[0]) != 0;
}

/// Looks at every unit, and copies them only once something about them must change.
Normaliser::Walked Normaliser::walk(const Packet& packet) {
    Walked walked;
    choose_length_bytes(packet.payload.bytes());
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
            note_cut(all.subspan(begin), packet, walked);
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
                media::append_with_length(walked.units, part);
            }
            continue;
        }
        note_unit(unit, packet.is_key, walked);
        if (!walked.is_plain) media::append_with_length(walked.units, unit);
    }
    return walked;
}

void Normaliser::video(Packet packet, std::vector<Packet>& out) {
    Walked walked = walk(packet);
    if (walked.is_broken) return lose(packet, walked, out);
    if (!walked.is_plain) packet.payload = std::move(walked.units);
    if (packet.payload.empty()) {
        // Empty units are nothing, unless nothing else ever comes.
        if (!walked.is_cut && first_picture_ms_) return;
        return note_unseen(packet, "H.264: a picture without a whole NAL unit");
    }
    if (walked.is_cut) note_unusable("H.264: a NAL unit is cut short");
    if (!walked.has_slices) {  // of the picture that follows, or between slices
        if (walked.ends_picture) flush(out);
        if (prefix_.size() + packet.payload.size() > kPrefixBytesMax) {
            prefix_ = {};
            return note_unusable("H.264: too much before a picture");
        }
        prefix_.append(packet.payload.bytes());
        return;
    }
    if (!walked.begins_picture) return join(packet);
    flush(out);
    begin_picture(std::move(packet), walked, out);
}

/// More of the picture that is held.
void Normaliser::join(const Packet& packet) {
    form_ = Form::slices;
    if (is_leaving_out_) {
        prefix_ = {};
        return note_unusable("H.264: a slice of a picture that is left out");
    }
    const Buffer more = std::exchange(prefix_, {});
    if (held_ && held_->payload.size() + more.size() + packet.payload.size() > kBodyBytesMax) {
        note_unusable("H.264: a picture of more than 16 MiB");
    } else if (held_) {
        held_is_joined_ = true;
        held_->payload.append(more.bytes());
        held_->payload.append(packet.payload.bytes());
    } else if (headers_.has_any() || last_unusable_.empty()) {
        // The picture has gone on already, without this. It is not taken for lost: those after it
        // with its faults are better than none until decoding may begin anew.
        note_unusable("H.264: a slice without the beginning of its picture");
    } else {
        note_unusable(std::string(last_unusable_));  // as its beginning was
    }
}

/// A slice is cut short: its picture is left out.
void Normaliser::lose(const Packet& packet, const Walked& walked, std::vector<Packet>& out) {
    const bool is_known = walked.has_slices || walked.begins_picture;
    const bool is_more = is_known ? !walked.begins_picture : form_ == Form::slices;
    if (is_more) {
        held_.reset();
        held_is_joined_ = false;
        form_ = Form::slices;
    }
    flush(out);
    prefix_ = {};
    is_leaving_out_ = true;
    if (walked.is_reference) lost_ms_ = packet.dts_ms;
    note_unseen(packet, "H.264: a NAL unit is cut short");
}

/// Until decoding may begin anew.
bool Normaliser::refers_to_lost(const Packet& picture) {
    if (!lost_ms_) return false;
    const std::int64_t since_ms = picture.dts_ms - *lost_ms_;
    if (!picture.is_key && since_ms >= 0 && since_ms <= kLostMsMax) return true;
    lost_ms_.reset();
    return false;
}

void Normaliser::begin_picture(Packet packet, const Walked& walked, std::vector<Packet>& out) {
    packet.is_key = walked.is_key;
    is_leaving_out_ = refers_to_lost(packet);
    if (is_leaving_out_) {
        prefix_ = {};
        return note_unusable("H.264: a picture that may refer to one that is not whole");
    }
    if (!prefix_.empty()) {
        packet.payload = joined(prefix_.bytes(), packet.payload.bytes());
        prefix_ = {};
    }
    auto header =
        walked.is_read ? headers_.due(packet, access_units_) : headers_.due_unread(packet);
    if (header) give(*std::move(header), out);
    if (!headers_.has_any()) {
        const std::string why = config_trouble_.empty()
                                    ? "H.264: pictures without SPS and PPS"
                                    : config_trouble_ + ", and none with the pictures";
        return note_unseen(packet, why);
    }
    if (form_ == Form::pictures) return give(std::move(packet), out);
    held_ = std::move(packet);
}

void Normaliser::audio(Packet packet, std::vector<Packet>& out) {
    const bool is_adts = begins_with_adts(packet.payload.bytes());
    if (is_adts) return adts(packet, out);
    if (packet.is_config) {
        audio_config_ = Buffer(packet.payload.bytes());
        is_audio_config_made_ = false;
    } else if (audio_config_.empty()) {
        return note_unheard(packet);
    }
    give(std::move(packet), out);
}

/// One frame or several, each behind its header; also where a configuration should be, of which
/// some publishers have only the header there.
void Normaliser::adts(const Packet& packet, std::vector<Packet>& out) {
    Bytes left = packet.payload.bytes();
    const auto config = config_of_adts(left);
    const bool is_other = !std::ranges::equal(audio_config_.bytes(), config);
    if (is_other && (audio_config_.empty() || is_audio_config_made_ || packet.is_config)) {
        audio_config_ = Buffer(Bytes(config));
        is_audio_config_made_ = true;
        Packet made;
        made.track = media::Track::audio;
        made.codec = Codec::aac;
        made.is_config = true;
        made.dts_ms = packet.dts_ms;
        made.payload = Buffer(Bytes(config));
        give(std::move(made), out);
    }
    if (packet.is_config && left.size() <= adts_head_bytes(left)) return;
    const auto read = media::parse_aac_config(config);
    if (!read) return note_unusable("AAC: an ADTS header of no sample rate");
    for (std::int64_t count = 0; begins_with_adts(left); ++count) {
        const std::size_t head = adts_head_bytes(left);
        const std::size_t said = adts_frame_bytes(left);
        // The last one may not know its length, as of a stream that is still being written.
        const bool is_last = said <= head || said >= left.size();
        const Bytes frame = is_last ? left : left.first(said);
        if (frame.size() <= head) return note_unusable("AAC: an ADTS header without a frame");
        Packet made;
        made.track = media::Track::audio;
        made.codec = Codec::aac;
        made.dts_ms = packet.dts_ms + count * kAacSamples * 1000 / read->sample_rate;
        made.payload = Buffer(frame.subspan(head));
        give(std::move(made), out);
        left = left.subspan(frame.size());
    }
}

}  // namespace st::flv
