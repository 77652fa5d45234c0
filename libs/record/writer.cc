#include "record/writer.h"

#include <pthread.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "base/clock.h"

namespace st::record {
namespace {

constexpr std::int64_t kCheckEveryNs = 1'000'000'000;
/// A queue that grew in a burst gives its memory back.
constexpr std::size_t kItemsKeptMax = 1024;

dump::Uuid random_uuid() {
    dump::Uuid uuid{};
    if (::getrandom(uuid.data(), uuid.size(), 0) != static_cast<ssize_t>(uuid.size())) {
        throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0F) | 0x40);  // RFC 4122, version 4
    uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3F) | 0x80);
    return uuid;
}

}  // namespace

Writer::Writer(Folder& folder, WriterCounts& counts, Log log, EventSink sink,
               std::function<void(Unfinished)> finalise)
    : folder_(folder),
      counts_(counts),
      log_(std::move(log)),
      sink_(std::move(sink)),
      finalise_(std::move(finalise)),
      thread_([this] { run(); }) {}

Writer::~Writer() {
    mailbox_->stop();
    thread_.join();
}

void Writer::run() {
    ::pthread_setname_np(::pthread_self(), "st-writer");
    std::vector<SessionPtr> work;
    while (mailbox_->wait(work)) {
        round_lag_ns_ = 0;
        for (const SessionPtr& session : work) {
            try {
                serve(session);
            } catch (const std::exception& e) {  // the thread's top: out of memory
                abandon(session, e.what());
            }
        }
        work.clear();
        counts_.lag_ns.store(round_lag_ns_, std::memory_order_relaxed);
    }
}

/// Nothing is written for it any more. What its dump holds is found by the next start.
void Writer::abandon(const SessionPtr& session, const char* why) noexcept {
    session->failed_.store(true);
    try {
        files_.erase(session.get());
        log_.error(session->camera() + ": recording failed: " + why);
        sink_(Failed{session->serial(), session->camera(), session->id(), why});
        session->end(EndReason::disk);
        Unfinished left{session, meta_of(session->start(), session->id())};
        left.meta.state = RecordingState::failed;
        left.meta.end_reason = EndReason::disk;
        left.meta.error = why;
        left.failed = true;
        left.has_folder = false;
        finalise_(std::move(left));
    } catch (const std::exception&) {  // no memory even for that: recording of others goes on
    }
}

void Writer::serve(const SessionPtr& of) {
    Session& session = *of;
    if (session.failed() && !files_.contains(&session)) return;  // abandoned
    std::optional<Session::End> end_of_session;
    {
        const Lock lock(session.mutex_);
        taken_.swap(session.queue_);
        end_of_session = std::exchange(session.end_, std::nullopt);
        session.scheduled_ = false;
    }
    const auto [at, is_new] = files_.try_emplace(&session);
    File& file = at->second;
    try {
        if (is_new) open(session, file);
        if (file.error.empty()) write(session, file, taken_);
    } catch (const std::exception& e) {
        fail(session, file, e.what());
    }
    // Only after a failure is anything left: there is nowhere to write it.
    for (const Session::Item& item : taken_) {
        session.queued_bytes_.fetch_sub(item.message.size(), std::memory_order_relaxed);
    }
    taken_.clear();
    if (taken_.capacity() > kItemsKeptMax) std::vector<Session::Item>().swap(taken_);
    give_room(session);
    if (end_of_session) {
        end(of, file, *end_of_session);
        files_.erase(&session);
    }
}

void Writer::open(Session& session, File& file) {
    const SessionStart& start = session.start_;
    file.meta = meta_of(start, "");
    Folder::Made made = folder_.make_recording(start.camera, start.started_us);
    try {
        fill(session, file, made);
    } catch (...) {
        // Nothing is recorded: no folder either, which no list would ever show.
        file.dump.reset();
        folder_.discard(made);
        file.meta.id.clear();
        throw;
    }
    file.directory = std::move(made.directory);
    file.checked_ns = monotonic_ns();
    file.sync_failures = counts_.sync_failures.load();
    {
        const Lock lock(session.mutex_);
        session.id_ = file.meta.id;
    }
    log_.info(start.camera + " " + file.meta.id + ": recording");
    sink_(Opened{session.serial_, start.camera, file.meta.id});
}

/// The dump with its header and first note, and session.json.
void Writer::fill(const Session& session, File& file, const Folder::Made& made) {
    const SessionStart& start = session.start_;
    file.meta.id = made.id;
    // Frames held back came before the session: the dump's clock begins with the first of them.
    const std::int64_t earlier_ns = std::max<std::int64_t>(
        0, start.started_ns - start.first_held_ns.value_or(start.started_ns));
    dump::FileHeader header;
    header.uuid = random_uuid();
    header.wall_start_us = static_cast<std::uint64_t>(start.started_us - earlier_ns / 1000);
    header.monotonic_start_ns = static_cast<std::uint64_t>(start.started_ns - earlier_ns);
    file.dump = std::make_unique<dump::Writer>(create_file(made.directory.get(), kDumpName), header,
                                               folder_.path_of(file.meta.id) + "/" + kDumpName);
    const std::string text = encode_session(file.meta, nullptr);
    file.dump->append_note(start.started_ns - earlier_ns, text);
    replace_file(made.directory.get(), kSessionName, text, false);
}

void Writer::write(Session& session, File& file, std::vector<Session::Item>& items) {
    if (items.empty()) return;
    check(file);
    const std::int64_t now = monotonic_ns();
    round_lag_ns_ = std::max(round_lag_ns_, now - items.front().arrival_ns);
    std::int64_t none = 0;
    counts_.oldest_unsynced_ns.compare_exchange_strong(none, now);
    std::uint64_t bytes = 0;
    for (Session::Item& item : items) {
        file.dump->append(dump::RecordType::frame, item.arrival_ns, item.message.bytes());
        const Buffer written = std::move(item.message);
        session.queued_bytes_.fetch_sub(written.size(), std::memory_order_relaxed);
        bytes += written.size();
        item.message = Buffer();
    }
    counts_.bytes.fetch_add(bytes, std::memory_order_relaxed);
    counts_.messages.fetch_add(items.size(), std::memory_order_relaxed);
}

/// A file that was removed, or whose pages the kernel could not write back, takes writes gladly.
void Writer::check(File& file) {
    const std::int64_t now = monotonic_ns();
    if (now - file.checked_ns < kCheckEveryNs) return;
    file.checked_ns = now;
    struct stat status {};
    if (::fstat(file.dump->fd(), &status) != 0 || status.st_nlink == 0) {
        throw std::system_error(ENOENT, std::generic_category(),
                                folder_.path_of(file.meta.id) + "/" + kDumpName + " was removed");
    }
    const std::uint64_t failures = counts_.sync_failures.load();
    if (failures != std::exchange(file.sync_failures, failures)) file.dump->sync();
}

void Writer::fail(Session& session, File& file, const std::string& error) {
    file.error = error;
    session.failed_.store(true);
    log_.error(session.camera() + " " + file.meta.id + ": recording failed: " + error);
    sink_(Failed{session.serial_, session.camera(), file.meta.id, error});
}

void Writer::give_room(Session& session) {
    if (!session.room_wanted_.load() || session.queued_bytes() > session.budget_bytes_ / 2) return;
    if (session.room_wanted_.exchange(false)) sink_(Room{session.serial_, session.camera()});
}

void Writer::end(const SessionPtr& session, File& file, const Session::End& end) {
    Meta& meta = file.meta;
    meta.state = RecordingState::finalising;
    meta.end_reason = file.error.empty() ? end.reason : EndReason::disk;
    meta.close = end.close;
    meta.dropped = end.dropped;
    meta.ping_us = end.ping_us;
    meta.stopped_by = end.stopped_by;
    meta.ended_us = end.ended_us;
    if (!file.error.empty()) meta.error = file.error;
    if (file.dump) {
        try {
            const std::string text = encode_session(meta, nullptr);
            file.dump->append_close(monotonic_ns(), text);
            replace_file(file.directory.get(), kSessionName, text, false);
        } catch (const std::exception& e) {
            // Everything before stays readable; the finaliser says what it could not store.
            if (!meta.error) meta.error = e.what();
            meta.end_reason = EndReason::disk;
            file.error = *meta.error;
            log_.error(meta.camera + " " + meta.id + ": end of recording: " + e.what());
        }
    }
    Unfinished unfinished{session, meta, !file.error.empty(), file.dump != nullptr};
    if (file.dump) unfinished.is_large = file.dump->bytes() > kSmallBytesMax;
    file.dump.reset();
    file.directory.reset();
    finalise_(std::move(unfinished));
}

}  // namespace st::record
