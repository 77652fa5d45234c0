#include "mux/convert.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <exception>
#include <limits>

#include "av/error.h"
#include "av/thumbnail.h"
#include "av/verify.h"
#include "av/worker.h"
#include "camera/frame.h"
#include "media/clock_fit.h"
#include "mux/assembler.h"
#include "mux/failure.h"
#include "mux/input.h"
#include "mux/moov.h"
#include "mux/survey.h"
#include "mux/timing.h"

namespace st::mux {
namespace {

constexpr std::uint64_t kProgressEvery = std::uint64_t{4} << 20;

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// One reading of the input. A second one, with other options, may follow a first that kept
/// nothing.
class Run {
 public:
    Run(const Job& job, bool writes) : job_(job), writes_(writes) {}

    Report go() {
        open();
        const bool has_range = job_.from || job_.to;
        read(has_range, false);
        const bool at_intra = assembler_->pictures().empty() && assembler_->saw_intra();
        if (at_intra) read(has_range, true);
        if (has_range && !assembler_->pictures().empty()) {
            choose_range();
            read(false, at_intra);
        }
        report_.input = job_.input;
        report_.input_format = to_string(format_);
        report_.input_bytes = bytes_->position();
        survey_.report(report_, input_->has_device_times(), input_->has_arrival_times());
        input_->report(report_);
        add_notes();
        if (assembler_->pictures().empty()) {
            report_.timing = "constant";
            report_.timing_why = "there are no pictures";
            if (writes_ && job_.format == OutputFormat::mp4)
                throw Failure(Exit::bad_input, why_nothing());
        } else {
            plan();
        }
        if (!writes_) return std::move(report_);
        job_.format == OutputFormat::mp4 ? finish_mp4() : finish_copy();
        return std::move(report_);
    }

 private:
    void open();
    void read(bool only_count, bool start_at_intra);
    void choose_range();
    TimingRequest timing_request();
    void before_read();
    void add_notes();
    std::string why_nothing() const;
    void plan();
    double constant_fps();
    void fit_clocks();
    void finish_mp4();
    void finish_copy();
    void write_moov(Part& part);
    Result<void> isolated(std::vector<std::string> words, const std::function<void()>& step) const;
    void make_thumbnail(const std::string& mp4);
    Samples samples_of(const Part& part) const;
    OutputFile describe(const SampleFile& file, const std::string& kind) const;
    void check_cancelled() const {
        if (job_.cancel.stop_requested()) throw Failure(Exit::cancelled, "interrupted");
    }

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

void Run::open() {
    int fd = job_.input_fd;
    if (fd < 0) {
        own_fd_.reset(::open(job_.input.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (!own_fd_)
            fail_errno(errno == ENOENT || errno == ENOTDIR ? Exit::no_input : Exit::io,
                       "open " + job_.input);
        fd = own_fd_.get();
    }
    struct stat status {};
    if (::fstat(fd, &status) != 0) fail_errno(Exit::io, "stat " + job_.input);
    if (!S_ISREG(status.st_mode))
        throw Failure(Exit::bad_input, job_.input + ": not a regular file");
    format_ = job_.input_format;
    if (format_ == InputFormat::automatic) {
        const auto found = detect_format(fd, job_.input);
        if (!found) throw Failure(Exit::bad_input, found.error().message);
        format_ = *found;
    }
}

void Run::before_read() {
    if (copy_) copy_->flush();
    assembler_->flush();
    check_cancelled();
    if (job_.progress && bytes_->position() >= progress_at_) {
        job_.progress({bytes_->position(), std::max(bytes_->size(), bytes_->position())});
        progress_at_ = bytes_->position() + kProgressEvery;
    }
}

void Run::read(bool only_count, bool start_at_intra) {
    const bool writes = writes_ && !only_count;
    const bool to_mp4 = writes && job_.format == OutputFormat::mp4;
    AssemblerOptions options;
    options.split = job_.split;
    options.start_at_intra = start_at_intra;
    options.first_picture = first_picture_;
    options.end_picture = end_picture_;
    options.open_part = [this, to_mp4](unsigned part) {
        if (!to_mp4) return std::make_unique<SampleFile>();
        return std::make_unique<SampleFile>(part_name(job_.output, part), job_.overwrite);
    };
    bytes_ = std::make_unique<FileBytes>(own_fd_ ? own_fd_.get() : job_.input_fd, job_.input);
    input_ = open_input(*bytes_, format_, [this] { before_read(); });
    assembler_ = std::make_unique<Assembler>(std::move(options));
    survey_ = {};
    progress_at_ = 0;
    copy_.reset();
    if (writes && !to_mp4) copy_ = std::make_unique<SampleFile>(job_.output, job_.overwrite);
    Message message;
    while (input_->next(message)) {
        if (copy_) {
            if (job_.format == OutputFormat::dump) {
                copy_->append(
                    camera::encode_header({message.device_ms, message.seq, message.payload}));
            }
            copy_->append_borrowed(message.payload);
            copy_->flush();  // the assembler changes the payload
        }
        assembler_->message(message);
        if (format_ != InputFormat::h264)
            survey_.add(message, assembler_->last_message_has_picture());
    }
    assembler_->finish();
}

std::string Run::why_nothing() const {
    std::string why = job_.input + ": no decodable picture";
    if (assembler_->undecodable() > 0) {
        why += ": " + std::to_string(assembler_->undecodable()) +
               " were found, but no key frame with its parameter sets";
    }
    return why;
}

void Run::add_notes() {
    report_.dropped.undecodable = assembler_->undecodable() + assembler_->lost_slices();
    if (assembler_->continued() > 0) {
        report_.notes.push_back(std::to_string(assembler_->continued()) +
                                " messages go on with a NAL unit that the one before began");
    }
    if (!report_.closed) report_.notes.emplace_back("the dump was not closed in order");
}

/// Rate of evenly spaced pictures: given, of the stream's own timing, or estimated.
double Run::constant_fps() {
    if (job_.fps) return *job_.fps;
    if (format_ != InputFormat::h264) return report_.fps_estimate.fps;
    const media::Vui& vui = assembler_->parts().front().format.sps.vui;
    if (vui.time_scale != 0) {
        const double fps = static_cast<double>(vui.time_scale) / (2.0 * vui.num_units_in_tick);
        if (fps >= 0.001 && fps <= 1000) {
            report_.fps_estimate.fps = fps;
            report_.fps_estimate.source = "vui";
            return fps;
        }
    }
    report_.notes.emplace_back(
        "the stream says nothing about its frame rate: 10 is a guess (--fps sets it)");
    return media::kFpsFallback;
}

TimingRequest Run::timing_request() {
    TimingRequest request;
    request.timing = job_.timing;
    const auto gap = std::min<std::chrono::milliseconds>(job_.max_gap, kMaxGapMax);
    request.max_gap_seconds =
        static_cast<std::uint64_t>(std::max<std::int64_t>(1, gap.count() / 1000));
    request.has_device_times = input_->has_device_times();
    request.has_arrival_times = input_->has_arrival_times();
    request.fps_was_given = job_.fps.has_value();
    request.constant_fps = constant_fps();
    return request;
}

/// The range as numbers of pictures, from the times of all of them.
void Run::choose_range() {
    survey_.report(report_, input_->has_device_times(), input_->has_arrival_times());
    const PictureIndex& pictures = assembler_->pictures();
    const auto shown_at = display_order(pictures);
    const TimingChoice choice = choose_timing(pictures, shown_at, timing_request());
    report_ = {};
    const auto ticks_of = [](std::chrono::milliseconds time) {
        return time.count() * (media::kTicksPerSecond / 1000);
    };
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        if (!pictures[i].is_sync) continue;
        const std::int64_t shown = choice.times.ticks[shown_at[i]];
        if (job_.from && shown <= ticks_of(*job_.from)) first_picture_ = i;
        if (job_.to && i > first_picture_ && shown >= ticks_of(*job_.to)) {
            end_picture_ = i;
            return;
        }
    }
}

void Run::plan() {
    const PictureIndex& pictures = assembler_->pictures();
    shown_at_ = display_order(pictures);
    const TimingRequest request = timing_request();
    choice_ = choose_timing(pictures, shown_at_, request);
    report_.timing = to_string(choice_.timing);
    report_.timing_why = choice_.why;
    report_.repairs = choice_.times.repairs;
    report_.fps_device = choice_.fps_device;
    report_.fps_arrival = choice_.fps_arrival;
    if (choice_.in_decoding_order && choice_.timing == Timing::device) {
        report_.notes.emplace_back(
            "the camera stamped its pictures in coding order; they were sorted");
    }
    report_.pictures = pictures.size();
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        report_.key_frames += pictures[i].is_sync;
        report_.bytes += pictures[i].bytes;
    }
    std::uint64_t ticks = 0;
    for (const Part& part : assembler_->parts())
        ticks += static_cast<std::uint64_t>(samples_of(part).end_ticks());
    report_.duration_ms = (ticks * 1000 + media::kTicksPerSecond / 2) / media::kTicksPerSecond;
    report_.bitrate_bps =
        static_cast<std::uint64_t>(static_cast<double>(report_.bytes) * 8 * media::kTicksPerSecond /
                                   static_cast<double>(ticks));
    fit_clocks();
    const media::Sps& sps = assembler_->parts().front().format.sps;
    report_.width = sps.width;
    report_.height = sps.height;
    if (input_->has_arrival_times() && input_->wall_start_us()) {
        report_.first_picture_wall_us =
            *input_->wall_start_us() + static_cast<std::int64_t>(pictures[0].arrival_ns / 1000);
    }
}

void Run::fit_clocks() {
    const bool has_both = input_->has_device_times() && input_->has_arrival_times();
    if (!has_both || !input_->wall_start_us() || !choice_.clocks_are_sound) return;
    const PictureIndex& pictures = assembler_->pictures();
    media::ClockFit fit;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const auto device_ms =
            static_cast<std::int64_t>(pictures[i].device_ms - pictures[0].device_ms);
        fit.add(device_ms * 1000, static_cast<std::int64_t>(pictures[i].arrival_ns / 1000));
    }
    const auto line = fit.line();
    if (!line) return;
    report_.clock_offset_us = line->offset_us + static_cast<double>(*input_->wall_start_us()) -
                              static_cast<double>(pictures[0].device_ms) * 1000;
    report_.clock_drift_ppm = line->drift_ppm;
    report_.clock_spread_us = line->spread_us;
}

Samples Run::samples_of(const Part& part) const {
    // Places in display order count from the first picture of all; a part's are a run of them.
    return {assembler_->pictures(),
            part.first,
            part.count,
            std::span(shown_at_).subspan(part.first, part.count),
            std::span(choice_.times.ticks).subspan(part.first, part.count),
            choice_.times.median_ticks,
            static_cast<std::uint32_t>(part.first)};
}

OutputFile Run::describe(const SampleFile& file, const std::string& kind) const {
    OutputFile out;
    out.path = file.path();
    out.name = base_name(file.path());
    out.kind = kind;
    out.bytes = file.position();
    out.duration_ms = report_.duration_ms;
    out.pictures = report_.pictures;
    out.width = report_.width;
    out.height = report_.height;
    return out;
}

void Run::write_moov(Part& part) {
    Metadata metadata;
    metadata.camera = job_.camera;
    metadata.rotate = job_.rotate;
    metadata.created_us = job_.created_us ? job_.created_us : report_.first_picture_wall_us;
    const Samples samples = samples_of(part);
    end_mp4(*part.file, samples, part.format, metadata);
    OutputFile file = describe(*part.file, "mp4");
    file.pictures = part.count;
    file.duration_ms =
        static_cast<std::uint64_t>(samples.end_ticks()) * 1000 / media::kTicksPerSecond;
    file.width = part.format.sps.width;
    file.height = part.format.sps.height;
    report_.files.push_back(std::move(file));
}

/// What libavformat must find again.
av::Mp4Facts facts_of(const Part& part, const Samples& samples) {
    av::Mp4Facts facts;
    facts.samples = samples.count;
    facts.ticks_per_second = media::kTicksPerSecond;
    facts.last_ticks = samples.ticks.back() - samples.ticks.front();
    facts.width = part.format.sps.width;
    facts.height = part.format.sps.height;
    const std::uint32_t depth = samples.depth();
    const std::int64_t first = decoding_ticks(samples, 0, depth);
    av::IndexCrc crc;
    for (std::size_t i = 0; i < samples.count; ++i) {
        facts.bytes += samples.picture(i).bytes;
        facts.key_frames += samples.picture(i).is_sync;
        crc.add(samples.picture(i).bytes, decoding_ticks(samples, i, depth) - first);
    }
    facts.index_crc = crc.value();
    return facts;
}

void Run::finish_mp4() {
    struct Expected {
        std::string part_path;
        av::Mp4Facts facts;
    };
    std::vector<Expected> expected;
    for (Part& part : assembler_->parts()) {
        check_cancelled();
        write_moov(part);
        expected.push_back({part.file->part_path(), facts_of(part, samples_of(part))});
    }
    // Verification builds libavformat's own index, about 100 bytes a picture: ours must be gone by
    // then.
    assembler_->pictures().clear();
    shown_at_ = {};
    choice_ = {};
    for (const Expected& file : expected) {
        check_cancelled();
        if (av::read_mp4(file.part_path) != file.facts) {
            throw Failure(Exit::io, file.part_path + " does not read back as it was written");
        }
        if (!job_.check_decoding) continue;
        const auto checked =
            isolated({"check", file.part_path}, [&] { av::check_first_picture(file.part_path); });
        if (!checked && checked.error().code > 1) {  // the check failed, not the pictures
            throw Failure(Exit::io, job_.input + ": cannot be checked: " + checked.error().message);
        }
        if (!checked) {
            throw Failure(Exit::bad_input,
                          job_.input + ": no decodable picture: " + checked.error().message);
        }
    }
    std::vector<Part>& parts = assembler_->parts();
    if (!job_.thumbnail.empty()) make_thumbnail(parts.front().file->part_path());
    for (Part& part : parts) part.file->sync();
    check_cancelled();
    for (std::size_t i = 0; i < parts.size(); ++i) {
        try {
            parts[i].file->keep();
        } catch (const Failure&) {
            if (!job_.overwrite) {
                for (std::size_t k = 0; k < i; ++k) ::unlink(parts[k].file->path().c_str());
            }
            throw;
        }
    }
}

/// One libav step as far away from us as the caller allows.
Result<void> Run::isolated(std::vector<std::string> words,
                           const std::function<void()>& step) const {
    if (job_.may_fork) return av::run_forked(step);
    if (!job_.worker.empty()) {
        words.insert(words.begin(), job_.worker.begin(), job_.worker.end());
        return av::run_limited(words);
    }
    try {
        step();
        return {};
    } catch (const av::Error& error) {
        return Error{error.what()};
    }
}

void Run::make_thumbnail(const std::string& mp4) {
    const auto made = isolated({"thumbnail", mp4, job_.thumbnail},
                               [&] { av::write_thumbnail(mp4, job_.thumbnail); });
    if (!made) throw Failure(Exit::io, made.error().message);
    struct stat status {};
    if (::stat(job_.thumbnail.c_str(), &status) != 0)
        fail_errno(Exit::io, "stat " + job_.thumbnail);
    OutputFile file;
    file.path = job_.thumbnail;
    file.name = base_name(job_.thumbnail);
    file.kind = "thumbnail";
    file.bytes = static_cast<std::uint64_t>(status.st_size);
    file.width = report_.width;
    file.height = report_.height;
    report_.files.push_back(std::move(file));
}

void Run::finish_copy() {
    copy_->sync();
    report_.files.push_back(describe(*copy_, job_.format == OutputFormat::h264 ? "h264" : "dump"));
    copy_->keep();
}

Result<Report> guarded(const Job& job, bool writes) {
    try {
        return Run(job, writes).go();
    } catch (const Failure& failure) {
        return Error{failure.what(), static_cast<int>(failure.code())};
    } catch (const av::Error& error) {
        return Error{error.what(), static_cast<int>(Exit::io)};
    }
}

}  // namespace

Result<Report> convert(const Job& job) { return guarded(job, true); }

Result<Report> inspect(const Job& job) { return guarded(job, false); }

std::string part_name(const std::string& output, unsigned part) {
    if (part <= 1) return output;
    const std::string number = std::to_string(part);
    const std::string suffix =
        '-' + std::string(number.size() < 3 ? 3 - number.size() : 0, '0') + number;
    const auto dot = output.rfind('.');
    const auto slash = output.rfind('/');
    const bool has_extension =
        dot != std::string::npos && (slash == std::string::npos || dot > slash + 1) && dot > 0;
    if (!has_extension) return output + suffix;
    return output.substr(0, dot) + suffix + output.substr(dot);
}

}  // namespace st::mux
