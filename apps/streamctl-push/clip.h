#pragma once
/// One input being read by a thread of its own, its packets shared by all cameras that send them.
///
/// A file is kept from its beginning up to kKeptBytesMax, so that every camera can begin there; of
/// a live input only what somebody still needs is kept, from the last key frame on. Reading stops
/// while the cameras are behind.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "av/encode.h"
#include "av/input.h"
#include "base/sync.h"

namespace st::streamctl {

using PacketPtr = std::shared_ptr<const av::EncodedPacket>;
using ReaderId = std::uint64_t;

/// What is read, as its first opening found it.
struct ClipInput {
    std::string url;
    av::InputOptions options;
    bool is_live = false;
    double fps = 25;
};

/// An input with what ends its blocking reads.
struct OpenedInput {
    std::unique_ptr<std::atomic<bool>> stop;
    av::Input input;  ///< behind what it asks while it closes
};

class Clip {
 public:
    static constexpr std::size_t kKeptBytesMax = std::size_t{256} << 20;
    static constexpr std::size_t kAheadBytesMax = std::size_t{16} << 20;

    /// A live input without a key frame for so long is sent from where it is.
    static constexpr std::chrono::seconds kKeyPatience{5};

    /// Begins to read at once, after opening `source` if it is not `opened` yet. `on_news` is
    /// called on the clip's thread when a camera that had to wait may go on.
    Clip(ClipInput source, std::optional<OpenedInput> opened,
         std::optional<av::EncodeOptions> encode, std::function<void()> on_news);
    ~Clip();
    Clip(const Clip&) = delete;
    Clip& operator=(const Clip&) = delete;

    /// A camera begins: at the start of a file, at the last key frame of a live input.
    ReaderId join();
    void leave(ReaderId reader);

    struct Step {
        enum class Kind { packet, wait, end, failed } kind = Kind::wait;
        PacketPtr packet;
        std::string error;
    };
    /// The reader's next packet.
    Step next(ReaderId reader);
    /// Back to the beginning; false if that is no longer there.
    bool rewind(ReaderId reader);

    /// The next picture becomes a key frame, if the input is encoded.
    void request_key() { wants_key_->store(true); }

    /// Parameter sets; complete once a packet was seen.
    SharedBuffer configuration() const;
    /// The whole of it is still there: a camera can begin at the beginning.
    bool is_whole() const;
    bool is_live() const { return source_.is_live; }
    double fps() const { return source_.fps; }

 private:
    void run(std::optional<av::Input> opened, const std::optional<av::EncodeOptions>& encode);
    void read_all(av::PacketReader& reader, bool skips_to_key);
    bool append(av::EncodedPacket packet);
    void finish(std::string error);
    void trim() ST_REQUIRES(mutex_);
    bool is_full() const ST_REQUIRES(mutex_);
    void tell_waiting(Lock& lock) ST_REQUIRES(mutex_);

    const ClipInput source_;
    const std::function<void()> on_news_;
    std::unique_ptr<std::atomic<bool>> stop_;
    const std::shared_ptr<std::atomic<bool>> wants_key_ =
        std::make_shared<std::atomic<bool>>(false);

    mutable Mutex mutex_;
    std::condition_variable room_;
    std::deque<PacketPtr> packets_ ST_GUARDED_BY(mutex_);
    std::uint64_t begin_ ST_GUARDED_BY(mutex_) = 0;  ///< number of packets_.front()
    std::size_t bytes_ ST_GUARDED_BY(mutex_) = 0;
    std::size_t read_bytes_ ST_GUARDED_BY(mutex_) = 0;      ///< all packets so far
    std::size_t furthest_bytes_ ST_GUARDED_BY(mutex_) = 0;  ///< of them, what some camera took
    std::uint64_t furthest_ ST_GUARDED_BY(mutex_) = 0;
    std::uint64_t last_key_ ST_GUARDED_BY(mutex_) = 0;
    bool is_waiting_ ST_GUARDED_BY(mutex_) = false;
    bool ended_ ST_GUARDED_BY(mutex_) = false;
    std::string error_ ST_GUARDED_BY(mutex_);
    SharedBuffer configuration_ ST_GUARDED_BY(mutex_);
    std::map<ReaderId, std::uint64_t> readers_ ST_GUARDED_BY(mutex_);  ///< next packet of each
    ReaderId next_reader_ ST_GUARDED_BY(mutex_) = 1;

    std::atomic<bool> is_over_{false};  ///< the thread does nothing more
    std::thread thread_;
};

}  // namespace st::streamctl
