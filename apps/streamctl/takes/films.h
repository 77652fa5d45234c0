#pragma once
/// A take's films and tables, fetched from the server. Main thread.
#include <string>
#include <vector>

#include "mux/picture_table.h"
#include "streamctl/commands/commands.h"
#include "takes/manifest.h"
#include "takes/slots.h"
#include "worker/job.h"

namespace st::streamctl {

/// One camera of a take.
struct Film {
    std::string camera;
    std::size_t number = 0;           ///< its place among all cameras of the take, from 1
    std::vector<std::string> movies;  ///< MP4s, in the order of recording
    /// All its pictures, in the order in which they are shown; `picture` counts over all of them.
    mux::PictureTable table;
    std::vector<takes::Shown> runs;  ///< one for each recording
    std::size_t undecodable = 0;     ///< pictures that are left out of `runs`
    std::int64_t bound_us = 0;       ///< its times are wrong by no more
    bool is_bounded = false;
};

/// take.json of the server, as it is. Throws Failed, Refused.
std::string take_body(const std::string& take, ApiClient& client);
/// Of its refusal: the take can be had later, once its last recording has ended and the server
/// knows all of them.
bool is_too_early(const Refused& refused);
takes::Manifest understood_take(const std::string& body);
takes::Manifest fetch_take(const std::string& take, ApiClient& client);

/// A folder for what is fetched, removed in the end with all that is still in it.
class FetchedFiles {
 public:
    /// Inside `folder`, which is made if need be. Throws Failed.
    explicit FetchedFiles(const std::string& folder);
    ~FetchedFiles();
    FetchedFiles(const FetchedFiles&) = delete;
    FetchedFiles& operator=(const FetchedFiles&) = delete;
    const std::string& path() const { return path_; }

 private:
    std::string path_;
};

struct FetchedFilms {
    std::vector<Film> films;
    bool is_whole = true;  ///< else a recording that failed is left out, which has been said
};

/// `needs_movies`: else only the tables are fetched. Throws Failed, and says why, if a recording
/// has none of them, or no times, or if there is no picture at all.
FetchedFilms fetch_films(const takes::Manifest& manifest, bool needs_movies,
                         const FetchedFiles& into, ApiClient& client, Interrupt& interrupt,
                         Console& console);

/// Leaves out of the runs what cannot be decoded; a run that has nothing else goes. Throws Failed.
void leave_decodable(std::vector<Film>& films, const worker::RunJob& run);

}  // namespace st::streamctl
