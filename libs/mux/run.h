#pragma once
/// One job at work: reads the input, decides about times, has the outputs made. Private to libs/mux
/// (run.cc: reading; run_times.cc: times; run_outputs.cc, run_dump.cc: outputs). One thread, one
/// use.
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clock/exchange.h"
#include "media/movie_facts.h"
#include "media/payload_form.h"
#include "mp4/picture_writer.h"
#include "mux/assembler.h"
#include "mux/convert.h"
#include "mux/failure.h"
#include "mux/first_pass.h"
#include "mux/joined_input.h"
#include "mux/picture_table.h"
#include "mux/server_line.h"
#include "mux/thumbnail_file.h"
#include "mux/timing.h"

namespace st::mux {

inline std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// What a run writes.
enum class Makes : std::uint8_t { nothing, table, outputs };

/// Of the pass that streams: what the one before found, and how far it is.
struct Streaming {
    std::vector<Part> runs;
    mp4::Metadata metadata;
    std::optional<mp4::Track> track;  ///< of the run at work
    std::unique_ptr<mp4::PictureWriter> writer;
    std::vector<media::MovieFacts> expected;  ///< of each output
    std::size_t run = 0;                      ///< of `runs`
    std::size_t written = 0;                  ///< pictures, of all
};

/// Of the pass that makes messages of a bare stream's pictures.
struct Dumping {
    std::vector<std::uint64_t> device_ms;  ///< of each picture
    std::size_t done = 0;                  ///< pictures
    std::uint32_t seq = 0;                 ///< of the next message
};

class Run {
 public:
    /// `job` outlives the run.
    Run(const Job& job, Makes makes) : job_(job), writes_(makes == Makes::outputs), makes_(makes) {}

    /// Throws Failure, mp4::FileError.
    Report go();

 private:
    /// What a reading of the input is for.
    enum class Pass : std::uint8_t {
        count,     ///< to know the pictures
        write,     ///< samples or messages into the output as they come
        stream,    ///< pictures with their times, which are known
        messages,  ///< messages as they come, and those made of bare pictures
    };

    // Reading. Another time, with other options, may follow one that kept nothing.
    void open();
    void read(Pass pass, bool start_at_intra);
    std::unique_ptr<mp4::SampleFile> open_part(Pass pass, unsigned part);
    std::unique_ptr<mp4::SampleFile> create_part(unsigned part) const;
    void copy(const Message& message);
    bool is_understood(const Message& message);
    void refuse_jpegs_elsewhere() const;
    void refuse_mixture();
    void follow_unit(const Message& message);
    void before_read();
    void add_notes();
    std::string why_nothing() const;
    bool writes_pictures() const {
        return job_.format == OutputFormat::fmp4 || job_.format == OutputFormat::flv;
    }
    bool copies_messages() const {
        return job_.format == OutputFormat::h264 || job_.format == OutputFormat::dump;
    }
    /// A bare stream has no messages to copy: they are made, one for each picture.
    bool makes_messages() const;
    void check_cancelled() const {
        if (job_.cancel.stop_requested()) throw Failure(Exit::cancelled, "interrupted");
    }

    // Times.
    TimingRequest timing_request();
    double fallback_fps();
    void time_bare_inputs();
    std::optional<std::int64_t> first_wall_us() const;
    std::optional<std::int64_t> first_taken_wall_us(const TimingChoice& choice) const;
    std::pair<ServerLine, bool> server_line(const TimingChoice& choice) const;
    double network_delay_us(bool is_told) const;
    std::chrono::microseconds late_max() const;
    bool is_confirmed_by_exchanges() const;
    std::size_t first_place_from(std::size_t key) const;
    std::int64_t wall_offset_us() const;
    std::optional<std::int64_t> ticks_taken_at(const TimingChoice& choice,
                                               std::optional<std::int64_t> wall_us) const;
    void choose_range();
    void plan();
    void report_pictures();
    void read_exchanges();
    std::string found_unit() const;
    void fit_clocks(const ServerOrigin& origin);
    bool stand_by_exchanges(const ServerOrigin& origin);
    void place_as_arrived();
    void place_on_server_clock(const ServerOrigin& origin);
    mp4::Samples samples_of(const Part& part) const;
    Accuracy accuracy(const ServerLine& server, bool has_exchanges) const;
    void note_server_times(const ServerLine& server, double delay_us);

    // The table of the pictures.
    bool wants_table() const {
        return makes_ != Makes::nothing && (!job_.table.empty() || job_.table_fd >= 0);
    }
    void write_table();
    void write_part_rows(const Part& part, const std::string& name);
    PictureRow row_of(std::size_t picture, std::size_t place) const;

    // Outputs.
    void finish_mp4();
    void put_in_copy(Bytes head, Bytes payload);
    void finish_copy();
    void verify_copy(mp4::SampleFile& copy);
    void write_messages(bool start_at_intra);
    void before_message(const Message& message);
    void dump_pictures();
    void dump_picture(Bytes sample, std::uint64_t device_ms);
    void write_pictures(bool start_at_intra);
    void stream_pictures();
    void begin_run();
    void end_run();
    void verify(mp4::SampleFile& file, const media::MovieFacts& expected, PictureSize size,
                bool is_indexed);
    bool may_decode(const std::string& path, PictureSize size);
    void describe_thumbnail();
    void keep_all();
    mp4::Metadata metadata() const;
    OutputFile describe(const mp4::SampleFile& file, const std::string& kind) const;
    OutputFile describe_part(const mp4::SampleFile& file, const std::string& kind, const Part& part,
                             const mp4::Samples& samples) const;

    const Job& job_;
    const bool writes_;  ///< the outputs
    const Makes makes_;
    std::vector<OpenInput> sources_;
    std::unique_ptr<JoinedInput> input_;
    std::unique_ptr<Assembler> assembler_;
    std::vector<std::unique_ptr<mp4::SampleFile>>
        outputs_;                   ///< all but those of the assembler's parts
    std::uint64_t index_room_ = 0;  ///< left free in front of the samples
    std::uint32_t copy_crc_ = 0;    ///< CRC-32C of what was put into a copy
    FirstPass first_pass_;
    media::PayloadForms forms_;
    std::uint64_t unknown_ = 0;            ///< messages whose payload nobody understood
    std::optional<media::JpegSize> jpeg_;  ///< of the message at work, if it is one
    std::optional<bool> has_jpegs_;        ///< what the messages are, from the first one on
    bool follows_unknown_ = false;         ///< the last one was such
    std::size_t recording_begins_ = 0;     ///< number of the first picture of the dump at work
    std::uint64_t units_corrected_ = 0;
    std::optional<clock::ExchangeClock> exchanges_;
    Report report_;
    std::vector<std::uint32_t> shown_at_;
    TimingChoice choice_;
    std::uint64_t progress_at_ = 0;
    std::uint64_t first_picture_ = 0;  ///< range of pictures that are wanted
    std::uint64_t end_picture_ = std::numeric_limits<std::uint64_t>::max();

    std::string cut_;  ///< says where the range lies
    std::int64_t cut_begins_us_ = 0;
    std::int64_t from_us_ = 0;
    std::optional<std::int64_t> whole_taken_wall_us_;
    std::optional<TimingChoice> range_choice_;  ///< times of the range's pictures, by all of them

    std::optional<Streaming> streaming_;
    std::optional<Dumping> dumping_;
    std::optional<ThumbnailFile> thumbnail_;
    std::unique_ptr<mp4::SampleFile> table_;
    std::vector<std::int64_t> server_us_;  ///< of each place: when it was taken, arrival clock
    std::uint32_t lost_ = 0;               ///< messages before the one at work
};

}  // namespace st::mux
