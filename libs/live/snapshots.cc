#include "live/snapshots.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "av/worker.h"
#include "base/clock.h"
#include "flv/tag.h"
#include "live/live.h"

namespace st::live {
namespace {

constexpr std::int64_t kPatienceNs = 10'000'000'000;
constexpr std::chrono::milliseconds kLookAgain{50};
constexpr std::chrono::milliseconds kDecodeTimeout{10'000};

/// A folder that is gone with its files when this is.
class TemporaryFolder {
 public:
    TemporaryFolder() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "streamd-picture-XXXXXX").string();
        if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::string& path() const { return path_; }

 private:
    std::string path_;
};

bool write_clip(const hub::Unit& unit, const std::string& file) {
    std::ofstream out(file, std::ios::binary);
    const auto put = [&out](Bytes bytes) {
        out.write(reinterpret_cast<const char*>(bytes.data()),
                  static_cast<std::streamsize>(bytes.size()));
    };
    put(flv::encode_header(false, true));
    if (unit.headers && unit.headers->video) put(flv::encode_tag(*unit.headers->video).bytes());
    put(flv::encode_tag(*unit.packet).bytes());
    out.close();
    return out.good();
}

/// The error without the name of a folder that nobody else has seen.
Error undecodable(std::string why, const std::string& folder) {
    for (std::size_t at = 0; (at = why.find(folder)) != std::string::npos;) {
        why.erase(at, folder.size());
    }
    return {"the key frame cannot be decoded: " + why, 503};
}

bool can_be_decoded(const hub::Unit& unit) {
    if (unit.packet->codec != media::Codec::h264) return true;
    return unit.headers && unit.headers->video;  // else its publisher has not sent them yet
}

/// Of a camera that nobody watches it may be from when somebody did.
bool is_current(const hub::Stream& stream, const hub::Unit& unit) {
    const hub::StreamStatus status = stream.status();
    return status.publisher.protocol != "camera" || status.viewers > 0 ||
           monotonic_ns() - unit.arrived_ns < kPatienceNs;
}

Result<std::string> picture_of(const hub::Unit& unit) {
    const TemporaryFolder folder;
    const std::string clip = folder.path() + "/key.flv";
    const std::string jpeg = folder.path() + "/picture.jpg";
    if (folder.path().empty() || !write_clip(unit, clip)) {
        return Error{"no room for a picture in " + std::filesystem::temp_directory_path().string(),
                     503};
    }
    av::Limits limits;
    limits.timeout = kDecodeTimeout;
    const auto ran =
        av::run_limited({"/proc/self/exe", "--worker", "thumbnail", clip, jpeg}, limits);
    if (!ran) return undecodable(ran.error().message, folder.path() + "/");
    std::ifstream in(jpeg, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (bytes.empty()) return Error{"the picture cannot be read again", 503};
    return bytes;
}

}  // namespace

void Snapshots::take(const std::string& path, const Done& done) {
    const std::int64_t deadline_ns = monotonic_ns() + kPatienceNs;
    const hub::StreamPtr stream = parts_.live.hub().find(path);
    if (stream) stream->want_until(deadline_ns);
    wait_for_picture(path, deadline_ns, done);
}

void Snapshots::wait_for_picture(const std::string& path, std::int64_t deadline_ns,
                                 const Done& done) {
    const hub::StreamPtr stream = parts_.live.hub().find(path);
    if (!stream || !stream->is_live()) return done(Error{"no stream at " + path, 404});
    const hub::UnitPtr unit = stream->newest_entry();
    if (unit && unit->packet->track == media::Track::video && can_be_decoded(*unit) &&
        is_current(*stream, *unit)) {
        return parts_.disk.post([unit, done] { decode(*unit, done); });
    }
    if (monotonic_ns() >= deadline_ns) {
        return done(Error{"no key frame from " + path + " within 10 s", 503});
    }
    parts_.control.after(
        kLookAgain, [this, path, deadline_ns, done] { wait_for_picture(path, deadline_ns, done); });
}

void Snapshots::decode(const hub::Unit& unit, const Done& done) { done(picture_of(unit)); }

}  // namespace st::live
