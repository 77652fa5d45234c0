#include "mux/run.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "camera/frame.h"
#include "mp4/moov.h"

namespace st::mux {
namespace {

constexpr std::uint64_t kProgressEvery = std::uint64_t{4} << 20;

}  // namespace

Report Run::go() {
    open();
    if (writes_ && !job_.thumbnail.empty())
        thumbnail_.emplace(job_.thumbnail, job_.overwrite, job_.links);
    const bool has_range = job_.from || job_.to;
    const bool writes_at_once = writes_ && !writes_pictures() && !makes_messages();
    const Pass first = writes_at_once ? Pass::write : Pass::count;
    read(has_range ? Pass::count : first, false);
    const bool at_intra = assembler_->pictures().empty() && assembler_->saw_intra();
    if (at_intra) read(has_range ? Pass::count : first, true);
    if (has_range && !assembler_->pictures().empty()) {
        choose_range();
        read(first, at_intra);
    }
    report_.input = job_.input;
    report_.input_format = input_->format_name();
    report_.input_bytes = input_->position();
    first_pass_.report(report_, input_->has_device_times(), input_->has_arrival_times());
    input_->report(report_);
    add_notes();
    if (!assembler_->pictures().empty()) {
        plan();
    } else {
        report_.timing = "constant";
        report_.timing_why = "there are no pictures";
        const bool may_be_empty =
            makes_ == Makes::nothing || (writes_ && copies_messages() && !makes_messages());
        if (!may_be_empty) throw Failure(Exit::bad_input, why_nothing());
    }
    if (wants_table() && !assembler_->pictures().empty()) write_table();
    if (!writes_) {
        keep_all();
        return std::move(report_);
    }
    if (makes_messages()) {
        write_messages(at_intra);
    } else if (copies_messages()) {
        finish_copy();
    } else if (writes_pictures()) {
        write_pictures(at_intra);
    } else {
        finish_mp4();
    }
    return std::move(report_);
}

void Run::open() {
    sources_.push_back(open_source({job_.input, job_.input_fd}, job_.input_format));
    for (const Source& source : job_.joined)
        sources_.push_back(open_source(source, job_.input_format));
}

void Run::before_read() {
    for (const auto& output : outputs_) output->flush();
    assembler_->flush();
    check_cancelled();
    const std::uint64_t done = input_->position();
    if (job_.progress && done >= progress_at_) {
        job_.progress({done, input_->size()});
        progress_at_ = done + kProgressEvery;
    }
}

/// Where the samples of a part go.
std::unique_ptr<mp4::SampleFile> Run::open_part(Pass pass, unsigned part) {
    if (pass == Pass::stream || pass == Pass::messages) return mp4::SampleFile::to_memory();
    if (pass == Pass::count || copies_messages()) return std::make_unique<mp4::SampleFile>();
    auto file = create_part(part);
    mp4::begin_mp4(*file, index_room_);
    return file;
}

/// The file of a part, or what stands for all of them.
std::unique_ptr<mp4::SampleFile> Run::create_part(unsigned part) const {
    if (job_.output_fd >= 0) return mp4::SampleFile::to_descriptor(job_.output_fd, job_.output);
    const std::string name = part_name(job_.output, part);
    if (part > 1 && job_.may_write_part && !job_.may_write_part(name)) {
        throw Failure(Exit::cannot_create,
                      name +
                          ": the pictures change their size, and the file for the rest would "
                          "replace another input or output; --no-split keeps them in one");
    }
    return std::make_unique<mp4::SampleFile>(name, job_.overwrite, job_.links);
}

void Run::read(Pass pass, bool start_at_intra) {
    AssemblerOptions options;
    // A pipe has room for one MP4; what changes is then said in the stream.
    options.parts_max = job_.parts_max;
    options.split = job_.split && (job_.output_fd < 0 || job_.format == OutputFormat::flv);
    if (pass == Pass::messages) options.split = false;
    options.all_sets_in_samples = pass == Pass::messages;
    options.start_at_intra = start_at_intra;
    options.keeps_numbers = wants_table();
    options.first_picture = first_picture_;
    options.end_picture = end_picture_;
    options.open_part = [this, pass](unsigned part) { return open_part(pass, part); };
    input_ = std::make_unique<JoinedInput>(sources_, job_.reads_ahead, [this] { before_read(); });
    assembler_ = std::make_unique<Assembler>(std::move(options));
    first_pass_ = {};
    progress_at_ = 0;
    outputs_.clear();
    index_room_ = 0;
    copy_crc_ = 0;
    if (pass == Pass::write && job_.index_in_front) {
        index_room_ =
            mp4::kIndexBytesBeside + mp4::kIndexBytesPerPicture * input_->pictures_bound();
    }
    if ((pass == Pass::write && copies_messages()) || pass == Pass::messages) {
        outputs_.push_back(create_part(1));
    }
    forms_ = {};
    unknown_ = 0;
    follows_unknown_ = false;
    recording_begins_ = 0;
    units_corrected_ = 0;
    lost_ = 0;
    Message message;
    has_jpegs_.reset();
    while (input_->next(message)) {
        refuse_mixture();
        follow_unit(message);
        if (first_pass_.is_repetition(message)) continue;
        const bool is_known = is_understood(message);
        lost_ += first_pass_.lost_before(message);
        message.lost_before = is_known ? std::exchange(lost_, 0U) : 0;
        const bool is_copied = is_known || job_.format == OutputFormat::dump;
        if (!outputs_.empty() && pass == Pass::write && is_copied) copy(message);
        if (pass == Pass::messages) before_message(message);
        if (is_known && input_->has_jpegs()) {
            assembler_->image(message, *jpeg_);
        } else if (is_known) {
            // Nothing goes on with a NAL unit over bytes that are none.
            message.follows_damage =
                std::exchange(follows_unknown_, false) || message.follows_damage;
            assembler_->message(message);
        }
        first_pass_.add(message, is_known && assembler_->last_message_has_picture());
        if (pass == Pass::stream) stream_pictures();
        if (pass == Pass::messages) dump_pictures();
    }
    assembler_->finish();
    message = {};
    follow_unit(message);
    if (pass == Pass::stream) stream_pictures();
    if (pass == Pass::messages) dump_pictures();
}

/// Every message of a camera is a picture, configuration, part of one, or counted here. Makes Annex
/// B of NAL units behind lengths.
bool Run::is_understood(const Message& message) {
    if (!message.is_numbered) return true;
    if (input_->has_jpegs()) {
        refuse_jpegs_elsewhere();
        jpeg_ = media::read_jpeg_size(message.payload);
        if (!jpeg_) ++unknown_;
        return jpeg_.has_value();
    }
    if (message.begins_recording || message.begins_input) forms_ = {};
    const auto form = forms_.normalise(message.payload, message.timestamp);
    // The rest of what was damaged before it is counted there.
    if (form != media::PayloadForm::unknown || message.follows_damage) return true;
    ++unknown_;
    follows_unknown_ = true;
    return false;
}

/// What holds H.264 alone.
void Run::refuse_jpegs_elsewhere() const {
    const bool has_place = job_.format == OutputFormat::mp4 || job_.format == OutputFormat::fmp4 ||
                           job_.format == OutputFormat::dump;
    if (writes_ && !has_place) {
        throw Failure(Exit::bad_input, job_.input +
                                           ": its pictures are JPEGs, which go into an MP4, and "
                                           "not into FLV or a bare stream");
    }
}

/// Recordings that are joined have one track for all of their pictures.
void Run::refuse_mixture() {
    if (has_jpegs_.value_or(input_->has_jpegs()) != input_->has_jpegs()) {
        throw Failure(Exit::bad_input, job_.input +
                                           ": JPEG pictures and H.264 are joined here, and one "
                                           "film cannot hold both");
    }
    has_jpegs_ = input_->has_jpegs();
}

/// A camera that said behind its first messages what it counts counted that from the beginning.
void Run::follow_unit(const Message& message) {
    if (input_->unit_corrections() != std::exchange(units_corrected_, input_->unit_corrections())) {
        assembler_->correct_unit(recording_begins_);
        if (recording_begins_ == 0) first_pass_.correct_unit();
    }
    if (message.begins_recording || message.begins_input)
        recording_begins_ = assembler_->pictures().size();
}

void Run::copy(const Message& message) {
    if (job_.format != OutputFormat::dump) return put_in_copy({}, message.payload);
    // The plain form has no place for a unit: it is always milliseconds.
    const std::uint64_t ms = camera::to_ms(message.timestamp, message.unit);
    put_in_copy(camera::encode_header({ms, message.seq, message.payload}), message.payload);
}

std::string Run::why_nothing() const {
    std::string why = job_.input + ": no decodable picture";
    if (assembler_->undecodable() > 0) {
        why += ": " + std::to_string(assembler_->undecodable()) +
               " pictures, but no key frame with its parameter sets";
    }
    return why;
}

void Run::add_notes() {
    report_.dropped.undecodable = assembler_->undecodable();
    report_.dropped.lost_pictures = assembler_->lost_pictures();
    report_.dropped.unknown_form = unknown_;
    report_.is_jpeg = input_->has_jpegs();
    if (const std::uint64_t lost = report_.dropped.lost_pictures; lost > 0) {
        report_.notes.push_back(
            std::to_string(lost) + (lost == 1 ? " picture" : " pictures") +
            " after the first key frame cannot be decoded: parameter sets are missing");
    }
    if (unknown_ > 0) {
        report_.notes.push_back(
            std::to_string(unknown_) + (unknown_ == 1 ? " message is" : " messages are") +
            (input_->has_jpegs() ? " no JPEG picture"
                                 : " not H.264 in a form that is known, and in no picture"));
    }
    if (assembler_->continued() > 0) {
        report_.notes.push_back(std::to_string(assembler_->continued()) +
                                " messages continue a NAL unit of the message before");
    }
    if (const Absences away = input_->absences(); away.count > 0) {
        std::array<char, 160> note{};
        std::snprintf(note.data(), note.size(),
                      "the camera's connection was lost%s for %.1f s; %llu messages came late",
                      away.count == 1 ? "" : (" " + std::to_string(away.count) + " times,").c_str(),
                      static_cast<double>(away.away_us) / 1e6,
                      static_cast<unsigned long long>(away.late));
        report_.notes.emplace_back(note.data());
    }
    if (!cut_.empty()) report_.notes.push_back(cut_);
    report_.cut = cut_;
    report_.cut_begins_us = cut_begins_us_;
    report_.from_us = from_us_;
    if (!report_.closed)
        report_.notes.emplace_back("the dump has no end: the recording was interrupted");
}

}  // namespace st::mux
