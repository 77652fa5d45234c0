#include "streamctl/recordings/download.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/fd.h"
#include "base/fd_io.h"
#include "base/read_text.h"
#include "base/units.h"
#include "base/unsupported.h"
#include "cli/terminal.h"
#include "control/glob.h"
#include "control/json.h"
#include "http/body.h"
#include "json/write.h"
#include "streamctl/client/get.h"
#include "streamctl/client/printable.h"
#include "streamctl/commands/commands.h"
#include "streamctl/recordings/align.h"
#include "streamctl/recordings/new_file.h"
#include "streamctl/recordings/select.h"
#include "streamctl/takes/films.h"
#include "takes/manifest.h"

namespace st::streamctl {
namespace {

namespace fs = std::filesystem;

/// What a file has at `at` is what is there now.
bool is_there(int fd, Bytes bytes, std::uint64_t at) {
    std::vector<std::uint8_t> there(bytes.size());
    return read_up_to(fd, there, at) == bytes.size() && std::ranges::equal(bytes, there);
}

/// Throws Failed unless `head` begins the file at `have`.
http::BodyReader body_of(const http::ResponseHead& head, std::uint64_t have, std::uint64_t bytes,
                         const std::string& url) {
    const std::string* range = head.find("Content-Range");
    const std::string wanted = "bytes " + std::to_string(have) + "-";
    const bool fits = head.status == 200 ||
                      (head.status == 206 && range != nullptr && range->starts_with(wanted));
    auto body = http::BodyReader::of_response(head, "GET", bytes);
    if (fits && body) return std::move(*body);
    const bool is_auth = head.status == 401 || head.status == 403;
    throw Failed(
        is_auth ? cli::kNotAuthorised : cli::kRefused,
        url + ": the server answers " + std::to_string(head.status) + " " + printable(head.reason));
}

/// The connection broke: worth another try, unlike a refusal.
class Broken final : public Failed {
 public:
    Broken(const Failed& why, std::uint64_t bytes) : Failed(why), have(bytes) {}
    std::uint64_t have;
};

}  // namespace

void Download::make_folder(const std::string& folder) const {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw Failed(cli::kCannotCreate, folder + ": " + error.message());
}

bool Download::fetch(const control::Recording& recording, const Options& options) {
    if (options.file.empty()) make_folder(options.folder);
    const auto files = options.file.empty()
                           ? wanted_files(recording, options.folder, options.all_files)
                           : wanted_mp4(recording, options.file);
    for (const WantedFile& file : files) fetch(file);
    if (files.empty()) {
        const bool is_open = recording.state == control::RecordingState::recording ||
                             recording.state == control::RecordingState::finalising;
        console_.trouble(
            recording.id + ": " +
            (is_open ? "is not finished yet (" + std::string(to_text(recording.state)) + ")"
                     : recording.error.value_or("has no MP4")));
    }
    return !files.empty();
}

std::optional<std::string> Download::fetch_dump(const control::Recording& recording,
                                                const Options& options) {
    make_folder(options.folder);
    const auto dump = wanted_dump(recording, options.folder);
    if (!dump) return std::nullopt;
    fetch(*dump);
    return dump->target;
}

std::optional<std::string> Download::fetch_file(const control::Recording& recording,
                                                const std::string& name,
                                                const std::string& folder) {
    make_folder(folder);
    const auto file = wanted_file(recording, name, folder);
    if (!file) return std::nullopt;
    fetch(*file);
    return file->target;
}

void Download::print(const WantedFile& file) {
    if (!console_.json()) return console_.path(file.target);
    json::Object object;
    object.set("session", file.session);
    object.set("path", file.target);
    object.set("bytes", file.bytes);
    console_.body(json::write(object));
}

void Download::fetch(const WantedFile& file) {
    struct stat there {};
    was_there_ = ::stat(file.target.c_str(), &there) == 0;
    if (was_there_) {
        if (static_cast<std::uint64_t>(there.st_size) != file.bytes) {
            throw Failed(cli::kCannotCreate,
                         file.target + ": exists already and has other content");
        }
        console_.note(file.target + " is here already");
        if (file.is_result) print(file);
        return;
    }
    const std::string part = file.target + ".part";
    const Fd fd(::open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd) throw system_failure(cli::kCannotCreate, part);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            throw Failed(cli::kCannotCreate, part + ": another download is writing it");
        }
        if (!is_unsupported(errno)) throw system_failure(cli::kCannotCreate, part);
        console_.note(part + ": cannot be locked here; download it once at a time");
    }
    if (::fstat(fd.get(), &there) != 0) throw system_failure(cli::kIoFailed, part);
    auto have = static_cast<std::uint64_t>(there.st_size);
    if (have > file.bytes) have = 0;
    if (have > 0) console_.note(file.target + ": resumed after " + human_bytes(have));
    // Its name alone does not say that it is a part of this file.
    std::uint64_t doubted = std::min(have, kDoubtedMax);
    for (int failures = 0; have < file.bytes || doubted > 0;) {
        try {
            have = fetch_from(file, fd.get(), have, doubted);
            if (have == 0) console_.note(part + ": belongs to another file; starting over");
            doubted = 0;
        } catch (const Broken& broken) {
            if (broken.have > have) failures = 0;
            have = broken.have;
            doubted = std::min(have, doubted);
            if (++failures >= kTriesMax) throw;
            console_.note(std::string(broken.what()) + "; trying again");
            const timespec pause{0, 200'000'000L * failures};
            ::nanosleep(&pause, nullptr);
        }
    }
    if (::ftruncate(fd.get(), static_cast<off_t>(file.bytes)) != 0 || ::fsync(fd.get()) != 0) {
        throw system_failure(cli::kIoFailed, part);
    }
    if (::rename(part.c_str(), file.target.c_str()) != 0)
        throw system_failure(cli::kIoFailed, file.target);
    if (file.is_result) print(file);
    std::cout.flush();
}

std::uint64_t Download::fetch_from(const WantedFile& file, int part, std::uint64_t have,
                                   std::uint64_t doubted) {
    cli::Progress progress(!console_.quiet());
    const std::string shown = fs::path(file.target).filename().string();
    std::uint64_t known = have;
    have -= doubted;
    try {
        std::vector<Field> range;
        if (have > 0) range.push_back({"Range", "bytes=" + std::to_string(have) + "-"});
        Get get(client_, interrupt_, file.url, range);
        const http::ResponseHead& head = get.head();
        if (head.status == 200) have = known = 0;
        http::BodyReader body = body_of(head, have, file.bytes, file.url);
        auto shown_at = Clock::now();
        while (!body.is_complete()) {
            const auto taken = body.next(get.unread());
            if (!taken || have + taken->data.size() > file.bytes) {
                throw Failed(cli::kRefused, file.url + ": more bytes than announced");
            }
            const Bytes again = taken->data.first(static_cast<std::size_t>(
                std::min<std::uint64_t>(taken->data.size(), known - std::min(known, have))));
            if (!is_there(part, again, have)) return 0;
            if (!write_all_at(part, taken->data, have))
                throw system_failure(cli::kIoFailed, file.target + ".part");
            have += taken->data.size();
            get.consume(taken->consumed);
            if (Clock::now() - shown_at > milliseconds(100)) {
                shown_at = Clock::now();
                progress.show(shown + " " + std::to_string(have * 100 / file.bytes) + " % of " +
                              human_bytes(file.bytes));
            }
        }
        if (have < file.bytes) throw get.lost("the file ended early");
        return have;
    } catch (const Broken&) {
        throw;
    } catch (const Failed& failed) {
        if (failed.exit_code() == cli::kUnreachable) throw Broken(failed, have);
        throw;
    }
}

namespace {

std::string nothing_of(const control::RecordingQuery& query) {
    return query.take ? "there are no recordings of take " + *query.take
                      : "no recording matches the filters";
}

}  // namespace

namespace {

std::string manifest_path(const std::string& folder) {
    return (fs::absolute(folder) / "take.json").lexically_normal().string();
}

/// Before anything is fetched: that of the same take, from an earlier time, is replaced.
void refuse_other_take(const std::string& take, const std::string& folder) {
    const std::string path = manifest_path(folder);
    const auto text = read_text(path, takes::kManifestBytesMax);
    if (!text && text.error().code != EFBIG) return;
    const auto there = text ? takes::decode_manifest(*text) : text.error();
    if (there && there->take == take) return;
    throw Failed(cli::kCannotCreate,
                 path + ": exists already and is not of take " + take + "; choose another folder");
}

/// take.json beside the files of a take; paths are those of the files here.
void fetch_manifest(const std::string& take, const std::string& folder, ApiClient& client,
                    Console& console) {
    std::string body;
    try {
        body = take_body(take, client);
    } catch (const Refused& refused) {
        if (!is_too_early(refused)) throw;
        return console.note("take " + take + " has no take.json yet: " + refused.what());
    }
    takes::Manifest manifest = understood_take(body);
    for (takes::Camera& camera : manifest.cameras) {
        for (takes::Part& part : camera.parts)
            part.file = local_file_name(part.recording, part.file.substr(part.file.rfind('/') + 1));
    }
    const std::string path = manifest_path(folder);
    write_file(path, takes::encode(manifest) + "\n", NewFile::Existing::replaced);
    if (!console.json()) console.path(path);
}

}  // namespace

int run_get(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console) {
    Options wanted = options;
    if (wanted.folder.empty()) wanted.folder = ".";
    if (wanted.align) refuse_used_folder(wanted.folder);
    Download download(client, interrupt, console);
    int exit_code = cli::kDone;
    const Selected selected = select_recordings(client, options.recording_ids, options.recordings);
    if (selected.items.empty() && selected.missing.empty()) {
        throw Refused({control::ErrorCode::not_found, nothing_of(options.recordings), {}});
    }
    if (!wanted.file.empty() && selected.items.size() > 1) {
        throw Failed(cli::kUsage, wanted.file + " is one file, but " +
                                      std::to_string(selected.items.size()) +
                                      " recordings match: --output must be a folder");
    }
    for (const std::string& missing : selected.missing) {
        const control::ApiError error{control::ErrorCode::not_found, missing, {}};
        if (console.json()) console.body(encode(error));
        console.trouble(missing);
        exit_code = cli::kRefused;
    }
    const auto& take = wanted.recordings.take;
    const bool has_manifest =
        take && !control::is_pattern(*take) && !wanted.align && wanted.file.empty();
    if (has_manifest) refuse_other_take(*take, wanted.folder);
    std::vector<control::Recording> aligned;
    for (const Selected::Item& item : selected.items) {
        if (wanted.align)
            aligned.push_back(item.recording);
        else if (!download.fetch(item.recording, wanted))
            exit_code = cli::kRefused;
    }
    if (has_manifest) fetch_manifest(*take, wanted.folder, client, console);
    if (!aligned.empty()) {
        const int code = align_recordings(aligned, wanted, client, interrupt, console);
        if (exit_code == cli::kDone) exit_code = code;
    }
    return exit_code;
}

}  // namespace st::streamctl
