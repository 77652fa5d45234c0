#include "mux/moov.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <string_view>

#include "base/clock.h"
#include "media/timeline.h"

namespace st::mux {
namespace {

constexpr std::uint64_t kSecondsFrom1904To1970 = 2'082'844'800;
constexpr std::uint64_t kU32Max = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kChunkBytes = std::uint64_t{1} << 20;

/// Big-endian fields to the end of a file. A box's size is filled in when it ends.
class Boxes {
 public:
    explicit Boxes(SampleFile& file) : file_(file) { out_.reserve(kFlushBytes + 64); }
    ~Boxes() { assert(out_.empty()); }

    /// One box from construction to the end of the scope.
    class Box {
     public:
        Box(Boxes& boxes, std::string_view type) : boxes_(boxes), at_(boxes.position()) {
            boxes_.u32(0);
            boxes_.text(type);
        }
        Box(Boxes& boxes, std::string_view type, unsigned version, std::uint32_t flags)
            : Box(boxes, type) {
            boxes_.u32(version << 24 | flags);
        }
        ~Box() { boxes_.patch_u32(at_, boxes_.position() - at_); }
        Box(const Box&) = delete;
        Box& operator=(const Box&) = delete;

     private:
        Boxes& boxes_;
        const std::uint64_t at_;
    };

    void u8(unsigned v) { out_.push_back(static_cast<std::uint8_t>(v)); }
    void u16(std::uint64_t v) {
        u8(v >> 8 & 0xFF);
        u8(v & 0xFF);
    }
    void u32(std::uint64_t v) {
        u16(v >> 16 & 0xFFFF);
        u16(v & 0xFFFF);
        if (out_.size() >= kFlushBytes) flush();
    }
    void u64(std::uint64_t v) {
        u32(v >> 32);
        u32(v & kU32Max);
    }
    void text(std::string_view v) { out_.insert(out_.end(), v.begin(), v.end()); }
    void bytes(Bytes v) { out_.insert(out_.end(), v.begin(), v.end()); }
    void zeros(std::size_t count) { out_.insert(out_.end(), count, 0); }
    /// 64 bits in version 1 boxes, else 32.
    void time(unsigned version, std::uint64_t v) { version == 1 ? u64(v) : u32(v); }

    std::uint64_t position() const { return file_.position() + out_.size(); }
    void patch_u32(std::uint64_t at, std::uint64_t value) {
        assert(value <= kU32Max);
        std::array<std::uint8_t, 4> field{};
        store_be32(field.data(), static_cast<std::uint32_t>(value));
        if (at >= file_.position()) {
            std::ranges::copy(field,
                              out_.begin() + static_cast<std::ptrdiff_t>(at - file_.position()));
        } else {
            file_.patch(at, field);
        }
    }
    void flush() {
        file_.append(out_);
        out_.clear();
    }

 private:
    static constexpr std::size_t kFlushBytes = 64'000;
    SampleFile& file_;
    std::vector<std::uint8_t> out_;
};

using Box = Boxes::Box;

/// Runs of equal values as (count, value) pairs, as stts and ctts have them.
class Runs {
 public:
    explicit Runs(Boxes& out) : out_(out), count_at_(out.position()) { out_.u32(0); }
    void add(std::uint32_t value) {
        if (length_ > 0 && value != value_) end_run();
        value_ = value;
        ++length_;
    }
    void end() {
        if (length_ > 0) end_run();
        out_.patch_u32(count_at_, runs_);
    }

 private:
    void end_run() {
        out_.u32(length_);
        out_.u32(value_);
        length_ = 0;
        ++runs_;
    }
    Boxes& out_;
    const std::uint64_t count_at_;
    std::uint32_t value_ = 0;
    std::uint64_t length_ = 0;
    std::uint64_t runs_ = 0;
};

struct Track {
    const Samples& samples;
    const VideoFormat& format;
    const Metadata& metadata;
    std::uint32_t depth;       ///< reorder depth
    std::int64_t shift_ticks;  ///< decoding begins this much before the first picture is shown
    std::uint64_t created;     ///< seconds since 1904; 0: not known
};

/// 14496-12, 6.2.2: { a b u  c d v  x y w }; a point (p, q) is shown at (ap + cq + x, bp + dq + y).
void write_matrix(Boxes& out, unsigned rotate = 0, std::uint32_t width = 0,
                  std::uint32_t height = 0) {
    constexpr std::uint32_t kOne = 0x10000;
    constexpr std::uint32_t kMinusOne = 0xFFFF0000;
    const std::uint32_t shift_x = rotate == 90 ? height : rotate == 180 ? width : 0;
    const std::uint32_t shift_y = rotate == 180 ? height : rotate == 270 ? width : 0;
    const std::uint32_t cos = rotate == 0 ? kOne : rotate == 180 ? kMinusOne : 0;
    const std::uint32_t sin = rotate == 90 ? kOne : rotate == 270 ? kMinusOne : 0;
    const std::uint32_t minus_sin = rotate == 90 ? kMinusOne : rotate == 270 ? kOne : 0;
    for (const std::uint32_t v :
         {cos, sin, 0U, minus_sin, cos, 0U, shift_x << 16, shift_y << 16, 0x40000000U}) {
        out.u32(v);
    }
}

void write_mvhd(Boxes& out, const Track& track) {
    const auto duration = static_cast<std::uint64_t>(track.samples.duration_ticks());
    const unsigned version = std::max(duration, track.created) > kU32Max ? 1 : 0;
    const Box box(out, "mvhd", version, 0);
    out.time(version, track.created);
    out.time(version, track.created);
    out.u32(media::kTicksPerSecond);
    out.time(version, duration);
    out.u32(0x10000);  // rate 1.0
    out.u16(0x100);    // volume
    out.zeros(10);
    write_matrix(out);
    out.zeros(24);
    out.u32(2);  // next track
}

void write_tkhd(Boxes& out, const Track& track) {
    const media::Sps& sps = track.format.sps;
    const auto duration = static_cast<std::uint64_t>(track.samples.duration_ticks());
    const unsigned version = std::max(duration, track.created) > kU32Max ? 1 : 0;
    const Box box(out, "tkhd", version, 3);  // enabled, in the movie
    out.time(version, track.created);
    out.time(version, track.created);
    out.u32(1);
    out.u32(0);
    out.time(version, duration);
    out.zeros(8 + 2 + 2 + 2 + 2);
    write_matrix(out, track.metadata.rotate, sps.width, sps.height);
    std::uint64_t width = std::uint64_t{sps.width} << 16;
    if (sps.vui.sar_height != 0) width = width * sps.vui.sar_width / sps.vui.sar_height;
    out.u32(std::min(width, kU32Max));
    out.u32(std::uint64_t{sps.height} << 16);
}

/// Presentation begins with the first picture shown: at 0.000, or after an empty edit.
void write_edit_list(Boxes& out, const Track& track) {
    const auto empty = static_cast<std::uint64_t>(track.samples.begins_ticks);
    if (track.shift_ticks == 0 && empty == 0) return;
    const auto duration = static_cast<std::uint64_t>(track.samples.end_ticks());
    const auto start = static_cast<std::uint64_t>(track.shift_ticks);
    const unsigned version = std::max(duration, empty) > kU32Max || start > kU32Max / 2 ? 1 : 0;
    const Box edts(out, "edts");
    const Box elst(out, "elst", version, 0);
    out.u32(empty > 0 ? 2 : 1);
    if (empty > 0) {
        constexpr std::uint64_t kNoMedia = ~std::uint64_t{0};
        out.time(version, empty);
        out.time(version, version == 1 ? kNoMedia : kNoMedia & kU32Max);
        out.u32(0x10000);
    }
    out.time(version, duration);
    out.time(version, start);
    out.u32(0x10000);
}

void write_mdhd(Boxes& out, const Track& track) {
    const auto duration = static_cast<std::uint64_t>(track.samples.end_ticks() + track.shift_ticks);
    const unsigned version = std::max(duration, track.created) > kU32Max ? 1 : 0;
    const Box box(out, "mdhd", version, 0);
    out.time(version, track.created);
    out.time(version, track.created);
    out.u32(media::kTicksPerSecond);
    out.time(version, duration);
    out.u16(0x55C4);  // language: und
    out.u16(0);
}

void write_hdlr(Boxes& out, std::string_view type, std::string_view name) {
    const Box box(out, "hdlr", 0, 0);
    out.u32(0);
    out.text(type);
    out.zeros(12);
    out.text(name);
    out.u8(0);
}

void write_stsd(Boxes& out, const Track& track) {
    const media::Sps& sps = track.format.sps;
    const Box stsd(out, "stsd", 0, 0);
    out.u32(1);
    const Box avc1(out, "avc1");
    out.zeros(6);
    out.u16(1);
    out.zeros(16);
    out.u16(sps.width);
    out.u16(sps.height);
    out.u32(0x480000);
    out.u32(0x480000);
    out.u32(0);
    out.u16(1);
    out.zeros(32);
    out.u16(0x18);
    out.u16(0xFFFF);
    {
        const Box avcc(out, "avcC");
        out.bytes(encode_avcc(track.format));
    }
    const media::Vui& vui = sps.vui;
    if (vui.has_colour || vui.full_range) {
        const Box colr(out, "colr");
        out.text("nclx");
        out.u16(vui.colour_primaries);
        out.u16(vui.transfer);
        out.u16(vui.matrix);
        out.u8(vui.full_range ? 0x80 : 0);
    }
    if (vui.sar_height != 0) {
        const Box pasp(out, "pasp");
        out.u32(vui.sar_width);
        out.u32(vui.sar_height);
    }
}

void write_times(Boxes& out, const Track& track) {
    const Samples& samples = track.samples;
    {
        const Box stts(out, "stts", 0, 0);
        Runs runs(out);
        std::int64_t now = decoding_ticks(samples, 0, track.depth);
        for (std::size_t i = 1; i < samples.count; ++i) {
            const std::int64_t next = decoding_ticks(samples, i, track.depth);
            assert(next > now && next - now <= static_cast<std::int64_t>(kU32Max));
            runs.add(static_cast<std::uint32_t>(next - now));
            now = next;
        }
        runs.add(static_cast<std::uint32_t>(samples.usual_ticks));
        runs.end();
    }
    bool all_sync = true;
    for (std::size_t i = 0; i < samples.count && all_sync; ++i)
        all_sync = samples.picture(i).is_sync;
    if (!all_sync) {
        const Box stss(out, "stss", 0, 0);
        const std::uint64_t count_at = out.position();
        std::uint64_t count = 0;
        out.u32(0);
        for (std::size_t i = 0; i < samples.count; ++i) {
            if (!samples.picture(i).is_sync) continue;
            out.u32(i + 1);
            ++count;
        }
        out.patch_u32(count_at, count);
    }
    if (track.depth == 0) return;
    const Box ctts(out, "ctts", 0, 0);
    Runs runs(out);
    for (std::size_t i = 0; i < samples.count; ++i) {
        const std::int64_t offset = samples.shown(i) - decoding_ticks(samples, i, track.depth);
        assert(offset >= 0 && offset <= static_cast<std::int64_t>(kU32Max));
        runs.add(static_cast<std::uint32_t>(offset));
    }
    runs.end();
}

/// Chunks of the same number of samples each, about a MiB: a player seeks by reading one offset.
void write_places(Boxes& out, const Samples& samples) {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < samples.count; ++i) bytes += samples.picture(i).bytes;
    const std::uint64_t average = std::max<std::uint64_t>(bytes / samples.count, 1);
    const std::size_t per_chunk = std::clamp<std::size_t>(kChunkBytes / average, 1, samples.count);
    const std::size_t whole = samples.count / per_chunk;
    const std::size_t rest = samples.count % per_chunk;
    {
        const Box stsc(out, "stsc", 0, 0);
        out.u32(rest > 0 ? 2 : 1);
        out.u32(1);
        out.u32(per_chunk);
        out.u32(1);
        if (rest > 0) {
            out.u32(whole + 1);
            out.u32(rest);
            out.u32(1);
        }
    }
    {
        const Box stsz(out, "stsz", 0, 0);
        out.u32(0);
        out.u32(samples.count);
        for (std::size_t i = 0; i < samples.count; ++i) out.u32(samples.picture(i).bytes);
    }
    const bool wide = kMp4HeadBytes + bytes > kU32Max;
    const Box stco(out, wide ? "co64" : "stco", 0, 0);
    out.u32(whole + (rest > 0 ? 1 : 0));
    std::uint64_t at = kMp4HeadBytes;
    for (std::size_t i = 0; i < samples.count; ++i) {
        if (i % per_chunk == 0) out.time(wide ? 1 : 0, at);
        at += samples.picture(i).bytes;
    }
}

void write_tag(Boxes& out, std::string_view type, std::string_view value) {
    if (value.empty()) return;
    const Box item(out, type);
    const Box data(out, "data", 0, 1);  // UTF-8
    out.u32(0);
    out.text(value);
}

void write_metadata(Boxes& out, const Track& track) {
    const Box udta(out, "udta");
    const Box meta(out, "meta", 0, 0);
    write_hdlr(out, "mdir", "");
    const Box ilst(out, "ilst");
    write_tag(out, "\xA9nam", track.metadata.camera);
    if (track.metadata.created_us)
        write_tag(out,
                  "\xA9"
                  "day",
                  rfc3339(*track.metadata.created_us));
    write_tag(out, "\xA9too", "streamd " ST_VERSION);
}

void write_moov(Boxes& out, const Track& track) {
    const Box moov(out, "moov");
    write_mvhd(out, track);
    {
        const Box trak(out, "trak");
        write_tkhd(out, track);
        write_edit_list(out, track);
        const Box mdia(out, "mdia");
        write_mdhd(out, track);
        write_hdlr(out, "vide", "VideoHandler");
        const Box minf(out, "minf");
        {
            const Box vmhd(out, "vmhd", 0, 1);
            out.zeros(8);
        }
        {
            const Box dinf(out, "dinf");
            const Box dref(out, "dref", 0, 0);
            out.u32(1);
            const Box url(out, "url ", 0, 1);
        }
        const Box stbl(out, "stbl");
        write_stsd(out, track);
        write_times(out, track);
        write_places(out, track.samples);
    }
    write_metadata(out, track);
}

}  // namespace

std::vector<std::uint8_t> encode_avcc(const VideoFormat& format) {
    assert(!format.sps_list.empty() && format.sps_list.size() <= 31 &&
           format.pps_list.size() <= 255);
    const media::Sps& sps = format.sps;
    std::vector<std::uint8_t> out = {1,
                                     sps.profile_idc,
                                     sps.constraint_flags,
                                     sps.level_idc,
                                     0xFF,
                                     static_cast<std::uint8_t>(0xE0 | format.sps_list.size())};
    const auto add = [&out](const NalBytes& nal) {
        out.push_back(static_cast<std::uint8_t>(nal.size() >> 8));
        out.push_back(static_cast<std::uint8_t>(nal.size() & 0xFF));
        out.insert(out.end(), nal.begin(), nal.end());
    };
    for (const NalBytes& nal : format.sps_list) add(nal);
    out.push_back(static_cast<std::uint8_t>(format.pps_list.size()));
    for (const NalBytes& nal : format.pps_list) add(nal);
    if (sps.profile_idc != 66 && sps.profile_idc != 77 && sps.profile_idc != 88) {
        out.push_back(static_cast<std::uint8_t>(0xFC | sps.chroma_format_idc));
        out.push_back(static_cast<std::uint8_t>(0xF8 | (sps.bit_depth_luma - 8)));
        out.push_back(static_cast<std::uint8_t>(0xF8 | (sps.bit_depth_chroma - 8)));
        out.push_back(0);
    }
    return out;
}

std::uint32_t Samples::depth() const {
    std::uint32_t depth = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t place = shown_at[i] - first_place;
        if (i > place) depth = std::max(depth, static_cast<std::uint32_t>(i - place));
    }
    return depth;
}

std::int64_t decoding_ticks(const Samples& samples, std::size_t i, std::uint32_t depth) {
    if (i >= depth) return samples.ticks[i - depth] - samples.ticks[0];
    return -static_cast<std::int64_t>(depth - i) * samples.usual_ticks;
}

void begin_mp4(SampleFile& file) {
    assert(file.position() == 0);
    Boxes out(file);
    {
        const Box ftyp(out, "ftyp");
        out.text("isom");
        out.u32(0x200);
        out.text("isomiso2avc1mp41");
    }
    // Room for the 64-bit length of a large mdat; else an empty box.
    out.u32(8);
    out.text("free");
    out.u32(0);
    out.text("mdat");
    out.flush();
    assert(file.position() == kMp4HeadBytes);
}

void end_mp4(SampleFile& file, const Samples& samples, const VideoFormat& format,
             const Metadata& metadata) {
    assert(samples.count > 0);
    const std::uint64_t end = file.position();
    std::array<std::uint8_t, 16> head{};
    if (end - (kMp4HeadBytes - 8) <= kU32Max) {
        store_be32(head.data(), static_cast<std::uint32_t>(end - (kMp4HeadBytes - 8)));
        file.patch(kMp4HeadBytes - 8, Bytes(head).first(4));
    } else {
        store_be32(head.data(), 1);
        std::copy_n("mdat", 4, head.begin() + 4);
        store_be64(head.data() + 8, end - (kMp4HeadBytes - 16));
        file.patch(kMp4HeadBytes - 16, head);
    }
    const std::uint32_t depth = samples.depth();
    const std::uint64_t created =
        metadata.created_us && *metadata.created_us > 0
            ? static_cast<std::uint64_t>(*metadata.created_us) / 1'000'000 + kSecondsFrom1904To1970
            : 0;
    Boxes out(file);
    write_moov(out, {samples, format, metadata, depth, depth * samples.usual_ticks, created});
    out.flush();
    file.flush();
}

}  // namespace st::mux
