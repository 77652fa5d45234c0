#include "even_rate.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/fd.h"
#include "base/units.h"
#include "cli/exit_codes.h"
#include "mux/picture_table.h"
#include "record/verifier.h"
#include "takes/constant_rate.h"
#include "takes/movie_job.h"

namespace st::h264mux {
namespace {

namespace fs = std::filesystem;

/// Beside the output, and gone at the end.
std::string source_of(const std::string& output) {
    const fs::path path(output);
    return (path.parent_path() / ("." + path.filename().string() + ".film.mp4")).string();
}

std::string table_of(const std::string& output) {
    return fs::path(output).replace_extension(".cfr.csv").string();
}

std::string read_all(int fd) {
    struct stat status {};
    std::string text;
    if (::fstat(fd, &status) == 0) text.resize(static_cast<std::size_t>(status.st_size));
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t got =
            ::pread(fd, text.data() + done, text.size() - done, static_cast<off_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
    }
    text.resize(done);
    return text;
}

takes::Shown shown(const mux::PictureTable& table) {
    takes::Shown out;
    for (const mux::PictureRow& row : table.rows) {
        out.pictures.push_back(row.picture);
        out.at_us.push_back(row.pts_us);
        out.duration_us = row.duration_us;
    }
    return out;
}

std::string ms_text(std::int64_t us) { return fixed(static_cast<double>(us) / 1000, 1) + " ms"; }

}  // namespace

EvenRate::~EvenRate() {
    for (const Film& film : films_) ::unlink(film.source.c_str());
}

Result<void> EvenRate::read(PlannedJob& planned) {
    std::error_code ignored;
    for (const std::string& path : {planned.job.output, table_of(planned.job.output)}) {
        if (!options_.overwrite && fs::exists(path, ignored))
            return Error{path + " exists already; -y overwrites it", cli::kCannotCreate};
    }
    Film film;
    film.planned = &planned;
    film.target = std::exchange(planned.job.output, source_of(planned.job.output));
    film.source = planned.job.output;
    if (auto made = make_source(film); !made) {
        ::unlink(film.source.c_str());
        return made.error();
    }
    films_.push_back(std::move(film));
    return {};
}

Result<void> EvenRate::make_source(Film& film) {
    const Fd table(::memfd_create("pictures", MFD_CLOEXEC));
    if (!table) return Error{std::string("a table: ") + std::strerror(errno), cli::kIoFailed};
    mux::Job& job = film.planned->job;
    job.overwrite = true;
    job.split = false;
    job.table_fd = table.get();
    record::HelperVerifier verifier(run_, {});
    job.verifier = &verifier;
    auto report = mux::convert(job);
    job.verifier = nullptr;
    job.table_fd = -1;
    if (!report) return report.error();
    film.report = std::move(*report);
    const std::string& input = film.planned->spoken_input;
    const auto made = mux::read_picture_table(read_all(table.get()));
    if (!made) return Error{input + ": " + made.error().message, cli::kIoFailed};
    const auto decodes =
        takes::find_decodable(std::span(&film.source, 1), made->rows, input, run_, cancel_);
    if (!decodes) return decodes.error();
    film.shown = shown(*made);
    takes::leave_decodable(film.shown, *decodes);
    film.undecodable = made->rows.size() - film.shown.pictures.size();
    if (film.shown.pictures.empty())
        return Error{input + ": none of its pictures can be decoded", cli::kBadInput};
    return {};
}

void EvenRate::write(const Said& said) {
    for (std::size_t i = 0; i < films_.size(); ++i)
        said(*films_[i].planned, write_one(films_[i], i));
}

Result<mux::Report> EvenRate::write_one(const Film& film, std::size_t number) {
    // With --align all films have one grid, which begins at the first picture of all.
    std::vector<takes::Shown> spans;
    for (std::size_t i = 0; i < films_.size(); ++i) {
        if (options_.align || i == number) spans.push_back(films_[i].shown);
    }
    const takes::Grid grid = takes::grid_over(spans, *options_.cfr);
    const std::vector<takes::Slot> slots = takes::fill(grid, std::span(&film.shown, 1));
    if (slots.empty())
        return Error{film.planned->spoken_input + ": is too long for one film at an even rate",
                     cli::kBadInput};
    record::HelperVerifier verifier(run_, {});
    takes::ConstantRate wanted;
    wanted.movies = {film.source};
    wanted.slots = slots;
    wanted.rate = *options_.cfr;
    wanted.crf = options_.crf;
    wanted.output = film.target;
    wanted.overwrite = options_.overwrite;
    wanted.camera = film.planned->job.camera;
    wanted.run = run_;
    wanted.verifier = &verifier;
    wanted.cancel = cancel_;
    wanted.table = table_of(film.target);
    wanted.table_text = takes::to_csv(slots);
    const auto made = takes::encode(wanted);
    if (!made) return made.error();
    mux::Report report = film.report;
    report.files = made->files;
    const takes::SlotErrors errors = takes::errors_of(slots);
    report.notes.push_back(
        std::to_string(slots.size()) + " slots; pictures are at most " + ms_text(errors.worst_us) +
        " from them, 95 % within " + ms_text(errors.p95_us) +
        (errors.empty == 0 ? "" : "; " + std::to_string(errors.empty) + " empty") +
        takes::undecodable_text(film.undecodable));
    return report;
}

}  // namespace st::h264mux
