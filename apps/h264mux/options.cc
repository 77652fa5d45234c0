#include "options.h"

#include "base/units.h"
#include "cli/exit_codes.h"
#include "cli/parse.h"
#include "cli/values.h"

namespace st::h264mux {
namespace {

Result<std::chrono::milliseconds> parse_gap(std::string_view text) {
    auto gap = parse_duration(text);
    if (!gap) return gap;
    if (*gap < mux::kMaxGapMin || *gap > mux::kMaxGapMax) {
        return Error{"\"" + std::string(text) + "\" is not between " +
                     format_duration(mux::kMaxGapMin) + " and " + format_duration(mux::kMaxGapMax)};
    }
    return gap;
}

void add_format(CLI::App& app, std::optional<mux::OutputFormat>& format) {
    const auto parse = [](std::string_view text) -> Result<mux::OutputFormat> {
        if (const auto known = mux::format_named(text)) return *known;
        return Error{"\"" + std::string(text) + "\" is not one of mp4, fmp4, flv, h264, dump"};
    };
    cli::add_value<mux::OutputFormat>(
        app, "--format", format, parse,
        "Format of the output: an MP4, one in fragments, FLV, the "
        "bare stream, or the plain form of "
        "a dump; by default what the output's name says, else mp4; needed if that name "
        "has another ending",
        "mp4|fmp4|flv|h264|dump");
}

std::string aligning() {
    return "`--align` needs recorded dumps of cameras of one server. The time line is the "
           "server's: 0 is where the first picture of all was taken, and each output begins where "
           "its own first picture belongs, after an empty edit. The camera's clock is laid along "
           "the arrivals from below, for a picture never comes in before it was taken: bursts of "
           "late ones do not count, and a drift is taken out.\n\n"
           "The report says for each camera how far off its pictures may be, in milliseconds. Of a "
           "camera that answered about its clock that is measured. Of others a part is assumed: "
           "the fit and half of the shortest ping that session.json has are the network's (without "
           "a ping 20 ms are assumed of it), and 20 ms are assumed for what a camera spends "
           "between its sensor and its network.\n\n"
           "A clock that jumps within the recording shows in the error: it is never less than "
           "what all pictures of some second came in late. Where no even clock fits at all, "
           "because it runs wrong by more than 0.2 % or jumped too far, drift and offset are said "
           "to be not known, the pictures are placed as they came in, and the error is open.";
}

std::string times() {
    return "A TIME is a position from the first picture on, or a time of the wall clock.\n\n"
           "90, 1.5s, 2m :: a position\n\n"
           "MM:SS[.mmm] :: a position\n\n"
           "HH:MM:SS[.mmm] :: a position if the recording is so long, else the local time of "
           "day\n\n"
           "2026-01-31T08:15:30.250Z :: a time of the wall clock (RFC 3339), with its offset\n\n"
           "The wall clock is the server's: a picture's time there is when it was taken, as "
           "pictures.csv has it; of evenly spaced pictures, when the first one was taken plus its "
           "position. A plain dump and a bare stream have none.";
}

std::string json_fields() {
    return "One object for each input. Times are microseconds (`_us`) or milliseconds (`_ms`); "
           "null is what is not known. Lists end after 100 entries, the counts beside them go "
           "on.\n\n"
           "input, input_format, input_bytes :: what was read\n\n"
           "messages, pictures, key_frames, bytes :: what was found in it; the bytes are those of "
           "the pictures\n\n"
           "width, height, duration_ms, bitrate_bps :: of what is shown\n\n"
           "dropped :: messages in no picture: bad, repeated, undecodable, and of those "
           "lost_pictures and unknown_form\n\n"
           "timing, timing_why :: the clock that the display times come from, and why that one\n\n"
           "fps, fps_device, fps_arrival :: the rate by the clock that was taken, by the camera's "
           "stamps, by the arrivals\n\n"
           "fps_estimate :: the older server's estimate: fps, source, clamped, frame_count, "
           "without_config\n\n"
           "first_picture_wall_us, first_taken_wall_us :: by the server's clock, when the first "
           "picture came in, and when it was taken\n\n"
           "clock :: as in session.json\n\n"
           "alignment :: with `--align`: begins_ms, error_ms, clock_error_ms, network_error_ms, "
           "network, camera_error_ms\n\n"
           "closed :: whether the dump has its end\n\n"
           "seq_gaps, seq_gap_count, seq_missing, seq_restarts :: missing numbers of messages; a "
           "gap has after and missing\n\n"
           "files :: what was written: name, path, kind, bytes, and of films duration_ms, "
           "pictures, width, height\n\n"
           "damage, damage_count, damage_bytes :: places that could not be read: file, offset, "
           "bytes, what\n\n"
           "notes :: what else is to be known, a sentence each";
}

void add_range(CLI::App& app, Options& options) {
    cli::add_value<Moment>(app, "--from", options.from, parse_moment,
                           "Begin at the last key frame shown at or before this time; one after "
                           "the end is an error",
                           "TIME");
    cli::add_value<Moment>(app, "--to", options.to, parse_moment,
                           "End before the first key frame shown at or after this time, behind "
                           "the one it begins with",
                           "TIME");
    cli::add_value<Moment>(app, "--at", options.at, parse_moment,
                           "Write the picture that is shown at this time; --output names a .jpg "
                           "or .png",
                           "TIME");
}

}  // namespace

void build(CLI::App& app, Options& options) {
    cli::prepare(app);
    app.description("Convert camera dumps and H.264 streams to MP4 with exact times");
    app.add_option(
           "INPUT", options.inputs,
           "Dump of either form, H.264 Annex B stream, recording's folder, or - for standard input")
        ->type_name("FILE");
    cli::add_text(
        app, "-o,--output", options.output,
        "Output file, or - for standard output; a directory if it ends in / or is one, or if there "
        "are several inputs and it has no ending: it is made if need be; else beside each input",
        "FILE");
    app.add_flag("-y", options.overwrite, "Overwrite existing outputs");
    add_format(app, options.format);
    cli::add_choice<mux::InputFormat>(app, "--input-format", options.input_format,
                                      {{"auto", mux::InputFormat::automatic},
                                       {"fdump", mux::InputFormat::fdump},
                                       {"dump", mux::InputFormat::dump},
                                       {"h264", mux::InputFormat::h264}},
                                      "Do not guess what the input is");
    cli::add_choice<mux::Timing>(app, "--timing", options.timing,
                                 {{"auto", mux::Timing::automatic},
                                  {"device", mux::Timing::device},
                                  {"arrival", mux::Timing::arrival},
                                  {"constant", mux::Timing::constant}},
                                 "Clock the display times come from");
    cli::add_value<double>(app, "--fps", options.fps, cli::parse_frame_rate,
                           "Space the pictures evenly at this rate, whatever the clocks say; with "
                           "--join only those of inputs without times, if others have them, "
                           "unless --timing is constant",
                           "N");
    cli::add_value<std::chrono::milliseconds>(
        app, "--max-gap", options.max_gap, parse_gap,
        "A longer step that the camera's clock or the arrivals alone show, forward or back, is a "
        "fault of that clock; what both show is kept, however long it is",
        "D")
        ->default_str(format_duration(options.max_gap));
    app.add_flag("--no-split", options.no_split, "Keep one file when the picture size changes");
    add_range(app, options);
    cli::add_choice<unsigned>(app, "--rotate", options.rotate,
                              {{"0", 0U}, {"90", 90U}, {"180", 180U}, {"270", 270U}},
                              "Have players turn the pictures clockwise by this many degrees");
    app.add_flag("--faststart", options.faststart,
                 "Put the index of an MP4 in front, for players that read as it is downloaded");
    app.add_flag("--join", options.join,
                 "Put all inputs, in this order, into one output, named with --output");
    app.add_flag("--align", options.align,
                 "Put all inputs on one time line, each into its own output, and say how far off "
                 "each may be");
    app.add_flag("--info", options.only_info, "Write nothing: only report");
    cli::add_text(app, "--thumbnail", options.thumbnail,
                  "Also write the first picture of the output as a JPEG", "FILE");
    cli::add_value<double>(app, "--cfr", options.cfr, cli::parse_frame_rate,
                           "Re-encode at an even rate: each slot shows the picture nearest in "
                           "time, and beside x.mp4 there is x.cfr.csv, which says which one and "
                           "how far off it is; with --align equal counts, black where a camera "
                           "has nothing",
                           "N");
    cli::add_number(app, "--crf", options.crf, 0, 51,
                    "Quality of what --cfr encodes, as x264 counts: 0 is the best");
    cli::add_text(app, "--times", options.times,
                  "Also write the table of the pictures and their times, pictures.csv; without "
                  "--output it is all that is written. - is standard output",
                  "FILE");
    cli::add_number(app, "-j,--jobs", options.threads, 1, 256, "Work on this many inputs at once");
    app.add_flag("--json", options.as_json, "Report as JSON on standard output, one object a line");
    app.add_flag("-q,--quiet", options.quiet, "Say nothing but errors");
    app.add_flag("-v,--verbose", options.verbose, "Also list every gap in the numbering");
    cli::add_generate(app, options.generate);
}

cli::Manual manual() {
    cli::Manual manual;
    manual.section = 1;
    manual.summary = "convert camera dumps and H.264 streams to MP4 with exact times";
    manual.description =
        "Each input makes its own MP4: beside it with the ending .mp4, in a recording's folder as "
        "stream.mp4, or where `--output` says. Nothing is encoded again: the pictures are those of "
        "the input, in the same order. Of a recorded dump (.fdump) and a plain one (camera "
        "messages back to back) every picture carries the time its camera gave it, from 0; a bare "
        "stream has no times and gets even ones.\n\n"
        "A recording's own MP4 is replaced with `-y`, and its session.json then says what was "
        "made.\n\n"
        "An output is written as NAME.part, read back, and only then given its name. After a "
        "failure or an interruption nothing is left under it. A change of the picture size begins "
        "another file, NAME-002.mp4.\n\n"
        "Pictures before the first one that can be decoded are dropped and counted. Times that "
        "cannot be true (twice the same, back, far ahead) are repaired and counted. Damaged bytes "
        "are passed over and reported with their place; everything readable is kept.";
    manual.parts = {
        {"TIMING",
         "auto :: the device's times if at most 2 % of the pictures need a repair (one always "
         "may); else the server's arrival times if the dump has them; else even ones. Of pictures "
         "that came in faster or slower than they were taken the arrivals tell nothing: their "
         "device's times are used with up to half of them repaired\n\n"
         "device :: the time each picture got from its camera\n\n"
         "arrival :: the time each picture came in at the server\n\n"
         "constant :: evenly spaced at `--fps`, else at the measured rate; a bare stream's at "
         "its own, else 10 a second"},
        {"TIMES", times()},
        {"ALIGNING", aligning()},
        {"JSON", json_fields()},
        {"EXAMPLES",
         "Convert a recording and look at the report:\n\n"
         "    h264mux recordings/cam1_20260131_081530\n\n"
         "What is in this file, and is it whole?\n\n"
         "    h264mux --info stream.fdump\n\n"
         "A bare stream at 25 pictures a second:\n\n"
         "    h264mux --fps 25 -o out.mp4 stream.h264\n\n"
         "Three cameras that saw the same, on one time line:\n\n"
         "    h264mux --align -o walk1/ recordings/cam1_20260131_081530 "
         "recordings/cam2_20260131_081530 recordings/cam3_20260131_081531\n\n"
         "A phone that rebooted twice made three recordings of one walk:\n\n"
         "    h264mux --join -o walk.mp4 recordings/cam1_20260131_0815*\n\n"
         "Look at a recording that is still growing:\n\n"
         "    h264mux -q --format fmp4 -o - recordings/cam1_20260131_081530 | ffplay -\n\n"
         "The picture of four minutes past twelve, and the ten seconds around it:\n\n"
         "    h264mux --at 12:04:00.250 -o noon.jpg recordings/cam1_20260131_115930\n"
         "    h264mux --from 12:03:55 --to 12:04:05 -o noon.mp4 "
         "recordings/cam1_20260131_115930\n\n"
         "When was each picture taken?\n\n"
         "    h264mux --times pictures.csv recordings/cam1_20260131_081530\n\n"
         "Many at once, reports for a script:\n\n"
         "    h264mux --json -o mp4/ *.fdump"},
        {"EXIT STATUS",
         cli::exit_status_text({cli::kDone, cli::kDamaged, cli::kUsage, cli::kBadInput,
                                cli::kNoInput, cli::kCannotCreate, cli::kIoFailed,
                                cli::kInterrupted}) +
             "\nAn input that is there but may not be read is 74, an output that may not be "
             "written 73. With several inputs the first failure decides."},
    };
    manual.see_also = {"streamd(8)", "streamctl(1)"};
    return manual;
}

}  // namespace st::h264mux
