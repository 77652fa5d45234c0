#include "mux/run.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "camera/frame.h"

namespace st::mux {
namespace {

constexpr std::uint64_t kProgressEvery = std::uint64_t{4} << 20;

}  // namespace

Report Run::go() {
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

}  // namespace st::mux
