#include "hub/stream.h"

#include <algorithm>
#include <cassert>

#include "media/said_interval.h"

namespace st::hub {
namespace {

/// A stream of sound without pictures for so long, by the clock or by its own time, is one of sound
/// alone.
constexpr std::int64_t kPictureWaitNs = 1'000'000'000;
/// The same where metadata or a decoder configuration speaks of pictures.
constexpr std::int64_t kPromisedPictureWaitNs = 5'000'000'000;
constexpr std::int64_t kNsPerMs = 1'000'000;
/// A stream with so many pictures and no sound has none, whatever its headers say.
constexpr std::uint64_t kSoundlessPictures = 25;
/// A stream stays wanted for so long after its last viewer left.
constexpr std::int64_t kWantedAfterNs = 10'000'000'000;

/// As many as a stream of sound has until it is known to be one.
constexpr std::size_t kHeldMax = 512;
constexpr std::size_t kHeldBytesMax = std::size_t{2} << 20;
/// Tracks beside the stream's whose headers are kept, and how much of them.
constexpr std::size_t kFurtherTracksMax = 32;
constexpr std::size_t kFurtherBytesMax = 256 * 1024;

bool is_of_headers(const media::Packet& packet) {
    return packet.is_config || (packet.track == media::Track::metadata && !packet.is_passing);
}

media::Packet at_time(const media::Packet& packet, std::int64_t dts_ms) {
    media::Packet copy;
    copy.track = packet.track;
    copy.codec = packet.codec;
    copy.codec_tag = packet.codec_tag;
    copy.is_config = packet.is_config;
    copy.is_key = packet.is_key;
    copy.track_id = packet.track_id;
    copy.dts_ms = dts_ms;
    copy.payload = Buffer(packet.payload.bytes());
    return copy;
}

}  // namespace

void Stream::begin(std::uint64_t publication, PublisherPtr publisher, const PublisherInfo& info,
                   Clock clock, std::int64_t now_ns, std::int64_t now_us) {
    const Lock lock(mutex_);
    assert(!publisher_);
    publication_ = publication;
    publisher_ = std::move(publisher);
    info_ = info;
    since_us_ = now_us;
    first_media_ns_.reset();
    timeline_.begin(clock, now_ns);
    begun_timeline_ = timeline_;
    headers_ = std::make_shared<const Headers>();
    cache_.clear();
    history_.clear();
    drop_held();
    newest_entry_.reset();
    zero_.reset();
    key_ns_.reset();
    publisher_packets_ = publisher_bytes_ = 0;
    statistics_ = {};
    unusable_ = 0;
    unusable_why_.clear();
    has_video_ = has_audio_frames_ = has_key_ = false;
    promises_video_ = promises_audio_ = false;
    pictures_ = 0;
    flv_video_.reset();
    flv_audio_.reset();
    tell_publisher_changed();
}

void Stream::tell_publisher_changed() {
    for (const Members& members : members_) {
        members.delivery->executor().post(
            [group = members.group] { group->tell_publisher_changed(); });
    }
}

bool Stream::is_entry(const media::Packet& packet, std::int64_t now_ns) const {
    if (packet.is_config || packet.track_id != 0) return false;
    if (packet.track == media::Track::video) return packet.is_key;
    if (packet.track != media::Track::audio || pictures_ > 0) return false;
    const bool is_promised = promises_video_ || has_video_;
    const std::int64_t wait_ns = is_promised ? kPromisedPictureWaitNs : kPictureWaitNs;
    if (now_ns - *first_media_ns_ >= wait_ns) return true;
    // By what was sent, too: a file comes faster than the clock goes.
    return !held_.empty() && (packet.dts_ms - held_.front().packet.dts_ms) * kNsPerMs >= wait_ns;
}

void Stream::note_tracks(const media::Packet& packet) {
    std::optional<std::uint32_t> codec_tag;
    if (packet.codec == media::Codec::flv) codec_tag = packet.codec_tag;
    if (packet.is_colour || packet.track_id != 0) return;
    if (packet.track == media::Track::video) {
        if (!has_video_) cache_.clear();
        has_video_ = true;
        if (!packet.is_config) ++pictures_;
        flv_video_ = codec_tag;
    } else if (packet.track == media::Track::audio) {
        if (!packet.is_config) has_audio_frames_ = true;
        flv_audio_ = codec_tag;
    } else if (!packet.is_passing) {
        promises_video_ = packet.promises_video;
        promises_audio_ = packet.promises_audio;
    }
}

void Stream::note_further(Headers& headers, const media::PacketPtr& packet) {
    std::erase_if(headers.further, [&](const media::PacketPtr& known) {
        return known->track == packet->track && known->track_id == packet->track_id &&
               known->is_colour == packet->is_colour;
    });
    std::size_t bytes = packet->payload.size();
    for (const media::PacketPtr& known : headers.further) bytes += known->payload.size();
    if (headers.further.size() >= kFurtherTracksMax || bytes > kFurtherBytesMax) return;
    headers.further.push_back(packet);
}

void Stream::note_config(const media::PacketPtr& packet) {
    auto headers = std::make_shared<Headers>(*headers_);
    if (packet->track_id != 0) {
        note_further(*headers, packet);
        headers_ = std::move(headers);
        return;
    }
    switch (packet->track) {
        case media::Track::video: {
            if (packet->is_colour) {
                headers->colour = packet;
                break;
            }
            const Bytes before = headers->video ? headers->video->payload.bytes() : Bytes();
            const Bytes after = packet->payload.bytes();
            // Pictures after another configuration do not go on from those before it.
            if (!std::ranges::equal(before, after)) {
                cache_.clear();
            }
            headers->video = packet;
            break;
        }
        case media::Track::audio:
            headers->audio = packet;
            break;
        case media::Track::metadata:
            headers->metadata = packet;
            break;
    }
    headers_ = std::move(headers);
}

void Stream::encode(const Unit& unit, FormId form) {
    if (unit.forms[form]) return;
    unit.forms[form] = memory_.keep(encodings_[form]->encode(*unit.packet));
    if (!unit.packet->is_passing) cache_.note_form(unit, unit.forms[form]->capacity());
    ++encodings_made_;
}

void Stream::note_unusable(std::uint64_t publication, const std::string& why) {
    const Lock lock(mutex_);
    if (publication != publication_) return;
    ++unusable_;
    unusable_why_ = why;
}

/// A data message: for those who watch now.
void Stream::pass_on(media::Packet packet, std::int64_t now_ns) {
    if (!newest_entry_) return;
    packet.dts_ms = timeline_.look(static_cast<std::uint64_t>(packet.dts_ms));
    note_statistics(packet, now_ns);
    deliver(std::move(packet), false, now_ns);
}

void Stream::note_statistics(const media::Packet& packet, std::int64_t now_ns) {
    if (coming_ == Coming::live) {
        statistics_.add(packet, now_ns);
    } else {
        statistics_.add_key(packet);
    }
    if (coming_ != Coming::kept && packet.is_key && packet.track_id == 0) key_ns_ = now_ns;
}

bool Stream::push(std::uint64_t publication, media::Packet packet, std::int64_t now_ns,
                  Coming coming) {
    const Lock lock(mutex_);
    if (!publisher_ || publication != publication_) return false;
    coming_ = coming;
    if (packet.is_passing) {
        pass_on(std::move(packet), now_ns);
        return true;
    }
    const bool is_header = is_of_headers(packet);
    const bool is_picture =
        packet.track == media::Track::video && !is_header && packet.track_id == 0;
    if (!is_header && !first_media_ns_) first_media_ns_ = now_ns;
    if (const auto interval_ms = media::said_interval_ms(packet)) {
        timeline_.expect(packet.track, *interval_ms);
        begun_timeline_.expect(packet.track, *interval_ms);
    }
    has_key_ = has_key_ || (is_picture && packet.is_key);
    if (is_picture && !has_key_) {
        // It refers to a picture that nobody has, nor has anybody the sound beside it: a stream
        // that goes on does so with what comes next.
        note_tracks(packet);
        note_statistics(packet, now_ns);
        drop_held();
        if (timeline_.is_return() && !timeline_.is_settled()) {
            timeline_ = begun_timeline_;
        } else {
            timeline_.map(packet.track, static_cast<std::uint64_t>(packet.dts_ms), now_ns);
        }
        return true;
    }
    packet.dts_ms =
        is_header ? timeline_.newest_ms()
                  : timeline_.map(packet.track, static_cast<std::uint64_t>(packet.dts_ms), now_ns);
    if (!is_header) packet.cts_ms = timeline_.shown_after_ms(packet.track, packet.cts_ms);
    note_tracks(packet);
    note_statistics(packet, now_ns);
    const bool begins = is_entry(packet, now_ns);
    if (!begins && !is_header && !newest_entry_ && packet.track == media::Track::audio) {
        hold(std::move(packet), now_ns);
        return true;
    }
    if (begins) deliver_held(packet.dts_ms, true);
    deliver(std::move(packet), begins, now_ns);
    if (begins) deliver_held(INT64_MAX, false);
    return true;
}

void Stream::hold(media::Packet packet, std::int64_t now_ns) {
    held_bytes_ = held_.empty() ? 0 : held_bytes_;
    held_bytes_ += packet.payload.size();
    auto kept = held_.begin();
    for (; kept != held_.end(); ++kept) {
        const auto count = static_cast<std::size_t>(held_.end() - kept);
        if (count < kHeldMax && held_bytes_ <= kHeldBytesMax) break;
        held_bytes_ -= kept->packet.payload.size();
    }
    held_.erase(held_.begin(), kept);
    if (held_bytes_ > kHeldBytesMax) return drop_held();  // it alone is too large
    held_.push_back({std::move(packet), timeline_.moved_ms(), now_ns});
    held_charge_ = MemoryBudget::Charge(memory_.budget(), held_bytes_);
}

void Stream::drop_held() {
    held_.clear();
    held_charge_ = {};
}

/// Those before `end_ms`. The first of them may be what a viewer begins with.
void Stream::deliver_held(std::int64_t end_ms, bool begins) {
    std::size_t count = 0;
    for (; count < held_.size(); ++count) {
        Held& one = held_[count];
        one.packet.dts_ms +=
            timeline_.moved_ms() - std::exchange(one.moved_ms, timeline_.moved_ms());
        if (one.packet.dts_ms >= end_ms) break;
        deliver(std::move(one.packet), begins && count == 0, one.arrived_ns);
    }
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(count));
    if (held_.empty()) drop_held();
}

void Stream::deliver(media::Packet packet, bool is_entry, std::int64_t now_ns) {
    auto unit = std::make_shared<Unit>();
    unit->is_entry = is_entry;
    unit->packet = memory_.keep(std::move(packet));
    unit->serial = ++serial_;
    unit->publication = publication_;
    unit->arrived_ns = now_ns;
    unit->is_kept = coming_ == Coming::kept;
    if (is_of_headers(*unit->packet)) note_config(unit->packet);
    if (is_entry) {
        timeline_.settle();
        unit->headers = headers_;
        newest_entry_ = unit;
        history_.add(cache_.units(), unit->packet->dts_ms);
    }
    memory_.caches();  // as large as the budget is now
    if (!unit->packet->is_passing) cache_.add(unit);
    for (const Members& members : members_) {
        encode(*unit, members.group->form());
        members.delivery->hand_over(members.group, unit);
    }
    for (const TapPtr& tap : taps_) tap->take(unit);
}

void Stream::count(std::uint64_t publication, const Arrival& arrival) {
    const Lock lock(mutex_);
    if (!publisher_ || publication != publication_) return;
    statistics_.add_unseen(arrival.bytes, arrival.is_picture, arrival.now_ns);
    publisher_packets_ = arrival.kept_packets;
    publisher_bytes_ = arrival.kept_bytes;
    publisher_ns_ = arrival.now_ns;
    if (arrival.is_key) key_ns_ = arrival.now_ns;
}

void Stream::note_instant(std::uint64_t publication, std::uint64_t time_ms, LineZero instant) {
    const Lock lock(mutex_);
    if (!publisher_ || publication != publication_) return;
    instant.wall_us -= timeline_.look(time_ms) * 1000;
    zero_ = instant;
}

std::optional<LineZero> Stream::zero() const {
    const Lock lock(mutex_);
    return zero_;
}

void Stream::pause(std::uint64_t publication) {
    const Lock lock(mutex_);
    if (!publisher_ || publication != publication_) return;
    drop_held();
    cache_.clear();
    history_.clear();
    newest_entry_.reset();
    has_key_ = false;
}

/// What is kept, before somebody comes: with it a viewer would begin in the past, and a recording
/// with a gap. Who watches goes on.
void Stream::drop_if_old(std::int64_t now_ns) {
    if (cache_.is_fresh(now_ns)) return;
    cache_.clear();
    history_.clear();
}

bool Stream::leave(std::uint64_t publication) {
    const Lock lock(mutex_);
    if (!publisher_ || publication != publication_) return false;
    // A stream of sound so short that pictures were waited for to its end.
    deliver_held(INT64_MAX, true);
    publisher_.reset();
    cache_.clear();
    history_.clear();
    for (const TapPtr& tap : taps_) tap->publisher_left();
    tell_publisher_changed();
    return true;
}

bool Stream::finish(std::uint64_t publication, bool is_hopeless) {
    const Lock lock(mutex_);
    if (publisher_ || publication_ > publication) return false;
    ++serial_;
    for (const Members& members : members_) {
        members.delivery->hand_over_end(members.group, serial_, EndReason::ended, is_hopeless);
    }
    return true;
}

PublisherPtr Stream::publisher() const {
    const Lock lock(mutex_);
    return publisher_;
}

std::uint64_t Stream::publication() const {
    const Lock lock(mutex_);
    return publication_;
}

Stream::Place Stream::join(DeliveryQueue& delivery, FormId form) {
    const Lock lock(mutex_);
    ++viewers_;
    count_watchers();
    if (publisher_) publisher_->wanted();
    drop_if_old(delivery.executor().now_ns());
    auto found = std::find_if(members_.begin(), members_.end(), [&](const Members& members) {
        return members.delivery == &delivery && members.group->form() == form;
    });
    if (found == members_.end()) {
        found = members_.insert(members_.end(), {&delivery, delivery.make_group(form), 0});
    }
    ++found->count;
    return {found->group, serial_, cache_.units()};
}

void Stream::count_watchers() {
    watchers_.store(viewers_ + taps_.size(), std::memory_order_relaxed);
}

void Stream::attach(TapPtr tap, std::chrono::milliseconds preroll, std::int64_t now_ns) {
    const Lock lock(mutex_);
    tap->know(headers_);
    drop_if_old(now_ns);
    for (const UnitPtr& unit : history_.last(preroll, cache_.units())) tap->take(unit);
    taps_.push_back(std::move(tap));
    count_watchers();
    if (publisher_) publisher_->wanted();
}

void Stream::detach(const Tap& tap, std::int64_t now_ns) {
    const Lock lock(mutex_);
    std::erase_if(taps_, [&](const TapPtr& one) { return one.get() == &tap; });
    wanted_until_ns_.store(now_ns + kWantedAfterNs, std::memory_order_relaxed);
    count_watchers();
}

void Stream::keep_history(std::chrono::milliseconds span) {
    const Lock lock(mutex_);
    history_.set_span(span);
}

void Stream::prepare(const Place& place) {
    for (const UnitPtr& unit : place.cached) {
        const Lock lock(mutex_);
        encode(*unit, place.group->form());
    }
}

void Stream::leave(const GroupPtr& group, const ViewerRecord& record, std::int64_t now_ns) {
    const Lock lock(mutex_);
    dropped_ += record.dropped.load();
    queue_bytes_max_ = std::max(queue_bytes_max_, record.queue_bytes_max.load());
    wanted_until_ns_.store(now_ns + kWantedAfterNs, std::memory_order_relaxed);
    --viewers_;
    count_watchers();
    const auto found = std::find_if(members_.begin(), members_.end(),
                                    [&](const Members& members) { return members.group == group; });
    if (found != members_.end() && --found->count == 0) members_.erase(found);
}

std::vector<UnitPtr> Stream::header_units(const Unit& entry, FormId form) {
    const Lock lock(mutex_);
    if (entry.header_units.empty() && entry.headers) {
        const Headers& headers = *entry.headers;
        std::vector<media::PacketPtr> all{headers.metadata, headers.video, headers.colour,
                                          headers.audio};
        all.insert(all.end(), headers.further.begin(), headers.further.end());
        for (const media::PacketPtr& packet : all) {
            if (!packet) continue;
            auto unit = std::make_shared<Unit>();
            // At another time than 0 FFmpeg takes metadata for a track of texts.
            const bool is_metadata = packet->track == media::Track::metadata;
            unit->packet = memory_.keep(at_time(*packet, is_metadata ? 0 : entry.packet->dts_ms));
            unit->serial = entry.serial;
            unit->arrived_ns = entry.arrived_ns;
            entry.header_units.push_back(std::move(unit));
        }
    }
    for (const UnitPtr& unit : entry.header_units) encode(*unit, form);
    return entry.header_units;
}

Tracks Stream::tracks() const {
    const Lock lock(mutex_);
    const bool is_silent = !has_audio_frames_ && pictures_ >= kSoundlessPictures;
    const bool is_promised = headers_->audio || promises_audio_;
    return {has_video_, has_audio_frames_ || (is_promised && !is_silent)};
}

bool Stream::knows_tracks() const {
    const Lock lock(mutex_);
    const bool knows_video = has_video_ || headers_->video;
    const bool knows_audio = has_audio_frames_ || headers_->audio;
    if (knows_video && knows_audio) return true;
    if (!promises_video_ && !promises_audio_) return false;
    return (knows_video || !promises_video_) && (knows_audio || !promises_audio_);
}

StreamStatus Stream::status(std::int64_t now_ns) const {
    const Lock lock(mutex_);
    StreamStatus status;
    status.path = path_;
    status.is_live = publisher_ != nullptr;
    status.publisher = info_;
    status.since_us = since_us_;
    status.video = headers_->video;
    status.audio = headers_->audio;
    status.has_video = has_video_;
    status.has_audio = has_audio_frames_ || headers_->audio;
    status.flv_video = flv_video_;
    status.flv_audio = flv_audio_;
    status.statistics = statistics_;
    status.jumps = timeline_.jumps();
    status.unusable = unusable_;
    status.unusable_why = unusable_why_;
    status.viewers = viewers_;
    status.dropped = dropped_;
    status.queue_bytes_max = queue_bytes_max_;
    if (cache_.is_fresh(now_ns)) {
        status.gop_packets = cache_.units().size();
        status.gop_bytes = cache_.bytes();
    } else if (!cache_.limits().is_over_age(publisher_ns_, now_ns)) {
        status.gop_packets = publisher_packets_;
        status.gop_bytes = publisher_bytes_;
    }
    status.is_kept = status.gop_packets > 0;
    status.key_ns = key_ns_;
    return status;
}

std::size_t Stream::viewers() const {
    const Lock lock(mutex_);
    return viewers_;
}

bool Stream::is_live() const {
    const Lock lock(mutex_);
    return publisher_ != nullptr;
}

bool Stream::is_unused() const {
    const Lock lock(mutex_);
    return !publisher_ && viewers_ == 0 && taps_.empty();
}

UnitPtr Stream::newest_entry(std::int64_t now_ns) const {
    const Lock lock(mutex_);
    const bool is_young =
        newest_entry_ && !cache_.limits().is_over_age(newest_entry_->arrived_ns, now_ns);
    return cache_.is_fresh(now_ns) || is_young ? newest_entry_ : nullptr;
}

void Stream::tell_slow(const ViewerRecord& record) const {
    events_(Slow{path_, record.info, record.id, record.dropped.load(), record.cuts.load()});
}

std::uint64_t Stream::encodings_made() const {
    const Lock lock(mutex_);
    return encodings_made_;
}

}  // namespace st::hub
