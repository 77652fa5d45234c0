#include "mp4/fragments.h"

#include "mp4/track_boxes.h"

namespace st::mp4 {
namespace {

/// A stream without key frames is cut all the same: this much is held in memory.
constexpr std::size_t kFragmentBytesMax = std::size_t{4} << 20;
constexpr std::size_t kFragmentSamplesMax = 600;

constexpr std::uint32_t kSyncSample = 0x0200'0000;   // depends on no other
constexpr std::uint32_t kOtherSample = 0x0101'0000;  // depends on others, is no sync sample

/// The tables of the moov: there, and empty.
void write_no_samples(Boxes& out) {
    for (const char* type : {"stts", "stsc", "stco"}) {
        const Box box(out, type, 0, 0);
        out.u32(0);
    }
    const Box stsz(out, "stsz", 0, 0);
    out.u32(0);
    out.u32(0);
}

}  // namespace

void Fragments::begin(const Track& track) {
    track_ = &track;
    Boxes out;
    write_file_type(out, true);
    write_moov(out, track, true, [&] { write_no_samples(out); });
    file_.append(out.take());
    file_.flush();
}

void Fragments::picture(std::size_t i, Bytes sample) {
    const bool is_full =
        samples_.size() + sample.size() > kFragmentBytesMax || sizes_.size() == kFragmentSamplesMax;
    if (!sizes_.empty() && (is_full || track_->samples.picture(i).is_sync)) write_fragment();
    if (sizes_.empty()) first_ = i;
    sizes_.push_back(static_cast<std::uint32_t>(sample.size()));
    samples_.insert(samples_.end(), sample.begin(), sample.end());
}

void Fragments::write_fragment() {
    const Samples& samples = track_->samples;
    const std::uint32_t depth = track_->depth;
    Boxes out;
    std::uint64_t data_offset_at = 0;
    {
        const Box moof(out, "moof");
        {
            const Box mfhd(out, "mfhd", 0, 0);
            out.u32(++sequence_);
        }
        const Box traf(out, "traf");
        {
            const Box tfhd(out, "tfhd", 0, 0x02'0000);  // offsets count from the moof
            out.u32(1);
        }
        {
            const Box tfdt(out, "tfdt", 1, 0);
            out.u64(
                static_cast<std::uint64_t>(samples.decoded(first_, depth) + track_->shift_ticks));
        }
        // Data offset, and of each sample duration, size, flags, composition offset.
        const Box trun(out, "trun", 0, 0x01 | 0x100 | 0x200 | 0x400 | 0x800);
        out.u32(sizes_.size());
        data_offset_at = out.position();
        out.u32(0);
        for (std::size_t k = 0; k < sizes_.size(); ++k) {
            const std::size_t i = first_ + k;
            const std::int64_t now = samples.decoded(i, depth);
            const std::int64_t next =
                i + 1 < samples.count ? samples.decoded(i + 1, depth) : now + samples.usual_ticks;
            out.u32(static_cast<std::uint64_t>(next - now));
            out.u32(sizes_[k]);
            out.u32(samples.picture(i).is_sync ? kSyncSample : kOtherSample);
            out.u32(static_cast<std::uint64_t>(samples.shown(i) - now));
        }
    }
    constexpr std::size_t kMdatHeadBytes = 8;
    out.patch_u32(data_offset_at, out.position() + kMdatHeadBytes);
    out.u32(kMdatHeadBytes + samples_.size());
    out.text("mdat");
    const auto head = out.take();
    file_.append(head);
    file_.append_borrowed(samples_);
    file_.flush();
    sizes_.clear();
    samples_.clear();
}

void Fragments::finish() {
    if (!sizes_.empty()) write_fragment();
    file_.flush();
}

}  // namespace st::mp4
