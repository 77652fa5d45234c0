#include <sys/stat.h>

#include <algorithm>

#include "av/error.h"
#include "av/thumbnail.h"
#include "av/verify.h"
#include "av/worker.h"
#include "mux/run.h"

namespace st::mux {
namespace {

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// What libavformat must find again.
av::Mp4Facts facts_of(const Part& part, const Samples& samples) {
    av::Mp4Facts facts;
    facts.samples = samples.count;
    facts.ticks_per_second = media::kTicksPerSecond;
    facts.first_ticks = samples.begins_ticks;
    facts.last_ticks = samples.begins_ticks + samples.ticks.back() - samples.ticks.front();
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

}  // namespace

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

}  // namespace st::mux
