#include "record/writer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <span>
#include <system_error>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fd_io.h"
#include "base/random.h"
#include "base/this_thread.h"
#include "camera/frame.h"
#include "dump/format.h"
#include "media/nal_peek.h"

namespace st::record {
namespace {

constexpr std::int64_t kCheckEveryNs = 1'000'000'000;
/// What the last record of a dump says beyond its first.
constexpr std::uint64_t kCloseBytes = 1024;
/// A queue that grew in a burst gives its memory back.
constexpr std::size_t kItemsKeptMax = 1024;

dump::Uuid random_uuid() {
    dump::Uuid uuid = random_bytes<16>();
    uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0F) | 0x40);  // RFC 4122, version 4
    uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3F) | 0x80);
    return uuid;
}

void read_at(const dump::Writer& dump, std::uint64_t at, std::span<std::uint8_t> into) {
    const auto got = read_up_to(dump.fd(), into, at);
    if (got == into.size()) return;
    throw std::system_error(got ? EIO : errno, std::generic_category(),
                            "read back what was recorded");
}

/// The record that begins at `at`, as it was written; its body goes into `body`.
dump::RecordHeader read_record(const dump::Writer& dump, std::uint64_t at,
                               std::vector<std::uint8_t>& body) {
    std::array<std::uint8_t, dump::kRecordHeaderBytes> head{};
    read_at(dump, at, head);
    const auto record = dump::decode_record_header(head);
    if (!record) {
        throw std::system_error(EIO, std::generic_category(), "read back what was recorded");
    }
    body.resize(record->body_bytes);
    read_at(dump, at + head.size(), body);
    return *record;
}

/// CLOCK_MONOTONIC when it came.
std::int64_t arrival_of(const dump::Writer& dump, std::uint64_t at) {
    std::vector<std::uint8_t> body;
    return static_cast<std::int64_t>(dump.header().monotonic_start_ns +
                                     read_record(dump, at, body).arrival_ns);
}

/// The log with fields that say which recording it is about; "" is not known yet.
Log about(const Log& log, const std::string& camera, const std::string& id) {
    const Log of_camera = log.with_field("camera", camera);
    return id.empty() ? of_camera : of_camera.with_field("recording", id);
}

/// The dump has all of it: what cannot be stored here (no descriptors) is stored by the finaliser,
/// and is no failure of the recording.
void store(const Log& log, const Meta& meta, int directory, const std::string& text) {
    try {
        replace_file(directory, kSessionName, text, false);
    } catch (const std::exception& e) {
        about(log, meta.camera, meta.id)
            .warning(meta.camera + " " + meta.id + ": end of recording: " + e.what());
    }
}

}  // namespace

Writer::Writer(Folder& folder, WriterCounts& counts, std::uint64_t file_bytes_max, Log log,
               Calls calls)
    : folder_(folder),
      counts_(counts),
      file_bytes_max_(file_bytes_max),
      log_(std::move(log)),
      calls_(std::move(calls)),
      thread_([this] { run(); }) {}

Writer::~Writer() {
    mailbox_->stop();
    thread_.join();
}

void Writer::run() {
    name_this_thread("st-writer");
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
        {
            const Lock lock(session->mutex_);
            session->held_.reset();
        }
        files_.erase(session.get());
        about(log_, session->camera(), session->id())
            .error(session->camera() + ": recording failed: " + why);
        calls_.sink(Failed{session->serial(), session->camera(), session->id(), why});
        session->end(EndReason::disk);
        Unfinished left{session, meta_of(session->start(), session->id())};
        left.meta.state = RecordingState::failed;
        left.meta.end_reason = EndReason::disk;
        left.meta.error = why;
        left.failed = true;
        left.has_folder = false;
        calls_.finalise(std::move(left));
    } catch (const std::exception&) {  // no memory even for that: recording of others goes on
    }
}

void Writer::serve(const SessionPtr& of) {
    Session& session = *of;
    if (session.failed() && !files_.contains(&session)) return;  // abandoned
    if (session.has_handed_over()) return;                       // posted once more meanwhile
    std::optional<Session::End> end_of_session;
    {
        const Lock lock(session.mutex_);
        if (session.is_served_) return;  // woken for room that it needs no more
        taken_.swap(session.queue_);
        end_of_session = std::exchange(session.end_, std::nullopt);
        session.scheduled_ = false;
        session.is_served_ = end_of_session.has_value();
    }
    const auto [at, is_new] = files_.try_emplace(&session);
    File& file = at->second;
    try {
        if (is_new) {
            folder_.require_room(counts_.room_for_seconds());
            open(session, file);
        }
        const std::size_t written = file.error.empty() ? write(session, file, taken_) : 0;
        if (file.error.empty() && written < taken_.size()) {
            go_on_in_next(of, file, written, std::exchange(end_of_session, std::nullopt));
            end_of_session = Session::End{{.reason = EndReason::max_bytes}, wall_us()};
        }
    } catch (const std::exception& e) {
        fail(session, file, e.what());
    }
    // Only after a failure is anything left: there is nowhere to write it.
    for (const Session::Item& item : taken_) {
        session.queued_bytes_.fetch_sub(item.held_bytes(), std::memory_order_relaxed);
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
    about(log_, start.camera, file.meta.id).info(start.camera + " " + file.meta.id + ": recording");
    calls_.sink(Opened{session.serial_, start.camera, file.meta.id});
}

std::uint64_t WriterCounts::room_for_seconds() const {
    constexpr std::uint64_t kRoomSeconds = 10;
    return kRoomSeconds * rate.bytes_per_second(monotonic_ns());
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
    // Its last record, too, stays below the limit.
    const std::uint64_t reserve = 2 * text.size() + kCloseBytes;
    const std::uint64_t most = file_bytes_max_;
    file.plan = SwitchPlan(most > 2 * reserve ? most - reserve : most);
    replace_file(made.directory.get(), kSessionName, text, false);
}

/// How many of them were written. If not all: the file is full, and the rest belongs into another.
std::size_t Writer::write(Session& session, File& file, std::vector<Session::Item>& items) {
    if (items.empty()) return 0;
    check(file);
    const std::int64_t now = monotonic_ns();
    round_lag_ns_ = std::max(round_lag_ns_, now - items.front().arrival_ns);
    std::int64_t none = 0;
    counts_.oldest_unsynced_ns.compare_exchange_strong(none, now);
    std::uint64_t bytes = 0;
    std::size_t count = 0;
    std::uint64_t messages = 0;
    for (; count < items.size(); ++count) {
        Session::Item& item = items[count];
        if (item.is_note) {
            append_note(file, *item.message, item.arrival_ns);
        } else {
            if (!append(file, item.message->bytes(), item.arrival_ns)) break;
            session.written_seq_.store(load_be32(item.message->data() + 8),
                                       std::memory_order_relaxed);
            ++messages;
        }
        if (!item.is_understood) ++file.meta.dropped.undecodable;
        session.queued_bytes_.fetch_sub(item.held_bytes(), std::memory_order_relaxed);
        bytes += item.message->size();
        item.message.reset();
    }
    counts_.bytes.fetch_add(bytes, std::memory_order_relaxed);
    counts_.messages.fetch_add(messages, std::memory_order_relaxed);
    counts_.rate.add(bytes, now);
    return count;
}

/// For a file that goes on, too. Into this one it may come no more: then that is full.
void Writer::append_note(File& file, const Buffer& json, std::int64_t arrival_ns) {
    constexpr std::size_t kKept = 65;
    // The first may be what the camera said of itself; all others are about its clock.
    if (file.notes.size() == kKept) file.notes.erase(file.notes.begin() + 1);
    file.notes.push_back({json.bytes().begin(), json.bytes().end()});
    if (auto told = capabilities_in(file.notes.back())) file.meta.capabilities = std::move(*told);
    try {
        file.dump->append(dump::RecordType::note, arrival_ns, json.bytes());
    } catch (const std::system_error& e) {
        if (e.code().value() != EFBIG || file.messages == 0) throw;
    }
}

/// Where a file may end: before each JPEG picture, as before a key frame.
media::NalPeek Writer::peek(const File& file, Bytes message) {
    if (!file.meta.is_jpeg) return media::peek_nals(message.subspan(camera::kHeaderBytes));
    media::NalPeek whole;
    whole.vcl = whole.idr = whole.starts_picture = true;
    return whole;
}

/// A message with what has to stand before it. False: it belongs into another file.
bool Writer::append(File& file, Bytes message, std::int64_t arrival_ns) {
    const media::NalPeek peek = Writer::peek(file, message);
    const std::uint64_t bytes = dump::kRecordHeaderBytes + message.size() + dump::kCrcBytes;
    if (file.plan.wants_switch({file.dump->bytes(), file.dump->records()}, bytes, peek)) {
        return false;
    }
    const auto sets =
        file.meta.is_jpeg ? std::nullopt : file.sets.remember(message, arrival_ns, peek);
    if (sets) {
        const media::NalPeek of_sets =
            media::peek_nals(sets->message->bytes().subspan(camera::kHeaderBytes));
        if (!append_record(file, sets->message->bytes(), sets->arrival_ns, of_sets)) return false;
    }
    if (!append_record(file, message, arrival_ns, peek)) return false;
    ++file.messages;
    return true;
}

/// False: it is over the largest size that the file system, or a limit of this process, allows. A
/// file that takes no message at all is a failure.
bool Writer::append_record(File& file, Bytes message, std::int64_t arrival_ns,
                           const media::NalPeek& peek) {
    const SwitchPlan::Place place{file.dump->bytes(), file.dump->records()};
    try {
        file.dump->append(dump::RecordType::frame, arrival_ns, message);
    } catch (const std::system_error& e) {
        if (e.code().value() != EFBIG || file.messages == 0) throw;
        return false;
    }
    file.plan.note(place, peek);
    return true;
}

/// The file is full: another recording, the next part, takes what is not written yet, and before it
/// what this file holds of the group of pictures that goes on, so that it begins with a key frame.
void Writer::go_on_in_next(const SessionPtr& session, File& file, std::size_t written,
                           std::optional<Session::End> end) {
    const Session::Item& first = taken_[written];
    const auto along = file.plan.takes_along_from(peek(file, first.message->bytes()));
    SessionStart start = session->start_;
    ++start.part;
    start.capabilities = file.meta.capabilities;  // they may have come since it began
    start.started_us = wall_us();
    start.started_ns = monotonic_ns();
    start.first_held_ns = along ? arrival_of(*file.dump, along->at) : first.arrival_ns;
    const SessionPtr next = calls_.make_session(std::move(start), mailbox_);
    File& to = files_[next.get()];
    try {
        open(*next, to);
        to.sets = std::move(file.sets);
        to.sets.take(monotonic_ns());  // another file: it has no parameter sets yet
        to.notes = std::move(file.notes);
        for (const std::string& json : to.notes)
            to.dump->append_note(next->start_.started_ns, json);
        if (along) take_along(file, *along, to);
        about(log_, session->camera(), file.meta.id)
            .info(session->camera() + " " + file.meta.id + ": its file is full at " +
                  std::to_string(file.dump->bytes()) + " bytes, going on in " + to.meta.id);
    } catch (const std::exception& e) {
        fail(*next, to, e.what());
    }
    std::vector<Session::Item> rest(
        std::make_move_iterator(taken_.begin() + static_cast<std::ptrdiff_t>(written)),
        std::make_move_iterator(taken_.end()));
    taken_.clear();
    session->hand_over(next, std::move(rest), std::move(end));
}

/// Moves the records from `place` on: they are on the disk in `to` before they are cut off.
void Writer::take_along(File& from, SwitchPlan::Place place, File& to) {
    const std::int64_t began_ns = static_cast<std::int64_t>(from.dump->header().monotonic_start_ns);
    std::vector<std::uint8_t> body;
    for (std::uint64_t at = place.at; at < from.dump->bytes();) {
        const dump::RecordHeader record = read_record(*from.dump, at, body);
        if (record.type == dump::RecordType::frame &&
            !append(to, body, began_ns + static_cast<std::int64_t>(record.arrival_ns))) {
            throw std::system_error(EFBIG, std::generic_category(), "write what is taken along");
        }
        at += dump::kRecordHeaderBytes + body.size() + dump::kCrcBytes;
    }
    to.dump->sync();
    from.dump->cut_back(place.at, place.record);
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
    // Unmounted lazily, or moved away: who looks where the recording is said to be finds nothing.
    struct stat held {};
    struct stat there {};
    if (::fstat(file.directory.get(), &held) != 0 ||
        ::stat(folder_.path_of(file.meta.id).c_str(), &there) != 0 || held.st_dev != there.st_dev ||
        held.st_ino != there.st_ino) {
        throw std::system_error(ENOENT, std::generic_category(),
                                folder_.path_of(file.meta.id) +
                                    " is not where its path says: moved away, or unmounted");
    }
    const std::uint64_t failures = counts_.sync_failures.load();
    if (failures != std::exchange(file.sync_failures, failures)) file.dump->sync();
}

void Writer::fail(Session& session, File& file, const std::string& error) {
    file.error = error;
    session.failed_.store(true);
    about(log_, session.camera(), file.meta.id)
        .error(session.camera() + " " + file.meta.id + ": recording failed: " + error);
    calls_.sink(Failed{session.serial_, session.camera(), file.meta.id, error});
}

void Writer::give_room(Session& session) {
    {
        const Lock lock(session.mutex_);
        const bool has_memory = session.account();
        if (!session.room_wanted_.load() || !has_memory) return;
    }
    if (session.queued_bytes() > session.budget_bytes_ / 2) return;
    if (session.room_wanted_.exchange(false)) calls_.sink(Room{session.serial_, session.camera()});
}

void Writer::end(const SessionPtr& session, File& file, const Session::End& end) {
    Meta& meta = file.meta;
    meta.state = RecordingState::finalising;
    meta.end_reason = file.error.empty() ? end.reason : EndReason::disk;
    meta.close = end.close;
    const std::uint64_t undecodable = meta.dropped.undecodable;
    meta.dropped = end.dropped;
    meta.dropped.undecodable = std::max(end.dropped.undecodable, undecodable);
    meta.ping_us = end.ping_us;
    if (const auto noted = session->ping_us())
        meta.ping_us = std::min(*noted, end.ping_us.value_or(*noted));
    meta.stopped_by = end.stopped_by;
    if (!end.capabilities.empty()) meta.capabilities = end.capabilities;
    meta.ended_us = end.ended_us;
    if (!file.error.empty()) meta.error = file.error;
    if (file.dump) {
        try {
            const std::string text = encode_session(meta, nullptr);
            const bool is_full = meta.end_reason == EndReason::max_bytes;
            try {
                file.dump->append_close(monotonic_ns(), text);
            } catch (const std::exception&) {
                if (!is_full) throw;  // a full file may have no room for its last record
            }
            store(log_, meta, file.directory.get(), text);
        } catch (const std::exception& e) {
            // Everything before stays readable; the finaliser says what it could not store.
            if (!meta.error) meta.error = e.what();
            meta.end_reason = EndReason::disk;
            file.error = *meta.error;
            about(log_, meta.camera, meta.id)
                .error(meta.camera + " " + meta.id + ": end of recording: " + e.what());
        }
    }
    Unfinished unfinished{session, meta, !file.error.empty(), file.dump != nullptr};
    if (file.dump) unfinished.is_large = file.dump->bytes() > kSmallBytesMax;
    file.dump.reset();
    file.directory.reset();
    calls_.finalise(std::move(unfinished));
}

}  // namespace st::record
