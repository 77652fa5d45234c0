#include "record/recorder.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <map>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "base/name.h"
#include "base/this_thread.h"
#include "base/unsupported.h"
#include "base/when.h"
#include "record/finaliser.h"
#include "record/folder.h"
#include "record/mailbox.h"
#include "record/recovery.h"
#include "record/writer.h"

namespace st::record {
namespace {

/// A recording whose files could not be made: the longest wait, and how often it is tried again.
constexpr std::chrono::seconds kRetryMax{600};
constexpr unsigned kDoublingsMax = 10;

/// After a failure of the disk: how often it is looked at whether there is room again; and how long
/// it has to be at least until that is said, twice as long each time if it did not last.
constexpr std::chrono::seconds kRoomLookEvery{1};
constexpr std::chrono::seconds kRoomWaitMax{30};
constexpr std::chrono::seconds kRoomLasts{60};

}  // namespace

/// In start order; destroyed in reverse.
struct Recorder::Parts {
    Parts(Options chosen, Log to, EventSink events)
        : options(std::move(chosen)),
          log(std::move(to)),
          sink(std::move(events)),
          folder(options.path, options.names == Names::utc ? utc_stamp : local_stamp) {}

    void finished(const Unfinished& job, Outcome outcome) ST_EXCLUDES(mutex);
    void recover(const std::vector<std::string>& names) ST_EXCLUDES(mutex);
    void recover_one(const std::string& name, unsigned tries, const std::optional<Meta>& known)
        ST_EXCLUDES(mutex);
    void try_later(const std::string& name, unsigned tries, const std::optional<Meta>& known)
        ST_EXCLUDES(mutex);
    void disk_refused() ST_EXCLUDES(mutex);
    void look_for_room() ST_EXCLUDES(mutex);
    void sync_regularly() ST_EXCLUDES(mutex);
    void sync_once();

    /// `writer` null: of the writer whose turn it is.
    SessionPtr make_session(SessionStart start, std::shared_ptr<Mailbox> writer) ST_EXCLUDES(mutex);

    const Options options;
    const Log log;
    const EventSink sink;
    Folder folder;
    WriterCounts counts;
    bool is_sync_unsupported = false;  ///< and that was said; of the syncing thread
    std::atomic<double> sync_seconds{0};
    std::atomic<std::int64_t> syncing_since_ns{
        0};  ///< oldest byte a running sync is to save; 0: none

    mutable Mutex mutex;
    std::condition_variable changed;
    std::map<std::uint64_t, SessionPtr> sessions ST_GUARDED_BY(mutex);  ///< not finished yet
    std::uint64_t next_serial ST_GUARDED_BY(mutex) = 1;
    std::size_t recovering ST_GUARDED_BY(mutex) = 0;  ///< recovered jobs not finished
    std::size_t left ST_GUARDED_BY(mutex) = 0;        ///< answered, but not finished
    bool scanning ST_GUARDED_BY(mutex) = true;
    struct Retry {
        std::string name;
        unsigned tries;
        std::optional<Meta> known;  ///< of its session, which session.json may not have yet
    };
    std::multimap<std::int64_t, Retry> retries ST_GUARDED_BY(mutex);  ///< by when they are due
    std::int64_t room_look_ns ST_GUARDED_BY(mutex) = 0;  ///< when to look for room; 0: not at all
    std::int64_t room_said_ns ST_GUARDED_BY(mutex) = 0;  ///< last
    Nanoseconds room_wait ST_GUARDED_BY(mutex){0};
    bool closed ST_GUARDED_BY(mutex) = false;
    bool stopping ST_GUARDED_BY(mutex) = false;
    std::atomic<bool> hurried{false};

    std::unique_ptr<Finaliser> finaliser;
    std::vector<std::unique_ptr<Writer>> writers;
    std::thread scan_thread;
    std::thread sync_thread;
};

void Recorder::Parts::finished(const Unfinished& job, Outcome outcome) {
    const std::uint64_t serial = job.session ? job.session->serial() : 0;
    const std::string camera = outcome.summary.camera;
    const bool is_left = outcome.summary.state == RecordingState::finalising;
    sink(Finished{serial, camera, std::move(outcome.summary)});
    if (outcome.is_worth_another_try) try_later(job.meta.id, job.tries + 1, job.meta);
    // Only now: who waits in finish_all may rely on the event having been given.
    {
        const Lock lock(mutex);
        left += is_left;
        if (serial == 0) {
            --recovering;
        } else {
            sessions.erase(serial);
        }
    }
    changed.notify_all();
}

SessionPtr Recorder::Parts::make_session(SessionStart start, std::shared_ptr<Mailbox> writer) {
    const Lock lock(mutex);
    // One that goes on with another is made to the last.
    if (closed && !writer) throw std::logic_error("Recorder::open after finish_all");
    const std::uint64_t serial = next_serial++;
    if (!writer) writer = writers[serial % writers.size()]->mailbox();
    auto session = std::make_shared<Session>(serial, std::move(start), options.buffer_bytes,
                                             std::move(writer));
    session->count_in(options.memory);
    sessions.emplace(serial, session);
    return session;
}

void Recorder::Parts::try_later(const std::string& name, unsigned tries,
                                const std::optional<Meta>& known) {
    // A disk may be full over night: what is worth another try is worth one now and then.
    const auto wait = std::min<Nanoseconds>(
        options.retry_first * (1U << std::min(tries - 1, kDoublingsMax)), kRetryMax);
    {
        const Lock lock(mutex);
        retries.emplace(monotonic_ns() + wait.count(), Retry{name, tries, known});
    }
    changed.notify_all();
}

void Recorder::Parts::recover_one(const std::string& name, unsigned tries,
                                  const std::optional<Meta>& known) {
    try {
        if (folder.discard_empty(name)) return;
        auto job = take_back(folder, name, known);
        if (!job) return;
        job->tries = tries;
        log.info(job->meta.camera + " " + name +
                 (tries > 0 ? ": trying to finish it again"
                            : ": left unfinished by an earlier run, finishing"));
        {
            const Lock lock(mutex);
            ++recovering;
        }
        finaliser->add(std::move(*job));    // waits while too many do
    } catch (const std::system_error& e) {  // one unreadable folder must not hide the others
        log.warning(name + ": cannot be looked at: " + e.what());
        if (e.code().value() != ENOENT) try_later(name, tries + 1, known);
    } catch (const std::exception& e) {
        log.warning(name + ": cannot be looked at: " + e.what());
    }
}

/// What earlier runs left, then what this one could not finish at first.
void Recorder::Parts::recover(const std::vector<std::string>& names) {
    name_this_thread("st-recovery");
    const auto is_over = [this] {
        const Lock lock(mutex);
        return closed || stopping;
    };
    for (const std::string& name : names) {
        if (!is_over()) {
            recover_one(name, 0, {});
        } else {
            folder.discard_empty(name);
        }
    }
    {
        const Lock lock(mutex);
        scanning = false;
    }
    changed.notify_all();
    for (;;) {
        std::optional<Retry> retry;
        {
            Lock lock(mutex);
            for (;;) {
                if (closed || stopping) return;
                std::int64_t due = room_look_ns;
                if (!retries.empty() && (due == 0 || retries.begin()->first < due)) {
                    due = retries.begin()->first;
                }
                const std::int64_t now = monotonic_ns();
                if (due != 0 && due <= now) break;
                if (due == 0) {
                    changed.wait(lock.native());
                } else {
                    changed.wait_for(lock.native(), Nanoseconds(due - now));
                }
            }
            if (!retries.empty() && retries.begin()->first <= monotonic_ns()) {
                retry = std::move(retries.begin()->second);
                retries.erase(retries.begin());
            }
        }
        if (retry) {
            recover_one(retry->name, retry->tries, retry->known);
        } else {
            look_for_room();
        }
    }
}

void Recorder::Parts::disk_refused() {
    {
        const Lock lock(mutex);
        const std::int64_t now = monotonic_ns();
        const bool has_lasted =
            room_said_ns == 0 || now - room_said_ns > Nanoseconds(kRoomLasts).count();
        if (room_look_ns != 0 && !has_lasted) return;  // of another camera, at the same time
        room_wait = has_lasted ? Nanoseconds(kRoomLookEvery)
                               : std::min<Nanoseconds>(room_wait * 2, kRoomWaitMax);
        room_look_ns = now + room_wait.count();
    }
    changed.notify_all();
}

void Recorder::Parts::look_for_room() {
    const bool has_room = folder.has_room(counts.room_for_seconds());
    {
        const Lock lock(mutex);
        const std::int64_t now = monotonic_ns();
        room_look_ns = has_room ? 0 : now + Nanoseconds(kRoomLookEvery).count();
        if (has_room) room_said_ns = now;
    }
    if (!has_room) return;
    log.info("the recordings folder " + folder.path() + " has room again");
    sink(RoomAgain{});
}

void Recorder::Parts::sync_once() {
    const std::int64_t oldest = counts.oldest_unsynced_ns.exchange(0);
    if (oldest == 0) return;
    syncing_since_ns.store(oldest);
    const std::int64_t begin = monotonic_ns();
    try {
        folder.sync();
    } catch (const std::system_error& e) {
        // Which file it was, each writer asks its own; or syncs it, where only that can be done.
        counts.sync_failures.fetch_add(1);
        if (is_unsupported(e.code().value())) {
            if (!std::exchange(is_sync_unsupported, true)) {
                log.warning(std::string("files are synced one by one: ") + e.what());
            }
        } else {
            log.error(std::string("sync failed: ") + e.what());
        }
    }
    syncing_since_ns.store(0);
    sync_seconds.store(static_cast<double>(monotonic_ns() - begin) / 1e9);
}

void Recorder::Parts::sync_regularly() {
    name_this_thread("st-sync");
    for (;;) {
        {
            Lock lock(mutex);
            const auto until = std::chrono::steady_clock::now() + options.sync_interval;
            while (!stopping && std::chrono::steady_clock::now() < until) {
                changed.wait_until(lock.native(), until);
            }
            if (stopping) return;
        }
        sync_once();
    }
}

Recorder::Recorder(Options options, Log log, EventSink sink)
    : parts_(std::make_unique<Parts>(std::move(options), std::move(log), std::move(sink))) {
    Parts& parts = *parts_;
    if (!parts.folder.has_locks()) {
        parts.log.warning("recordings folder " + parts.folder.path() +
                          ": its file system has no locks; take care that no other server uses it");
    }
    // The names before anything of ours is made: what is there now is from earlier.
    std::vector<std::string> names = parts.folder.names();
    parts.finaliser =
        std::make_unique<Finaliser>(parts.folder, parts.options, parts.log, parts.sink,
                                    [&parts](const Unfinished& job, Outcome outcome) {
                                        parts.finished(job, std::move(outcome));
                                    });
    for (unsigned i = 0; i < std::max(1U, parts.options.writers); ++i) {
        parts.writers.push_back(std::make_unique<Writer>(
            parts.folder, parts.counts, parts.options.max_bytes_per_file, parts.log,
            Writer::Calls{[&parts](Event event) {
                              if (std::holds_alternative<Failed>(event)) parts.disk_refused();
                              parts.sink(std::move(event));
                          },
                          [&parts](Unfinished job) { parts.finaliser->add(std::move(job)); },
                          [&parts](SessionStart start, const std::shared_ptr<Mailbox>& writer) {
                              return parts.make_session(std::move(start), writer);
                          }}));
    }
    parts.scan_thread = std::thread([&parts, found = std::move(names)] { parts.recover(found); });
    if (parts.options.sync_interval.count() > 0) {
        parts.sync_thread = std::thread([&parts] { parts.sync_regularly(); });
    }
}

Recorder::~Recorder() {
    hurry();
    finish_all(monotonic_ns());
    {
        const Lock lock(parts_->mutex);
        parts_->stopping = true;
    }
    parts_->changed.notify_all();
    parts_->scan_thread.join();
    if (parts_->sync_thread.joinable()) parts_->sync_thread.join();
    parts_->writers.clear();    // writes what is queued and hands it to the finaliser
    parts_->finaliser.reset();  // answers every job
    if (parts_->options.sync_interval.count() > 0) parts_->sync_once();
}

SessionPtr Recorder::open(SessionStart start) {
    if (!is_valid_name(start.camera)) {
        throw std::invalid_argument("camera name \"" + start.camera + "\"");
    }
    const SessionPtr session = parts_->make_session(std::move(start), nullptr);
    session->begin();
    return session;
}

SessionPtr Recorder::session(std::uint64_t serial) const {
    const Lock lock(parts_->mutex);
    const auto found = parts_->sessions.find(serial);
    return found == parts_->sessions.end() ? nullptr : found->second;
}

SessionPtr Recorder::find(std::string_view id) const {
    const Lock lock(parts_->mutex);
    for (const auto& [serial, session] : parts_->sessions) {
        if (session->id() == id) return session;
    }
    return nullptr;
}

std::size_t Recorder::finish_all(std::int64_t deadline_ns) {
    std::vector<SessionPtr> open;
    {
        const Lock lock(parts_->mutex);
        parts_->closed = true;
        for (const auto& [serial, session] : parts_->sessions) open.push_back(session);
    }
    parts_->changed.notify_all();
    parts_->finaliser->leave_recovered();
    for (const SessionPtr& session : open) session->end(EndReason::shutdown);
    Lock lock(parts_->mutex);
    for (;;) {
        const std::size_t running = parts_->sessions.size() + parts_->recovering;
        const std::int64_t now = monotonic_ns();
        if ((running == 0 && !parts_->scanning) || now >= deadline_ns) {
            return running + parts_->left;
        }
        parts_->changed.wait_for(lock.native(), std::chrono::nanoseconds(deadline_ns - now));
    }
}

void Recorder::hurry() {
    parts_->hurried.store(true);
    parts_->finaliser->hurry();
}

void Recorder::note_written(std::uint64_t bytes) {
    const std::int64_t now = monotonic_ns();
    parts_->counts.rate.add(bytes, now);
    std::int64_t none = 0;
    parts_->counts.oldest_unsynced_ns.compare_exchange_strong(none, now);
}

RecorderStatus Recorder::status() const {
    RecorderStatus status;
    const WriterCounts& counts = parts_->counts;
    {
        const Lock lock(parts_->mutex);
        for (const auto& [serial, session] : parts_->sessions) {
            if (!session->ended()) ++status.sessions_open;
            status.queued_bytes += session->queued_bytes();
        }
    }
    status.finalising = parts_->finaliser->waiting();
    status.written_bytes = counts.bytes.load();
    status.bytes_per_second = counts.rate.bytes_per_second(monotonic_ns());
    status.written_messages = counts.messages.load();
    status.write_lag_seconds = static_cast<double>(counts.lag_ns.load()) / 1e9;
    status.sync_seconds = parts_->sync_seconds.load();
    const std::int64_t syncing = parts_->syncing_since_ns.load();
    const std::int64_t oldest = syncing != 0 ? syncing : counts.oldest_unsynced_ns.load();
    if (oldest != 0) status.sync_lag_seconds = static_cast<double>(monotonic_ns() - oldest) / 1e9;
    return status;
}

const std::string& Recorder::path() const { return parts_->folder.path(); }

}  // namespace st::record
