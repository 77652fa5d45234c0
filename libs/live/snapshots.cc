#include "live/snapshots.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/clock.h"
#include "base/fd.h"
#include "flv/codec_name.h"
#include "flv/tag.h"
#include "flv/video_data.h"
#include "live/live.h"
#include "media/access_unit.h"
#include "media/movie_facts.h"
#include "media/nal.h"

namespace st::live {
namespace {

constexpr std::int64_t kPatienceNs = 10'000'000'000;
constexpr std::chrono::milliseconds kLookAgain{50};
constexpr std::chrono::milliseconds kDecodeTimeout{10'000};  ///< also by the clock
/// As many as a decoder is given to make a picture of.
constexpr std::uint32_t kPicturesMax = 299;

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

bool write_clip(const std::vector<hub::UnitPtr>& clip, const MemoryFile& file) {
    const hub::Unit& entry = *clip.front();
    bool is_written = file.write(flv::encode_header(false, true));
    if (entry.headers && entry.headers->video) {
        is_written = is_written && file.write(flv::encode_tag(*entry.headers->video).bytes());
    }
    for (const hub::UnitPtr& unit : clip) {
        is_written = is_written && file.write(flv::encode_tag(*unit->packet).bytes());
    }
    return is_written;
}

bool is_picture(const hub::Unit& unit) {
    return unit.packet->track == media::Track::video && !unit.packet->is_config &&
           unit.packet->track_id == 0;
}

/// After how many further pictures one that begins here is whole: 0, but where a stream is
/// refreshed bit by bit.
std::uint32_t pictures_until_whole(const hub::Unit& entry) {
    if (entry.packet->codec != media::Codec::h264) return 0;
    std::uint32_t count = 0;
    bool is_idr = false;
    flv::for_each_unit(entry.packet->payload.bytes(), [&](Bytes unit) {
        is_idr = is_idr || media::nal_type(unit[0]) == media::NalType::idr;
        if (media::nal_type(unit[0]) != media::NalType::sei) return;
        count = std::max(count, media::recovery_frames(unit).value_or(0));
    });
    return is_idr ? 0 : std::min(count, kPicturesMax);
}

/// Appends the pictures that came since the clip's last one, or begins it with the newest entry.
void grow(std::vector<hub::UnitPtr>& clip, const hub::Stream& stream) {
    const std::vector<hub::UnitPtr> kept = stream.kept();
    for (const hub::UnitPtr& unit : kept) {
        if (!is_picture(*unit) || (!clip.empty() && unit->serial <= clip.back()->serial)) continue;
        if (clip.size() <= kPicturesMax) clip.push_back(unit);
    }
    const hub::UnitPtr entry = stream.newest_entry();
    if (clip.empty() && entry && is_picture(*entry)) clip.push_back(entry);
}

bool can_be_decoded(const hub::Unit& unit) {
    if (unit.packet->codec != media::Codec::h264) return true;
    return unit.headers && unit.headers->video;  // else its publisher has not sent them yet
}

Result<std::string> picture_of(const std::vector<hub::UnitPtr>& clip, std::uint64_t pixels_max,
                               const worker::RunJob& run, const std::stop_token& cancel) {
    const MemoryFile flv;
    const MemoryFile jpeg;
    if (!write_clip(clip, flv) || jpeg.fd() < 0) return Error{"no memory for a picture", 503};
    const std::array<int, 2> fds{flv.fd(), jpeg.fd()};
    worker::Job job;
    job.name = media::kPictureJob;
    job.request = media::to_bytes(media::PictureRequest{pixels_max});
    job.fds = fds;
    job.limits = {kDecodeTimeout, kDecodeTimeout};
    job.cancel = cancel;
    const auto ran = run(job);
    if (!ran.answer) {
        const media::Packet& key = *clip.front()->packet;
        std::string codec;
        if (key.codec == media::Codec::flv) {
            const std::string name = flv::codec_name(key.track, key.codec_tag);
            codec = " of " + (name == "hevc" ? "H.265" : name);
        }
        return Error{"the key frame" + codec + " cannot be decoded: " + ran.answer.error().message,
                     503};
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

void Snapshots::take(const std::string& path, const Asker& asker, bool is_coming,
                     const Done& done) {
    wait_for_clip(path, monotonic_ns() + kPatienceNs, {asker, done, is_coming, {}}, {});
}

void Snapshots::wait_for_clip(const std::string& path, std::int64_t deadline_ns, Wish wish,
                              Clip clip) {
    const hub::StreamPtr stream = parts_.live.hub().find(path);
    const bool is_over = monotonic_ns() >= deadline_ns || wish.is_over();
    const bool is_live = stream && stream->is_live();
    if (!is_live && (!wish.waits_for_stream || is_over)) {
        return wish.done(Error{"no stream at " + path, 404});
    }
    if (is_live) {
        if (wish.asked.lock() != stream) stream->want_until(deadline_ns);
        wish.asked = stream;
        grow(clip, *stream);
    }
    const bool has_key = !clip.empty() && can_be_decoded(*clip.front());
    const std::uint32_t wanted = has_key ? pictures_until_whole(*clip.front()) : 0;
    if (has_key && (clip.size() > wanted || is_over)) {
        if (wanted == 0) clip.resize(1);
        return enqueue(path, std::move(clip), wish);
    }
    if (!has_key) clip.clear();
    if (is_over) {
        std::string why = "no key frame from " + path + " within 10 s";
        const std::string age = key_frame_age(stream->status(), monotonic_ns());
        if (!age.empty()) why += ": " + age;
        return wish.done(Error{why, 503});
    }
    parts_.control.after(kLookAgain,
                         [this, path, deadline_ns, wish, clip = std::move(clip)]() mutable {
                             wait_for_clip(path, deadline_ns, std::move(wish), std::move(clip));
                         });
}

void Snapshots::enqueue(const std::string& path, Clip clip, const Wish& wish) {
    {
        const Lock lock(mutex_);
        Picture& picture = wanted_[path];
        if (picture.wishes.empty() && !in_hand_.contains(path)) order_.push_back(path);
        picture.clip = std::move(clip);
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
            parts_.log.with_field("stream", path).error("snapshot of " + path + ": " + e.what());
        }
        const Lock lock(mutex_);
        in_hand_.erase(path);
        if (wanted_.contains(path)) order_.push_back(path);
    }
}

void Snapshots::make(Picture picture) const {
    std::erase_if(picture.wishes, [](const Wish& wish) { return wish.is_over(); });
    if (picture.wishes.empty()) return;
    const auto jpeg = picture_of(picture.clip, parts_.options->picture_pixels_max, parts_.run_job,
                                 stop_.get_token());
    for (const Wish& wish : picture.wishes) wish.done(jpeg);
}

}  // namespace st::live
