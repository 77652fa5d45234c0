#include "record/finaliser.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>

#include "base/clock.h"

namespace st::record {
namespace {

constexpr int kNice = 10;  // recording comes first
constexpr int kCodeData = 65;
constexpr int kCodeIo = 74;
constexpr int kCodeInterrupted = 130;
constexpr char kNoPicture[] = "no decodable picture";

mux::Timing mux_timing(Timing timing) {
    switch (timing) {
        case Timing::automatic:
            return mux::Timing::automatic;
        case Timing::device:
            return mux::Timing::device;
        case Timing::arrival:
            return mux::Timing::arrival;
        case Timing::constant:
            return mux::Timing::constant;
    }
    return mux::Timing::automatic;
}

void remove_leftovers(int directory) {
    for (const std::string& name : file_names(directory)) {
        if (name.ends_with(".part") || name.ends_with(".tmp"))
            ::unlinkat(directory, name.c_str(), 0);
    }
}

std::string with_earlier(const std::optional<std::string>& earlier, const std::string& error) {
    return earlier ? *earlier + "; " + error : error;
}

Summary summary_of(const Meta& meta, const mux::Report& report, const std::string& directory) {
    Summary summary;
    summary.id = meta.id;
    summary.directory = directory;
    summary.camera = meta.camera;
    summary.take = meta.take;
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
    summary.fps = report.fps_estimate.fps;
    summary.fps_source = report.fps_estimate.source;
    summary.width = report.width;
    summary.height = report.height;
    summary.seq_missing = report.seq_missing;
    summary.damage_count = report.damage_count;
    return summary;
}

}  // namespace

Finaliser::Finaliser(Folder& folder, const Options& options, Log log, EventSink sink,
                     std::function<void(std::uint64_t, Summary)> finished, std::size_t waiting_max)
    : folder_(folder),
      options_(options),
      log_(std::move(log)),
      sink_(std::move(sink)),
      finished_(std::move(finished)),
      waiting_max_(waiting_max) {
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
        log_.with(job.meta.camera)
            .with(job.meta.id)
            .warning("finalising is left to the next start: " + std::to_string(waiting_max_) +
                     " recordings wait for it already");
        return leave(job);
    }
    changed_.notify_one();
}

/// Takes the job, or leaves it where it is and says false.
bool Finaliser::enqueue(Unfinished& job) {
    Lock lock(mutex_);
    if (job.session && ended_.size() >= waiting_max_) return false;
    while (!job.session && recovered_.size() >= waiting_max_) room_.wait(lock.native());
    (job.session ? ended_ : recovered_).push_back(std::move(job));
    return true;
}

void Finaliser::hurry() { stop_.request_stop(); }

std::size_t Finaliser::waiting() const {
    const Lock lock(mutex_);
    return ended_.size() + recovered_.size() + running_;
}

void Finaliser::run() {
    ::pthread_setname_np(::pthread_self(), "st-finaliser");
    // Per thread on Linux; the worker processes inherit it.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
    for (;;) {
        Unfinished job;
        {
            Lock lock(mutex_);
            while (ended_.empty() && recovered_.empty() && !closing_) changed_.wait(lock.native());
            auto& queue = ended_.empty() ? recovered_ : ended_;
            if (queue.empty()) return;
            job = std::move(queue.front());
            queue.pop_front();
            ++running_;
        }
        room_.notify_one();
        work_on(job);
        const Lock lock(mutex_);
        --running_;
    }
}

/// Answers a job without having done it: the next start will, if there is a folder.
void Finaliser::leave(const Unfinished& job) {
    Meta meta = job.meta;
    if (!job.has_folder) meta.state = RecordingState::failed;
    const std::string directory = job.has_folder ? folder_.path_of(meta.id) : "";
    finished_(job.session ? job.session->serial() : 0, summary_of(meta, {}, directory));
}

void Finaliser::work_on(const Unfinished& job) {
    if (!job.has_folder || stop_.stop_requested()) return leave(job);
    const std::uint64_t serial = job.session ? job.session->serial() : 0;
    Meta meta = job.meta;
    mux::Report report;
    const std::string directory = folder_.path_of(meta.id);
    if (job.session) {
        job.session->progress_ns_.store(monotonic_ns());
        sink_(Finalising{serial, meta.camera, meta.id});
    }
    try {
        const Fd fd = folder_.open_recording(meta.id);
        remove_leftovers(fd.get());
        auto made = make_files(job, directory, meta);
        bool has_mp4 = false;  // made and verified, though `keep` may not want it
        if (made) {
            report = std::move(*made);
            has_mp4 = std::ranges::any_of(
                report.files, [](const mux::OutputFile& file) { return file.kind == "mp4"; });
            apply_keep(fd.get(), directory, meta, has_mp4, report);
        }
        store(fd.get(), meta, report, meta);
        if (meta.state == RecordingState::done && !options_.keep.dump && has_mp4) {
            ::unlinkat(fd.get(), kDumpName, 0);
        }
    } catch (const std::exception& e) {  // C3: the top of a job; the other jobs go on
        meta.state = RecordingState::failed;
        meta.error = with_earlier(meta.error, e.what());
    }
    log_result(meta, report);
    finished_(serial, summary_of(meta, report, directory));
}

mux::Job Finaliser::mux_job(const Unfinished& job, const std::string& directory) const {
    mux::Job mux_job;
    mux_job.input = directory + "/" + kDumpName;
    mux_job.input_format = mux::InputFormat::fdump;
    mux_job.output = directory + "/" + kMp4Name;
    mux_job.overwrite = true;  // what an interrupted attempt left
    mux_job.timing = mux_timing(options_.timing);
    mux_job.camera = job.meta.camera;
    mux_job.worker = options_.worker;
    mux_job.cancel = stop_.get_token();
    mux_job.progress = [session = job.session](const mux::Progress& progress) {
        if (!session) return;
        session->progress_bytes_.store(progress.done_bytes);
        session->total_bytes_.store(progress.total_bytes);
        session->progress_ns_.store(monotonic_ns());
    };
    return mux_job;
}

/// Sets meta's state and error. An Error: there is no report at all.
Result<mux::Report> Finaliser::make_files(const Unfinished& job, const std::string& directory,
                                          Meta& meta) {
    mux::Job mp4 = mux_job(job, directory);
    if (options_.keep.thumbnail) mp4.thumbnail = directory + "/" + kThumbnailName;
    meta.state = job.failed ? RecordingState::failed : RecordingState::done;
    Result<mux::Report> report = mux::convert(mp4);
    if (!report && report.error().code == kCodeIo && !mp4.thumbnail.empty()) {
        // It may be the thumbnail that failed, which must not cost the pictures.
        const std::string why = report.error().message;
        mp4.thumbnail.clear();
        report = mux::convert(mp4);
        if (report) meta.error = with_earlier(meta.error, "no thumbnail: " + why);
    }
    if (!report && report.error().code == kCodeData) {
        meta.error = with_earlier(meta.error, kNoPicture);
        report = mux::inspect(mp4);
    } else if (!report && report.error().code == kCodeInterrupted) {
        meta.state = RecordingState::finalising;
    } else if (!report) {
        meta.state = RecordingState::failed;
        meta.error = with_earlier(meta.error, report.error().message);
        report = mux::inspect(mp4);  // at least what there is to know
    }
    if (!report) return report.error();
    if (meta.state == RecordingState::done && options_.keep.h264 && report->pictures > 0) {
        mux::Job h264 = mux_job(job, directory);
        h264.output = directory + "/" + kH264Name;
        h264.format = mux::OutputFormat::h264;
        auto second = mux::convert(h264);
        if (second) {
            for (mux::OutputFile& file : second->files) report->files.push_back(std::move(file));
        } else {
            meta.state = second.error().code == kCodeInterrupted ? RecordingState::finalising
                                                                 : RecordingState::failed;
            if (meta.state == RecordingState::failed) meta.error = second.error().message;
        }
    }
    return report;
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
    const bool keeps_dump = options_.keep.dump || meta.state != RecordingState::done || !has_mp4;
    const auto bytes = file_bytes(directory, kDumpName);
    if (!keeps_dump || !bytes) return;
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

/// session.json for good. A disk that has no room for it is said in `told`; the next start tries
/// again.
void Finaliser::store(int directory, const Meta& meta, const mux::Report& report, Meta& told) {
    try {
        replace_file(directory, kSessionName, encode_session(meta, &report), true);
    } catch (const std::exception& e) {
        told.state = RecordingState::failed;
        told.error = with_earlier(told.error, e.what());
    }
}

void Finaliser::log_result(const Meta& meta, const mux::Report& report) const {
    const Log log = log_.with(meta.camera).with(meta.id);
    if (meta.state == RecordingState::failed) {
        log.error("finalising failed: " + meta.error.value_or("unknown"));
    } else if (meta.state == RecordingState::finalising) {
        log.warning("finalising interrupted: the next start goes on with it");
    }
    if (report.messages == 0) return;
    const std::string& source = report.fps_estimate.source;
    std::array<char, 128> line{};
    std::snprintf(line.data(), line.size(), "FPS estimate (%s) frame_count=%llu -> %.2f",
                  source == "arrival" ? "server" : source.c_str(),
                  static_cast<unsigned long long>(report.fps_estimate.frame_count),
                  report.fps_estimate.fps);
    log.info(line.data());
    log.info("pictures=" + std::to_string(report.pictures) +
             " duration_ms=" + std::to_string(report.duration_ms) + " timing=" + report.timing +
             " damage=" + std::to_string(report.damage_count));
}

}  // namespace st::record
