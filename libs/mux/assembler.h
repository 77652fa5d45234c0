#pragma once
/// Messages in, samples out: puts NAL units into pictures, changes start codes into lengths in
/// place, appends the pictures to one file after another and remembers 24 bytes of each.
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/block_list.h"
#include "media/access_unit.h"
#include "media/jpeg.h"
#include "mp4/picture_index.h"
#include "mp4/sample_file.h"
#include "mp4/samples.h"
#include "mux/input.h"

namespace st::mux {

/// One output file: a run of the pictures, all of one size. Where parameter sets change, a sample
/// description says so, and the stream as well, for players that look at the first one only.
struct Part {
    std::unique_ptr<mp4::SampleFile> file;
    mp4::VideoFormat format;
    std::vector<mp4::VideoFormat> other_formats;  ///< of the same size, with other parameter sets
    std::vector<mp4::FormatChange> changes;
    std::size_t first = 0;  ///< of its pictures in the index
    std::size_t count = 0;
};

struct AssemblerOptions {
    bool split = true;         ///< a change of picture size begins a new part at its IDR picture
    unsigned parts_max = 999;  ///< no more parts than that
    /// Samples go without a sample description: all parameter sets they need stand in them.
    bool all_sets_in_samples = false;
    bool keeps_numbers = false;   ///< of each picture: see numbers()
    bool start_at_intra = false;  ///< also where only an I picture says that decoding may begin
    /// Of the pictures that could be kept, only those from this number on, and before that one.
    std::uint64_t first_picture = 0;
    std::uint64_t end_picture = std::numeric_limits<std::uint64_t>::max();
    /// Makes what the samples of part 1, 2 ... go to, behind what it writes there itself.
    std::function<std::unique_ptr<mp4::SampleFile>(unsigned part)> open_part;
};

/// Of the message that a picture began in.
struct PictureNumber {
    std::uint32_t seq = 0;
    std::uint32_t lost_before = 0;  ///< messages since the picture before
};
using PictureNumbers = BlockList<PictureNumber>;

class Assembler {
 public:
    explicit Assembler(AssemblerOptions options) : options_(std::move(options)) {}

    /// Takes a message; its payload is changed and must stay where it is until flush().
    void message(const Message& message);
    /// A message that is a whole JPEG picture of that size, in place of message().
    void image(const Message& message, media::JpegSize size);
    void flush();
    /// No more messages.
    void finish();
    /// The device times of the pictures from `first` on, and of what is not whole yet, were taken
    /// for milliseconds and are microseconds.
    void correct_unit(std::size_t first);
    /// So many pictures will not change any more.
    std::size_t whole_pictures() const { return pictures_.size() - (in_picture_ ? 1 : 0); }

    mp4::PictureIndex& pictures() { return pictures_; }
    /// In decoding order, as many as pictures; none unless asked for.
    const PictureNumbers& numbers() const { return numbers_; }
    std::vector<Part>& parts() { return parts_; }
    /// Pictures before the first one that can be decoded.
    std::uint64_t undecodable() const { return undecodable_; }
    /// Pictures after it that are in no part, or not whole: without parameter sets, or too large.
    std::uint64_t lost_pictures() const { return lost_pictures_; }
    std::uint64_t continued() const { return continued_; }  ///< messages that go on with a NAL unit
    bool saw_intra() const { return saw_intra_; }
    /// Of each bare stream that pictures were kept of, the rate that it says itself; 0: none.
    const std::vector<double>& bare_rates() const { return bare_rates_; }
    /// Messages with at least one slice: the others are configuration.
    bool last_message_has_picture() const { return has_slice_; }

 private:
    enum class Place { none, prefix, sample };

    void begin_input();
    void take_head(std::span<std::uint8_t> head, bool is_all);
    void take_last(std::span<std::uint8_t> payload, const media::NalSpan& nal);
    bool is_unclear_in_part(Bytes nal) const;
    void take_tail();
    void keep_tail(Bytes tail);
    void take(std::span<std::uint8_t> payload, const media::NalSpan& nal);
    void append(std::span<std::uint8_t> payload, const media::NalSpan& nal);
    void append_prefix(Bytes nal);
    void continue_last(Bytes bytes);
    void begin_picture();
    void end_picture();
    bool is_wanted(const media::PictureStart& picture);
    void begin_part(const media::PictureStart& picture);
    mp4::VideoFormat known_sets(const media::PictureStart& picture) const;
    mp4::VideoFormat& current_format();
    void describe_change(const media::PictureStart& picture);
    void absorb_parameter_sets();
    void inject_parameter_sets();
    void put_prefix();
    void drop_prefix();
    void skip_slice(Bytes nal);
    void count_loss();

    const AssemblerOptions options_;
    media::AccessUnits units_;
    mp4::PictureIndex pictures_;
    PictureNumbers numbers_;
    std::uint32_t lost_ = 0;  ///< messages since the last picture kept
    std::vector<Part> parts_;
    Message message_;

    std::vector<std::uint8_t> prefix_;  ///< NAL units with lengths that wait for their slice
    bool in_picture_ = false;           ///< slices are kept
    std::uint64_t picture_at_ = 0;      ///< where its sample begins in the file
    bool has_lost_prefix_ = false;      ///< what stood before a picture that is not kept
    bool is_dirty_ = false;             ///< parameter sets came since the last picture began
    bool has_changes_ = false;  ///< the part's first sample description is not all a decoder needs
    bool is_undescribed_ = false;  ///< nor is the newest one
    bool has_slice_ = false;
    bool is_seam_ = false;  ///< the next picture kept is the first of another input

    // A short NAL unit or a parameter set at the end of a message waits for the ones behind it, in
    // case they go on with it: from its first bytes alone nobody can tell what it is, or says.
    std::vector<std::uint8_t> tail_;
    bool has_tail_ = false;               ///< tail_ may be empty: a message may end in a start code
    bool is_joined_ = false;              ///< the NAL unit being taken is a copy that will not stay
    Message tail_message_;                ///< what it came with; without payload
    std::uint32_t lost_behind_tail_ = 0;  ///< messages since then

    // The last NAL unit, in case the next message goes on with it.
    Place last_ = Place::none;
    std::uint64_t last_at_ = 0;  ///< of its length field: in the file or in prefix_
    std::uint32_t last_bytes_ = 0;
    std::size_t trailing_zeros_ = 0;  ///< that ended the last message and were left out

    std::uint64_t number_ = 0;  ///< pictures that could be kept so far
    bool has_start_ = false;    ///< decoding may begin at number 0
    std::uint64_t undecodable_ = 0;
    std::uint64_t lost_pictures_ = 0;
    bool has_counted_loss_ = false;  ///< of the picture at work
    std::uint64_t continued_ = 0;
    bool saw_intra_ = false;
    std::vector<double> bare_rates_;
};

}  // namespace st::mux
