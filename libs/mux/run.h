#pragma once
/// One job at work: reads the input, decides about times, has the outputs made. Private to libs/mux
/// (run.cc: reading; run_times.cc: times; run_outputs.cc: outputs). One thread, one use.
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mux/assembler.h"
#include "mux/convert.h"
#include "mux/failure.h"
#include "mux/input.h"
#include "mux/moov.h"
#include "mux/survey.h"
#include "mux/timing.h"

namespace st::mux {

class Run {
 public:
    /// `job` outlives the run. `writes`: else only the report is made.
    Run(const Job& job, bool writes) : job_(job), writes_(writes) {}

    /// Throws Failure, av::Error.
    Report go();

 private:
    // Reading. A second time, with other options, may follow one that kept nothing.
    void open();
    void read(bool only_count, bool start_at_intra);
    void before_read();
    void add_notes();
    std::string why_nothing() const;
    void check_cancelled() const {
        if (job_.cancel.stop_requested()) throw Failure(Exit::cancelled, "interrupted");
    }

    // Times.
    TimingRequest timing_request();
    double constant_fps();
    void choose_range();
    void plan();
    void report_pictures();
    void fit_clocks(const ServerOrigin& origin);
    void place_on_server_clock(const ServerOrigin& origin);
    Samples samples_of(const Part& part) const;

    // Outputs.
    void finish_mp4();
    void write_moov(Part& part);
    void finish_copy();
    void make_thumbnail(const std::string& mp4);
    Result<void> isolated(std::vector<std::string> words, const std::function<void()>& step) const;
    OutputFile describe(const SampleFile& file, const std::string& kind) const;

    const Job& job_;
    const bool writes_;
    Fd own_fd_;
    InputFormat format_ = InputFormat::automatic;
    std::unique_ptr<FileBytes> bytes_;
    std::unique_ptr<Input> input_;
    std::unique_ptr<Assembler> assembler_;
    std::unique_ptr<SampleFile> copy_;  ///< output of the formats that copy messages
    Survey survey_;
    Report report_;
    std::vector<std::uint32_t> shown_at_;
    TimingChoice choice_;
    std::uint64_t progress_at_ = 0;
    std::uint64_t first_picture_ = 0;  ///< range of pictures that are wanted
    std::uint64_t end_picture_ = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace st::mux
