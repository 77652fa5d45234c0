#include "streamctl/takes/mcap_export.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/fd.h"
#include "base/fd_io.h"
#include "media/movie_facts.h"
#include "streamctl/recordings/new_file.h"
#include "streamctl/takes/helpers.h"
#include "takes/mcap.h"

namespace st::streamctl {
namespace {

constexpr std::uint64_t kPictureBytesMax = std::uint64_t{1} << 28;

/// The pictures of a camera, in one file without a name, and where each lies.
struct Coded {
    Fd file;
    struct Place {
        std::uint64_t at;
        std::uint64_t bytes;
        std::int64_t wall_us;
    };
    std::vector<Place> pictures;
};

void read_all(int fd, std::span<std::uint8_t> into, std::uint64_t at) {
    const auto got = read_up_to(fd, into, at);
    if (!got) throw system_failure(cli::kIoFailed, "read a picture");
    if (*got < into.size()) throw Failed(cli::kBadInput, "a film's pictures end early");
}

Coded coded_pictures(const Film& film, const std::string& folder, const worker::RunJob& run) {
    Coded out;
    std::string name = folder + ".pictures-XXXXXX";
    out.file = Fd(::mkostemp(name.data(), O_CLOEXEC));
    if (!out.file) throw system_failure(cli::kIoFailed, "create " + name);
    ::unlink(name.c_str());
    std::uint64_t at = 0;
    for (const std::string& movie : film.movies) {
        worker::Job job;
        job.name = media::kPicturesJob;
        job.limits = {std::chrono::hours(1), std::chrono::hours(1)};
        run_on_film(std::move(job), movie, out.file.get(), film.camera, run);
        struct stat status {};
        if (::fstat(out.file.get(), &status) != 0)
            throw system_failure(cli::kIoFailed, "look at the pictures");
        std::int64_t before = std::numeric_limits<std::int64_t>::min();
        while (at < static_cast<std::uint64_t>(status.st_size)) {
            media::CodedPicture head;
            read_all(out.file.get(), {reinterpret_cast<std::uint8_t*>(&head), sizeof head}, at);
            if (head.bytes > kPictureBytesMax || out.pictures.size() == film.table.rows.size())
                throw Failed(cli::kBadInput, film.camera + ": its table is not that of its film");
            if (head.shown_ticks <= before) {
                throw Failed(cli::kRefused, film.camera +
                                                ": has B-frames, which foxglove.CompressedVideo "
                                                "cannot hold");
            }
            before = head.shown_ticks;
            const mux::PictureRow& row = film.table.rows[out.pictures.size()];
            if (!row.wall_us) throw Failed(cli::kRefused, film.camera + ": a picture has no time");
            out.pictures.push_back({at + sizeof head, head.bytes, *row.wall_us});
            at += sizeof head + head.bytes;
        }
    }
    if (out.pictures.size() != film.table.rows.size())
        throw Failed(cli::kBadInput, film.camera + ": its table is not that of its film");
    return out;
}

}  // namespace

void export_mcap(std::span<const Film> films, const std::string& target,
                 const worker::RunJob& run) {
    refuse_used_name(target);
    struct Next {
        std::int64_t wall_us;
        std::size_t camera;
        std::size_t picture;
    };
    std::vector<Coded> coded;
    std::vector<Next> order;
    std::vector<std::string> topics;
    for (const Film& film : films) {
        coded.push_back(coded_pictures(film, target.substr(0, target.rfind('/') + 1), run));
        topics.push_back("/" + film.camera);
        for (std::size_t i = 0; i < coded.back().pictures.size(); ++i)
            order.push_back({coded.back().pictures[i].wall_us, coded.size() - 1, i});
    }
    std::ranges::stable_sort(order, {}, &Next::wall_us);
    NewFile file(target);
    takes::McapWriter writer;
    file.write(as_bytes(writer.begin("streamctl " ST_VERSION, "foxglove.CompressedVideo",
                                     takes::compressed_video_schema(), topics)));
    std::vector<std::uint8_t> picture;
    for (const Next& next : order) {
        const Coded& camera = coded[next.camera];
        const Coded::Place& place = camera.pictures[next.picture];
        picture.resize(place.bytes);
        read_all(camera.file.get(), picture, place.at);
        const std::string message =
            takes::compressed_video(next.wall_us, films[next.camera].camera, picture);
        file.write(as_bytes(
            writer.message(next.camera, static_cast<std::uint64_t>(next.wall_us) * 1000, message)));
    }
    file.write(as_bytes(writer.end()));
    file.keep();
}

}  // namespace st::streamctl
