#pragma once
/// --cfr: films at an even rate, of equal counts with --align, and the tables of their slots.
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "jobs.h"
#include "takes/slots.h"
#include "worker/job.h"

namespace st::h264mux {

class EvenRate {
 public:
    /// `options` outlives it.
    EvenRate(const Options& options, worker::RunJob run, std::stop_token cancel)
        : options_(options), run_(std::move(run)), cancel_(std::move(cancel)) {}
    /// Films that were not finished go.
    ~EvenRate();
    EvenRate(const EvenRate&) = delete;
    EvenRate& operator=(const EvenRate&) = delete;

    /// Makes the film with the input's own times. Error.code is the exit code.
    Result<void> read(PlannedJob& planned);
    /// Once all have been read: the films at an even rate, each with x.cfr.csv beside it.
    /// `said(planned, report)` is called for each.
    using Said = std::function<void(const PlannedJob&, const Result<mux::Report>&)>;
    void write(const Said& said);

 private:
    struct Film {
        PlannedJob* planned = nullptr;
        std::string target;
        std::string source;  ///< with its own times; removed at the end
        mux::Report report;
        takes::Shown shown;
        std::size_t undecodable = 0;  ///< pictures that are left out of it
    };
    Result<void> make_source(Film& film);
    Result<mux::Report> write_one(const Film& film, std::size_t number);

    const Options& options_;
    const worker::RunJob run_;
    const std::stop_token cancel_;
    std::vector<Film> films_;
};

}  // namespace st::h264mux
