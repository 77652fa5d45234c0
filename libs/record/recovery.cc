#include "record/recovery.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "dump/reader.h"

namespace st::record {
namespace {

/// How far into a dump its first note is looked for.
constexpr std::size_t kNoteWithinBytes = std::size_t{1} << 20;

/// What the dump says of itself: its first note is the first session.json.
Meta meta_from_dump(int directory, const std::string& id) {
    Meta meta;
    meta.id = id;
    meta.camera = std::string(camera_of(id));  // better than nothing; the note knows
    const Fd file(::openat(directory, kDumpName, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file) return meta;
    dump::Reader reader;
    std::size_t read_bytes = 0;
    for (;;) {
        const auto record = reader.next();
        if (reader.header()) {
            meta.started_us = static_cast<std::int64_t>(reader.header()->wall_start_us);
        }
        if (record && record->type == dump::RecordType::note) {
            const auto stored = decode_session(as_text(record->body));
            if (stored) {
                meta = stored->meta;
                meta.id = id;
            }
            return meta;
        }
        if (record) continue;
        if (reader.at_end() || read_bytes >= kNoteWithinBytes) return meta;
        const auto space = reader.space();
        const ssize_t got = ::read(file.get(), space.data(), space.size());
        if (got <= 0) {
            reader.finish();
        } else {
            reader.commit(static_cast<std::size_t>(got));
            read_bytes += static_cast<std::size_t>(got);
        }
    }
}

std::optional<std::int64_t> modified_us(int directory, const std::string& name) {
    struct stat status {};
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
    return std::int64_t{status.st_mtim.tv_sec} * 1'000'000 + status.st_mtim.tv_nsec / 1000;
}

}  // namespace

std::optional<Unfinished> take_back(const Folder& folder, const std::string& id,
                                    const std::optional<Meta>& known) {
    const Fd directory = folder.open_recording(id);
    lock_recording(directory.get());
    const auto dump_bytes = file_bytes(directory.get(), kDumpName);
    const bool has_dump = dump_bytes.has_value();
    Unfinished job;
    const auto text = read_file(directory.get(), kSessionName, kSessionJsonBytesMax);
    const auto stored = text ? decode_session(*text) : Result<StoredSession>(Error{"none"});
    if (stored) {
        job.meta = stored->meta;
        if (known && job.meta.state == RecordingState::recording) job.meta = *known;
        job.meta.id = id;
        if (job.meta.state == RecordingState::done) return std::nullopt;
        // Without its dump nothing can be made of it, but that it is over can be said.
        if (!has_dump && job.meta.state == RecordingState::failed) return std::nullopt;
        if (job.meta.state == RecordingState::failed) {
            const std::string why = job.meta.error.value_or("");
            if (stored->has_mp4 || why.ends_with(kNoPicture)) return std::nullopt;
            // Finished now, it is what its recording was: whole, unless the disk refused then.
            job.failed = job.meta.end_reason == EndReason::disk;
            if (!job.failed) job.meta.error.reset();
        }
    } else if (!has_dump) {
        return std::nullopt;
    } else {
        job.meta = meta_from_dump(directory.get(), id);
    }
    if (!job.meta.end_reason) job.meta.end_reason = EndReason::crash;
    job.failed = job.failed || job.meta.end_reason == EndReason::disk;
    if (!job.meta.ended_us) job.meta.ended_us = modified_us(directory.get(), kDumpName);
    const bool says_so = stored && stored->meta.state == RecordingState::finalising;
    job.meta.state = RecordingState::finalising;
    job.is_large = dump_bytes.value_or(0) > kSmallBytesMax;
    if (!says_so) {
        replace_file(directory.get(), kSessionName, encode_session(job.meta, nullptr), false);
    }
    return job;
}

}  // namespace st::record
