#include "streamctl-push/clip.h"

#include <signal.h>

#include <algorithm>
#include <utility>

namespace st::streamctl {
namespace {

constexpr int kWakingSignal = SIGUSR1;

/// From now on that signal ends a system call that blocks, and does nothing else.
void wake_by_signal() {
    struct sigaction nothing {};
    nothing.sa_handler = [](int) {};
    ::sigaction(kWakingSignal, &nothing, nullptr);
}

}  // namespace

Clip::Clip(ClipInput source, std::optional<OpenedInput> opened,
           std::optional<av::EncodeOptions> encode, std::function<void()> on_news)
    : source_(std::move(source)),
      on_news_(std::move(on_news)),
      stop_(opened ? std::move(opened->stop) : std::make_unique<std::atomic<bool>>(false)),
      configuration_(share(Buffer())) {
    auto input = std::make_shared<std::optional<av::Input>>();
    if (opened) input->emplace(std::move(opened->input));
    if (encode) encode->wants_key = wants_key_;
    wake_by_signal();
    thread_ = std::thread([this, encode, input] {
        run(std::move(*input), encode);
        is_over_.store(true);
    });
}

Clip::~Clip() {
    stop_->store(true);
    room_.notify_all();
    // A pipe's read knows nothing of the flag until a signal ends it.
    while (!is_over_.load()) {
        ::pthread_kill(thread_.native_handle(), kWakingSignal);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    thread_.join();
}

void Clip::run(std::optional<av::Input> opened, const std::optional<av::EncodeOptions>& encode) {
    try {
        if (!opened) opened.emplace(source_.url, source_.options, *stop_);
        const auto reader = encode ? av::encode_packets(std::move(*opened), *encode)
                                   : av::copy_packets(std::move(*opened));
        read_all(*reader, source_.is_live && !encode);
    } catch (const std::exception& error) {
        finish(error.what());
    }
}

void Clip::read_all(av::PacketReader& reader, bool skips_to_key) {
    const auto patient_until = std::chrono::steady_clock::now() + kKeyPatience;
    for (bool is_first = true;;) {
        av::EncodedPacket packet;
        if (!reader.next(packet)) break;
        // Who comes into the middle of a stream is sent pictures whose beginning is missing.
        skips_to_key =
            skips_to_key && !packet.is_key && std::chrono::steady_clock::now() < patient_until;
        if (skips_to_key) continue;
        if (std::exchange(is_first, false)) {
            const Lock lock(mutex_);
            configuration_ = share(Buffer(reader.configuration()));
        }
        if (!append(std::move(packet))) return;
    }
    finish({});
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
    if (source_.is_live) return bytes_ >= kKeptBytesMax / 4;
    return read_bytes_ - furthest_bytes_ >= kAheadBytesMax || bytes_ >= kKeptBytesMax * 2;
}

void Clip::trim() {
    std::uint64_t needed = begin_ + packets_.size();
    if (source_.is_live) needed = std::min(needed, last_key_);
    for (const auto& [reader, at] : readers_) needed = std::min(needed, at);
    // A file stays whole as long as it can; a live input keeps only what is needed.
    while (!packets_.empty() && begin_ < needed && (source_.is_live || bytes_ > kKeptBytesMax)) {
        bytes_ -= packets_.front()->bytes.size();
        packets_.pop_front();
        ++begin_;
    }
}

ReaderId Clip::join() {
    const Lock lock(mutex_);
    readers_[next_reader_] = source_.is_live ? std::max(begin_, last_key_) : begin_;
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
    if (source_.is_live || begin_ != 0) return false;
    readers_.at(reader) = 0;
    return true;
}

SharedBuffer Clip::configuration() const {
    const Lock lock(mutex_);
    return configuration_;
}

bool Clip::is_whole() const {
    const Lock lock(mutex_);
    return !source_.is_live && begin_ == 0 && error_.empty();
}

}  // namespace st::streamctl
