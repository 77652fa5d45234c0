#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>

#include "base/clock.h"
#include "base/encodings.h"
#include "base/fd.h"
#include "base/name.h"
#include "base/units.h"
#include "base/when.h"
#include "control/archive_span.h"
#include "control/list.h"
#include "json/write.h"
#include "streamctl/client/fetch.h"
#include "streamctl/commands/commands.h"
#include "streamctl/commands/stream_path.h"
#include "streamctl/console/table.h"
#include "streamctl/takes/films.h"

namespace st::streamctl {
namespace {

/// A file that gets its name once it is whole, or standard output.
class Target {
 public:
    explicit Target(const std::string& path) : path_(path) {
        if (path_ == "-") return;
        file_.reset(
            ::open(part().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
        if (!file_) throw Failed(cli::kCannotCreate, part() + ": " + std::strerror(errno));
    }
    ~Target() {
        if (file_) ::unlink(part().c_str());
    }
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;

    void write(Bytes bytes) {
        const int fd = path_ == "-" ? STDOUT_FILENO : file_.get();
        bytes_ += bytes.size();
        while (!bytes.empty()) {
            const ssize_t done = ::write(fd, bytes.data(), bytes.size());
            if (done < 0 && errno == EINTR) continue;
            if (done <= 0) throw Failed(cli::kIoFailed, path_ + ": " + std::strerror(errno));
            bytes = bytes.subspan(static_cast<std::size_t>(done));
        }
    }
    void keep() {
        if (path_ == "-") return;
        if (::rename(part().c_str(), path_.c_str()) != 0) {
            throw Failed(cli::kIoFailed, path_ + ": " + std::strerror(errno));
        }
        file_.reset();
    }
    std::uint64_t bytes() const { return bytes_; }

 private:
    std::string part() const { return path_ + ".part"; }

    const std::string path_;
    Fd file_;
    std::uint64_t bytes_ = 0;
};

std::string length_of(const control::ArchiveSpan& span) {
    const auto start = parse_rfc3339(span.start);
    const auto end = parse_rfc3339(span.end);
    if (!start || !end || *end < *start) return "-";
    return clock_text(static_cast<std::uint64_t>((*end - *start) / 1000));
}

int list_spans(const Options& options, ApiClient& client, Console& console) {
    const std::string stream = stream_path(options.stream);
    json::Object params;
    const std::size_t slash = stream.find('/', 1);
    params.set("app", stream.substr(1, slash - 1));
    params.set("name", stream.substr(slash + 1));
    if (options.recordings.since) params.set("since", *options.recordings.since);
    if (options.recordings.until) params.set("until", *options.recordings.until);
    Table table({{"START"}, {"END"}, {"LENGTH", true}, {"STATE"}});
    std::size_t count = 0;
    for (;;) {
        const std::string body = client.ask("archive.list", json::write(params));
        const auto list = understood(control::decode_list(body));
        if (console.json()) console.body(body);
        for (const std::string& item : list.items) {
            const auto span = understood(control::decode_archive_span(item));
            const std::string state = !span.is_ready ? (span.is_open ? "recording" : "no MP4")
                                      : span.is_open ? "growing"
                                                     : "ready";
            table.add({local_time(span.start), local_time(span.end), length_of(span), state});
            ++count;
        }
        if (list.is_building) console.note("the server is still looking through its folder");
        if (!list.next) break;
        params.set("cursor", *list.next);
    }
    if (console.json()) return cli::kDone;
    if (count == 0) {
        console.note("nothing of " + stream + " is stored");
    } else {
        table.print(std::cout, output_width());
    }
    return cli::kDone;
}

std::string moment_of(const ArchiveOptions& options, ApiClient& client) {
    if (options.take.empty()) {
        const auto when = parse_when(options.start, wall_us());
        if (!when) throw Failed(cli::kUsage, when.error().message);
        return rfc3339_us(*when);
    }
    const auto after = parse_duration(options.start);
    if (!after) throw Failed(cli::kUsage, after.error().message);
    return rfc3339_us(fetch_take(options.take, client).zero_wall_us +
                      std::chrono::microseconds(*after).count());
}

}  // namespace

int run_archive(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console) {
    if (options.archive.start.empty()) return list_spans(options, client, console);
    std::string path = "/api/v1/streams" + stream_path(options.stream) +
                       "/archive.mp4?start=" + options.archive.start + "&duration=" +
                       fixed(static_cast<double>(options.archive.duration->count()) / 1000, 3);
    if (options.archive.skips_gaps) path += "&gaps=skip";
    Target target(options.file);
    const auto head = fetch(client, interrupt, path, [&](Bytes bytes) { target.write(bytes); });
    target.keep();
    if (options.file == "-") return cli::kDone;
    if (const std::string* begin = head.find("X-Archive-Start")) {
        console.note("begins at " + local_time(*begin));
    }
    if (!console.json()) {
        console.result(options.file);
        return cli::kDone;
    }
    json::Object object;
    object.set("path", options.file);
    object.set("bytes", target.bytes());
    console.result(json::write(object));
    return cli::kDone;
}

int run_picture(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console) {
    const std::string moment = moment_of(options.archive, client);
    std::string what = options.stream;
    // Whose recording it is; a camera's name is none of a recording.
    try {
        const auto recording = understood(control::decode_recording(client.recording(what)));
        what = recording.camera;
    } catch (const Refused& refused) {
        if (refused.code() != control::ErrorCode::not_found) throw;
    }
    const std::string path = "/api/v1/streams" + stream_path(what) + "/picture.jpg?at=" + moment;
    const std::string file = options.picture_file.empty() ? "picture.jpg" : options.picture_file;
    Target target(file);
    fetch(client, interrupt, path, [&](Bytes bytes) { target.write(bytes); });
    target.keep();
    if (file != "-") console.result(file);
    return cli::kDone;
}

}  // namespace st::streamctl
