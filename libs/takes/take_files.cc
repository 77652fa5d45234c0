#include "takes/take_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <system_error>
#include <vector>

#include "base/boot.h"
#include "base/encodings.h"
#include "base/fd.h"
#include "base/out_of_descriptors.h"
#include "digest/digest.h"
#include "record/folder.h"
#include "record/tables.h"
#include "takes/material.h"
#include "takes/pairing.h"

namespace st::takes {
namespace {

/// The line that all recordings share: by CLOCK_MONOTONIC, unless the machine was restarted
/// between them.
struct Line {
    bool by_wall_clock = false;
    std::int64_t zero_wall_us = 0;
    std::int64_t zero_monotonic_us = 0;
    std::string boot_id;  ///< of the zero

    std::int64_t first_us(const Place& place) const {
        return by_wall_clock ? place.first_wall_us - zero_wall_us
                             : place.first_us - zero_monotonic_us;
    }
};

Line line_of(const std::vector<Recording>& recordings, const Manifest* before) {
    Line line;
    const Place* first = nullptr;
    std::vector<MachineTime> starts;
    for (const Recording& recording : recordings) {
        if (!recording.place) continue;
        const Place& place = *recording.place;
        starts.push_back({place.first_wall_us, place.first_us, recording.boot_id});
        if (first == nullptr || place.first_wall_us < first->first_wall_us) {
            first = &place;
            line.boot_id = recording.boot_id;
        }
    }
    if (first == nullptr) return line;
    line.zero_wall_us = first->first_wall_us;
    line.zero_monotonic_us = first->first_us;
    if (before != nullptr && before->zero_wall_us != 0) {
        line.zero_wall_us = before->zero_wall_us;
        line.zero_monotonic_us = before->zero_monotonic_us;
        line.boot_id = before->boot_id;
        starts.push_back({line.zero_wall_us, line.zero_monotonic_us, line.boot_id});
    }
    line.by_wall_clock = !are_of_one_start(starts);
    if (line.by_wall_clock || (before != nullptr && before->zero_wall_us != 0)) return line;
    // Of one start the first one is the first by the clock that never jumps.
    for (const Recording& recording : recordings) {
        if (!recording.place || recording.place->first_us >= line.zero_monotonic_us) continue;
        line.zero_monotonic_us = recording.place->first_us;
        line.zero_wall_us = recording.place->first_wall_us;
    }
    return line;
}

bool is_of_some_of(const Manifest& manifest, const std::vector<Recording>& recordings) {
    std::set<std::string> ids;
    for (const Recording& recording : recordings) ids.insert(recording.id);
    return std::ranges::any_of(manifest.cameras, [&](const Camera& camera) {
        return std::ranges::any_of(camera.parts,
                                   [&](const Part& part) { return ids.contains(part.recording); });
    });
}

/// They come as the wall clock had it, which somebody may have set back meanwhile.
void sort_by_begin(std::vector<Recording>& recordings) {
    const bool is_one_boot = std::ranges::all_of(recordings, [&](const Recording& one) {
        return one.place && !one.boot_id.empty() && one.boot_id == recordings.front().boot_id;
    });
    if (!is_one_boot) return;
    std::ranges::stable_sort(recordings, {},
                             [](const Recording& one) { return one.place->first_us; });
}

void move_sum(TableSum& table, const std::optional<Place>& place, const Line& line) {
    if (!place || !table.first_us) return;
    const std::int64_t by_us = line.first_us(*place) - *table.first_us;
    const std::int64_t wall_us = line.zero_wall_us + line.first_us(*place);
    if (by_us == 0 && table.first_wall_us == wall_us) return;
    table.moved_us = by_us;
    for (std::optional<std::int64_t>* at : {&table.first_us, &table.last_us}) {
        if (*at) **at += by_us;
    }
    for (TableSum::File& file : table.files) {
        for (std::optional<std::int64_t>* at : {&file.first_us, &file.last_us}) {
            if (*at) **at += by_us;
        }
    }
    for (std::int64_t& taken : table.taken_us) taken += by_us;
}

/// Stores its rows where its sum was moved to. Error: see record::store_table.
Result<void> move_table(archive::Catalogue& catalogue, const std::string& recordings_path,
                        const Recording& recording, std::int64_t zero_wall_us) {
    constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
    const std::int64_t by_us = *recording.table.moved_us;
    const auto write = [&](const record::Put& put) {
        std::string text(mux::kPictureTableHeader);
        mux::WallText wall;
        const bool is_whole =
            read_table(catalogue, recording.id, [&](mux::PictureRow& row, const std::string& file) {
                if (row.take_us) row.wall_us = zero_wall_us + (*row.take_us += by_us);
                if (row.arrival_us) *row.arrival_us += by_us;
                mux::append_row(text, row, file, wall);
                if (text.size() < kPieceBytes) return;
                put(text);
                text.clear();
            });
        if (!is_whole) throw std::runtime_error("its table of pictures cannot be read");
        put(text);
    };
    return record::store_table(recordings_path + "/" + recording.id, write);
}

std::vector<Part> parts_of(const Recording& recording) {
    std::vector<Part> parts;
    const auto add = [&](const std::string& name, std::uint64_t pictures) {
        Part part;
        part.recording = recording.id;
        if (!name.empty()) part.file = recording.id + "/" + name;
        part.pictures = pictures;
        part.fps = recording.fps;
        part.clock = recording.clock;
        if (recording.place) part.bound_us = recording.place->bound_us;
        part.lost = parts.empty() ? recording.lost : 0;
        for (const TableSum::File& file : recording.table.files) {
            if (file.name != name) continue;
            part.first_us = file.first_us;
            part.last_us = file.last_us;
        }
        parts.push_back(std::move(part));
    };
    for (const Mp4& file : recording.files) add(file.name, file.pictures);
    if (parts.empty()) add("", 0);
    return parts;
}

std::string ms_text(std::int64_t us) {
    const std::int64_t tenths = (us + 50) / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

/// Those of the same camera, in the order in which they began: the one before it and the one
/// behind.
struct Neighbours {
    const Recording* before = nullptr;
    const Recording* next = nullptr;
};

Neighbours neighbours_of(const std::vector<Recording>& recordings, const Recording& recording) {
    Neighbours out;
    bool is_behind = false;
    for (const Recording& other : recordings) {
        if (&other == &recording) {
            is_behind = true;
        } else if (other.camera == recording.camera) {
            if (is_behind) {
                out.next = &other;
                break;
            }
            out.before = &other;
        }
    }
    return out;
}

/// A file that was full is followed by the next one without a gap.
bool goes_on_from(const Recording& recording, const Recording* before) {
    return before != nullptr && before->end_reason == "max_bytes" &&
           before->part + 1 == recording.part;
}

/// What ended it that was not meant; empty: nothing, or its next part says so. `last_us`: end of
/// the take.
std::string bad_end_of(const Recording& recording, const Recording* next,
                       std::optional<std::int64_t> last_us) {
    // Cameras that are stopped together end so far apart.
    constexpr std::int64_t kTogetherUs = 2'000'000;
    const bool has_failed = recording.state == record::RecordingState::failed;  // which is said
    if (has_failed || (next != nullptr && next->part == recording.part + 1)) return {};
    const std::string& reason = recording.end_reason;
    if (reason == "disconnected" || reason == "replaced")
        return "dropped out and did not come back";
    if (reason == "camera_error") return "its recording ended with an error of the camera";
    if (reason == "disk") return "its recording ended as nothing more could be written";
    if (reason == "crash") return "its recording ended when the server was killed";
    const auto at_us = recording.table.last_us;
    if (reason == "camera_stopped" && at_us && last_us && *last_us - *at_us > kTogetherUs)
        return "stopped by itself, " + ms_text((*last_us - *at_us) / 1000) +
               " s before the last one";
    return {};
}

void add_reasons(const Recording& recording, const Neighbours& of_it,
                 std::optional<std::int64_t> last_us, std::vector<std::string>& why) {
    const auto say = [&](const std::string& what) {
        why.push_back(recording.camera + ": " + what);
    };
    if (recording.state == record::RecordingState::failed)
        say(recording.id + " failed: " + recording.error.value_or("unknown"));
    if (recording.part > 1 && !goes_on_from(recording, of_it.before))
        say("dropped out and came back: its pictures have a gap");
    if (const std::string end = bad_end_of(recording, of_it.next, last_us); !end.empty()) say(end);
    const auto say_of = [&](std::uint64_t count, const char* one, const char* many) {
        if (count > 0) say(std::to_string(count) + (count == 1 ? one : many));
    };
    say_of(recording.lost, " message is missing", " messages are missing");
    say_of(recording.lost_pictures, " picture cannot be decoded", " pictures cannot be decoded");
    say_of(recording.unknown_form, " message is not H.264 in a known form",
           " messages are not H.264 in a known form");
    if (recording.damage_count > 0) say("its dump was damaged");
    if (recording.table.rows == 0) return say("there is no table of its pictures");
    if (!recording.place) return say("nothing says when its pictures were taken");
    if (!recording.place->bound_us) return say("how far off its times are is not known");
    const Place& place = *recording.place;
    const double interval_us = 1e6 / std::max(1.0, recording.fps.value_or(1));
    if (static_cast<double>(*place.bound_us) > interval_us / 2) {
        say("its times are known to ±" + ms_text(*place.bound_us) + " ms" +
            (place.assumed_us > 0 ? " (" + ms_text(place.assumed_us) + " of that assumed)" : "") +
            ", which is more than half of the " + ms_text(static_cast<std::int64_t>(interval_us)) +
            " ms between two of its pictures");
    }
}

/// Of a longer take the times of all pictures would take more memory than recording can spare.
constexpr std::uint64_t kPairedPicturesMax = 20'000'000;

std::optional<Pairing> pairing_of(const std::vector<Recording>& recordings,
                                  std::vector<std::string>& why) {
    std::vector<Taken> taken;
    std::uint64_t pictures = 0;
    for (const Recording& recording : recordings) {
        pictures += recording.table.rows;
        taken.push_back({recording.camera, recording.table.taken_us});
    }
    if (pictures <= kPairedPicturesMax) return pair_cameras(taken);
    why.push_back("how near its pictures are to each other was not looked at: there are " +
                  std::to_string(pictures) + ", and " + std::to_string(kPairedPicturesMax) +
                  " at most are compared");
    return std::nullopt;
}

/// What the recordings say, on one line; no digests. The sums of their tables are moved to the
/// take's zero, that of `before` if there is one.
Manifest describe_take(const std::string& take, std::vector<Recording>& recordings,
                       const Manifest* before) {
    // Of a take of that name all of which was deleted nothing goes on.
    if (before != nullptr && !is_of_some_of(*before, recordings)) before = nullptr;
    const Line line = line_of(recordings, before);
    Manifest out;
    out.take = take;
    out.zero_wall_us = line.zero_wall_us;
    out.zero_monotonic_us = line.zero_monotonic_us;
    out.boot_id = line.boot_id;
    std::map<std::string, Camera> cameras;
    bool has_pictures = false;
    std::optional<std::int64_t> last_us;
    for (Recording& recording : recordings) {
        if (out.started_at.empty()) out.started_at = recording.started_at;
        out.ended_at = std::max(out.ended_at, recording.ended_at);
        move_sum(recording.table, recording.place, line);
        Camera& camera = cameras[recording.camera];
        camera.camera = recording.camera;
        if (recording.model) camera.model = recording.model;
        for (Part& part : parts_of(recording)) {
            has_pictures = has_pictures || part.pictures > 0;
            camera.parts.push_back(std::move(part));
        }
        last_us = std::max(last_us, recording.table.last_us);
    }
    for (const Recording& recording : recordings)
        add_reasons(recording, neighbours_of(recordings, recording), last_us, out.why);
    out.pairing = pairing_of(recordings, out.why);
    for (auto& [name, camera] : cameras) out.cameras.push_back(std::move(camera));
    if (!has_pictures) out.why.emplace_back("there are no pictures");
    out.verdict = !has_pictures ? Verdict::failed : out.why.empty() ? Verdict::ok : Verdict::check;
    if (before != nullptr && !before->judged.empty()) {
        out.judged = before->judged;
        out.why.insert(out.why.end(), out.judged.begin(), out.judged.end());
        if (before->verdict == Verdict::failed) out.verdict = Verdict::failed;
        if (out.verdict == Verdict::ok) out.verdict = Verdict::check;
    }
    return out;
}

/// Digests of files that are as they were.
void keep_digests(archive::Catalogue& catalogue, const Manifest& before, Manifest& manifest) {
    std::map<std::string, const Part*> digested;
    for (const Camera& camera : before.cameras) {
        for (const Part& part : camera.parts) {
            if (part.sha256 && part.sha256_of) digested[part.file] = &part;
        }
    }
    for (Camera& camera : manifest.cameras) {
        for (Part& part : camera.parts) {
            const auto known = digested.find(part.file);
            if (known == digested.end()) continue;
            if (stamp_of(open_part(catalogue, part)) != *known->second->sha256_of) continue;
            part.sha256 = known->second->sha256;
            part.sha256_of = known->second->sha256_of;
        }
    }
}

}  // namespace

std::string manifest_path(const std::string& recordings_path, const std::string& take) {
    return recordings_path + "/" + kTakesFolder + "/" + take + ".json";
}

Result<Manifest> read_manifest(const std::string& recordings_path, const std::string& take) {
    const Fd folder(
        ::open((recordings_path + "/" + kTakesFolder).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder) errno = 0;
    const auto text =
        folder ? record::read_file(folder.get(), take + ".json", kManifestBytesMax) : std::nullopt;
    if (!text) {
        const int error = errno;
        if (error == ENOENT) return Error{"no take \"" + take + "\"", kNotFound};
        return Error{"read " + manifest_path(recordings_path, take) + ": " +
                         (error == 0 ? "it is no plain file, or too large" : std::strerror(error)),
                     is_out_of_descriptors(error) ? kUnavailable : kBroken};
    }
    auto manifest = decode_manifest(*text);
    if (!manifest) {
        return Error{manifest_path(recordings_path, take) + ": " + manifest.error().message,
                     manifest.error().code == kOutdated ? kNotFound : kBroken};
    }
    return manifest;
}

void store_manifest(const std::string& recordings_path, const Manifest& manifest) {
    const std::string path = recordings_path + "/" + kTakesFolder;
    if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST)
        throw std::system_error(errno, std::generic_category(), "make " + path);
    const Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) throw std::system_error(errno, std::generic_category(), "open " + path);
    record::replace_file(folder.get(), manifest.take + ".json", encode(manifest) + "\n", true);
}

Result<Manifest> write_take(archive::Catalogue& catalogue, const std::string& recordings_path,
                            const std::string& take, const std::string& version) {
    const auto entries = entries_of(catalogue, take);
    if (!entries) return entries.error();
    if (entries->empty()) return Error{"no take \"" + take + "\"", kNotFound};
    const auto before = read_manifest(recordings_path, take);
    // It may be that of a newer server, or of a disk that cannot be read just now.
    if (!before && before.error().code != kNotFound) return before.error();
    std::vector<Recording> recordings;
    std::uint64_t pictures = 0;
    for (const record::RecordingEntry& entry : *entries) {
        Recording recording = recording_of(entry);
        if (recording.state == record::RecordingState::recording ||
            recording.state == record::RecordingState::finalising)
            return Error{recording.id + " has not ended", kConflict};
        recording.table = sum_of_table(catalogue, recording.id);
        pictures += recording.table.rows;
        recordings.push_back(std::move(recording));
        if (pictures <= kPairedPicturesMax) continue;
        for (Recording& one : recordings) one.table.taken_us = {};
    }
    sort_by_begin(recordings);
    Manifest manifest = describe_take(take, recordings, before ? &*before : nullptr);
    manifest.streamd = version;
    if (before) keep_digests(catalogue, *before, manifest);
    for (const Recording& recording : recordings) {
        if (!recording.table.moved_us) continue;
        const auto moved = move_table(catalogue, recordings_path, recording, manifest.zero_wall_us);
        if (!moved) return Error{moved.error().message, kBroken};
    }
    if (!before) {
        const std::string outdated = manifest_path(recordings_path, take);
        ::rename(outdated.c_str(), (outdated + kSetAside).c_str());
    }
    store_manifest(recordings_path, manifest);
    return manifest;
}

Fd open_part(archive::Catalogue& catalogue, const Part& part) {
    const auto opened =
        catalogue.open_file(part.recording, part.file.substr(part.file.rfind('/') + 1));
    return opened ? Fd(*opened) : Fd();
}

std::string stamp_of(const Fd& file) {
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0) return {};
    return std::to_string(status.st_size) + "-" + std::to_string(status.st_mtim.tv_sec) + "." +
           std::to_string(status.st_mtim.tv_nsec) + "-" + std::to_string(status.st_ino);
}

std::optional<Digest> digest_of(archive::Catalogue& catalogue, const Part& part,
                                const std::function<bool()>& stop) {
    constexpr std::size_t kBlock = std::size_t{1} << 20;
    const Fd fd = open_part(catalogue, part);
    const std::string stamp = stamp_of(fd);
    if (stamp.empty()) return std::nullopt;
    ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    digest::Sha256Stream sum;
    std::vector<std::uint8_t> block(kBlock);
    for (;;) {
        if (stop()) return std::nullopt;
        const ssize_t got = ::read(fd.get(), block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::nullopt;
        if (got == 0) break;
        sum.add({block.data(), static_cast<std::size_t>(got)});
    }
    // A film that was made anew meanwhile lies there now.
    if (stamp_of(open_part(catalogue, part)) != stamp) return std::nullopt;
    return Digest{hex_encode(sum.finish()), stamp};
}

}  // namespace st::takes
