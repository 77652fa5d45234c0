#include "takes/movie_job.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>

#include "base/fd_io.h"
#include "media/movie_facts.h"
#include "mux/failure.h"
#include "worker/channel.h"

namespace st::takes {
namespace {

// Beside them go the plan of slots and the stream.
static_assert(kMoviesMax + 2 <= worker::kDescriptorsMax);

/// It takes what it takes; a helper that does nothing has been stopped long before.
constexpr std::chrono::hours kPatience{24};

Error failure(const std::string& what) {
    return {what + ": " + std::strerror(errno), static_cast<int>(mux::Exit::io)};
}

mux::Exit exit_of(worker::Fault fault) {
    switch (fault) {
        case worker::Fault::refused:
            return mux::Exit::bad_input;
        case worker::Fault::cancelled:
            return mux::Exit::cancelled;
        case worker::Fault::died:
        case worker::Fault::too_slow:
        case worker::Fault::unavailable:
            break;
    }
    return mux::Exit::io;
}

Result<std::vector<std::uint8_t>> content_of(int fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) return failure("look at what a helper wrote");
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(status.st_size));
    if (read_up_to(fd, bytes, 0) != bytes.size()) return failure("read what a helper wrote");
    return bytes;
}

}  // namespace

Result<void> run_on_movies(const MovieJob& wanted) {
    std::vector<Fd> movies;
    std::vector<int> fds;
    for (const std::string& movie : wanted.movies) {
        movies.emplace_back(::open(movie.c_str(), O_RDONLY | O_CLOEXEC));
        if (!movies.back()) return failure("open " + movie);
        fds.push_back(movies.back().get());
    }
    fds.insert(fds.end(), wanted.others.begin(), wanted.others.end());
    worker::Job job;
    job.name = wanted.name;
    job.request = wanted.request;
    job.fds = fds;
    job.limits = {kPatience, kPatience};
    job.cancel = wanted.cancel;
    const auto result = wanted.run(job);
    if (result.answer) return {};
    const worker::JobError& error = result.answer.error();
    const bool is_cancelled = error.fault == worker::Fault::cancelled;
    return Error{is_cancelled ? "interrupted" : wanted.about + ": " + error.message,
                 static_cast<int>(exit_of(error.fault))};
}

Result<Fd> memory_file(Bytes content) {
    Fd file(::memfd_create("job", MFD_CLOEXEC));
    if (!file || !write_all(file.get(), content)) return failure("a file in memory");
    return file;
}

Result<std::vector<bool>> find_decodable(std::span<const std::string> movies,
                                         std::span<const mux::PictureRow> rows,
                                         const std::string& about, const worker::RunJob& run,
                                         const std::stop_token& cancel) {
    std::vector<std::uint32_t> lost;
    for (const mux::PictureRow& row : rows) lost.push_back(row.lost_before);
    std::vector<bool> decodes;
    for (std::size_t i = 0; i < movies.size(); ++i) {
        const auto of_it = std::span(lost).subspan(std::min(decodes.size(), lost.size()));
        const auto losses =
            memory_file({reinterpret_cast<const std::uint8_t*>(of_it.data()), of_it.size_bytes()});
        if (!losses) return losses.error();
        const auto answer = memory_file({});
        if (!answer) return answer.error();
        MovieJob job;
        job.name = media::kDecodableJob;
        job.request = media::to_bytes(media::DecodableRequest{kPixelsMax, of_it.size()});
        job.movies = movies.subspan(i, 1);
        job.others = {losses->get(), answer->get()};
        job.about = about;
        job.run = run;
        job.cancel = cancel;
        if (const auto done = run_on_movies(job); !done) return done.error();
        const auto bytes = content_of(answer->get());
        if (!bytes) return bytes.error();
        decodes.insert(decodes.end(), bytes->begin(), bytes->end());
    }
    if (decodes.size() != rows.size()) {
        return Error{about + ": its table is not that of its film",
                     static_cast<int>(mux::Exit::bad_input)};
    }
    return decodes;
}

}  // namespace st::takes
