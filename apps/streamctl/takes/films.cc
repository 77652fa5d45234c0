#include "streamctl/takes/films.h"

#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/read_text.h"
#include "streamctl/recordings/download.h"
#include "takes/movie_job.h"

namespace st::streamctl {
namespace {

namespace fs = std::filesystem;

constexpr char kPicturesName[] = "pictures.csv";
/// Of days of pictures.
constexpr std::size_t kTableBytesMax = std::size_t{1} << 30;

mux::PictureTable read_table(const std::string& path, const std::string& recording) {
    const auto text = read_text(path, kTableBytesMax);
    auto table = text ? mux::read_picture_table(*text) : text.error();
    if (!table)
        throw Failed(cli::kBadInput, recording + ": pictures.csv: " + table.error().message);
    return std::move(*table);
}

/// Puts the pictures of one more recording behind those that are there.
void append(Film& film, mux::PictureTable table, const std::string& recording) {
    if (table.rows.empty())
        throw Failed(cli::kBadInput, recording + ": pictures.csv: names no pictures");
    takes::Shown run;
    const std::size_t first = film.table.rows.size();
    const auto files = static_cast<std::uint32_t>(film.table.files.size());
    for (const std::string& file : table.files) film.table.files.push_back(recording + "/" + file);
    for (mux::PictureRow& row : table.rows) {
        if (!row.take_us) {
            throw Failed(
                cli::kRefused,
                film.camera + ": nothing says when its pictures were taken (" + recording + ")");
        }
        row.picture += first;
        row.file += files;
        run.pictures.push_back(row.picture);
        run.at_us.push_back(*row.take_us);
        run.duration_us = row.duration_us;
        film.table.rows.push_back(row);
    }
    film.runs.push_back(std::move(run));
}

}  // namespace

takes::Manifest understood_take(const std::string& body) {
    auto manifest = takes::decode_manifest(body);
    if (manifest) return std::move(*manifest);
    throw Failed(cli::kRefused,
                 "the server's answer cannot be understood: " + manifest.error().message);
}

std::string take_body(const std::string& take, ApiClient& client) {
    return client.ask("takes.get", json::Object{{"name", take}});
}

bool is_too_early(const Refused& refused) {
    return refused.code() == control::ErrorCode::conflict ||
           refused.code() == control::ErrorCode::unavailable;
}

takes::Manifest fetch_take(const std::string& take, ApiClient& client) {
    return understood_take(take_body(take, client));
}

FetchedFiles::FetchedFiles(const std::string& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    std::string name = fs::path(folder) / ".fetched-XXXXXX";
    if (error || ::mkdtemp(name.data()) == nullptr)
        throw Failed(cli::kCannotCreate,
                     folder + ": " + (error ? error.message() : std::strerror(errno)));
    path_ = name;
}

FetchedFiles::~FetchedFiles() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

FetchedFilms fetch_films(const takes::Manifest& manifest, bool needs_movies,
                         const FetchedFiles& into, ApiClient& client, Interrupt& interrupt,
                         Console& console) {
    Download download(client, interrupt, console);
    FetchedFilms out;
    for (std::size_t i = 0; i < manifest.cameras.size(); ++i) {
        const takes::Camera& camera = manifest.cameras[i];
        Film film;
        film.camera = camera.camera;
        film.number = i + 1;
        film.is_bounded = true;
        std::string last;
        for (const takes::Part& part : camera.parts) {
            const auto recording = understood(control::decode_recording(
                client.ask("recordings.get", json::Object{{"id", part.recording}})));
            if (part.pictures == 0 && recording.state == control::RecordingState::failed) {
                console.trouble(camera.camera + ": " + part.recording +
                                " has no pictures, and is left out");
                out.is_whole = false;
                continue;
            }
            film.is_bounded = film.is_bounded && part.bound_us;
            film.bound_us = std::max(film.bound_us, part.bound_us.value_or(0));
            const auto fetch = [&](const std::string& name) {
                const auto path = download.fetch_file(recording, name, into.path());
                if (path) return *path;
                throw Failed(cli::kRefused, camera.camera + ": " + part.recording + " has no " +
                                                (name.empty() ? "MP4" : name) +
                                                ": it was not kept (recording.keep)");
            };
            if (needs_movies)
                film.movies.push_back(fetch(part.file.substr(part.file.rfind('/') + 1)));
            // One table tells of all files of a recording.
            if (part.recording == last) continue;
            last = part.recording;
            append(film, read_table(fetch(kPicturesName), part.recording), part.recording);
        }
        if (!film.table.rows.empty()) out.films.push_back(std::move(film));
    }
    if (out.films.empty())
        throw Failed(cli::kRefused, "take " + manifest.take + ": has no pictures");
    return out;
}

void leave_decodable(std::vector<Film>& films, const worker::RunJob& run) {
    for (Film& film : films) {
        const auto decodes =
            takes::find_decodable(film.movies, film.table.rows, film.camera, run, {});
        if (!decodes)
            throw Failed(static_cast<cli::ExitCode>(decodes.error().code), decodes.error().message);
        film.undecodable = static_cast<std::size_t>(std::ranges::count(*decodes, false));
        for (takes::Shown& shown : film.runs) takes::leave_decodable(shown, *decodes);
        std::erase_if(film.runs, [](const takes::Shown& shown) { return shown.pictures.empty(); });
        if (film.runs.empty())
            throw Failed(cli::kBadInput, film.camera + ": none of its pictures can be decoded");
    }
}

}  // namespace st::streamctl
