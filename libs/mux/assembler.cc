#include "mux/assembler.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "mux/failure.h"
#include "mux/timing.h"

namespace st::mux {
namespace {

constexpr std::size_t kPrefixBytesMax = std::size_t{1} << 20;
constexpr std::size_t kSpsListMax = 31;   // 5 bits in an avcC
constexpr std::size_t kPpsListMax = 255;  // 8 bits
constexpr std::size_t kOtherFormatsMax = 255;
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kTailBytes = 64;  // a slice header with all that counts is hardly longer
constexpr std::size_t kZerosMax = std::size_t{16} << 20;  // between two messages

mp4::NalBytes copy(Bytes nal) { return {nal.begin(), nal.end()}; }

/// Puts a set into the list of its kind, by id. True if another one with that id was there.
bool absorb(std::vector<mp4::NalBytes>& list, std::size_t most, const std::vector<unsigned>& ids,
            Bytes nal, unsigned id, std::vector<unsigned>& new_ids) {
    const auto known = std::ranges::find(ids, id);
    if (known != ids.end())
        return !std::ranges::equal(list[static_cast<std::size_t>(known - ids.begin())], nal);
    if (list.size() == most) return true;
    list.push_back(copy(nal));
    new_ids.push_back(id);
    return false;
}

}  // namespace

/// What an input shows is what it would show alone: nothing of the one before is gone on with.
void Assembler::begin_input() {
    take_tail();
    last_ = Place::none;
    trailing_zeros_ = 0;
    end_picture();
    prefix_.clear();
    has_lost_prefix_ = false;
    units_ = {};
    has_start_ = false;
    is_seam_ = !pictures_.empty();
}

void Assembler::message(const Message& message) {
    if (message.begins_input) begin_input();
    const auto payload = message.payload;
    media::NalWalker walker(payload);
    std::size_t head = walker.leading_bytes();
    std::size_t zeros = 0;
    while (zeros < payload.size() && payload[payload.size() - 1 - zeros] == 0) ++zeros;
    const bool has_start_code = head < payload.size() - zeros;
    if (message.follows_damage) {
        // What is before this message is not what came before it: nothing to go on with.
        take_tail();
        last_ = Place::none;
        trailing_zeros_ = 0;
        head = 0;
    }
    message_ = message;
    (has_tail_ ? lost_behind_tail_ : lost_) += message.lost_before;
    has_slice_ = false;
    take_head(payload.first(head), !has_start_code);
    media::NalSpan nal{};
    media::NalSpan next{};
    // The walker finds where a unit ends before the unit is changed, and never looks back.
    bool more = walker.next(nal);
    std::size_t end = head;
    while (more) {
        more = walker.next(next);
        end = nal.end;
        more ? take(payload, nal) : take_last(payload, nal);
        nal = next;
    }
    trailing_zeros_ =
        zeros == payload.size() ? std::min(trailing_zeros_ + zeros, kZerosMax) : zeros;
    // A start code and nothing behind it.
    if (const std::size_t rest = payload.size() - zeros;
        zeros == 0 && has_start_code && rest > end && payload[rest - 1] == 1) {
        keep_tail({});
    }
}

/// Before the first start code: the rest of the NAL unit that the message before began, or of a
/// start code. `is_all`: the message has no start code, and the next one may go on with `head`.
void Assembler::take_head(std::span<std::uint8_t> head, bool is_all) {
    std::size_t zeros = 0;
    while (zeros < head.size() && head[zeros] == 0) ++zeros;
    if (zeros < 2 && zeros < head.size() && head[zeros] == 1 && zeros + trailing_zeros_ >= 2) {
        take_tail();
        const media::NalSpan nal{zeros + 1, head.size(), 3};
        is_all ? take_last(head, nal) : take(head, nal);
        return;
    }
    if (head.empty()) {
        if (!is_all) take_tail();
        return;
    }
    ++continued_;
    if (has_tail_) {
        if (!tail_.empty()) tail_.insert(tail_.end(), trailing_zeros_, 0);
        tail_.insert(tail_.end(), head.begin(), head.end());
        if (!is_all || !is_unclear_in_part(tail_)) take_tail();
        return;
    }
    if (last_ == Place::none) return;
    const std::array<std::uint8_t, 64> none{};
    for (std::size_t left = trailing_zeros_; left > 0;) {
        const std::size_t step = std::min(left, none.size());
        continue_last(Bytes(none).first(step));
        left -= step;
    }
    continue_last(head);
}

/// Of the first part of a NAL unit alone: what it is cannot be told, or what it says, or where its
/// picture stands in order.
bool Assembler::is_unclear_in_part(Bytes nal) const {
    return nal.size() < kTailBytes || units_.is_unclear_in_part(nal);
}

/// Takes the last NAL unit of a message, or lets it wait: the next one may go on with it.
void Assembler::take_last(std::span<std::uint8_t> payload, const media::NalSpan& nal) {
    const Bytes bytes = payload.subspan(nal.begin, nal.end - nal.begin);
    is_unclear_in_part(bytes) ? keep_tail(bytes) : take(payload, nal);
}

void Assembler::keep_tail(Bytes tail) {
    take_tail();
    has_tail_ = true;
    tail_.assign(tail.begin(), tail.end());
    tail_message_ = message_;
    tail_message_.payload = {};
    if (tail.empty()) return;
    const auto type = media::nal_type(tail[0]);
    has_slice_ = has_slice_ || type == media::NalType::slice || type == media::NalType::idr;
}

/// Takes the waiting NAL unit as part of the message it began in.
void Assembler::take_tail() {
    if (!has_tail_) return;
    has_tail_ = false;
    std::vector<std::uint8_t> nal = std::move(tail_);
    tail_.clear();
    if (!nal.empty()) {
        const Message now = message_;
        const bool has_slice = has_slice_;
        message_ = tail_message_;
        is_joined_ = true;
        take(nal, {0, nal.size(), 3});
        is_joined_ = false;
        message_ = now;
        has_slice_ = has_slice;
    }
    lost_ += std::exchange(lost_behind_tail_, 0U);
}

void Assembler::continue_last(Bytes bytes) {
    std::array<std::uint8_t, kLengthBytes> length{};
    const bool fits =
        last_ == Place::prefix
            ? prefix_.size() + bytes.size() <= kPrefixBytesMax
            : parts_.back().file->position() - picture_at_ + bytes.size() <= mp4::kSampleBytesMax;
    if (!fits) return count_loss();
    last_bytes_ += static_cast<std::uint32_t>(bytes.size());
    store_be32(length.data(), last_bytes_);
    if (last_ == Place::prefix) {
        prefix_.insert(prefix_.end(), bytes.begin(), bytes.end());
        std::ranges::copy(length, prefix_.begin() + static_cast<std::ptrdiff_t>(last_at_));
        return;
    }
    mp4::SampleFile& file = *parts_.back().file;
    file.append(bytes);
    file.patch(last_at_, length);
}

void Assembler::take(std::span<std::uint8_t> payload, const media::NalSpan& nal) {
    const Bytes bytes = payload.subspan(nal.begin, nal.end - nal.begin);
    using media::Role;
    last_ = Place::none;
    switch (units_.feed(bytes)) {
        case Role::prefix:
            if (units_.stored() && *units_.stored() != media::ParameterSets::Stored::same)
                is_dirty_ = true;
            append_prefix(bytes);
            return;
        case Role::first_slice:
            has_slice_ = true;
            end_picture();
            begin_picture();
            break;
        case Role::second_field:
            has_slice_ = true;
            if (in_picture_) pictures_.back().order = units_.picture().order;
            break;
        case Role::slice:
            has_slice_ = true;
            break;
        case Role::suffix:
            break;
        case Role::no_parameter_sets:
            has_slice_ = true;
            skip_slice(bytes);
            return;
        case Role::dropped:
            return;
    }
    if (!in_picture_) {
        drop_prefix();
        return;
    }
    put_prefix();
    append(payload, nal);
}

void Assembler::append(std::span<std::uint8_t> payload, const media::NalSpan& nal) {
    mp4::SampleFile& file = *parts_.back().file;
    const std::size_t size = nal.end - nal.begin;
    if (file.position() - picture_at_ + size + kLengthBytes > mp4::kSampleBytesMax)
        return count_loss();
    last_ = Place::sample;
    last_at_ = file.position();
    last_bytes_ = static_cast<std::uint32_t>(size);
    if (nal.start_bytes >= kLengthBytes && !is_joined_) {
        std::uint8_t* const length = payload.data() + nal.begin - kLengthBytes;
        store_be32(length, last_bytes_);
        file.append_borrowed({length, size + kLengthBytes});
        return;
    }
    std::array<std::uint8_t, kLengthBytes> length{};
    store_be32(length.data(), last_bytes_);
    file.append(length);
    // A copy costs less than one more piece in the gathered write.
    constexpr std::size_t kSmallBytes = 1024;
    const Bytes bytes = payload.subspan(nal.begin, size);
    size <= kSmallBytes || is_joined_ ? file.append(bytes) : file.append_borrowed(bytes);
}

void Assembler::append_prefix(Bytes nal) {
    if (prefix_.size() + nal.size() + kLengthBytes > kPrefixBytesMax) return count_loss();
    last_ = Place::prefix;
    last_at_ = prefix_.size();
    last_bytes_ = static_cast<std::uint32_t>(nal.size());
    std::array<std::uint8_t, kLengthBytes> length{};
    store_be32(length.data(), last_bytes_);
    prefix_.insert(prefix_.end(), length.begin(), length.end());
    prefix_.insert(prefix_.end(), nal.begin(), nal.end());
}

void Assembler::put_prefix() {
    if (prefix_.empty()) return;
    mp4::SampleFile& file = *parts_.back().file;
    if (file.position() - picture_at_ + prefix_.size() > mp4::kSampleBytesMax) {
        count_loss();
        return drop_prefix();
    }
    file.append(prefix_);
    prefix_.clear();
}

/// Of a picture that is not kept.
void Assembler::drop_prefix() {
    has_lost_prefix_ = has_lost_prefix_ || !prefix_.empty();
    prefix_.clear();
}

/// Nothing to decode it with.
void Assembler::skip_slice(Bytes nal) {
    const bool begins =
        nal.size() > 1 && (nal[1] & 0x80) != 0;  // first_mb_in_slice 0 is a single 1
    if (begins) {
        end_picture();
        in_picture_ = false;
        drop_prefix();
        has_counted_loss_ = false;
    }
    count_loss();
}

/// Once of each picture, also of one whose first slice did not come.
void Assembler::count_loss() {
    if (std::exchange(has_counted_loss_, true)) return;
    ++(has_start_ ? lost_pictures_ : undecodable_);
}

/// Pictures before the first one that can be decoded are counted; those outside the range are not.
bool Assembler::is_wanted(const media::PictureStart& picture) {
    has_start_ = has_start_ || picture.is_entry(options_.start_at_intra);
    if (!has_start_) {
        count_loss();
        return false;
    }
    const std::uint64_t number = number_++;
    return number >= options_.first_picture && number < options_.end_picture;
}

void Assembler::begin_picture() {
    const media::PictureStart& picture = units_.picture();
    saw_intra_ = saw_intra_ || picture.is_intra;
    has_counted_loss_ = false;
    in_picture_ = is_wanted(picture);
    if (!in_picture_) return;
    const bool is_first = parts_.empty();
    const media::Sps& sps = *units_.sets().sps(picture.sps_id);
    const bool is_other_format = !is_first && !parts_.back().format.sps.same_picture_format(sps);
    bool begins_part = is_first;
    const bool starts_anew = picture.is_idr || is_seam_;
    if (is_other_format && options_.split && starts_anew && parts_.size() < options_.parts_max)
        begins_part = true;
    if (begins_part) {
        begin_part(picture);
    } else if (is_dirty_) {
        absorb_parameter_sets();
    }
    is_dirty_ = false;
    if (is_undescribed_ && starts_anew && !begins_part) describe_change(picture);
    Part& part = parts_.back();
    picture_at_ = part.file->position();
    const bool needs_sets = options_.all_sets_in_samples
                                ? has_lost_prefix_
                                : has_changes_ && starts_anew && !begins_part;
    if (needs_sets) inject_parameter_sets();
    has_lost_prefix_ = false;

    mp4::Picture entry;
    entry.device_us = message_.device_us;
    entry.arrival_ns = message_.arrival_ns;
    entry.order = picture.order;
    entry.is_sync = starts_anew || begins_part ? 1 : 0;
    entry.begins_sequence = picture.begins_sequence || is_seam_ || begins_part ? 1 : 0;
    entry.is_seam = is_seam_ ? 1 : 0;
    entry.is_bare = message_.is_numbered ? 0 : 1;
    if (entry.begins_bare(pictures_.empty() ? nullptr : &pictures_.back()))
        bare_rates_.push_back(rate_of(sps.vui).value_or(0));
    is_seam_ = false;
    if (pictures_.size() == std::numeric_limits<std::uint32_t>::max()) {
        throw Failure(Exit::bad_input, "more than 2^32 pictures");
    }
    pictures_.push_back(entry);
    if (options_.keeps_numbers) numbers_.push_back({message_.seq, std::exchange(lost_, 0U)});
    ++part.count;
}

void Assembler::image(const Message& message, media::JpegSize size) {
    if (message.begins_input) {
        has_start_ = false;
        is_seam_ = !pictures_.empty();
    }
    lost_ += message.lost_before;
    has_slice_ = true;
    media::PictureStart picture;
    picture.is_idr = true;
    if (!is_wanted(picture)) return;
    const bool is_first = parts_.empty();
    const bool is_other = !is_first && (parts_.back().format.sps.width != size.width ||
                                        parts_.back().format.sps.height != size.height);
    if (is_first || (is_other && options_.split && parts_.size() < options_.parts_max)) {
        if (!is_first) parts_.back().file->rest();
        Part part;
        part.first = pictures_.size();
        part.format.is_jpeg = true;
        part.format.sps.width = part.format.sps.coded_width = size.width;
        part.format.sps.height = part.format.sps.coded_height = size.height;
        part.file = options_.open_part(static_cast<unsigned>(parts_.size() + 1));
        parts_.push_back(std::move(part));
    }
    mp4::Picture entry;
    entry.device_us = message.device_us;
    entry.arrival_ns = message.arrival_ns;
    entry.is_sync = entry.begins_sequence = 1;
    entry.is_seam = std::exchange(is_seam_, false) ? 1 : 0;
    entry.bytes = static_cast<std::uint32_t>(message.payload.size()) & mp4::kSampleBytesMax;
    if (pictures_.size() == std::numeric_limits<std::uint32_t>::max()) {
        throw Failure(Exit::bad_input, "more than 2^32 pictures");
    }
    pictures_.push_back(entry);
    if (options_.keeps_numbers) numbers_.push_back({message.seq, std::exchange(lost_, 0U)});
    ++parts_.back().count;
    parts_.back().file->append_borrowed(message.payload);
}

void Assembler::end_picture() {
    if (!in_picture_) return;
    const std::uint64_t size = parts_.back().file->position() - picture_at_;
    pictures_.back().bytes = static_cast<std::uint32_t>(size) & mp4::kSampleBytesMax;
    in_picture_ = false;
}

/// A new file begins with all parameter sets that are known, those of its first picture first.
void Assembler::begin_part(const media::PictureStart& picture) {
    if (!parts_.empty()) parts_.back().file->rest();
    Part part;
    part.first = pictures_.size();
    part.format = known_sets(picture);
    part.file = options_.open_part(static_cast<unsigned>(parts_.size() + 1));
    parts_.push_back(std::move(part));
    has_changes_ = is_undescribed_ = false;
    absorb_parameter_sets();
}

/// Those of a picture alone: absorb_parameter_sets() adds the others.
mp4::VideoFormat Assembler::known_sets(const media::PictureStart& picture) const {
    const media::ParameterSets& sets = units_.sets();
    return {*sets.sps(picture.sps_id),
            {copy(sets.sps_bytes(picture.sps_id))},
            {copy(sets.pps_bytes(picture.pps_id))}};
}

mp4::VideoFormat& Assembler::current_format() {
    Part& part = parts_.back();
    const std::size_t format = part.changes.empty() ? 0 : part.changes.back().format;
    return format == 0 ? part.format : part.other_formats[format - 1];
}

/// From this picture on the sets that are known hold, and no others: a sample description that says
/// so, or one that was there before. Pictures of another size that no part of their own is made for
/// have what they need in the stream alone: readers take a track's size from any description.
void Assembler::describe_change(const media::PictureStart& picture) {
    Part& part = parts_.back();
    if (part.other_formats.size() == kOtherFormatsMax) return;
    if (!part.format.sps.same_picture_format(*units_.sets().sps(picture.sps_id))) return;
    is_undescribed_ = false;
    part.other_formats.push_back(known_sets(picture));
    part.changes.push_back({part.count, part.other_formats.size()});
    absorb_parameter_sets();
    const mp4::VideoFormat made = part.other_formats.back();
    const auto is_same = [&](const mp4::VideoFormat& format) {
        return format.sps_list == made.sps_list && format.pps_list == made.pps_list;
    };
    const auto known = std::ranges::find_if(part.other_formats, is_same);
    if (!is_same(part.format) && known + 1 == part.other_formats.end()) return;
    part.changes.back().format =
        is_same(part.format) ? 0 : static_cast<std::size_t>(known - part.other_formats.begin()) + 1;
    part.other_formats.pop_back();
}

/// Sets with new ids go into the newest sample description; other contents under a known id stay in
/// the stream, and from then on every IDR picture carries all sets, so that a player may begin
/// there; the next one has a description of its own.
void Assembler::absorb_parameter_sets() {
    mp4::VideoFormat& format = current_format();
    const media::ParameterSets& sets = units_.sets();
    const auto ids_of = [](const std::vector<mp4::NalBytes>& list, auto parse) {
        std::vector<unsigned> ids;
        ids.reserve(list.size());
        for (const mp4::NalBytes& nal : list) ids.push_back(parse(nal)->id);
        return ids;
    };
    std::vector<unsigned> ids = ids_of(format.sps_list, media::parse_sps);
    for (unsigned id = 0; id < media::kSpsMax; ++id) {
        const Bytes nal = sets.sps_bytes(id);
        if (!nal.empty() && absorb(format.sps_list, kSpsListMax, ids, nal, id, ids))
            has_changes_ = is_undescribed_ = true;
    }
    ids = ids_of(format.pps_list, media::parse_pps);
    for (unsigned id = 0; id < media::kPpsMax; ++id) {
        const Bytes nal = sets.pps_bytes(id);
        if (!nal.empty() && absorb(format.pps_list, kPpsListMax, ids, nal, id, ids))
            has_changes_ = is_undescribed_ = true;
    }
}

void Assembler::inject_parameter_sets() {
    // Those that come with the picture stand in prefix_, behind these, and win.
    const std::vector<std::uint8_t> own = std::move(prefix_);
    prefix_.clear();
    const media::ParameterSets& sets = units_.sets();
    for (unsigned id = 0; id < media::kSpsMax; ++id) {
        if (!sets.sps_bytes(id).empty()) append_prefix(sets.sps_bytes(id));
    }
    for (unsigned id = 0; id < media::kPpsMax; ++id) {
        if (!sets.pps_bytes(id).empty()) append_prefix(sets.pps_bytes(id));
    }
    std::vector<std::uint8_t> injected = std::move(prefix_);
    prefix_ = own;
    parts_.back().file->append(injected);
}

void Assembler::correct_unit(std::size_t first) {
    constexpr std::uint64_t kTooMany = 1000;
    for (std::size_t i = first; i < pictures_.size(); ++i) pictures_[i].device_us /= kTooMany;
    tail_message_.device_us /= kTooMany;
}

void Assembler::flush() {
    if (!parts_.empty()) parts_.back().file->flush();
}

void Assembler::finish() {
    take_tail();
    end_picture();
    flush();
}

}  // namespace st::mux
