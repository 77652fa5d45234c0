#pragma once
/// The one muxing path: a dump (either form) or a bare H.264 stream -> MP4. h264mux and streamd's
/// finaliser both call it. One pass over the input; a second one for a range, and for formats that
/// want times before the pictures (fmp4, flv). The index of the pictures (36 bytes each, with their
/// times) is kept in memory.
///
/// Any thread; a call blocks until the output is verified and renamed, or nothing is left behind.
/// Uses no globals: two jobs may run at once on two threads.
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mp4/sample_file.h"
#include "mux/report.h"
#include "mux/verifier.h"

namespace st::mux {

enum class InputFormat { automatic, fdump, dump, h264 };
/// fmp4: an MP4 in fragments of a key frame and what follows it.
enum class OutputFormat { mp4, fmp4, flv, h264, dump };
/// Which clock times the pictures.
enum class Timing { automatic, device, arrival, constant };

/// Of part_name(): three digits.
constexpr unsigned kPartsMax = 999;

/// How far a job is: input bytes read, and of how many (0: not known).
struct Progress {
    std::uint64_t done_bytes;
    std::uint64_t total_bytes;
};

/// A time line that several jobs share: see align.h.
struct CommonLine {
    double zero_us = 0;          ///< the server's clock at time 0
    bool by_wall_clock = false;  ///< its wall clock, else its monotonic one
};

/// Zero of a line on which a table of pictures lies, on the clocks of the machine that recorded.
struct TakeZero {
    std::int64_t monotonic_us = 0;
    std::int64_t wall_us = 0;
};

struct PictureSize {
    std::uint32_t width;
    std::uint32_t height;
};

struct Source {
    std::string name;  ///< path; with fd only the name used in messages
    int fd = -1;       ///< borrowed, seekable; -1: open `name`
};

struct Job {
    std::string input;  ///< path; with input_fd only the name used in messages
    int input_fd = -1;  ///< borrowed, seekable; -1: open `input`
    /// Inputs that follow, in this order, in the same output. Each begins at its first picture that
    /// can be decoded; a jump of the clocks between two is no fault.
    std::vector<Source> joined;
    InputFormat input_format = InputFormat::automatic;

    std::string output;  ///< final path; written beside it as `<output>.part`
    /// Instead of a file: fmp4, flv or h264 go here as they are made, unverified. Borrowed.
    /// `output` is then the name used in messages.
    int output_fd = -1;
    /// mp4: the index stands in front of the samples. Room for it is left by a bound on the number
    /// of pictures, so the samples are written once.
    bool index_in_front = false;
    OutputFormat format = OutputFormat::mp4;
    bool overwrite = false;  ///< else an existing output is an Error with code 73
    mp4::Links links = mp4::Links::follow;
    bool split = true;  ///< a change of picture size begins `<output stem>-002.mp4` at its IDR
    unsigned parts_max = kPartsMax;  ///< later changes of size stay in the last part

    Timing timing = Timing::automatic;
    std::optional<double> fps;  ///< constant timing at this rate
    std::chrono::milliseconds max_gap{
        60'000};  ///< a larger step that one clock alone shows is a fault; kMaxGapMin to kMaxGapMax

    /// Only from the last key frame shown at or before `from` to the first one shown at or after
    /// `to`, both on the time line of the whole; Error 65 if that ends before `from`. The input is
    /// read twice.
    std::optional<std::chrono::microseconds> from;
    std::optional<std::chrono::microseconds> to;
    /// The same as moments of the server's wall clock, microseconds since 1970: what was taken then
    /// decides, as the table of the pictures has it, and in place of `from` and `to`, which are
    /// about there, where the input tells.
    std::optional<std::int64_t> from_wall_us;
    std::optional<std::int64_t> to_wall_us;

    /// Display times are those of the line, at its pace; no `from` and `to` then. Timing constant
    /// has no place on it: Error 65.
    std::optional<CommonLine> line;
    /// Least time that a ping to the camera took there and back; bounds the least delay.
    std::optional<std::chrono::microseconds> ping;

    unsigned rotate = 0;  ///< 0, 90, 180 or 270: degrees clockwise a player turns the pictures by

    std::string camera;  ///< name written as metadata; empty: none
    std::optional<std::int64_t>
        created_us;  ///< wall clock for creation_time; default: the dump's own start

    /// Reads each finished file again before it gets its name; borrowed. nullptr: nobody does, and
    /// there is no thumbnail.
    Verifier* verifier = nullptr;
    /// Also decode the first picture of each file: what cannot be decoded is not given a name.
    bool check_decoding = true;
    /// Larger pictures than that are written, and not decoded: see Report::undecoded.
    PictureSize decoded_max{16384, 16384};

    /// A large input is read by a thread of its own while this one works: less time, a little more
    /// CPU.
    bool reads_ahead = false;

    std::string thumbnail;  ///< path of a JPEG of the first picture; empty: none
    /// Path of the table of the pictures (mux/picture_table.h); empty: none. Of MP4s alone, in
    /// fragments or not.
    std::string table;
    /// False: the caller removes the output again, and the table names no file.
    bool keeps_output = true;
    bool replaces_table = false;  ///< also without `overwrite`: it is derived from the output
    int table_fd = -1;            ///< instead: it goes here. Borrowed.
    /// What the table's times count from; nullopt: when the first picture was taken.
    std::optional<TakeZero> take_zero;

    /// Asked before the output is split into another file of that name; false: Error 73. Empty: it
    /// may.
    std::function<bool(const std::string& path)> may_write_part;

    std::stop_token cancel;  ///< checked about every MiB; a stopped job is Error 130
    std::function<void(const Progress&)>
        progress;  ///< called about every 4 MiB, on the calling thread
};

constexpr std::chrono::milliseconds kMaxGapMin{1};
constexpr std::chrono::hours kMaxGapMax{6};  ///< beyond it players misread an MP4 sample duration

/// Runs the job. Error.code is the exit code of the failure: 65 the input is not what it claims or
/// has no decodable picture, 66 no such input, 73 cannot create the output, 74 read or write
/// failed, 130 cancelled. After an Error nothing is left under the output's name that was not there
/// before. Damage that was survived is no Error: see Report::damage and Report::exit_code().
Result<Report> convert(const Job& job);

/// The same, of the table of the pictures alone: it names no file. `output`, `verifier` and
/// `thumbnail` are not looked at.
Result<Report> make_table(const Job& job);

/// The same report without writing anything, not even the table. Input without a decodable picture
/// is a Report with 0 pictures, not an Error.
Result<Report> inspect(const Job& job);

/// "mp4", "fmp4", "flv", "h264", "dump".
std::optional<OutputFormat> format_named(std::string_view word);
/// What the ending of a path says: .flv, .h264, .264 and .dump; anything else is an MP4.
OutputFormat format_of_path(std::string_view path);

/// `stem.mp4` -> `stem-002.mp4` for part 2; part 1 is the name itself.
std::string part_name(const std::string& output, unsigned part);

}  // namespace st::mux
