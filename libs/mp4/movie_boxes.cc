#include "mp4/movie_boxes.h"

#include "base/clock.h"
#include "mp4/track_boxes.h"

namespace st::mp4 {
namespace {

unsigned version_of(const Track& track, std::uint64_t duration) {
    return std::max(duration, track.created) > kU32Max ? 1 : 0;
}

void write_head(Boxes& out, const Track& track, std::uint64_t duration) {
    const media::Sps& sps = track.format.sps;
    TrackHeader header;
    header.version = version_of(track, duration);
    header.created = track.created;
    header.duration = duration;
    header.matrix = matrix_of(track.metadata.rotate, sps.width, sps.height);
    header.width = shown_width(sps);
    header.height = sps.height << 16;
    write_track_header(out, header);
}

/// Presentation begins with the first picture shown: at 0.000, or after an empty edit.
void write_edits(Boxes& out, const Track& track, bool is_fragmented) {
    const auto empty = static_cast<std::uint64_t>(track.samples.begins_ticks);
    if (track.shift_ticks == 0 && empty == 0) return;
    const std::uint64_t duration =
        is_fragmented ? 0 : static_cast<std::uint64_t>(track.samples.end_ticks());
    const bool is_large = std::max(duration, empty) > kU32Max ||
                          track.shift_ticks > static_cast<std::int64_t>(kU32Max / 2);
    std::vector<MovieEdit> edits;
    if (empty > 0) edits.push_back({empty, -1});
    edits.push_back({duration, track.shift_ticks});
    write_edit_list(out, is_large ? 1 : 0, edits);
}

void write_media(Boxes& out, const Track& track, bool is_fragmented) {
    const std::uint64_t duration =
        is_fragmented ? 0
                      : static_cast<std::uint64_t>(track.samples.end_ticks() + track.shift_ticks);
    write_media_header(out, {version_of(track, duration), track.created,
                             static_cast<std::uint32_t>(track.samples.ticks_per_second), duration});
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
    write_movie_header(out, {version_of(track, duration), track.created,
                             static_cast<std::uint32_t>(track.samples.ticks_per_second), duration});
    {
        const Box trak(out, "trak");
        write_head(out, track, duration);
        write_edits(out, track, is_fragmented);
        const Box mdia(out, "mdia");
        write_media(out, track, is_fragmented);
        write_hdlr(out, "vide", "VideoHandler");
        const Box minf(out, "minf");
        write_kind_header(out, false);
        write_data_reference(out);
        const Box stbl(out, "stbl");
        write_sample_descriptions(out, track.format, track.later.others);
        tables();
    }
    if (is_fragmented) write_mvex(out, track);
    write_metadata(out, track);
}

}  // namespace st::mp4
