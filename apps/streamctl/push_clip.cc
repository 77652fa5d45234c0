#include "push_clip.h"

#include <algorithm>

namespace st::streamctl {

Clip::Clip(av::Input input, std::unique_ptr<std::atomic<bool>> stop,
           std::optional<av::EncodeOptions> encode, std::function<void()> on_news)
    : is_live_(input.is_live()),
      fps_(input.fps()),
      on_news_(std::move(on_news)),
      stop_(std::move(stop)),
      configuration_(share(Buffer())),
      thread_([this, encode, input = std::make_shared<av::Input>(std::move(input))] {
          run(std::move(*input), encode);
      }) {}

Clip::~Clip() {
    stop_->store(true);
    room_.notify_all();
    thread_.join();
}

void Clip::run(av::Input input, const std::optional<av::EncodeOptions>& encode) {
    try {
        const auto reader = encode ? av::encode_packets(std::move(input), *encode)
                                   : av::copy_packets(std::move(input));
        for (bool is_first = true;; is_first = false) {
            av::EncodedPacket packet;
            if (!reader->next(packet)) break;
            if (is_first) {
                const Lock lock(mutex_);
                configuration_ = share(Buffer(reader->configuration()));
            }
            if (!append(std::move(packet))) return;
        }
        finish({});
    } catch (const std::exception& error) {
        finish(error.what());
    }
}

bool Clip::append(av::EncodedPacket packet) {
    Lock lock(mutex_);
    while (is_full() && !stop_->load()) {
        // The stop flag is set without the lock, so the wait has an end of its own.
        room_.wait_for(lock.native(), std::chrono::milliseconds(100));
        trim();
    }
    if (stop_->load()) return false;
    const std::size_t size = packet.bytes.size();
    if (packet.is_key) last_key_ = begin_ + packets_.size();
    packets_.push_back(std::make_shared<const av::EncodedPacket>(std::move(packet)));
    bytes_ += size;
    read_bytes_ += size;
    trim();
    tell_waiting(lock);
    return true;
}

void Clip::finish(std::string error) {
    Lock lock(mutex_);
    ended_ = true;
    error_ = std::move(error);
    tell_waiting(lock);
}

void Clip::tell_waiting(Lock& lock) {
    if (!std::exchange(is_waiting_, false)) return;
    lock.native().unlock();
    on_news_();
    lock.native().lock();
}

bool Clip::is_full() const {
    if (is_live_) return bytes_ >= kKeptBytesMax / 4;
    return read_bytes_ - furthest_bytes_ >= kAheadBytesMax || bytes_ >= kKeptBytesMax * 2;
}

void Clip::trim() {
    std::uint64_t needed = begin_ + packets_.size();
    if (is_live_) needed = std::min(needed, last_key_);
    for (const auto& [reader, at] : readers_) needed = std::min(needed, at);
    // A file stays whole as long as it can; a live input keeps only what is needed.
    while (!packets_.empty() && begin_ < needed && (is_live_ || bytes_ > kKeptBytesMax)) {
        bytes_ -= packets_.front()->bytes.size();
        packets_.pop_front();
        ++begin_;
    }
}

ReaderId Clip::join() {
    const Lock lock(mutex_);
    readers_[next_reader_] = is_live_ ? std::max(begin_, last_key_) : begin_;
    return next_reader_++;
}

void Clip::leave(ReaderId reader) {
    const Lock lock(mutex_);
    readers_.erase(reader);
    trim();
    room_.notify_one();
}

Clip::Step Clip::next(ReaderId reader) {
    const Lock lock(mutex_);
    std::uint64_t& at = readers_.at(reader);
    if (at >= begin_ + packets_.size()) {
        if (!ended_) {
            is_waiting_ = true;
            return {};
        }
        return error_.empty() ? Step{Step::Kind::end, {}, {}}
                              : Step{Step::Kind::failed, {}, error_};
    }
    PacketPtr packet = packets_[at - begin_];
    if (++at > furthest_) {
        furthest_ = at;
        furthest_bytes_ += packet->bytes.size();
        room_.notify_one();
    }
    return {Step::Kind::packet, std::move(packet), {}};
}

bool Clip::rewind(ReaderId reader) {
    const Lock lock(mutex_);
    if (is_live_ || begin_ != 0) return false;
    readers_.at(reader) = 0;
    return true;
}

SharedBuffer Clip::configuration() const {
    const Lock lock(mutex_);
    return configuration_;
}

bool Clip::is_whole() const {
    const Lock lock(mutex_);
    return !is_live_ && begin_ == 0 && error_.empty();
}

}  // namespace st::streamctl
