#pragma once
/// What the recordings of a take say of themselves: session.json and the tables of their pictures.
/// Reads the disk; any thread that may block.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "archive/catalogue.h"
#include "base/result.h"
#include "json/value.h"
#include "mux/picture_table.h"

namespace st::takes {

/// Where a recording lies on its server's clocks: session.json "times".
struct Place {
    std::int64_t first_us = 0;       ///< CLOCK_MONOTONIC when its first picture was taken
    std::int64_t first_wall_us = 0;  ///< the wall clock then
    std::optional<std::int64_t> bound_us;
    std::int64_t assumed_us = 0;  ///< of the bound, what nobody measured
};

struct Mp4 {
    std::string name;
    std::uint64_t pictures = 0;
};

/// What a recording's table of pictures says, without its rows.
struct TableSum {
    struct File {
        std::string name;
        std::optional<std::int64_t> first_us;  ///< when its first picture was taken
        std::optional<std::int64_t> last_us;
    };
    std::uint64_t rows = 0;
    std::vector<File> files;
    std::optional<std::int64_t> first_us;  ///< of the first row; nullopt: nothing says it
    std::optional<std::int64_t> first_wall_us;
    std::optional<std::int64_t> last_us;   ///< of the last row
    std::vector<std::int64_t> taken_us;    ///< of each picture that has a time
    std::optional<std::int64_t> moved_us;  ///< to the take's line; nullopt: it lies there
};

struct Recording {
    std::string id;
    std::string camera;
    std::optional<std::string> model;
    record::RecordingState state = record::RecordingState::done;
    unsigned part = 1;
    std::string end_reason;  ///< as it stands there
    std::string started_at;  ///< RFC 3339, as it stands there
    std::string ended_at;
    std::int64_t started_us = 0;
    std::string boot_id;  ///< as it stands there; "": it does not say
    std::optional<Place> place;
    json::Object clock;
    std::vector<Mp4> files;
    std::uint64_t lost = 0;
    std::uint64_t lost_pictures = 0;  ///< that came and cannot be decoded
    std::uint64_t unknown_form = 0;   ///< messages
    std::uint64_t damage_count = 0;
    std::optional<double> fps;
    std::optional<std::string> error;
    TableSum table;  ///< without rows: there is none, or it cannot be read
};

Recording recording_of(const record::RecordingEntry& entry);

/// All of a take, in the order in which they began. Error 503: they are not all known after a
/// second, and as many more as `more_tries`.
Result<std::vector<record::RecordingEntry>> entries_of(archive::Catalogue& catalogue,
                                                       const std::string& take, int more_tries = 0);

/// Row by row, whatever its size. False: there is none, or it cannot be read to its end.
bool read_table(archive::Catalogue& catalogue, const std::string& id,
                const mux::PictureTableReader::Take& take);
TableSum sum_of_table(archive::Catalogue& catalogue, const std::string& id);

}  // namespace st::takes
