#include "hub/subscriber.h"

#include <algorithm>

#include "base/clock.h"
#include "hub/stream.h"

namespace st::hub {
void Subscriber::start(std::uint64_t serial, std::span<const UnitPtr> cached, std::int64_t now_ns) {
    joined_serial_ = 0;
    taken_ns_ = now_ns;
    burst_bytes_ = SIZE_MAX / 2;  // of its size once it is known
    take(cached, now_ns);
    burst_bytes_ = viewer_ == nullptr ? 0 : queued_bytes_ + sink_->queued_bytes();
    joined_serial_ = serial;
}

void Subscriber::pass_on(std::span<const SharedBuffer> wires, std::size_t bytes) {
    handed_bytes_ += bytes;
    record_->bytes.store(handed_bytes_, std::memory_order_relaxed);
    record_->packets.store(record_->packets.load(std::memory_order_relaxed) + wires.size(),
                           std::memory_order_relaxed);
    sink_->send(wires);
}

void Subscriber::take(std::span<const UnitPtr> units, std::int64_t now_ns) {
    if (is_ending_) return;
    for (const UnitPtr& unit : units) {
        if (viewer_ == nullptr) return;
        if (unit->serial <= joined_serial_) continue;
        if (is_waiting_) {
            if (!unit->is_entry) {
                if (has_begun_ && !unit->packet->is_config) record_->dropped.fetch_add(1);
                continue;
            }
            enter(unit, now_ns);
        }
        if (wants(*unit->packet)) queue(unit, now_ns);
    }
    if (viewer_ == nullptr) return;
    if (sink_->queued_bytes() == 0) send_queued();
    keep_within_limits(now_ns);
    note_queue();
}

void Subscriber::choose(Tracks wanted) {
    awaits_key_ = wanted.video && (awaits_key_ || !wanted_.video);
    wanted_ = wanted;
    is_choosy_ = awaits_key_ || !wanted.video || !wanted.audio;
}

bool Subscriber::wants(const media::Packet& packet) {
    if (!is_choosy_ || packet.is_config) return true;
    switch (packet.track) {
        case media::Track::audio:
            return wanted_.audio;
        case media::Track::metadata:
            return true;
        case media::Track::video:
            break;
    }
    if (awaits_key_ && packet.is_key) {
        awaits_key_ = false;
        is_choosy_ = !wanted_.audio;
    }
    return wanted_.video && !awaits_key_;
}

void Subscriber::enter(const UnitPtr& entry, std::int64_t now_ns) {
    is_waiting_ = false;
    if (!has_begun_) {
        has_begun_ = true;
        viewer_->begin(stream_->tracks());
    }
    for (UnitPtr& header : headers_of(*entry)) queue(std::move(header), now_ns);
}

/// The metadata once only: its time is 0, and time does not go back.
std::vector<UnitPtr> Subscriber::headers_of(const Unit& entry) {
    std::vector<UnitPtr> headers = stream_->header_units(entry, form_);
    const media::PacketPtr metadata = entry.headers ? entry.headers->metadata : nullptr;
    if (metadata && metadata_ &&
        std::ranges::equal(metadata->payload.bytes(), metadata_->payload.bytes())) {
        std::erase_if(headers, [](const UnitPtr& header) {
            return header->packet->track == media::Track::metadata;
        });
    }
    return headers;
}

void Subscriber::queue(UnitPtr unit, std::int64_t now_ns) {
    const std::size_t bytes = unit->wire(form_).size();
    queued_bytes_ += bytes;
    if (unit->is_kept) burst_bytes_ += bytes;  // like what was cached at its start
    queue_.push_back({std::move(unit), now_ns});
}

void Subscriber::send_queued() {
    std::array<SharedBuffer, kBurstBuffers> wires;
    while (queue_begin_ < queue_.size() && sink_->queued_bytes() == 0) {
        std::size_t count = 0;
        std::size_t bytes = 0;
        while (count < wires.size() && queue_begin_ < queue_.size() && bytes < kBurstBytes) {
            const Unit& unit = *queue_[queue_begin_].unit;
            const bool is_metadata = unit.packet->codec == media::Codec::metadata;
            if (is_metadata && !unit.packet->is_passing) metadata_ = unit.packet;
            wires[count] = unit.forms[form_];
            bytes += wires[count]->size();
            queue_[queue_begin_].unit.reset();
            ++count;
            ++queue_begin_;
        }
        queued_bytes_ -= bytes;
        pass_on({wires.data(), count}, bytes);
    }
    if (queue_begin_ == queue_.size()) {
        queue_.clear();
        queue_begin_ = 0;
        if (queue_.capacity() > kBurstBuffers) queue_.shrink_to_fit();
    } else if (queue_begin_ > kBurstBuffers && queue_begin_ > queue_.size() / 2) {
        // A viewer that is always a little behind never empties it.
        queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(queue_begin_));
        queue_begin_ = 0;
    }
}

void Subscriber::on_drained(std::int64_t now_ns) {
    if (viewer_ == nullptr) return;
    taken_ns_ = now_ns;
    send_queued();
    note_queue();
    if (!is_idle()) return;
    burst_bytes_ = 0;
    if (!is_ending_) return;
    // Not in this call: the viewer's connection is in the middle of something.
    executor_.post([weak = weak_from_this()] {
        const std::shared_ptr<Subscriber> subscriber = weak.lock();
        if (subscriber && subscriber->viewer_ != nullptr) subscriber->finish(EndReason::ended);
    });
}

bool Subscriber::is_over_limits(std::int64_t now_ns) const {
    const std::size_t bytes = queued_bytes_ + sink_->queued_bytes();
    if (bytes > limits_.bytes + burst_bytes_ || !stream_->may_queue(bytes)) return true;
    return queue_begin_ < queue_.size() &&
           now_ns - queue_[queue_begin_].since_ns > Nanoseconds(limits_.age).count();
}

void Subscriber::keep_within_limits(std::int64_t now_ns) {
    const bool has_nothing_to_give = is_waiting_ && queue_begin_ == queue_.size();
    if (has_nothing_to_give || !is_over_limits(now_ns)) return;
    cut(now_ns);
    record_->cuts.fetch_add(1);
    if (told_slow_ns_ != 0 && now_ns - told_slow_ns_ < kSlowEventNs) return;
    told_slow_ns_ = now_ns;
    stream_->tell_slow(*record_);
}

/// Goes on with the newest entry in the queue; if that is no better, with the next one to come.
void Subscriber::cut(std::int64_t now_ns) {
    std::size_t newest = queue_.size();
    while (newest > queue_begin_ && !queue_[newest - 1].unit->is_entry) --newest;
    if (newest > queue_begin_) {
        drop_before(newest - 1);
        const UnitPtr entry = queue_[queue_begin_].unit;
        std::vector<Waiting> headers;
        for (const UnitPtr& header : headers_of(*entry)) {
            queued_bytes_ += header->wire(form_).size();
            headers.push_back({header, queue_[queue_begin_].since_ns});
        }
        queue_.insert(queue_.begin() + static_cast<std::ptrdiff_t>(queue_begin_), headers.begin(),
                      headers.end());
        if (!is_over_limits(now_ns)) return;
    }
    drop_before(queue_.size());
    is_waiting_ = true;
}

std::size_t Subscriber::drop_before(std::size_t index) {
    std::size_t dropped = 0;
    for (std::size_t i = queue_begin_; i < index; ++i) {
        queued_bytes_ -= queue_[i].unit->wire(form_).size();
        const media::Packet& packet = *queue_[i].unit->packet;
        if (!packet.is_config) ++dropped;
    }
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(index));
    queue_begin_ = 0;
    record_->dropped.fetch_add(dropped);
    return dropped;
}

void Subscriber::note_queue() {
    if (viewer_ == nullptr) return;
    const std::uint64_t bytes = queued_bytes_ + sink_->queued_bytes();
    record_->queue_bytes.store(bytes, std::memory_order_relaxed);
    if (bytes > record_->queue_bytes_max.load(std::memory_order_relaxed)) {
        record_->queue_bytes_max.store(bytes, std::memory_order_relaxed);
    }
}

void Subscriber::check(std::int64_t now_ns) {
    if (viewer_ == nullptr) return;
    const std::uint64_t taken = sink_->bytes_taken();
    if (taken != taken_bytes_ || sink_->queued_bytes() == 0) {
        taken_bytes_ = taken;
        taken_ns_ = now_ns;
    } else if (now_ns - taken_ns_ > Nanoseconds(limits_.stuck_after).count()) {
        return end(EndReason::stuck);
    }
    keep_within_limits(now_ns);
    note_queue();
}

void Subscriber::end(EndReason reason, bool is_hopeless) {
    if (viewer_ == nullptr) return;
    if (reason == EndReason::ended) {
        if (!has_begun_ && is_hopeless) return finish(reason);
        if (!has_begun_ || is_ending_) return;
        is_ending_ = true;
        is_waiting_ = true;  // what comes from now on is another stream's
        if (!is_idle()) return;
    }
    finish(reason);
}

void Subscriber::kick(const std::string& by) {
    if (viewer_ != nullptr) finish(EndReason::kicked, by);
}

void Subscriber::finish(EndReason reason, const std::string& by) {
    drop_before(queue_.size());
    note_queue();
    end_text_ = reason == EndReason::kicked ? kicked_text(by) : to_text(reason);
    viewer_->end(reason, by);
}

}  // namespace st::hub
