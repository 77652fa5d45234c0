#include "streamctl/takes/export.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "cli/terminal.h"
#include "json/write.h"
#include "record/verifier.h"
#include "streamctl/console/table.h"
#include "streamctl/recordings/new_file.h"
#include "streamctl/takes/film_colours.h"
#include "streamctl/takes/films.h"
#include "streamctl/takes/helpers.h"
#include "streamctl/takes/mcap_export.h"
#include "takes/constant_rate.h"
#include "takes/lerobot.h"
#include "takes/movie_job.h"

namespace st::streamctl {
namespace {

namespace fs = std::filesystem;

std::string two_digits(std::size_t number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
}

std::string seconds_text(std::int64_t us) { return fixed(static_cast<double>(us) / 1e6, 6); }

/// From the first picture that all cameras have to the last one.
takes::Grid common_span(const std::vector<Film>& films, double rate) {
    takes::Grid grid;
    grid.rate = rate;
    std::int64_t begin = std::numeric_limits<std::int64_t>::min();
    std::int64_t end = std::numeric_limits<std::int64_t>::max();
    for (const Film& film : films) {
        begin = std::max(begin, film.runs.front().at_us.front());
        end = std::min(end, film.runs.back().at_us.back() + film.runs.back().duration_us);
    }
    if (begin >= end)
        throw Failed(cli::kRefused, "there is no time at which all cameras have pictures");
    grid.begin_us = begin;
    grid.slots = std::max<std::size_t>(
        1, static_cast<std::size_t>(static_cast<double>(end - begin) * rate / 1e6));
    return grid;
}

/// Where a camera's film and the table of its slots go, below the export's folder. Tables lie apart
/// from films that another tool looks for: FreeMoCap takes any .csv beside them for one of its own.
struct Places {
    std::string film;
    std::string table;
};

Places as_it_is_called(const Film& film, const std::string& folder) {
    return {folder + film.camera + ".mp4", film.camera + ".cfr.csv"};
}
Places numbered(const Film& film) {
    const std::string name = "cam" + two_digits(film.number);
    return {"videos/" + name + ".mp4", name + ".cfr.csv"};
}
Places as_feature(const Film& film) {
    return {takes::lerobot_film(film.camera), film.camera + ".cfr.csv"};
}

class Export {
 public:
    Export(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console)
        : options_(options),
          client_(client),
          interrupt_(interrupt),
          console_(console),
          manifest_(fetch_take(options.take.name, client)) {}

    int run() {
        if (manifest_.verdict == takes::Verdict::failed) {
            console_.trouble("the verdict on take " + manifest_.take +
                             " is failed: " + (manifest_.why.empty() ? "" : manifest_.why.front()));
        }
        FetchedFiles fetched(options_.folder);
        const std::string& to = options_.take.to;
        FetchedFilms found =
            fetch_films(manifest_, to != "csv", fetched, client_, interrupt_, console_);
        films_ = std::move(found.films);
        if (to != "csv" && to != "mcap") leave_decodable(films_, run_job_);
        if (to == "csv") csv();
        if (to == "caliscope") caliscope();
        if (to == "cfr")
            constant_rate([](const Film& film) { return as_it_is_called(film, ""); }, all());
        if (to == "lerobot") lerobot();
        if (to == "freemocap") {
            constant_rate(
                [](const Film& film) { return as_it_is_called(film, "synchronized_videos/"); },
                common_span(films_, rate()));
        }
        if (to == "pose2sim") constant_rate(numbered, common_span(films_, rate()));
        if (to == "mcap") mcap();
        return found.is_whole ? cli::kDone : cli::kDamaged;
    }

 private:
    std::string path(const std::string& name) const {
        return fs::absolute(fs::path(options_.folder) / name).lexically_normal().string();
    }
    void write(const std::string& name, std::string_view text) {
        write_file(path(name), text);
        say_made(path(name));
    }
    void say_made(const std::string& file) { console_.file(file, fs::file_size(file)); }
    void make_folder_of(const std::string& file) const {
        const fs::path folder = fs::path(path(file)).parent_path();
        std::error_code error;
        fs::create_directories(folder, error);
        if (error) throw Failed(cli::kCannotCreate, folder.string() + ": " + error.message());
    }

    /// The asked rate, or the greatest that a camera really had, as cameras are set: whole.
    double rate() const {
        if (options_.take.rate) return *options_.take.rate;
        double most = 1;
        for (const takes::Camera& camera : manifest_.cameras) {
            for (const takes::Part& part : camera.parts)
                most = std::max(most, part.fps.value_or(1));
        }
        return std::round(most);
    }
    takes::Grid all() const {
        std::vector<takes::Shown> runs;
        for (const Film& film : films_) runs.insert(runs.end(), film.runs.begin(), film.runs.end());
        const takes::Grid grid = takes::grid_over(runs, rate());
        if (grid.slots == 0)
            throw Failed(cli::kRefused, "the take is too long for one film at an even rate");
        return grid;
    }

    /// One table of all cameras.
    void csv() {
        std::string text = "camera," + std::string(mux::kPictureTableHeader);
        mux::WallText wall;
        for (const Film& film : films_) {
            for (const mux::PictureRow& row : film.table.rows) {
                text += film.camera + ",";
                mux::append_row(text, row, film.table.files[row.file], wall);
            }
        }
        write(manifest_.take + ".csv", text);
    }

    /// Caliscope reads one film a camera, and of it each picture's time. It counts pictures that
    /// its decoder gives out: where one may be missing the film is encoded anew, of those that are
    /// not.
    void caliscope() {
        std::string times = "cam_id,frame_time\n";
        for (const Film& film : films_) {
            if (film.movies.size() != 1) {
                throw Failed(cli::kRefused,
                             film.camera + ": has " + std::to_string(film.movies.size()) +
                                 " films, and Caliscope reads one a camera; --to cfr makes one");
            }
            const std::string id = std::to_string(film.number);
            for (const std::int64_t at_us : film.runs.front().at_us)
                times += id + "," + seconds_text(at_us) + "\n";
        }
        for (const Film& film : films_) {
            const std::string name = "cam_" + std::to_string(film.number);
            const std::string target = path(name + ".mp4");
            if (film.undecodable > 0) {
                encode(film, as_they_come(film), rate(), target);
                console_.note(name + " is " + film.camera + ", encoded anew" +
                              takes::undecodable_text(film.undecodable));
                continue;
            }
            if (fs::exists(target)) throw Failed(cli::kCannotCreate, target + ": exists already");
            fs::rename(film.movies.front(), target);
            say_made(target);
            console_.note(name + " is " + film.camera);
        }
        write("timestamps.csv", times);
    }

    /// A slot for each picture.
    static std::vector<takes::Slot> as_they_come(const Film& film) {
        std::vector<takes::Slot> slots;
        const takes::Shown& run = film.runs.front();
        for (std::size_t i = 0; i < run.pictures.size(); ++i)
            slots.push_back({run.at_us[i], run.pictures[i], 0});
        return slots;
    }

    /// All films on one grid, and a table of what each slot shows.
    template <class PlacesOf>
    std::vector<takes::SlotErrors> constant_rate(PlacesOf places_of, const takes::Grid& grid) {
        std::vector<takes::SlotErrors> errors;
        for (const Film& film : films_) {
            const Places places = places_of(film);
            make_folder_of(places.film);
            const auto slots = takes::fill(grid, film.runs);
            encode(film, slots, grid.rate, path(places.film));
            write(places.table, takes::to_csv(slots));
            errors.push_back(takes::errors_of(slots));
            say(film, errors.back());
            const std::string name = fs::path(places.film).stem().string();
            if (places.table != film.camera + ".cfr.csv")
                console_.note(name + " is " + film.camera);
        }
        return errors;
    }

    void say(const Film& film, const takes::SlotErrors& errors) {
        console_.note(film.camera + ": pictures are at most " + ms_text(errors.worst_us) +
                      " ms from their slots, 95 % within " + ms_text(errors.p95_us) + " ms; " +
                      (errors.empty == 0 ? "none" : std::to_string(errors.empty)) + " empty" +
                      takes::undecodable_text(film.undecodable) +
                      (film.is_bounded ? "; times known to ±" + ms_text(film.bound_us) + " ms"
                                       : "; how far off its times are is not known"));
    }

    void encode(const Film& film, const std::vector<takes::Slot>& slots, double rate,
                const std::string& target) {
        record::HelperVerifier verifier(run_job_, {});
        takes::ConstantRate wanted;
        wanted.movies = film.movies;
        wanted.slots = slots;
        wanted.rate = rate;
        wanted.crf = options_.take.crf;
        wanted.output = target;
        wanted.camera = film.camera;
        wanted.run = run_job_;
        wanted.verifier = &verifier;
        if (film.movies.size() > takes::kMoviesMax) {
            throw Failed(cli::kRefused, film.camera + ": has " +
                                            std::to_string(film.movies.size()) +
                                            " films; at most " + std::to_string(takes::kMoviesMax) +
                                            " can be joined");
        }
        const auto report = takes::encode(wanted);
        if (!report)
            throw Failed(static_cast<cli::ExitCode>(report.error().code), report.error().message);
        say_made(target);
    }

    /// LeRobot takes the n-th picture for the one at n / fps: how far that is from the truth stands
    /// beside its dataset.
    void lerobot() {
        if (rate() != std::round(rate())) {
            throw Failed(cli::kRefused,
                         "a LeRobot dataset has a whole number of pictures a second, not " +
                             fixed(rate(), 3) + "; see --fps");
        }
        const takes::Grid grid = common_span(films_, rate());
        const auto errors = constant_rate(as_feature, grid);
        const auto job = [this](const worker::Job& one) { return helpers_.run(one); };
        takes::LeRobotEpisode episode;
        episode.task = manifest_.take;
        episode.fps = static_cast<unsigned>(grid.rate);
        episode.frames = grid.slots;
        episode.library = "streamctl version " ST_VERSION;
        json::Array cameras;
        for (std::size_t i = 0; i < films_.size(); ++i) {
            const Film& film = films_[i];
            episode.cameras.push_back(
                {film.camera, film_colours(path(as_feature(film).film), job)});
            json::Object one;
            one.set("camera", film.camera);
            one.set("worst_s", static_cast<double>(errors[i].worst_us) / 1e6);
            one.set("p95_s", static_cast<double>(errors[i].p95_us) / 1e6);
            one.set("bound_s", film.is_bounded
                                   ? json::Value(static_cast<double>(film.bound_us) / 1e6)
                                   : json::Value());
            cameras.emplace_back(one);
        }
        for (const takes::LeRobotFile& file : takes::lerobot_files(episode)) {
            make_folder_of(file.path);
            write(file.path, file.bytes);
        }
        write("frames.csv", times_of_frames(grid));
        json::Object report;
        report.set("fps", grid.rate);
        report.set("frames", grid.slots);
        report.set("zero_us", grid.begin_us);
        report.set("cameras", cameras);
        write("tolerance.json", json::write(report) + "\n");
    }

    /// The dataset's times for whoever reads no Parquet: those of the n-th picture of every film.
    static std::string times_of_frames(const takes::Grid& grid) {
        std::string text = "frame_index,timestamp\n";
        for (std::size_t frame = 0; frame < grid.slots; ++frame) {
            text += std::to_string(frame) + "," + fixed(static_cast<double>(frame) / grid.rate, 6) +
                    "\n";
        }
        return text;
    }

    void mcap() {
        const std::string target = path(manifest_.take + ".mcap");
        export_mcap(films_, target, run_job_);
        say_made(target);
    }

    const Options& options_;
    ApiClient& client_;
    Interrupt& interrupt_;
    Console& console_;
    const takes::Manifest manifest_;
    std::vector<Film> films_;
    Helpers helpers_{interrupt_};
    const worker::RunJob run_job_ = [this](const worker::Job& job) { return helpers_.run(job); };
};

}  // namespace

int run_export(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console) {
    return Export(options, client, interrupt, console).run();
}

}  // namespace st::streamctl
