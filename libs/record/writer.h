#pragma once
/// One writer thread: folders, dumps and the first session.json of its sessions. Private to
/// libs/record.
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/buffer.h"
#include "base/log.h"
#include "camera/preroll.h"
#include "dump/writer.h"
#include "record/events.h"
#include "record/folder.h"
#include "record/mailbox.h"
#include "record/session_json.h"
#include "record/switch_plan.h"
#include "record/write_rate.h"

namespace st::record {

/// A recording with more bytes than that takes its time to be finished.
constexpr std::uint64_t kSmallBytesMax = std::uint64_t{128} << 20;

/// What the finaliser gets: a dump that nobody writes any more.
struct Unfinished {
    SessionPtr session;  ///< null: recovered at start
    Meta meta;
    bool failed = false;     ///< the disk refused while it was recorded
    bool has_folder = true;  ///< else only the Finished event is left to do
    bool is_large = false;   ///< takes its time: many bytes, or pictures that are hard to decode
    unsigned tries = 0;      ///< how often its files could not be made so far
};

/// Counts of all writers together.
struct WriterCounts {
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> messages{0};
    WriteRate rate;
    std::atomic<std::int64_t> lag_ns{0};  ///< of the latest round of any writer
    std::atomic<std::int64_t> oldest_unsynced_ns{
        0};  ///< when the first write after a sync was; 0: none
    std::atomic<std::uint64_t> sync_failures{0};  ///< a rise makes each writer check its files

    /// With less room a recording that begins would soon be out of it.
    std::uint64_t room_for_seconds() const;
};

class Writer {
 public:
    struct Calls {
        EventSink sink;
        std::function<void(Unfinished)> finalise;
        /// A session that this writer begins by itself.
        std::function<SessionPtr(SessionStart, const std::shared_ptr<Mailbox>&)> make_session;
    };

    /// `file_bytes_max`: recording.max_bytes_per_file; 0: none.
    Writer(Folder& folder, WriterCounts& counts, std::uint64_t file_bytes_max, Log log,
           Calls calls);
    /// Writes what is queued, then joins. Sessions that were not ended are left as they are.
    ~Writer();

    const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }

 private:
    /// A session's file, seen by this thread alone.
    struct File {
        Meta meta;
        Fd directory;
        std::unique_ptr<dump::Writer> dump;
        SwitchPlan plan;
        std::uint64_t messages = 0;      ///< of the camera
        camera::Preroll sets;            ///< the camera's parameter sets, for the file that goes on
        std::vector<std::string> notes;  ///< of the camera, for the file that goes on
        std::string error;               ///< not empty: the disk refused, nothing more is written
        std::int64_t checked_ns = 0;     ///< when it was last seen to be still there
        std::uint64_t sync_failures = 0;
    };

    void run();
    void serve(const SessionPtr& session);
    void abandon(const SessionPtr& session, const char* why) noexcept;
    void open(Session& session, File& file);
    void fill(const Session& session, File& file, const Folder::Made& made);
    std::size_t write(Session& session, File& file, std::vector<Session::Item>& items);
    static media::NalPeek peek(const File& file, Bytes message);
    void append_note(File& file, const Buffer& json, std::int64_t arrival_ns);
    bool append(File& file, Bytes message, std::int64_t arrival_ns);
    bool append_record(File& file, Bytes message, std::int64_t arrival_ns,
                       const media::NalPeek& peek);
    void go_on_in_next(const SessionPtr& session, File& file, std::size_t written,
                       std::optional<Session::End> end);
    void take_along(File& from, SwitchPlan::Place place, File& to);
    void check(File& file);
    void fail(Session& session, File& file, const std::string& error);
    void end(const SessionPtr& session, File& file, const Session::End& end);
    void give_room(Session& session);

    Folder& folder_;
    WriterCounts& counts_;
    const std::uint64_t file_bytes_max_;
    const Log log_;
    const Calls calls_;
    const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
    std::unordered_map<Session*, File> files_;
    std::vector<Session::Item> taken_;  ///< recycled: keeps its capacity
    std::int64_t round_lag_ns_ = 0;
    std::thread thread_;  ///< last: it uses all the others
};

}  // namespace st::record
