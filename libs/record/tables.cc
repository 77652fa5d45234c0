#include "record/tables.h"

#include <fcntl.h>

#include <exception>

#include "base/fd.h"
#include "json/read.h"
#include "record/folder.h"
#include "record/session_json.h"

namespace st::record {
namespace {

/// "files" of a session.json with another size for the table.
Result<json::Array> with_size(std::string_view session, std::size_t bytes) {
    const auto value = json::read(session, {kSessionJsonBytesMax, kSessionJsonDepthMax});
    if (!value || value->object() == nullptr) return Error{"session.json: not an object"};
    json::Array files;
    if (const json::Array* listed = (*value->object())["files"].array()) files = *listed;
    for (json::Value& file : files) {
        if (file.object() == nullptr || (*file.object())["name"] != json::Value(kPicturesName))
            continue;
        json::Object changed = *file.object();
        changed.set("bytes", bytes);
        file = json::Value(std::move(changed));
    }
    return files;
}

}  // namespace

Result<void> store_table(const std::string& directory, std::string_view text) {
    try {
        const Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!fd) return Error{directory + ": cannot be opened"};
        lock_recording(fd.get());
        const auto session = read_file(fd.get(), kSessionName, kSessionJsonBytesMax);
        if (!session) return Error{directory + ": no session.json"};
        const auto stored = decode_session(*session);
        if (!stored) return stored.error();
        if (stored->meta.state == RecordingState::recording ||
            stored->meta.state == RecordingState::finalising)
            return Error{directory + ": has not ended"};
        auto files = with_size(*session, text.size());
        if (!files) return files.error();
        json::Object changed;
        changed.set("files", std::move(*files));
        const auto written = with_values(*session, changed);
        if (!written) return written.error();
        // What it says can be made again from the dump: it need not survive a power loss.
        replace_file(fd.get(), kPicturesName, text, false);
        replace_file(fd.get(), kSessionName, *written, false);
        return {};
    } catch (const std::exception& e) {  // a disk that refuses
        return Error{directory + ": " + e.what()};
    }
}

}  // namespace st::record
