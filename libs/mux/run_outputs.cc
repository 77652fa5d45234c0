#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/crc32c.h"
#include "base/fd.h"
#include "mp4/file_error.h"
#include "mp4/fragments.h"
#include "mp4/moov.h"
#include "mux/flv_writer.h"
#include "mux/run.h"

namespace st::mux {
namespace {

/// What a reader must find again.
media::MovieFacts facts_of(const Part& part, const mp4::Track& track) {
    const mp4::Samples& samples = track.samples;
    media::MovieFacts facts;
    facts.pictures = samples.count;
    facts.ticks_per_second = samples.ticks_per_second;
    facts.first_ticks = samples.begins_ticks;
    facts.last_ticks = samples.begins_ticks + samples.ticks.back() - samples.ticks.front();
    facts.width = part.format.sps.width;
    facts.height = part.format.sps.height;
    const std::int64_t first = samples.decoded(0, track.depth);
    media::IndexCrc crc;
    for (std::size_t i = 0; i < samples.count; ++i) {
        facts.bytes += samples.picture(i).bytes;
        facts.key_frames += samples.picture(i).is_sync;
        crc.add(samples.picture(i).bytes, samples.decoded(i, track.depth) - first);
    }
    facts.index_crc = crc.value();
    return facts;
}

}  // namespace

OutputFile Run::describe(const mp4::SampleFile& file, const std::string& kind) const {
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

mp4::Metadata Run::metadata() const {
    mp4::Metadata metadata;
    metadata.camera = job_.camera;
    metadata.rotate = job_.rotate;
    metadata.created_us = job_.created_us ? job_.created_us : report_.first_picture_wall_us;
    return metadata;
}

void Run::finish_mp4() {
    struct Expected {
        media::MovieFacts facts;
        PictureSize size;
    };
    std::vector<Expected> expected;
    const mp4::Metadata about = metadata();
    for (Part& part : assembler_->parts()) {
        check_cancelled();
        const mp4::Track track(samples_of(part), part.format, about,
                               {part.other_formats, part.changes});
        mp4::end_mp4(*part.file, track, index_room_);
        report_.files.push_back(describe_part(*part.file, "mp4", part, track.samples));
        const media::Sps& sps = part.format.sps;
        expected.push_back({facts_of(part, track), {sps.width, sps.height}});
        part.file->rest();  // as many parts may be, few descriptors
        outputs_.push_back(std::move(part.file));
    }
    // Where the verifier works in this process, it builds an index of about 100 bytes a picture:
    // ours must be gone by then.
    assembler_->pictures().clear();
    shown_at_ = {};
    choice_ = {};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        verify(*outputs_[i], expected[i].facts, expected[i].size, true);
    }
    keep_all();
}

OutputFile Run::describe_part(const mp4::SampleFile& file, const std::string& kind,
                              const Part& part, const mp4::Samples& samples) const {
    OutputFile out = describe(file, kind);
    out.pictures = part.count;
    out.duration_ms =
        static_cast<std::uint64_t>(samples.end_ticks() * 1000 / samples.ticks_per_second);
    out.width = part.format.sps.width;
    out.height = part.format.sps.height;
    return out;
}

/// Whether a first picture shall be decoded; says why if not.
bool Run::may_decode(const std::string& path, PictureSize size) {
    if (!job_.check_decoding && !thumbnail_) return false;
    const PictureSize most = job_.decoded_max;
    if (size.width <= most.width && size.height <= most.height) return true;
    report_.undecoded = base_name(path) + ": pictures of " + std::to_string(size.width) + "x" +
                        std::to_string(size.height) + " are not decoded, at most " +
                        std::to_string(most.width) + "x" + std::to_string(most.height);
    return false;
}

/// Has a finished file read again; the thumbnail is made of the first one.
void Run::verify(mp4::SampleFile& file, const media::MovieFacts& expected, PictureSize size,
                 bool is_indexed) {
    check_cancelled();
    if (job_.verifier == nullptr) return;
    const std::string path = file.part_path();
    Verification wanted;
    wanted.name = file.path();
    wanted.fd = file.reread();
    wanted.is_indexed = is_indexed;
    wanted.decodes = may_decode(file.path(), size);
    wanted.pixels_max = std::uint64_t{job_.decoded_max.width} * job_.decoded_max.height;
    wanted.cancel = job_.cancel;
    const bool makes_thumbnail = thumbnail_ && wanted.decodes && &file == outputs_.front().get();
    if (makes_thumbnail) wanted.jpeg_fd = thumbnail_->create();
    const auto found = job_.verifier->verify(wanted);
    if (!found) throw Failure(static_cast<Exit>(found.error().code), found.error().message);
    if (found->facts != expected) {
        throw Failure(Exit::io, path + " does not read back as it was written");
    }
    if (!found->undecoded.empty()) {
        report_.undecoded = base_name(file.path()) + ": not decoded: " + found->undecoded;
    } else if (makes_thumbnail) {
        describe_thumbnail();
    }
}

/// All outputs under their names, or none that was not there before. What a full disk refuses, it
/// refuses before the first has its name.
void Run::keep_all() {
    const bool has_table = table_ && !job_.table.empty();
    for (const auto& output : outputs_) {
        output->sync();
        output->rest();
    }
    if (thumbnail_) thumbnail_->sync();
    if (has_table) table_->sync();
    check_cancelled();
    std::vector<std::string> named;
    try {
        for (const auto& output : outputs_) {
            output->keep();
            named.push_back(output->target());
        }
        if (thumbnail_ && thumbnail_->keep()) named.push_back(thumbnail_->target());
        if (has_table) table_->keep();
    } catch (const mp4::FileError&) {
        if (!job_.overwrite) {
            for (const std::string& name : named) ::unlink(name.c_str());
        }
        throw;
    }
    if (!has_table) return;
    OutputFile file = describe(*table_, "pictures");
    file.width = 0;
    file.height = 0;
    report_.files.push_back(std::move(file));
}

/// The second reading: the pictures with the times that the first one led to.
void Run::write_pictures(bool start_at_intra) {
    streaming_.emplace();
    streaming_->runs = std::move(assembler_->parts());
    streaming_->metadata = metadata();
    read(Pass::stream, start_at_intra);
    if (streaming_->written != report_.pictures)
        throw Failure(Exit::io, job_.input + ": changed while it was read");
    end_run();
    if (job_.output_fd >= 0) {
        outputs_.front()->flush();
        return;
    }
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
        outputs_[i]->flush();
        const OutputFile& file = report_.files[i];
        verify(*outputs_[i], streaming_->expected[i], {file.width, file.height}, false);
    }
    keep_all();
}

/// Hands on the pictures that are whole by now.
void Run::stream_pictures() {
    Streaming& at = *streaming_;
    while (at.written < assembler_->whole_pictures()) {
        if (at.run == at.runs.size()) break;
        const Part& run = at.runs[at.run];
        if (at.written == run.first + run.count) {
            end_run();
            ++at.run;
            continue;
        }
        if (!at.track) begin_run();
        mp4::SampleFile& samples = *assembler_->parts()[at.run].file;
        const std::size_t bytes = assembler_->pictures()[at.written].bytes;
        at.writer->picture(at.written - run.first, samples.front(bytes));
        samples.drop(bytes);
        ++at.written;
    }
}

void Run::begin_run() {
    Streaming& at = *streaming_;
    const Part& run = at.runs[at.run];
    mp4::Samples samples = samples_of(run);
    if (job_.format == OutputFormat::flv) samples.begins_ticks = choice_.times.ticks[run.first];
    at.track.emplace(samples, run.format, at.metadata);
    const bool goes_on = at.writer && job_.format == OutputFormat::flv;
    if (!goes_on) {
        outputs_.push_back(create_part(static_cast<unsigned>(at.run + 1)));
        at.writer.reset();
        if (job_.format == OutputFormat::flv) {
            at.writer = std::make_unique<FlvWriter>(*outputs_.back(),
                                                    static_cast<double>(report_.duration_ms) / 1000,
                                                    job_.output_fd < 0);
        } else {
            at.writer = std::make_unique<mp4::Fragments>(*outputs_.back());
        }
    }
    at.writer->begin(*at.track);
}

/// The run's pictures are all there.
void Run::end_run() {
    Streaming& at = *streaming_;
    if (!at.track) return;
    at.writer->finish();
    const Part& run = at.runs[at.run];
    const bool is_flv = job_.format == OutputFormat::flv;
    if (!is_flv) {
        report_.files.push_back(describe_part(*outputs_.back(), "fmp4", run, at.track->samples));
    } else if (report_.files.empty()) {
        report_.files.push_back(describe(*outputs_.back(), "flv"));
    }
    report_.files.back().bytes = outputs_.back()->position();
    at.expected.resize(outputs_.size());
    media::MovieFacts& facts = at.expected.back();
    facts.ticks_per_second = 1000;
    const mp4::Samples& samples = at.track->samples;
    const std::int64_t base = samples.begins_ticks;
    const auto ms_at = [&](std::int64_t ticks) {
        const std::int64_t per_ms = samples.ticks_per_second / 1000;
        return (base + ticks + per_ms / 2) / per_ms;
    };
    if (facts.pictures == 0) facts.first_ticks = ms_at(0);
    facts.last_ticks = ms_at(samples.ticks.back() - samples.ticks.front());
    facts.pictures += samples.count;
    for (std::size_t i = 0; i < samples.count; ++i) {
        facts.bytes += samples.picture(i).bytes;
        facts.key_frames += samples.picture(i).is_sync;
    }
    at.track.reset();
}

void Run::describe_thumbnail() {
    OutputFile file;
    file.path = job_.thumbnail;
    file.name = base_name(job_.thumbnail);
    file.kind = "thumbnail";
    file.bytes = thumbnail_->bytes();
    file.width = report_.width;
    file.height = report_.height;
    report_.files.push_back(std::move(file));
}

/// A message as it is, or a piece of a bare stream.
void Run::put_in_copy(Bytes head, Bytes payload) {
    mp4::SampleFile& copy = *outputs_.front();
    if (job_.output_fd < 0) copy_crc_ = crc32c(payload, crc32c(head, copy_crc_));
    copy.append(head);
    copy.append_borrowed(payload);
    copy.flush();  // the assembler changes the payload
}

/// There is no index to compare: what was written has to be there, byte for byte.
void Run::verify_copy(mp4::SampleFile& copy) {
    std::vector<std::uint8_t> block(std::size_t{1} << 20);
    const int fd = copy.reread();
    std::uint64_t bytes = 0;
    std::uint32_t crc = 0;
    for (;;) {
        check_cancelled();
        const ssize_t got = ::read(fd, block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail_errno(Exit::io, "read " + copy.part_path());
        if (got == 0) break;
        bytes += static_cast<std::uint64_t>(got);
        crc = crc32c(Bytes(block).first(static_cast<std::size_t>(got)), crc);
    }
    if (bytes != copy.position() || crc != copy_crc_)
        throw Failure(Exit::io, copy.part_path() + " does not read back as it was written");
}

void Run::finish_copy() {
    mp4::SampleFile& copy = *outputs_.front();
    copy.flush();
    if (job_.output_fd < 0) verify_copy(copy);
    report_.files.push_back(describe(copy, job_.format == OutputFormat::h264 ? "h264" : "dump"));
    keep_all();
}

}  // namespace st::mux
