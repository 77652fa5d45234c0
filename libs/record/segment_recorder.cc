#include "record/segment_recorder.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "flv/codec_name.h"
#include "mp4/movie.h"
#include "record/segment_thread.h"

namespace st::record {
namespace {

constexpr std::int64_t kGapMaxMs = 10'000;
constexpr std::int64_t kBehindMaxUs = 10'000'000;
/// Pictures and sounds of a file; at the next entry point, for which room is left.
constexpr std::uint64_t kPacketsMax = 1'800'000;
static_assert(kPacketsMax < mp4::kMovieSamplesMax);  // what is written can be read
/// Nothing came for so long: what is whole goes to the file.
constexpr std::int64_t kIdleNs = 2'000'000'000;
/// After the disk refused: how often it is looked at whether there is room again; ever less often
/// if it refuses soon after there was.
constexpr std::int64_t kTryRoomEveryNs = 5'000'000'000;
constexpr std::int64_t kTryRoomMaxNs = 60'000'000'000;
constexpr std::int64_t kSoonNs = 60'000'000'000;
/// How often it is looked at whether the file is still where its path says.
constexpr std::int64_t kLookAtPlaceNs = 1'000'000'000;

bool is_same(const media::PacketPtr& a, const media::PacketPtr& b) {
    if (!a || !b) return !a && !b;
    return a->codec == b->codec && a->codec_tag == b->codec_tag &&
           std::ranges::equal(a->payload.bytes(), b->payload.bytes());
}

bool is_data(const media::Packet& packet) { return packet.track == media::Track::metadata; }

}  // namespace

const char* to_text(SegmentState state) {
    switch (state) {
        case SegmentState::waiting:
            return "waiting";
        case SegmentState::recording:
            return "recording";
        case SegmentState::full:
            return "full";
        case SegmentState::over:
            return "over";
    }
    return "";
}

SegmentRecorder::SegmentRecorder(std::string stream, const SegmentOrder& order, std::string by,
                                 SegmentParts& parts, SegmentThread& thread)
    : stream_(std::move(stream)), order_(order), parts_(parts), thread_(thread) {
    status_.stream = stream_;
    status_.order = order_;
    status_.started_by = std::move(by);
    status_.started_us = wall_us();
}

bool SegmentRecorder::may_queue(std::size_t bytes) const {
    const std::size_t limit = parts_.options->buffer_bytes;
    // One that is behind goes on once half of the queue is written.
    if (status_.queued_bytes + bytes > (is_losing_ ? limit / 2 : limit)) return false;
    return parts_.memory == nullptr || parts_.memory->has_room_for(status_.queued_bytes + bytes);
}

void SegmentRecorder::push(Item item) {
    queue_.push_back(std::move(item));
    if (std::exchange(is_posted_, true)) return;
    thread_.wake(false);
}

void SegmentRecorder::know(const std::shared_ptr<const hub::Headers>& headers) {
    const Lock lock(mutex_);
    // Looked at with the first packet: nobody is woken for it.
    queue_.push_back({nullptr, Mark::headers, headers});
}

void SegmentRecorder::take(const hub::UnitPtr& unit) {
    const Lock lock(mutex_);
    if (status_.state == SegmentState::over) return;
    const std::size_t bytes = hub::StreamMemory::held_bytes(*unit->packet);
    const bool may = may_queue(bytes);
    if (!may || (is_losing_ && !unit->is_entry)) {
        if (!is_data(*unit->packet) && !unit->packet->is_config) ++status_.dropped;
        if (std::exchange(is_losing_, true)) return;
        parts_.sink(SegmentsLagging{stream_, status_.queued_bytes});
        return push({nullptr, Mark::lost, {}});
    }
    is_losing_ = false;
    status_.queued_bytes += bytes;
    push({unit, Mark::none, {}});
}

void SegmentRecorder::publisher_left() {
    const Lock lock(mutex_);
    if (status_.state != SegmentState::over) push({nullptr, Mark::left, {}});
}

void SegmentRecorder::stop(const std::string& reason) {
    const Lock lock(mutex_);
    if (stop_reason_.empty()) stop_reason_ = reason;
    is_posted_ = true;
    thread_.wake(true);
}

SegmentStatus SegmentRecorder::status() const {
    const Lock lock(mutex_);
    return status_;
}

void SegmentRecorder::set_state(SegmentState state) {
    const Lock lock(mutex_);
    status_.state = state;
}

/// C3: what the disk refuses to one stream is that stream's; the others go on.
template <class Call>
void SegmentRecorder::guard(Call call) {
    try {
        call();
    } catch (const std::exception& e) {
        fail(e.what());
    }
}

bool SegmentRecorder::serve(std::int64_t now_ns) {
    std::string stop_reason;
    {
        const Lock lock(mutex_);
        taken_.swap(queue_);
        is_posted_ = false;
        stop_reason = stop_reason_;
    }
    std::size_t bytes = 0;
    for (const Item& item : taken_) {
        if (item.unit) bytes += hub::StreamMemory::held_bytes(*item.unit->packet);
        if (!is_over_) guard([&] { handle(item); });
    }
    if (!is_over_ && !stop_reason.empty()) finish(stop_reason);
    if (!is_over_) guard([&] { look_at_time(now_ns); });
    taken_.clear();
    const Lock lock(mutex_);
    status_.queued_bytes -= std::min<std::uint64_t>(bytes, status_.queued_bytes);
    return !is_over_;
}

void SegmentRecorder::handle(const Item& item) {
    if (item.unit) return write(*item.unit);
    if (item.mark == Mark::headers) return note_headers(*item.headers);
    if (item.mark == Mark::left) {
        left_ns_ = parts_.now_ns();
        if (!is_full_) set_state(SegmentState::waiting);
        end_segment("publisher");
    } else {
        end_segment("gap");
        is_new_line_ = true;
    }
}

bool SegmentRecorder::is_of_wanted_track(const media::Packet& packet) const {
    if (order_.format == SegmentFormat::mp4 && (packet.track_id != 0 || packet.is_colour)) {
        return false;
    }
    switch (packet.track) {
        case media::Track::video:
            return order_.tracks != SegmentTracksWanted::audio;
        case media::Track::audio:
            return order_.tracks != SegmentTracksWanted::video;
        case media::Track::metadata:
            return order_.format == SegmentFormat::flv;
    }
    return false;
}

bool SegmentRecorder::is_cut_point(const hub::Unit& unit) const {
    const media::Packet& packet = *unit.packet;
    if (order_.tracks == SegmentTracksWanted::audio) {
        const bool lacks_headers = packet.codec == media::Codec::aac && !headers_.audio;
        return packet.track == media::Track::audio && !packet.is_config && !lacks_headers;
    }
    return unit.is_entry;
}

void SegmentRecorder::note_headers(const hub::Headers& headers) {
    headers_ = {};
    const auto wanted = [this](const media::PacketPtr& packet) {
        return packet && is_of_wanted_track(*packet) ? packet : nullptr;
    };
    headers_.video = wanted(headers.video);
    headers_.audio = wanted(headers.audio);
    headers_.colour = wanted(headers.colour);
    headers_.metadata = wanted(headers.metadata);
    for (const media::PacketPtr& packet : headers.further) {
        if (wanted(packet)) headers_.further.push_back(packet);
    }
}

/// True: it says something new.
bool SegmentRecorder::note_header(const media::PacketPtr& packet) {
    if (packet->track_id != 0) return true;
    media::PacketPtr& known = packet->is_colour                      ? headers_.colour
                              : packet->track == media::Track::video ? headers_.video
                              : packet->track == media::Track::audio ? headers_.audio
                                                                     : headers_.metadata;
    if (is_same(known, packet)) return false;
    known = packet;
    return true;
}

/// What the recorder writes of the stream comes through here, in order.
void SegmentRecorder::write(const hub::Unit& unit) {
    const media::PacketPtr& packet = unit.packet;
    arrived_ns_ = unit.arrived_ns;
    left_ns_ = 0;
    if (unit.publication != publication_) {
        if (growing_) end_segment("publisher");
        // At first those are known that were in force before.
        if (std::exchange(publication_, unit.publication) != 0) headers_ = {};
        is_new_line_ = true;
    }
    if (unit.is_entry && unit.headers) note_headers(*unit.headers);
    if (!is_of_wanted_track(*packet)) return;
    if (is_full_) return count_dropped(*packet);
    if (packet->is_config || (is_data(*packet) && !packet->is_passing)) {
        const bool is_new = note_header(packet);
        if (is_new && growing_ && order_.format == SegmentFormat::flv) add(packet);
        return;
    }
    if (is_cut_point(unit)) {
        const char* const reason = growing_ ? why_cut(unit) : "";
        if (reason != nullptr) {
            if (growing_) {
                // What is missing is not a picture that lasts.
                const bool follows = packet->track == media::Track::video && !is_new_line_ &&
                                     packet->dts_ms - newest_ms_ <= kGapMaxMs;
                end_segment(reason, follows ? std::optional(packet->dts_ms) : std::nullopt);
            }
            if (!is_over_) begin(unit);
        }
    }
    if (!growing_ || is_over_) return;
    if (order_.max_duration.count() > 0 && first_ms_ &&
        packet->dts_ms - *first_ms_ >= order_.max_duration.count()) {
        return finish("max_duration");
    }
    if (would_be_too_large(*packet) && growing_->output->can_take_back()) go_on_in_next({});
    if (!growing_ || is_over_) return;
    try {
        add(packet);
    } catch (const std::system_error& e) {
        if (e.code().value() != EFBIG) throw;
        go_on_in_next({});
    }
}

/// With its index, once it is finished: some bytes of tables for each packet.
bool SegmentRecorder::would_be_too_large(const media::Packet& packet) const {
    constexpr std::uint64_t kBeside = 4096;
    constexpr std::uint64_t kBesidePacket = 64;
    const std::uint64_t limit = parts_.options->max_bytes_per_file;
    if (limit == 0) return false;
    const std::uint64_t now = std::max(growing_->file->size(), growing_->media_bytes);
    return now + packet.payload.size() + kBeside + kBesidePacket * (growing_->packets + 1) > limit;
}

/// Null: the segment goes on.
const char* SegmentRecorder::why_cut(const hub::Unit& unit) const {
    const media::Packet& packet = *unit.packet;
    if (!is_same(headers_.video, recorded_.video)) return "codec";
    if (!is_same(headers_.audio, recorded_.audio)) return "codec";
    if (packet.dts_ms - newest_ms_ > kGapMaxMs) return "gap";
    if (is_behind_clock(unit)) return "clock";
    if (packet.dts_ms - growing_->begins_ms >= order_.segment_duration.count()) return "duration";
    if (would_be_too_large(packet) && growing_->packets > 0) return "size";
    if (growing_->packets >= kPacketsMax) return "size";
    return nullptr;
}

bool SegmentRecorder::is_behind_clock(const hub::Unit& unit) const {
    const std::int64_t arrived_us = wall_us() - (monotonic_ns() - unit.arrived_ns) / 1000;
    return arrived_us - (wall_zero_us_ + unit.packet->dts_ms * 1000) > kBehindMaxUs;
}

/// Why the entry cannot be stored in the form that is wanted; empty: it can.
std::string SegmentRecorder::why_unstorable(const media::Packet& entry) const {
    if (order_.format == SegmentFormat::flv || entry.codec != media::Codec::flv) return {};
    return "MP4 segments hold H.264 and AAC, and its " +
           std::string(entry.track == media::Track::video ? "video" : "sound") + " is " +
           flv::codec_name(entry.track, entry.codec_tag) + "; record it as flv";
}

/// Whether the segment that grows has a place for it; else says so.
bool SegmentRecorder::has_place_for(const media::Packet& packet) {
    if (order_.format == SegmentFormat::flv) return true;
    const bool is_sound = packet.track == media::Track::audio;
    // Of another configuration than the segment's: it waits for the next entry point.
    const bool has_track = is_sound ? records_sound_ && is_same(headers_.audio, recorded_.audio)
                                    : recorded_.video != nullptr;
    if (packet.codec != media::Codec::flv && has_track) return true;
    const Lock lock(mutex_);
    ++status_.dropped;
    ++status_.unplaced;
    if (packet.codec == media::Codec::flv && status_.left_out.empty()) {
        status_.left_out = flv::codec_name(packet.track, packet.codec_tag) +
                           ": MP4 segments hold H.264 and AAC; flv holds it too";
    }
    return false;
}

void SegmentRecorder::begin(const hub::Unit& unit) {
    const std::int64_t dts_ms = unit.packet->dts_ms;
    const std::string why = why_unstorable(*unit.packet);
    if (!why.empty()) return finish("refused", why);
    // Another line of time: its beginning is when its first packet came.
    if (is_new_line_ || is_behind_clock(unit) || dts_ms - newest_ms_ > kGapMaxMs) {
        wall_zero_us_ = wall_us() - (monotonic_ns() - unit.arrived_ns) / 1000 - dts_ms * 1000;
        ++generation_;
        burst_.begin(dts_ms, unit.arrived_ns);
        sound_.reset();
        is_new_line_ = false;
    }
    if (!is_same(headers_.audio, recorded_.audio)) sound_.reset();
    if (!sound_) sound_ = mp4::sound_clock_of(headers_.audio);
    const auto options = parts_.options.get();
    MadeSegment made = parts_.finisher.make(stream_, order_, options->layout,
                                            wall_zero_us_ + dts_ms * 1000, number_ + 1);
    Growing growing{std::move(made.place), nullptr, nullptr, dts_ms, 0, 0, 0};
    growing.file = std::make_unique<mp4::DiskSegmentFile>(std::move(made.file));
    mp4::SegmentMark mark;
    mark.path = stream_;
    mark.first_wall_us = wall_zero_us_;
    mark.number = ++number_;
    mark.generation = generation_;
    if (order_.format == SegmentFormat::flv) {
        growing.output =
            begin_flv_segment(*growing.file, std::move(mark), headers_, options->fragment.count());
    } else {
        auto output = begin_mp4_segment(*growing.file, std::move(mark), headers_,
                                        sound_ ? &*sound_ : nullptr, options->fragment.count());
        if (!output) {
            parts_.finisher.discard(growing.place);
            return finish("refused", output.error().message);
        }
        growing.output = *std::move(output);
    }
    recorded_ = headers_;
    records_sound_ = order_.format == SegmentFormat::flv || sound_.has_value();
    if (!first_ms_) first_ms_ = dts_ms;
    // Told before anybody sees it.
    if (std::exchange(awaits_room_, false)) parts_.sink(SegmentsStarted{stream_, "room"});
    {
        const Lock lock(mutex_);
        status_.state = SegmentState::recording;
        status_.path = growing.place.path;
        status_.segments = number_;
        status_.error.clear();
    }
    growing_ = std::move(growing);
    looked_ns_ = parts_.now_ns();
}

void SegmentRecorder::add(const media::PacketPtr& packet) {
    const bool is_frame = !packet->is_config && !is_data(*packet);
    const bool is_sound = packet->track == media::Track::audio;
    if (!has_place_for(*packet)) return;
    growing_->media_bytes += packet->payload.size();
    ++growing_->packets;
    growing_->output->add(packet);
    written_ns_ = parts_.now_ns();
    if (is_frame) newest_ms_ = std::max(newest_ms_, packet->dts_ms);
    if (is_frame) look_for_burst();
    {
        const Lock lock(mutex_);
        if (is_frame) ++(is_sound ? status_.sounds : status_.pictures);
        status_.bytes += packet->payload.size();
        status_.duration_ms = static_cast<std::uint64_t>(
            std::max<std::int64_t>(newest_ms_ - first_ms_.value_or(newest_ms_), 0));
    }
    count_written();
}

/// Of the first segment of a line of time the wall clock can still be moved.
void SegmentRecorder::look_for_burst() {
    const auto ahead_us = burst_.look(newest_ms_, arrived_ns_);
    if (!ahead_us) return;
    wall_zero_us_ -= *ahead_us;
    growing_->output->move_wall(-*ahead_us);
}

void SegmentRecorder::count_dropped(const media::Packet& packet) {
    if (packet.is_config || is_data(packet)) return;
    const Lock lock(mutex_);
    ++status_.dropped;
}

void SegmentRecorder::count_written() {
    const std::uint64_t bytes = growing_->file->size();
    if (bytes == growing_->counted_bytes) return;
    parts_.written(bytes - growing_->counted_bytes);
    // With its first bytes it can be read.
    if (std::exchange(growing_->counted_bytes, bytes) == 0)
        parts_.sink(SegmentChanged{growing_->place.path});
}

void SegmentRecorder::end_segment(const char* reason, std::optional<std::int64_t> next_ms) {
    if (!growing_) return;
    std::exception_ptr failure;
    try {
        growing_->output->end(next_ms);
    } catch (const std::system_error& e) {
        if (e.code().value() == EFBIG) {
            // Of a file that takes no more the end goes into another one, if it takes that.
            go_on_in_next({});
            if (!growing_) return;
            try {
                growing_->output->end(next_ms);
            } catch (...) {
                failure = std::current_exception();
            }
        } else {
            failure = std::current_exception();
        }
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        const Lock lock(mutex_);
        status_.dropped += growing_->output->unwritten();
    }
    Growing ended = std::move(*growing_);
    growing_.reset();
    burst_.end();
    ended.output.reset();
    parts_.finisher.add({stream_, reason, std::move(ended.place), std::move(ended.file)});
    if (failure) std::rethrow_exception(failure);
}

/// Ends a segment whose file is full, where it may end. What has to go on in another one.
std::vector<media::PacketPtr> SegmentRecorder::end_full() {
    SegmentOutput::Rest rest = growing_->output->take_back();
    Growing full = std::move(*growing_);
    growing_.reset();
    burst_.end();
    full.output.reset();
    if (rest.keep_bytes) {
        full.file->truncate(*rest.keep_bytes);
    } else {
        // It holds no entry point but its first: what is not in it has to wait for the next one.
        sound_.reset();
        if (!rest.packets.empty()) {
            count_dropped(*rest.packets.front());
            rest.packets.erase(rest.packets.begin());
        }
    }
    parts_.finisher.add({stream_, "size", std::move(full.place), std::move(full.file)});
    return std::move(rest.packets);
}

/// Another segment of what the one before is, whatever configuration came since.
void SegmentRecorder::begin_as_before(const media::PacketPtr& entry) {
    hub::Unit unit;
    unit.packet = entry;
    // It came before the packet at work, by as much as it is older.
    const std::int64_t older_ms = std::max<std::int64_t>(newest_ms_ - entry->dts_ms, 0);
    unit.arrived_ns = arrived_ns_ - older_ms * 1'000'000;
    const SegmentHeaders now = std::exchange(headers_, recorded_);
    begin(unit);
    headers_ = now;
}

/// The file takes no more, or shall not: its end, and `more`, go on in others.
void SegmentRecorder::go_on_in_next(std::vector<media::PacketPtr> more) {
    std::vector<media::PacketPtr> packets = end_full();
    packets.insert(packets.end(), more.begin(), more.end());
    for (std::size_t i = 0; i < packets.size() && !is_over_; ++i) {
        const media::PacketPtr& packet = packets[i];
        const bool is_entry = packet->is_key || recorded_.video == nullptr;
        if (!growing_ && is_entry) begin_as_before(packet);
        if (!growing_) {
            count_dropped(*packet);
            continue;
        }
        try {
            growing_->media_bytes += packet->payload.size();
            ++growing_->packets;
            growing_->output->add(packet);
        } catch (const std::system_error& e) {
            if (e.code().value() != EFBIG) throw;
            return go_on_in_next(
                {packets.begin() + static_cast<std::ptrdiff_t>(i) + 1, packets.end()});
        }
    }
}

/// The disk refused. What is there is finished if it can be; the stream goes on being watched.
void SegmentRecorder::fail(const std::string& error) {
    try {
        end_segment("disk");
    } catch (const std::exception&) {  // the same again
    }
    is_full_ = true;
    is_new_line_ = true;
    tried_ns_ = parts_.now_ns();
    const bool is_soon = went_on_ns_ != 0 && tried_ns_ - went_on_ns_ < kSoonNs;
    wait_ns_ = is_soon ? std::min(2 * wait_ns_, kTryRoomMaxNs) : kTryRoomEveryNs;
    {
        const Lock lock(mutex_);
        status_.state = SegmentState::full;
        status_.error = error;
    }
    if (std::exchange(awaits_room_, true)) return;
    parts_.log.with_field("stream", stream_)
        .error(stream_ + ": " + error + "; recording goes on when there is room");
    parts_.sink(SegmentsStopped{stream_, "disk", error});
}

void SegmentRecorder::try_room(std::int64_t now_ns) {
    if (now_ns - tried_ns_ < wait_ns_) return;
    tried_ns_ = now_ns;
    if (!parts_.folder.has_room()) return;
    is_full_ = false;
    went_on_ns_ = now_ns;
}

/// A deleted file takes all that is written to it, and nobody ever sees it.
void SegmentRecorder::look_at_place(std::int64_t now_ns) {
    if (now_ns - looked_ns_ < kLookAtPlaceNs) return;
    looked_ns_ = now_ns;
    if (parts_.folder.is_in_place(growing_->place)) return;
    parts_.log.with_field("stream", stream_)
        .warning(growing_->place.path +
                 " was deleted, or is not where its path says: recording goes on in another file");
    // The sound before the next entry point is in no file.
    sound_.reset();
    end_segment("disk");
}

void SegmentRecorder::look_at_time(std::int64_t now_ns) {
    if (is_full_) try_room(now_ns);
    if (left_ns_ != 0 && now_ns - left_ns_ > Nanoseconds(parts_.options->resume).count()) {
        ended_with_stream_ = true;
        return finish("stream ended");
    }
    if (growing_) look_at_place(now_ns);
    if (growing_ && now_ns - written_ns_ > kIdleNs) {
        growing_->output->flush();
        count_written();
        written_ns_ = now_ns;
    }
}

void SegmentRecorder::finish(const std::string& reason, const std::string& error) {
    try {
        end_segment("stopped");
    } catch (const std::exception& e) {  // C3: the segment's end; it can be read all the same
        parts_.log.with_field("stream", stream_)
            .error(stream_ + ": the last fragment is lost: " + e.what());
    }
    if (std::exchange(is_over_, true)) return;  // the rest of a full file was refused, and told
    {
        const Lock lock(mutex_);
        status_.state = SegmentState::over;
        if (!error.empty()) status_.error = error;
        queue_.clear();
    }
    parts_.sink(SegmentsStopped{stream_, reason, error});
}

}  // namespace st::record
