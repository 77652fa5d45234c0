#pragma once
/// A helper's job on MP4s that follow each other. Blocks; any thread.
#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "mux/picture_table.h"
#include "worker/job.h"

namespace st::takes {

/// A helper may hold no more files at once.
constexpr std::size_t kMoviesMax = 24;
constexpr std::uint64_t kPixelsMax = std::uint64_t{8192} * 8192;  ///< of a picture

struct MovieJob {
    std::string_view name;
    std::string request;
    std::span<const std::string> movies;
    std::vector<int> others;  ///< descriptors that go behind those of the movies
    std::string about;        ///< what a refusal is said of
    worker::RunJob run;
    std::stop_token cancel;
};

/// Error.code is that of mux::convert().
Result<void> run_on_movies(const MovieJob& wanted);

/// A file in memory, for what goes to a helper or comes from it.
Result<Fd> memory_file(Bytes content);

/// Which pictures of a film show what was coded, one for each row of its table. The others cannot
/// be decoded, are damaged, or may refer to one that is damaged or missing. Error also if `rows`
/// are not those of the movies.
Result<std::vector<bool>> find_decodable(std::span<const std::string> movies,
                                         std::span<const mux::PictureRow> rows,
                                         const std::string& about, const worker::RunJob& run,
                                         const std::stop_token& cancel);

}  // namespace st::takes
