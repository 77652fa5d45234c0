#include <algorithm>
#include <array>
#include <bit>
#include <map>

#include "flv/amf.h"
#include "flv/metadata.h"
#include "flv/tag.h"
#include "record/flv_tags.h"
#include "record/held_group.h"
#include "record/segment_output.h"

namespace st::record {
namespace {

constexpr std::size_t kPendingBytesMax = std::size_t{4} << 20;
constexpr std::string_view kDuration = "duration";
constexpr std::string_view kPath = "streamd_path";
constexpr std::string_view kFirstWall = "streamd_first_wall_us";
constexpr std::string_view kNumber = "streamd_number";
constexpr std::string_view kGeneration = "streamd_generation";

/// The publisher's metadata with what a segment says of itself.
Buffer metadata_of(const mp4::SegmentMark& mark, const media::PacketPtr& metadata) {
    flv::AmfObject object;
    object.kind = flv::AmfObject::Kind::ecma_array;
    constexpr std::size_t kMetadataMax = kFlvMarkBytesMax / 2;
    if (metadata && metadata->payload.size() <= kMetadataMax) {
        const Buffer plain = flv::metadata_for_live(Buffer(metadata->payload.bytes()));
        if (auto said = flv::parse_metadata(plain.bytes())) object = *std::move(said);
    }
    object.set(kPath, mark.path);
    object.set(kFirstWall, static_cast<double>(mark.first_wall_us));
    object.set(kNumber, static_cast<double>(mark.number));
    object.set(kGeneration, static_cast<double>(mark.generation));
    object.set(kDuration, 0.0);
    return flv::encode_amf0("onMetaData", object);
}

/// Where the number of that name stands in a file whose first tag is `metadata`. The last of its
/// name: what stands before it is the publisher's.
std::uint64_t value_at(Bytes metadata, std::string_view name) {
    const std::size_t at = as_text(metadata).rfind(name);
    return flv::kFileHeaderBytes + flv::kTagHeaderBytes + at + name.size() + 1;  // its marker
}

std::array<std::uint8_t, 8> big_endian(double number) {
    std::array<std::uint8_t, 8> bytes{};
    store_be64(bytes.data(), std::bit_cast<std::uint64_t>(number));
    return bytes;
}

media::PacketPtr at_zero(const media::PacketPtr& packet) {
    media::Packet copy;
    copy.track = packet->track;
    copy.codec = packet->codec;
    copy.codec_tag = packet->codec_tag;
    copy.is_config = packet->is_config;
    copy.is_key = packet->is_key;
    copy.track_id = packet->track_id;
    copy.payload = Buffer(packet->payload.bytes());
    return std::make_shared<const media::Packet>(std::move(copy));
}

/// Tags with rising times: what came in another order is put right within a fragment.
class FlvSegment final : public SegmentOutput {
 public:
    FlvSegment(mp4::SegmentFile& file, mp4::SegmentMark mark, SegmentHeaders headers,
               std::int64_t fragment_ms)
        : file_(file),
          mark_(std::move(mark)),
          headers_(std::move(headers)),
          fragment_ms_(fragment_ms) {}

    void add(const media::PacketPtr& packet) override {
        if (flv::tag_bytes(*packet) == 0) return;  // no tag can carry it
        const std::int64_t newest = newest_.empty() ? packet->dts_ms : newest_ms();
        // A header stands before the frames that follow it, whatever the other track's time is.
        const auto last = newest_.find(packet->track);
        const std::int64_t dts =
            packet->is_config && last != newest_.end() ? last->second : packet->dts_ms;
        if (!packet->is_config) newest_[packet->track] = dts;
        pending_bytes_ += packet->payload.size();
        pending_.push_back({dts, packet});
        if (!zero_ms_) zero_ms_ = dts;
        if (std::max(newest, dts) - pending_.front().dts_ms >= fragment_ms_ ||
            pending_bytes_ > kPendingBytesMax) {
            write(false);
        }
    }
    void end(std::optional<std::int64_t> /*next_picture_ms*/) override { write(true); }
    void flush() override { write(true); }
    void move_wall(std::int64_t by_us) override {
        mark_.first_wall_us += by_us;
        if (!has_begun_) return;
        file_.write_at(wall_at_, big_endian(static_cast<double>(mark_.first_wall_us)));
    }
    std::size_t unwritten() const override { return pending_.size(); }
    bool can_take_back() const override { return held_.can_take_back(); }
    Rest take_back() override {
        Rest rest;
        if (held_.can_take_back()) rest = {held_.keep_bytes(), held_.take()};
        for (const Pending& one : pending_) rest.packets.push_back(one.packet);
        return rest;
    }

 private:
    struct Pending {
        std::int64_t dts_ms;
        media::PacketPtr packet;
    };

    std::int64_t newest_ms() const {
        std::int64_t newest = INT64_MIN;
        for (const auto& [track, ms] : newest_) newest = std::max(newest, ms);
        return newest;
    }
    /// Nothing earlier is to come, of a track that does not lag by more than a fragment.
    std::int64_t settled_ms() const {
        std::int64_t settled = newest_ms();
        for (const auto& [track, ms] : newest_) {
            if (track != media::Track::metadata && newest_ms() - ms < fragment_ms_) {
                settled = std::min(settled, ms);
            }
        }
        return settled;
    }

    void write(bool is_all) {
        if (pending_.empty()) return;
        std::vector<Pending> sorted = pending_;
        std::ranges::stable_sort(sorted, {}, &Pending::dts_ms);
        const std::int64_t settled = is_all ? INT64_MAX : settled_ms();
        const auto end =
            std::ranges::find_if(sorted, [&](const Pending& one) { return one.dts_ms > settled; });
        std::vector<Buffer> tags;
        if (!has_begun_) {
            zero_ms_ = sorted.front().dts_ms;
            tags = head();
        }
        const std::size_t before = tags.size();
        for (auto at = sorted.begin(); at != end; ++at) tags.push_back(tag_of(*at));
        std::vector<Bytes> pieces;
        for (const Buffer& tag : tags) pieces.push_back(tag.bytes());
        std::uint64_t position = file_.size();
        file_.append(pieces);
        has_begun_ = true;
        for (std::size_t i = 0; i < tags.size(); ++i) {
            // Behind nothing but the head an entry point is the begin of the file.
            if (i >= before) hold(sorted[i - before], before > 0 && i == before ? 0 : position);
            position += tags[i].size();
        }
        pending_.assign(end, sorted.end());
        pending_bytes_ = 0;
        for (const Pending& one : pending_) pending_bytes_ += one.packet->payload.size();
    }

    void hold(const Pending& one, std::uint64_t position) {
        const bool is_frame = !one.packet->is_config && one.packet->track != media::Track::metadata;
        const bool is_entry = is_frame && (one.packet->is_key || headers_.video == nullptr);
        if (is_entry && held_.is_older_than(one.dts_ms, fragment_ms_)) {
            held_.begin(position, one.dts_ms);
        }
        held_.add(one.packet);
    }

    std::vector<Buffer> head() {
        std::vector<Buffer> out;
        const auto header =
            flv::encode_header(headers_.audio != nullptr || has(media::Track::audio),
                               headers_.video != nullptr || has(media::Track::video));
        out.emplace_back(Bytes(header));
        mark_.first_wall_us += *zero_ms_ * 1000;
        media::Packet metadata;
        metadata.track = media::Track::metadata;
        metadata.codec = media::Codec::metadata;
        metadata.payload = metadata_of(mark_, headers_.metadata);
        wall_at_ = value_at(metadata.payload.bytes(), kFirstWall);
        out.push_back(flv::encode_tag(metadata));
        std::vector<media::PacketPtr> all{headers_.video, headers_.colour, headers_.audio};
        all.insert(all.end(), headers_.further.begin(), headers_.further.end());
        for (const media::PacketPtr& packet : all) {
            if (packet) out.push_back(flv::encode_tag(*at_zero(packet)));
        }
        return out;
    }
    bool has(media::Track track) const { return newest_.contains(track); }

    Buffer tag_of(const Pending& one) const {
        Buffer tag = flv::encode_tag(*one.packet);
        const std::int64_t ms = std::max<std::int64_t>(one.dts_ms - *zero_ms_, 0);
        flv::set_tag_time({tag.data(), tag.size()}, static_cast<std::uint32_t>(ms));
        return tag;
    }

    mp4::SegmentFile& file_;
    mp4::SegmentMark mark_;
    const SegmentHeaders headers_;
    const std::int64_t fragment_ms_;
    bool has_begun_ = false;
    std::uint64_t wall_at_ = 0;  ///< in the file
    std::optional<std::int64_t> zero_ms_;
    std::map<media::Track, std::int64_t> newest_;
    std::vector<Pending> pending_;
    std::size_t pending_bytes_ = 0;
    HeldGroup held_;
};

/// How far a track got. Its last frame lasts as those before it: the shorter of the last two
/// distances, as a pause may be in one.
struct Paced {
    std::optional<std::uint32_t> last_ms;
    std::optional<std::uint32_t> step_ms;
    std::optional<std::uint32_t> step_before_ms;
    std::int64_t shown_ms = 0;  ///< the latest

    void add(std::uint32_t ms, std::int32_t shown_after_ms) {
        if (last_ms && ms > *last_ms) {
            step_before_ms = step_ms;
            step_ms = ms - *last_ms;
        }
        last_ms = ms;
        // What is shown last need not be what is decoded last.
        shown_ms = std::max(shown_ms, std::int64_t{ms} + shown_after_ms);
    }
    std::int64_t ends_ms() const {
        constexpr std::uint32_t kOnlyOneMs = 40;
        const std::uint32_t step = step_ms.value_or(kOnlyOneMs);
        return shown_ms + std::min(step, step_before_ms.value_or(step));
    }
};

/// One that the size behind it confirms, as ours have it.
std::optional<FlvTag> confirmed_tag_at(const mp4::MovieSource& file, std::uint64_t at) {
    const auto tag = flv_tag_at(file, at);
    std::array<std::uint8_t, flv::kPreviousTagSizeBytes> said{};
    if (!tag || !file.read(tag->at + tag->bytes, said)) return std::nullopt;
    const bool is_confirmed = load_be32(said.data()) == flv::kTagHeaderBytes + tag->bytes;
    return is_confirmed ? tag : std::nullopt;
}

/// Whether a whole picture or sound begins anywhere from there on: then what is unreadable there is
/// damage, and no torn end.
bool has_frame_behind(const mp4::MovieSource& file, std::uint64_t from) {
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(file.bytes - from));
    if (!file.read(from, bytes)) return false;
    for (std::size_t at = 0; at + flv::kTagHeaderBytes <= bytes.size(); ++at) {
        const auto type = static_cast<flv::TagType>(bytes[at]);
        if (type != flv::TagType::video && type != flv::TagType::audio) continue;
        const bool is_of_stream_0 = load_be24(&bytes[at + 8]) == 0;
        if (!is_of_stream_0) continue;
        const auto tag = confirmed_tag_at(file, from + at);
        if (tag && tag->is_frame()) return true;
    }
    return false;
}

std::string text_of(const flv::AmfObject& object, std::string_view name) {
    const flv::AmfValue* value = object.find(name);
    const std::string* text = value == nullptr ? nullptr : value->string();
    return text == nullptr ? "" : *text;
}

double number_of(const flv::AmfObject& object, std::string_view name) {
    const flv::AmfValue* value = object.find(name);
    const double* number = value == nullptr ? nullptr : value->number();
    return number == nullptr || !(*number >= 0 && *number < 9e15) ? 0 : *number;
}

}  // namespace

std::unique_ptr<SegmentOutput> begin_flv_segment(mp4::SegmentFile& file, mp4::SegmentMark mark,
                                                 const SegmentHeaders& headers,
                                                 std::int64_t fragment_ms) {
    return std::make_unique<FlvSegment>(file, std::move(mark), headers, fragment_ms);
}

Result<FlvMark> read_flv_mark(Bytes begin) {
    flv::TagReader reader;
    reader.feed(begin);
    auto tag = reader.next();
    if (!tag) return tag.error();
    if (!*tag || (*tag)->type != flv::TagType::script) return Error{"no segment of a live stream"};
    const Bytes payload = (*tag)->body.payload.bytes();
    const auto object = flv::parse_metadata(payload);
    if (!object) return object.error();
    FlvMark found;
    found.mark.path = text_of(*object, kPath);
    if (found.mark.path.empty()) return Error{"no segment of a live stream"};
    found.mark.first_wall_us = static_cast<std::int64_t>(number_of(*object, kFirstWall));
    found.mark.number = static_cast<std::uint32_t>(number_of(*object, kNumber));
    found.mark.generation = static_cast<std::uint32_t>(number_of(*object, kGeneration));
    found.duration_s = number_of(*object, kDuration);
    found.duration_at = value_at(payload, kDuration);
    found.tags_at =
        flv::kFileHeaderBytes + flv::kTagHeaderBytes + payload.size() + flv::kPreviousTagSizeBytes;
    return found;
}

Result<std::optional<mp4::SegmentFacts>> finish_flv_segment(mp4::SegmentFile& file) {
    std::vector<std::uint8_t> begin(std::min<std::uint64_t>(file.size(), kFlvMarkBytesMax));
    begin.resize(file.read_at(0, begin));
    const auto mark = read_flv_mark(begin);
    const mp4::MovieSource source{file.size(),
                                  [&](std::uint64_t from, std::span<std::uint8_t> into) {
                                      return file.read_at(from, into) == into.size();
                                  }};
    if (!mark) {
        if (file.size() < kFlvMarkBytesMax && !has_frame_behind(source, 0))
            return std::optional<mp4::SegmentFacts>();
        return mark.error();
    }
    mp4::SegmentFacts facts;
    facts.mark = mark->mark;
    std::uint64_t at = std::min(mark->tags_at, file.size());  // torn just before its end
    std::map<flv::TagType, Paced> tracks;
    while (const auto tag = confirmed_tag_at(source, at)) {
        at = tag->next();
        if (!tag->is_frame()) continue;
        tracks[tag->type].add(tag->ms, tag->shown_after_ms());
        if (tag->type == flv::TagType::video) {
            ++facts.pictures;
            facts.key_frames += tag->is_key() ? 1 : 0;
        } else {
            ++facts.sounds;
        }
    }
    const std::uint64_t behind = file.size() - at;
    const bool is_damage = behind > mp4::kTornBytesMax || has_frame_behind(source, at);
    if (facts.pictures + facts.sounds == 0) {
        if (is_damage) return Error{"a segment that is damaged from its beginning on"};
        return std::optional<mp4::SegmentFacts>();
    }
    for (const auto& [type, track] : tracks) {
        const auto ends_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(track.ends_ms(), 1));
        facts.duration_us = std::max(facts.duration_us, ends_ms * 1000);
    }
    facts.was_finished = mark->duration_s > 0;
    (is_damage ? facts.unread_bytes : facts.cut_bytes) = behind;
    if (facts.cut_bytes > 0) file.truncate(at);
    file.write_at(mark->duration_at, big_endian(static_cast<double>(facts.duration_us) / 1e6));
    file.sync();
    facts.bytes = file.size();
    return std::optional(facts);
}

}  // namespace st::record
