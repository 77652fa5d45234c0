#include "live/snapshots.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/clock.h"
#include "base/fd.h"
#include "flv/tag.h"
#include "live/live.h"
#include "media/movie_facts.h"

namespace st::live {
namespace {

constexpr std::int64_t kPatienceNs = 10'000'000'000;
constexpr std::chrono::milliseconds kLookAgain{50};
constexpr std::chrono::milliseconds kDecodeTimeout{10'000};  ///< also by the clock

/// A file in memory.
class MemoryFile {
 public:
    MemoryFile() : fd_(::memfd_create("snapshot", MFD_CLOEXEC)) {}
    int fd() const { return fd_.get(); }

    bool write(Bytes bytes) const {
        while (!bytes.empty()) {
            const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return false;
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
        return true;
    }
    std::string read() const {
        std::string bytes(
            static_cast<std::size_t>(std::max<off_t>(0, ::lseek(fd_.get(), 0, SEEK_END))), '\0');
        const ssize_t got = ::pread(fd_.get(), bytes.data(), bytes.size(), 0);
        bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(0, got)));
        return bytes;
    }

 private:
    Fd fd_;
};

bool write_clip(const hub::Unit& unit, const MemoryFile& file) {
    bool is_written = file.write(flv::encode_header(false, true));
    if (unit.headers && unit.headers->video) {
        is_written = is_written && file.write(flv::encode_tag(*unit.headers->video).bytes());
    }
    return is_written && file.write(flv::encode_tag(*unit.packet).bytes());
}

bool can_be_decoded(const hub::Unit& unit) {
    if (unit.packet->codec != media::Codec::h264) return true;
    return unit.headers && unit.headers->video;  // else its publisher has not sent them yet
}

/// Of a camera that nobody watches it may be from when somebody did.
bool is_current(const hub::Stream& stream, const hub::Unit& unit) {
    const hub::StreamStatus status = stream.status();
    return status.publisher.protocol != "camera" || status.viewers > 0 ||
           monotonic_ns() - unit.arrived_ns < kPatienceNs;
}

Result<std::string> picture_of(const hub::Unit& unit, std::uint64_t pixels_max,
                               const worker::RunJob& run, const std::stop_token& cancel) {
    const MemoryFile clip;
    const MemoryFile jpeg;
    if (!write_clip(unit, clip) || jpeg.fd() < 0) return Error{"no memory for a picture", 503};
    const std::array<int, 2> fds{clip.fd(), jpeg.fd()};
    worker::Job job;
    job.name = media::kPictureJob;
    job.request = media::to_bytes(media::PictureRequest{pixels_max});
    job.fds = fds;
    job.limits = {kDecodeTimeout, kDecodeTimeout};
    job.cancel = cancel;
    const auto ran = run(job);
    if (!ran.answer) {
        return Error{"the key frame cannot be decoded: " + ran.answer.error().message, 503};
    }
    std::string bytes = jpeg.read();
    if (bytes.empty()) return Error{"the picture cannot be read again", 503};
    return bytes;
}

}  // namespace

Snapshots::Snapshots(Parts& parts) : parts_(parts) {
    for (unsigned i = 0; i < kThreads; ++i) threads_.emplace_back([this] { run(); });
}

Snapshots::~Snapshots() {
    {
        const Lock lock(mutex_);
        stop_.request_stop();
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void Snapshots::take(const std::string& path, const Asker& asker, const Done& done) {
    const std::int64_t deadline_ns = monotonic_ns() + kPatienceNs;
    const hub::StreamPtr stream = parts_.live.hub().find(path);
    if (stream) stream->want_until(deadline_ns);
    wait_for_unit(path, deadline_ns, {asker, done});
}

void Snapshots::wait_for_unit(const std::string& path, std::int64_t deadline_ns, const Wish& wish) {
    const hub::StreamPtr stream = parts_.live.hub().find(path);
    if (!stream || !stream->is_live()) return wish.done(Error{"no stream at " + path, 404});
    const hub::UnitPtr unit = stream->newest_entry();
    if (unit && unit->packet->track == media::Track::video && can_be_decoded(*unit) &&
        is_current(*stream, *unit)) {
        return enqueue(path, unit, wish);
    }
    if (monotonic_ns() >= deadline_ns || wish.is_over()) {
        return wish.done(Error{"no key frame from " + path + " within 10 s", 503});
    }
    parts_.control.after(
        kLookAgain, [this, path, deadline_ns, wish] { wait_for_unit(path, deadline_ns, wish); });
}

void Snapshots::enqueue(const std::string& path, hub::UnitPtr unit, const Wish& wish) {
    {
        const Lock lock(mutex_);
        Picture& picture = wanted_[path];
        if (picture.wishes.empty() && !in_hand_.contains(path)) order_.push_back(path);
        picture.unit = std::move(unit);
        picture.wishes.push_back(wish);
    }
    changed_.notify_one();
}

void Snapshots::run() {
    ::pthread_setname_np(::pthread_self(), "st-snapshots");
    for (;;) {
        std::string path;
        Picture picture;
        {
            Lock lock(mutex_);
            while (order_.empty() && !stop_.stop_requested()) changed_.wait(lock.native());
            if (stop_.stop_requested()) return;
            path = std::move(order_.front());
            order_.pop_front();
            picture = std::move(wanted_.extract(path).mapped());
            in_hand_.insert(path);
        }
        try {
            make(std::move(picture));
        } catch (const std::exception& e) {  // the thread's top: out of memory
            parts_.log.error("snapshot of " + path + ": " + e.what());
        }
        const Lock lock(mutex_);
        in_hand_.erase(path);
        if (wanted_.contains(path)) order_.push_back(path);
    }
}

void Snapshots::make(Picture picture) const {
    std::erase_if(picture.wishes, [](const Wish& wish) { return wish.is_over(); });
    if (picture.wishes.empty()) return;
    const auto jpeg = picture_of(*picture.unit, parts_.options->picture_pixels_max, parts_.run_job,
                                 stop_.get_token());
    for (const Wish& wish : picture.wishes) wish.done(jpeg);
}

}  // namespace st::live
