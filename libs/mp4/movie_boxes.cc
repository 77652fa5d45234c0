#include "mp4/movie_boxes.h"

#include "base/clock.h"
#include "mp4/track_boxes.h"

namespace st::mp4 {
namespace {

void write_mvhd(Boxes& out, const Track& track, std::uint64_t duration) {
    const unsigned version = std::max(duration, track.created) > kU32Max ? 1 : 0;
    const Box box(out, "mvhd", version, 0);
    out.time(version, track.created);
    out.time(version, track.created);
    out.u32(static_cast<std::uint64_t>(track.samples.ticks_per_second));
    out.time(version, duration);
    out.u32(0x10000);  // rate 1.0
    out.u16(0x100);    // volume
    out.zeros(10);
    write_matrix(out);
    out.zeros(24);
    out.u32(2);  // next track
}

void write_tkhd(Boxes& out, const Track& track, std::uint64_t duration) {
    const media::Sps& sps = track.format.sps;
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
void write_edit_list(Boxes& out, const Track& track, bool is_fragmented) {
    const auto empty = static_cast<std::uint64_t>(track.samples.begins_ticks);
    if (track.shift_ticks == 0 && empty == 0) return;
    const std::uint64_t duration =
        is_fragmented ? 0 : static_cast<std::uint64_t>(track.samples.end_ticks());
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

void write_mdhd(Boxes& out, const Track& track, bool is_fragmented) {
    const std::uint64_t duration =
        is_fragmented ? 0
                      : static_cast<std::uint64_t>(track.samples.end_ticks() + track.shift_ticks);
    const unsigned version = std::max(duration, track.created) > kU32Max ? 1 : 0;
    const Box box(out, "mdhd", version, 0);
    out.time(version, track.created);
    out.time(version, track.created);
    out.u32(static_cast<std::uint64_t>(track.samples.ticks_per_second));
    out.time(version, duration);
    out.u16(0x55C4);  // language: und
    out.u16(0);
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

/// Samples come in fragments; how long they are together is known all the same.
void write_mvex(Boxes& out, const Track& track) {
    const Box mvex(out, "mvex");
    {
        const Box mehd(out, "mehd", 1, 0);
        out.u64(static_cast<std::uint64_t>(track.samples.duration_ticks()));
    }
    const Box trex(out, "trex", 0, 0);
    out.u32(1);  // track
    out.u32(1);  // sample description
    out.zeros(12);
}

}  // namespace

Track::Track(const Samples& of, const VideoFormat& how, const Metadata& what, LaterFormats then)
    : samples(of),
      format(how),
      later(then),
      metadata(what),
      depth(of.depth()),
      shift_ticks(depth * of.usual_ticks),
      created(what.created_us ? seconds_since_1904(*what.created_us) : 0) {}

void write_moov(Boxes& out, const Track& track, bool is_fragmented,
                const std::function<void()>& tables) {
    const std::uint64_t duration =
        is_fragmented ? 0 : static_cast<std::uint64_t>(track.samples.duration_ticks());
    const Box moov(out, "moov");
    write_mvhd(out, track, duration);
    {
        const Box trak(out, "trak");
        write_tkhd(out, track, duration);
        write_edit_list(out, track, is_fragmented);
        const Box mdia(out, "mdia");
        write_mdhd(out, track, is_fragmented);
        write_hdlr(out, "vide", "VideoHandler");
        const Box minf(out, "minf");
        {
            const Box vmhd(out, "vmhd", 0, 1);
            out.zeros(8);
        }
        write_data_reference(out);
        const Box stbl(out, "stbl");
        write_sample_descriptions(out, track.format, track.later.others);
        tables();
    }
    if (is_fragmented) write_mvex(out, track);
    write_metadata(out, track);
}

}  // namespace st::mp4
