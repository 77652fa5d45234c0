#include "record/remux.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "record/folder.h"
#include "record/session_json.h"

namespace st::record {
namespace {

bool names(const std::vector<mux::OutputFile>& files, const std::string& name) {
    return std::ranges::any_of(files,
                               [&](const mux::OutputFile& file) { return file.name == name; });
}

/// Parts of an earlier conversion that this one did not make.
void remove_old_parts(int directory, const StoredSession& stored, const mux::Report& report) {
    for (const auto& [name, kind, duration_ms] : stored.files) {
        const bool is_part = name.starts_with("stream") && name.ends_with(".mp4") &&
                             name.find('/') == std::string::npos;
        if (is_part && !names(report.files, name)) ::unlinkat(directory, name.c_str(), 0);
    }
}

/// What else lies there.
void add_others(int directory, mux::Report& report) {
    for (const auto& [name, kind] :
         {std::pair{kDumpName, "dump"}, std::pair{kH264Name, "h264"},
          std::pair{kThumbnailName, "thumbnail"}, std::pair{kPicturesName, "pictures"}}) {
        const auto bytes = file_bytes(directory, name);
        if (!bytes || names(report.files, name)) continue;
        mux::OutputFile file;
        file.name = name;
        file.kind = kind;
        file.bytes = *bytes;
        file.width = report.width;
        file.height = report.height;
        if (name != kThumbnailName) {
            file.duration_ms = report.duration_ms;
            file.pictures = report.pictures;
        }
        report.files.push_back(std::move(file));
    }
}

}  // namespace

Result<void> note_remux(const std::string& directory, const mux::Report& report) {
    try {
        const Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!fd) return Error{directory + ": cannot be opened"};
        lock_recording(fd.get());
        const auto text = read_file(fd.get(), kSessionName, kSessionJsonBytesMax);
        if (!text) return Error{directory + ": no session.json"};
        auto stored = decode_session(*text);
        if (!stored) return stored.error();
        Meta& meta = stored->meta;
        if (meta.state == RecordingState::recording)
            return Error{directory + ": still recording, session.json is left as it is"};
        if (meta.state == RecordingState::finalising)
            return Error{directory + ": being finished, session.json is left as it is"};
        remove_old_parts(fd.get(), *stored, report);
        meta.state = RecordingState::done;
        meta.error.reset();
        // Written as a sum with the report's, which it held already.
        meta.dropped.bad -= std::min(meta.dropped.bad, report.dropped.bad);
        mux::Report whole = report;
        add_others(fd.get(), whole);
        replace_file(fd.get(), kSessionName, encode_session(meta, &whole), true);
        return {};
    } catch (const std::exception& e) {  // a disk that refuses: the MP4s are there all the same
        return Error{directory + ": " + e.what()};
    }
}

}  // namespace st::record
