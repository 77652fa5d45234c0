#pragma once
/// What a run of the muxer found and made. As JSON: mux/report_json.h.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/boot.h"
#include "clock/standing.h"

namespace st::mux {

constexpr std::size_t kReportEntriesMax = 100;  ///< of each list; the counts beside them go on

struct SeqGap {
    std::uint32_t after;    ///< last number before the gap
    std::uint32_t missing;  ///< how many numbers are not there
};

struct Damage {
    std::string file;
    std::uint64_t offset;  ///< where in it
    std::uint64_t bytes;   ///< how many could not be used
    std::string what;
};

struct OutputFile {
    std::string path;  ///< as written
    std::string name;  ///< its last component
    std::string kind;  ///< "mp4", "h264", "dump", "thumbnail", "pictures"
    std::uint64_t bytes = 0;
    std::uint64_t duration_ms = 0;
    std::uint64_t pictures = 0;
    std::uint32_t width = 0;  ///< as shown, after cropping
    std::uint32_t height = 0;
};

/// When a dump's arrival times began to count.
struct ServerOrigin {
    std::int64_t wall_us = 0;
    std::int64_t monotonic_ns = 0;
    std::string boot_id;  ///< in which start of the machine; "": not known

    MachineTime time() const { return {wall_us, monotonic_ns / 1000, boot_id}; }
    double us(bool by_wall_clock) const {
        return by_wall_clock ? static_cast<double>(wall_us)
                             : static_cast<double>(monotonic_ns) / 1000;
    }
};

/// How far off the times of a recording may be on its server's clock: a picture placed at t was
/// taken between t - error_ms and t + error_ms.
struct Accuracy {
    std::optional<double> error_ms;        ///< the sum of these; nullopt: not bounded
    std::optional<double> clock_error_ms;  ///< of the fit, and of times in whole milliseconds
    double network_error_ms = 0;
    bool was_pinged = false;  ///< the network's error is measured, not assumed
    /// Between sensor and socket: assumed; with exchanges, what the camera said of itself.
    double camera_error_ms = 0;
    bool has_exchanges = false;  ///< the camera answered about its clock
};
/// "accurate to ±21.4 ms (network 1.4 measured, camera 20 assumed)".
std::string to_text(const Accuracy& accuracy);

/// Where a recording lies on its server's clock.
struct ServerPlace {
    ServerOrigin origin;
    double first_us = 0;  ///< after the origin: when the picture shown first was taken
    Accuracy accuracy = {};
};

/// How a recording lies on the time line it shares with others (mux/align.h).
struct Alignment : Accuracy {
    std::uint64_t begins_us = 0;  ///< after the first picture of all
};

/// The older server's estimate: every message counts, over the span from the first to the last.
struct FpsEstimate {
    double fps = 10.0;
    std::string source = "default";        ///< "arrival", "device", "vui", "given", "default"
    bool clamped = false;                  ///< the measured value lay outside 1..60
    std::uint64_t frame_count = 0;         ///< messages it was made from
    std::optional<double> without_config;  ///< the same over picture messages alone
};

struct Report {
    std::string input;         ///< as the job named it
    std::string input_format;  ///< "fdump", "dump", "h264"
    bool is_jpeg = false;      ///< the pictures are JPEGs, which no bare stream can hold
    std::uint64_t input_bytes = 0;

    std::uint64_t messages = 0;  ///< of the camera; 0 for a bare stream
    std::uint64_t pictures = 0;  ///< in the outputs (inspect: that would be)
    std::uint64_t key_frames = 0;
    std::uint64_t bytes = 0;  ///< of all pictures as stored
    struct {
        std::uint64_t bad = 0;          ///< messages whose length or header was wrong
        std::uint64_t repeated = 0;     ///< messages that came twice: same number, time and bytes
        std::uint64_t undecodable = 0;  ///< pictures before the first that can be decoded
        /// Pictures after it that nobody can decode, or that are not whole in the outputs.
        std::uint64_t lost_pictures = 0;
        /// Messages whose payload is not H.264 in a form that is known.
        std::uint64_t unknown_form = 0;
    } dropped;
    std::vector<SeqGap> seq_gaps;
    std::uint64_t seq_gap_count = 0;
    std::uint64_t seq_missing = 0;   ///< messages in all gaps
    std::uint64_t seq_restarts = 0;  ///< numbering that went back

    std::string timing;         ///< "device", "arrival", "constant"
    std::string timing_why;     ///< for people
    std::uint64_t repairs = 0;  ///< pictures whose time had to be made up or moved
    /// The measured rate of the times chosen: pictures - 1 over their span; nullopt for one.
    std::optional<double> fps;
    std::optional<double> fps_device;
    std::optional<double> fps_arrival;
    FpsEstimate fps_estimate;
    std::uint64_t bitrate_bps = 0;
    std::uint64_t duration_ms = 0;
    std::uint32_t width = 0;  ///< of the first picture, as shown
    std::uint32_t height = 0;
    std::optional<std::int64_t> first_picture_wall_us;
    std::string clock_unit;  ///< of the device's times, "ms" or "us"; empty: there are none
    /// Device clock against the server's wall clock, to +-bound_us:
    ///   wall time = device time + offset_us + drift_ppm / 10^6 * (device time - origin_us)
    /// By exchanges where the dump holds some; else by arrivals, where neither clock needed a
    /// repair: then the offset has the least delay of the network in it.
    clock::Standing clock;
    std::optional<std::int64_t> clock_origin_us;  ///< device time of the first picture
    std::optional<std::int64_t> clock_spread_us;  ///< how late pictures came in, on average

    std::optional<ServerPlace> place;    ///< of recorded dumps whose header can be read
    std::optional<Alignment> alignment;  ///< of a job with a common line

    bool closed =
        true;  ///< the dump ends with its close record (plain dumps and bare streams: true)
    std::vector<OutputFile> files;
    std::vector<Damage> damage;
    std::uint64_t damage_count = 0;
    std::uint64_t damage_bytes = 0;
    std::string undecoded;           ///< why a first picture was not decoded; empty: all were
    std::int64_t cut_begins_us = 0;  ///< with a range: where it begins on the line of the whole
    std::int64_t from_us = 0;        ///< with a range: where Job::from lies there
    std::string cut;                 ///< with a range: the note that says where it lies
    /// When the picture shown first was taken, of the whole if only a range was asked for: as
    /// pictures.csv has it, or when it came in if that is all that is known.
    std::optional<std::int64_t> first_taken_wall_us;
    std::optional<std::int64_t> end_taken_wall_us;  ///< when the picture shown last was over
    std::vector<std::string>
        notes;  ///< one sentence each: what a user should know and is no damage

    /// Bytes were damaged, messages are missing or were not understood, or pictures were lost.
    bool has_losses() const {
        return damage_count > 0 || seq_missing > 0 || dropped.bad > 0 || dropped.unknown_form > 0 ||
               dropped.lost_pictures > 0;
    }
    /// 3 if there are losses, else 0.
    int exit_code() const { return has_losses() ? 3 : 0; }
};

/// What of the input is in no output and where it was damaged: a line each, indented; empty if
/// there is nothing to say.
std::string losses_text(const Report& report);

/// For people, several lines; the first one is
/// "57 pictures, 4.72 fps, timing: device".
std::string to_text(const Report& report);

}  // namespace st::mux
