#include "live/snapshots.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <list>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/fd.h"
#include "base/fd_io.h"
#include "base/this_thread.h"
#include "flv/codec_name.h"
#include "flv/tag.h"
#include "flv/video_data.h"
#include "hub/stream.h"
#include "hub/tap.h"
#include "live/live.h"
#include "live/live_request.h"
#include "media/access_unit.h"
#include "media/movie_facts.h"
#include "media/nal.h"

namespace st::live {
namespace {

using OnStop = std::stop_callback<std::function<void()>>;

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kDecodeTimeout{10'000};  ///< also by the clock
/// As many as a decoder is given to make a picture of.
constexpr std::uint32_t kPicturesMax = 299;

/// A file in memory.
class MemoryFile {
 public:
    MemoryFile() : fd_(::memfd_create("snapshot", MFD_CLOEXEC)) {}
    int fd() const { return fd_.get(); }

    bool write(Bytes bytes) const { return write_all(fd_.get(), bytes); }
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

bool may_begin(const hub::Unit& unit) {
    if (!unit.is_entry) return false;
    if (unit.packet->codec != media::Codec::h264) return true;
    return unit.headers && unit.headers->video;  // else its publisher has not sent them yet
}

/// Requests the end of a job when none of those who wished for its picture waits any more.
class Audience {
 public:
    Audience(const std::list<std::stop_token>& askers, const std::stop_token& all)
        : left_(askers.size()), stopped_(all, [this] { stop_.request_stop(); }) {
        for (const std::stop_token& asker : askers) {
            leaving_.emplace_back(asker, [this] {
                if (--left_ == 0) stop_.request_stop();
            });
        }
    }
    std::stop_token is_gone() const { return stop_.get_token(); }

 private:
    std::stop_source stop_;
    std::atomic<std::size_t> left_;
    OnStop stopped_;
    std::list<OnStop> leaving_;
};

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

/// For the pictures of which one is made. The stream's thread adds them, the control loop's looks.
class Snapshots::Wait final : public hub::Tap, public std::enable_shared_from_this<Wait> {
 public:
    Wait(Snapshots& owner, Wish asked, bool is_for_stream)
        : wish(std::move(asked)), waits_for_stream(is_for_stream), owner_(owner) {}

    /// Once: from now on what comes of the stream wakes the owner, and so does the asker's leaving.
    void begin(const std::string& path) {
        stream = owner_.parts_.live.hub().attach(path, shared_from_this(), {});
        // Of a stream that is too large to be kept for viewers there may be one all the same.
        if (const hub::UnitPtr entry = stream->newest_entry(monotonic_ns())) take(entry);
        leaving_.emplace(wish.asker, [this] { wake(); });
    }
    void take(const hub::UnitPtr& unit) override {
        if (is_picture(*unit) && add(unit)) wake();
    }
    void publisher_left() override {
        {
            const Lock lock(mutex_);
            if (!is_whole()) clip_.clear();
        }
        wake();
    }
    bool has_whole_clip() {
        const Lock lock(mutex_);
        return is_whole();
    }
    Clip take_clip() {
        const Lock lock(mutex_);
        return std::move(clip_);
    }

    const Wish wish;
    const bool waits_for_stream;
    hub::StreamPtr stream;
    loop::TimerId patience = 0;

 private:
    /// True if the clip is whole with it.
    bool add(const hub::UnitPtr& unit) {
        const Lock lock(mutex_);
        if (is_whole()) return false;
        if (clip_.empty()) {
            if (!may_begin(*unit)) return false;
            further_ = pictures_until_whole(*unit);
        } else if (unit->serial <= clip_.back()->serial) {
            return false;
        }
        clip_.push_back(unit);
        return is_whole();
    }
    bool is_whole() const ST_REQUIRES(mutex_) { return clip_.size() > further_; }
    void wake() {
        owner_.parts_.control.post([&owner = owner_, weak = weak_from_this()] {
            if (const WaitPtr self = weak.lock()) owner.look(self, false);
        });
    }

    Snapshots& owner_;
    Mutex mutex_;
    Clip clip_ ST_GUARDED_BY(mutex_);
    std::uint32_t further_ ST_GUARDED_BY(mutex_) = 0;  ///< pictures wanted after the first
    std::optional<OnStop> leaving_;
};

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
    for (const WaitPtr& wait : waits_) parts_.live.hub().detach(wait->stream, *wait);
}

void Snapshots::take(const std::string& path, std::stop_token asker, bool is_coming, Done done) {
    const hub::StreamPtr stream = parts_.live.hub().find(path);
    if (!is_coming && !(stream && stream->is_live())) {
        return done(no_stream(path));
    }
    const auto wait =
        std::make_shared<Wait>(*this, Wish{std::move(asker), std::move(done)}, is_coming);
    waits_.insert(wait);
    wait->patience = parts_.control.after(kPatience, [this, weak = std::weak_ptr(wait)] {
        if (const WaitPtr late = weak.lock()) look(late, true);
    });
    wait->begin(path);
    look(wait, false);
}

/// Something may have happened that ends a wait.
void Snapshots::look(const WaitPtr& wait, bool is_late) {
    if (!waits_.contains(wait)) return;  // it has ended
    const std::string& path = wait->stream->path();
    const Wish& wish = wait->wish;
    const bool is_over = is_late || wish.asker.stop_requested();
    const bool is_live = wait->stream->is_live();
    const bool is_whole = wait->has_whole_clip();
    if (!is_whole && !is_over && (is_live || wait->waits_for_stream)) return;
    waits_.erase(wait);
    parts_.control.cancel(wait->patience);
    parts_.live.hub().detach(wait->stream, *wait);
    Clip clip = wait->take_clip();
    if (!clip.empty()) return enqueue(path, std::move(clip), wish);
    if (!is_live) return wish.done(no_stream(path));
    std::string why = "no key frame from " + path + " within 10 s";
    const std::string age = key_frame_age(wait->stream->status(), monotonic_ns());
    if (!age.empty()) why += ": " + age;
    wish.done(Error{why, 503});
}

void Snapshots::enqueue(const std::string& path, Clip clip, Wish wish) {
    {
        const Lock lock(mutex_);
        Picture& picture = wanted_[path];
        if (picture.wishes.empty() && !in_hand_.contains(path)) order_.push_back(path);
        picture.clip = std::move(clip);
        picture.wishes.push_back(std::move(wish));
    }
    changed_.notify_one();
}

void Snapshots::run() {
    name_this_thread("st-snapshots");
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
    std::erase_if(picture.wishes, [](const Wish& wish) { return wish.asker.stop_requested(); });
    if (picture.wishes.empty()) return;
    std::list<std::stop_token> askers;
    for (const Wish& wish : picture.wishes) askers.push_back(wish.asker);
    const Audience audience(askers, stop_.get_token());
    const auto jpeg = picture_of(picture.clip, parts_.options->picture_pixels_max, parts_.run_job,
                                 audience.is_gone());
    for (const Wish& wish : picture.wishes) wish.done(jpeg);
}

}  // namespace st::live
