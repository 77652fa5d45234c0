#include "record/tables.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <exception>
#include <system_error>
#include <utility>

#include "base/fd.h"
#include "base/fd_io.h"
#include "json/read.h"
#include "record/folder.h"
#include "record/session_json.h"

namespace st::record {
namespace {

/// "files" of a session.json with another size for the table.
Result<json::Array> with_size(std::string_view session, std::uint64_t bytes) {
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

/// A file that takes the place of another once it is whole.
class Replacement {
 public:
    Replacement(int directory, std::string name)
        : directory_(directory), name_(std::move(name)), temporary_(name_ + ".tmp") {
        ::unlinkat(directory_, temporary_.c_str(), 0);  // what an earlier run left, or a link
        fd_ = Fd(::openat(directory_, temporary_.c_str(),
                          O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
        if (!fd_) fail("make ");
    }
    Replacement(const Replacement&) = delete;
    Replacement& operator=(const Replacement&) = delete;
    ~Replacement() {
        if (!is_in_place_) ::unlinkat(directory_, temporary_.c_str(), 0);
    }

    void put(std::string_view text) {
        bytes_ += text.size();
        if (!write_all(fd_.get(), as_bytes(text))) fail("write ");
    }
    std::uint64_t bytes() const { return bytes_; }
    /// The folder is to be synced yet.
    void take_place() {
        if (::fsync(fd_.get()) != 0) fail("sync ");
        fd_.reset();  // there are file systems that rename no open file
        if (::renameat(directory_, temporary_.c_str(), directory_, name_.c_str()) != 0)
            fail("rename ");
        is_in_place_ = true;
    }

 private:
    [[noreturn]] void fail(const char* what) {
        throw std::system_error(errno, std::generic_category(), what + temporary_);
    }

    const int directory_;
    const std::string name_;
    const std::string temporary_;
    Fd fd_;
    std::uint64_t bytes_ = 0;
    bool is_in_place_ = false;
};

}  // namespace

Result<void> store_table(const std::string& directory,
                         const std::function<void(const Put&)>& write) {
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
        Replacement table(fd.get(), kPicturesName);
        write([&](std::string_view text) { table.put(text); });
        auto files = with_size(*session, table.bytes());
        if (!files) return files.error();
        json::Object changed;
        changed.set("files", std::move(*files));
        const auto written = with_values(*session, changed);
        if (!written) return written.error();
        table.take_place();
        // Through a power loss: where the dump was not kept, nothing else says what was recorded.
        replace_file(fd.get(), kSessionName, *written, true);
        return {};
    } catch (const std::exception& e) {  // a disk that refuses
        return Error{directory + ": " + e.what()};
    }
}

}  // namespace st::record
