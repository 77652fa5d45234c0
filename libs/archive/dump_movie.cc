#include "archive/dump_movie.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "archive/scan.h"
#include "base/clock.h"
#include "mux/convert.h"
#include "record/folder.h"

namespace st::archive {
namespace {

constexpr int kBadInput = 65;
constexpr int kCancelled = 130;
/// What a disk keeps free beside what is made here.
constexpr std::uint64_t kRoomBeside = std::uint64_t{64} << 20;
/// A recording that goes on does not say yet when its first picture was taken: it is looked for so
/// much around what is asked.
constexpr std::int64_t kStartUnknownUs = 2'000'000;
constexpr std::int64_t kRoundedUs = 1'000;  ///< a range is in milliseconds

/// A file that is gone when it is closed.
Fd nameless_file(const std::string& root) {
    Fd file(::open(root.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (file) return file;
    // Not every file system has them.
    std::string name = root + "/.archive-XXXXXX";
    file.reset(::mkostemp(name.data(), O_CLOEXEC));
    if (file) ::unlink(name.c_str());
    return file;
}

bool has_room_for(const Fd& folder, std::uint64_t bytes) {
    struct statvfs disk {};
    if (::fstatvfs(folder.get(), &disk) != 0 || disk.f_blocks == 0) return true;
    return std::uint64_t{disk.f_bavail} * disk.f_frsize >= bytes + kRoomBeside;
}

/// Of a dump of so many bytes what the wanted part may take, at twice the recording's mean rate.
std::uint64_t bytes_of_part(std::uint64_t dump_bytes, const MediaRow& row, std::int64_t from_us,
                            std::int64_t to_us) {
    const std::int64_t end_us = row.end_us != 0 ? row.end_us : wall_us();
    const double whole_us = static_cast<double>(end_us - row.start_us);
    const double part_us =
        static_cast<double>(std::min(to_us, end_us) - std::max(from_us, row.start_us));
    if (whole_us <= 0 || 2 * part_us >= whole_us) return dump_bytes;
    return static_cast<std::uint64_t>(static_cast<double>(dump_bytes) * 2 * std::max(part_us, 0.0) /
                                      whole_us);
}

std::chrono::milliseconds ms_of(std::int64_t us) {
    return std::chrono::milliseconds(std::max<std::int64_t>(us, 0) / 1'000);
}

struct Made {
    DumpMovie movie;
    std::int64_t first_us = 0;   ///< wall clock of the recording's first picture
    std::int64_t begins_us = 0;  ///< of the movie, after that
};

/// `first_us`: the recording's first picture was taken then, as far as is known.
Result<std::optional<Made>> make(const std::string& root, const MediaRow& row,
                                 std::int64_t first_us, std::int64_t from_us, std::int64_t to_us,
                                 const DumpTimes& times, std::stop_token stop) {
    const Fd dump = open_below(root, row.recording + "/" + record::kDumpName);
    struct stat status {};
    if (!dump || ::fstat(dump.get(), &status) != 0) return std::optional<Made>();
    const auto dump_bytes = static_cast<std::uint64_t>(status.st_size);
    Fd file = nameless_file(root);
    if (!file) {
        return Error{"no file for an MP4 of " + row.recording + ": " + std::strerror(errno), 503};
    }
    if (!has_room_for(file, bytes_of_part(dump_bytes, row, from_us, to_us))) {
        return Error{"the disk has no room for an MP4 of " + row.recording, 503};
    }
    mux::Job job;
    job.input = row.recording;
    job.input_fd = dump.get();
    job.input_format = mux::InputFormat::fdump;
    job.output = row.recording + ".mp4";
    job.output_fd = file.get();
    job.format = mux::OutputFormat::fmp4;
    job.from = ms_of(from_us - first_us);
    job.to = ms_of(to_us - first_us + 999);
    job.timing = times.timing;
    job.max_gap = times.max_gap;
    job.cancel = std::move(stop);
    const auto report = mux::convert(job);
    if (!report) {
        // Nothing is shown then, or there is no picture yet.
        if (report.error().code == kBadInput) return std::optional<Made>();
        const bool may_pass = report.error().code == kCancelled || !has_room_for(file, 0);
        return Error{row.recording + ": " + report.error().message, may_pass ? 503 : 500};
    }
    Made made;
    made.first_us = report->first_taken_wall_us.value_or(row.start_us);
    made.begins_us = report->cut_begins_us;
    made.movie.start_us = made.first_us + made.begins_us;
    if (::fstat(file.get(), &status) != 0) return std::optional<Made>();
    made.movie.bytes = static_cast<std::uint64_t>(status.st_size);
    made.movie.file = std::move(file);
    return std::optional(std::move(made));
}

}  // namespace

Result<std::optional<DumpMovie>> movie_of_dump(const std::string& root, const MediaRow& row,
                                               std::int64_t from_us, std::int64_t to_us,
                                               const DumpTimes& times,
                                               const std::stop_token& stop) {
    const std::int64_t around_us = row.end_us == 0 ? kStartUnknownUs : kRoundedUs;
    auto made = make(root, row, row.start_us, from_us - around_us, to_us + around_us, times, stop);
    if (!made) return made.error();
    const bool is_far = *made && std::abs((*made)->first_us - row.start_us) > around_us;
    if (is_far) made = make(root, row, (*made)->first_us, from_us, to_us, times, stop);
    if (!made) return made.error();
    if (!*made) return std::optional<DumpMovie>();
    return std::optional(std::move((*made)->movie));
}

}  // namespace st::archive
