#include "record/finaliser.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <utility>

#include "base/clock.h"
#include "base/this_thread.h"
#include "record/verifier.h"

namespace st::record {
namespace {

constexpr int kNice = 10;  // recording comes first
constexpr int kCodeData = 65;
constexpr int kCodeIo = 74;
constexpr int kCodeInterrupted = 130;

void remove_leftovers(int directory) {
    for (const std::string& name : file_names(directory)) {
        if (name.ends_with(".part") || name.ends_with(".tmp"))
            ::unlinkat(directory, name.c_str(), 0);
    }
}

bool is_mp4(const mux::OutputFile& file) { return file.kind == "mp4"; }

std::string with_earlier(const std::optional<std::string>& earlier, const std::string& error) {
    return earlier ? *earlier + "; " + error : error;
}

Summary summary_of(const Meta& meta, const mux::Report& report, const std::string& directory) {
    Summary summary;
    summary.id = meta.id;
    summary.directory = directory;
    summary.camera = meta.camera;
    summary.take = meta.take;
    summary.part = meta.part;
    summary.started_by = meta.started_by;
    summary.stopped_by = meta.stopped_by;
    summary.state = meta.state;
    summary.end_reason = meta.end_reason.value_or(EndReason::crash);
    summary.error = meta.error;
    for (const mux::OutputFile& file : report.files) {
        summary.files.push_back({directory + "/" + file.name, file.name, file.kind, file.bytes,
                                 file.duration_ms, file.pictures, file.width, file.height});
    }
    summary.messages = report.messages;
    summary.pictures = report.pictures;
    summary.key_frames = report.key_frames;
    summary.bytes = report.bytes;
    summary.duration_ms = report.duration_ms;
    summary.bitrate_bps = report.bitrate_bps;
    summary.fps = report.fps;
    summary.warnings = warnings_of(meta, report);
    summary.width = report.width;
    summary.height = report.height;
    summary.seq_missing = report.seq_missing;
    summary.damage_count = report.damage_count;
    summary.undecodable = unknown_form(meta, report);
    summary.lost_pictures = report.dropped.lost_pictures;
    return summary;
}

}  // namespace

Finaliser::Finaliser(Folder& folder, const Options& options, Log log, EventSink sink,
                     Answer finished, std::size_t waiting_max)
    : folder_(folder),
      options_(options),
      log_(std::move(log)),
      sink_(std::move(sink)),
      finished_(std::move(finished)),
      waiting_max_(waiting_max),
      large_max_(std::max(2U, options.finalisers) - 1) {
    for (unsigned i = 0; i < std::max(1U, options.finalisers); ++i) {
        threads_.emplace_back([this] { run(); });
    }
}

Finaliser::~Finaliser() {
    hurry();
    {
        const Lock lock(mutex_);
        closing_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void Finaliser::add(Unfinished job) {
    if (!enqueue(job)) {
        log_.with("camera", job.meta.camera)
            .with("recording", job.meta.id)
            .warning("finalising is left to the next start: " + std::to_string(waiting_max_) +
                     " recordings wait for it already");
        return leave(job);
    }
    changed_.notify_one();
}

/// Takes the job, or leaves it where it is and says false.
bool Finaliser::enqueue(Unfinished& job) {
    Lock lock(mutex_);
    if (job.session && queue_.ended() >= waiting_max_) return false;
    while (!job.session && queue_.recovered() >= waiting_max_) room_.wait(lock.native());
    queue_.push(std::move(job));
    return true;
}

void Finaliser::leave_recovered() {
    stop_recovered_.request_stop();
    std::vector<Unfinished> left;
    {
        const Lock lock(mutex_);
        left = queue_.take_recovered();
    }
    room_.notify_all();
    for (const Unfinished& job : left) leave(job);
}

void Finaliser::hurry() {
    stop_.request_stop();
    leave_recovered();
}

std::size_t Finaliser::waiting() const {
    const Lock lock(mutex_);
    return queue_.ended() + queue_.recovered() + running_;
}

void Finaliser::run() {
    name_this_thread("st-finaliser");
    lower_priority(kNice);
    for (;;) {
        Unfinished job;
        {
            Lock lock(mutex_);
            std::optional<Unfinished> next;
            for (;;) {
                next = queue_.pop(running_large_ < large_max_);
                if (next) break;
                if (closing_ && queue_.ended() + queue_.recovered() == 0) return;
                changed_.wait(lock.native());
            }
            job = std::move(*next);
            ++running_;
            if (job.is_large) ++running_large_;
        }
        room_.notify_one();
        const bool is_large = job.is_large;
        work_on(std::move(job));
        {
            const Lock lock(mutex_);
            --running_;
            if (is_large) --running_large_;
        }
        changed_.notify_all();
    }
}

bool Finaliser::is_given_up(const Unfinished& job) const {
    return stop_.stop_requested() || (!job.session && stop_recovered_.stop_requested());
}

/// Answers a job without having done it: the next start will, if there is a folder.
void Finaliser::leave(const Unfinished& job) {
    Meta meta = job.meta;
    if (!job.has_folder) meta.state = RecordingState::failed;
    const std::string directory = job.has_folder ? folder_.path_of(meta.id) : "";
    finished_(job, {summary_of(meta, {}, directory), false});
}

void Finaliser::work_on(Unfinished job) {
    const std::string name = job.meta.camera + " " + job.meta.id;
    try {
        if (!job.has_folder || is_given_up(job)) return leave(job);
        finish(std::move(job));
    } catch (const std::exception& e) {  // the thread's top: out of memory
        log_.error(name + ": finalising: " + e.what());
    }
}

struct Finaliser::Made {
    Result<mux::Report> report;
    bool has_mp4 = false;       ///< made and verified, though `keep` may not want it
    bool has_given_up = false;  ///< decoding took too long for a first try
    bool is_worth_another_try = false;
};

void Finaliser::finish(Unfinished job) {
    Meta meta = job.meta;
    Outcome outcome;
    mux::Report report;
    const std::string directory = folder_.path_of(meta.id);
    if (job.session) {
        job.session->progress_ns_.store(monotonic_ns());
        sink_(Finalising{job.session->serial(), meta.camera, meta.id});
    }
    try {
        const Fd fd = folder_.open_recording(meta.id);
        remove_leftovers(fd.get());
        const Fd dump(::openat(fd.get(), kDumpName, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
        Made made = make_files(job, directory, dump.get(), meta);
        if (made.has_given_up && !job.is_large) {
            job.is_large = true;
            {
                // It was taken out of the queue: it need not wait for room, which workers make.
                const Lock lock(mutex_);
                queue_.push(std::move(job));
            }
            changed_.notify_one();
            return;
        }
        outcome.is_worth_another_try = made.is_worth_another_try;
        if (made.report) {
            report = std::move(*made.report);
            apply_keep(fd.get(), directory, meta, made.has_mp4, report);
        }
        if (!store(fd.get(), meta, report)) outcome.is_worth_another_try = true;
        if (!keeps_dump(meta, report, made.has_mp4)) {
            ::unlinkat(fd.get(), kDumpName, 0);
        }
    } catch (const std::exception& e) {  // C3: the top of a job; the other jobs go on
        meta.state = RecordingState::failed;
        meta.error = with_earlier(meta.error, e.what());
        outcome.is_worth_another_try = true;
    }
    log_result(meta, report);
    outcome.summary = summary_of(meta, report, directory);
    finished_(job, std::move(outcome));
}

mux::Job Finaliser::mux_job(const Unfinished& job, const std::string& directory) const {
    mux::Job mux_job;
    mux_job.input = directory + "/" + kDumpName;
    mux_job.input_format = mux::InputFormat::fdump;
    mux_job.output = directory + "/" + kMp4Name;
    mux_job.overwrite = true;  // what an interrupted attempt left
    mux_job.links = mp4::Links::replace;
    mux_job.parts_max = kPartsMax;
    mux_job.decoded_max = options_.picture_max;
    mux_job.timing = options_.timing;
    mux_job.max_gap = options_.max_gap;
    mux_job.camera = job.meta.camera;
    if (job.meta.ping_us) mux_job.ping = std::chrono::microseconds(*job.meta.ping_us);
    mux_job.cancel = job.session ? stop_.get_token() : stop_recovered_.get_token();
    mux_job.progress = [session = job.session](const mux::Progress& progress) {
        if (!session) return;
        session->note_progress(progress.done_bytes, progress.total_bytes, monotonic_ns());
    };
    return mux_job;
}

/// Sets meta's state and error. Made::report is an Error if there is none at all.
Finaliser::Made Finaliser::make_files(const Unfinished& job, const std::string& directory, int dump,
                                      Meta& meta) {
    mux::Job mp4 = mux_job(job, directory);
    mp4.input_fd = dump;
    const bool is_first_try = !job.is_large;
    HelperVerifier verifier(options_.run_job, {is_first_try ? kDecodingAtFirst : kDecodingMax,
                                               /*may_leave_undecoded=*/!is_first_try});
    mp4.verifier = &verifier;
    if (options_.keep.thumbnail) mp4.thumbnail = directory + "/" + kThumbnailName;
    if (options_.keep.pictures) mp4.table = directory + "/" + kPicturesName;
    meta.state = job.failed ? RecordingState::failed : RecordingState::done;
    const Keep& keep = options_.keep;
    mp4.keeps_output = keep.mp4;
    const bool makes_mp4 = !keep.dump || keep.mp4 || keep.thumbnail;
    const auto make = [&] { return makes_mp4 ? mux::convert(mp4) : mux::make_table(mp4); };
    Made made{make()};
    made.has_given_up = !made.report && verifier.has_given_up();
    if (made.has_given_up && is_first_try) return made;
    // It may be the thumbnail or the table that failed, which must not cost the pictures.
    const auto go_on_without = [&](std::string& file, const std::string& name) {
        const std::string why = made.report.error().message;
        file.clear();
        made.report = make();
        if (made.report) meta.error = with_earlier(meta.error, name + why);
    };
    if (!made.report && made.report.error().message.find(kPicturesName) != std::string::npos)
        go_on_without(mp4.table, "no table of pictures: ");
    if (!made.report && made.report.error().code == kCodeIo && !mp4.thumbnail.empty())
        go_on_without(mp4.thumbnail, "no thumbnail: ");
    if (made.report && !made.report->undecoded.empty()) {
        meta.error = with_earlier(meta.error, made.report->undecoded);
    }
    made.has_mp4 = made.report && std::ranges::any_of(made.report->files, is_mp4);
    const bool has_none =
        made.report ? made.report->pictures == 0 : made.report.error().code == kCodeData;
    if (has_none) {
        meta.state = RecordingState::failed;
        meta.error = with_earlier(meta.error, std::string(kNoPicture));
        if (!made.report) made.report = mux::inspect(mp4);
    } else if (!made.report && made.report.error().code == kCodeInterrupted) {
        meta.state = RecordingState::finalising;
    } else if (!made.report) {
        meta.state = RecordingState::failed;
        meta.error = with_earlier(meta.error, made.report.error().message);
        made.is_worth_another_try = true;
        mp4.table.clear();
        made.report = mux::inspect(mp4);  // at least what there is to know
    }
    const bool is_done = made.report && meta.state == RecordingState::done;
    if (is_done && keep.h264 && !made.report->is_jpeg) make_h264(mp4, directory, meta, made);
    return made;
}

void Finaliser::make_h264(const mux::Job& of, const std::string& directory, Meta& meta,
                          Made& made) {
    mux::Job job = of;
    job.thumbnail.clear();
    job.table.clear();
    job.output = directory + "/" + kH264Name;
    job.format = mux::OutputFormat::h264;
    auto second = mux::convert(job);
    if (second) {
        for (mux::OutputFile& file : second->files) made.report->files.push_back(std::move(file));
    } else if (second.error().code == kCodeInterrupted) {
        meta.state = RecordingState::finalising;
    } else {
        meta.state = RecordingState::failed;
        meta.error = with_earlier(meta.error, second.error().message);
        made.is_worth_another_try = true;
    }
}

/// What is in no other file is never deleted, whatever recording.keep says. A sentence about that;
/// empty: all of it is in others.
std::string Finaliser::only_in_dump(const Meta& meta, const mux::Report& report) const {
    if (report.is_jpeg && options_.keep.h264 && !options_.keep.mp4)
        return "stream.fdump is kept: its pictures are JPEGs, of which no stream.h264 is made";
    std::string list;
    const auto add = [&](std::uint64_t count, const char* one, const char* many) {
        if (count == 0) return;
        list += (list.empty() ? "" : ", ") + std::to_string(count) + (count == 1 ? one : many);
    };
    add(report.dropped.undecodable, " picture before the first key frame",
        " pictures before the first key frame");
    add(report.dropped.lost_pictures, " picture that cannot be decoded",
        " pictures that cannot be decoded");
    add(unknown_form(meta, report), " message in no known form", " messages in no known form");
    add(report.dropped.bad, " malformed message", " malformed messages");
    add(report.damage_count, " damaged place", " damaged places");
    return list.empty() ? list : "stream.fdump is kept for what no other file has: " + list;
}

bool Finaliser::keeps_dump(const Meta& meta, const mux::Report& report, bool has_mp4) const {
    return options_.keep.dump || meta.state != RecordingState::done || !has_mp4 ||
           !report.undecoded.empty() || !only_in_dump(meta, report).empty();
}

/// The files as recording.keep wants them, and the report's list as they are.
void Finaliser::apply_keep(int directory, const std::string& path, Meta& meta, bool has_mp4,
                           mux::Report& report) {
    if (!options_.keep.mp4 && meta.state == RecordingState::done) {
        for (const mux::OutputFile& file : report.files) {
            if (file.kind == "mp4") ::unlinkat(directory, file.name.c_str(), 0);
        }
    }
    std::erase_if(report.files, [&](const mux::OutputFile& file) {
        return !file_bytes(directory, file.name).has_value();
    });
    if (!options_.keep.dump && meta.state == RecordingState::done) {
        if (std::string why = only_in_dump(meta, report); !why.empty())
            report.notes.push_back(std::move(why));
    }
    const auto bytes = file_bytes(directory, kDumpName);
    if (!keeps_dump(meta, report, has_mp4) || !bytes) return;
    mux::OutputFile dump;
    dump.path = path + "/" + kDumpName;
    dump.name = kDumpName;
    dump.kind = "dump";
    dump.bytes = *bytes;
    dump.duration_ms = report.duration_ms;
    dump.pictures = report.pictures;
    dump.width = report.width;
    dump.height = report.height;
    report.files.push_back(std::move(dump));
}

/// session.json for good. If the disk has no room for it, `meta` says so.
bool Finaliser::store(int directory, Meta& meta, const mux::Report& report) {
    try {
        replace_file(directory, kSessionName, encode_session(meta, &report), true);
        return true;
    } catch (const std::exception& e) {
        meta.state = RecordingState::failed;
        meta.error = with_earlier(meta.error, e.what());
        return false;
    }
}

void Finaliser::log_result(const Meta& meta, const mux::Report& report) const {
    const Log log = log_.with("camera", meta.camera).with("recording", meta.id);
    if (meta.state == RecordingState::failed) {
        log.error("finalising failed: " + meta.error.value_or("unknown"));
    } else if (meta.state == RecordingState::finalising) {
        log.warning("finalising interrupted: will be resumed at the next start");
    }
    if (report.messages == 0) return;
    // People grep for this line of the older server's, which knows "server" and "device" alone.
    const std::string& source = report.fps_estimate.source;
    if (source == "arrival" || source == "device") {
        std::array<char, 128> line{};
        std::snprintf(line.data(), line.size(), "FPS estimate (%s) frame_count=%llu -> %.2f",
                      source == "arrival" ? "server" : "device",
                      static_cast<unsigned long long>(report.fps_estimate.frame_count),
                      report.fps_estimate.fps);
        log.info(line.data());
    }
    log.info("pictures=" + std::to_string(report.pictures) +
             " duration_ms=" + std::to_string(report.duration_ms) + " timing=" + report.timing +
             " damage=" + std::to_string(report.damage_count));
}

}  // namespace st::record
