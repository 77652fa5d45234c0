#include "mp4/movie_tables.h"

#include <algorithm>
#include <string>

#include "mp4/sample_tables.h"

namespace st::mp4 {
namespace {

// ---- tracks -----------------------------------------------------------------------------------

Result<void> read_track_header(Bytes trak, MovieTrack& track) {
    FullBox tkhd = full_box(find_box(trak, box_type("tkhd")));
    tkhd.fields.skip(tkhd.version == 1 ? 16 : 8);
    track.id = tkhd.fields.u32();
    tkhd.fields.skip(4);
    tkhd.fields.time(tkhd.version);
    tkhd.fields.skip(16);
    const Bytes matrix = tkhd.fields.bytes(track.matrix.size());
    std::copy(matrix.begin(), matrix.end(), track.matrix.begin());
    track.width = tkhd.fields.u32();
    track.height = tkhd.fields.u32();
    if (tkhd.fields.failed()) return broken("a track has no tkhd");
    return {};
}

Result<void> read_edits(Bytes trak, MovieTrack& track) {
    const Bytes body = find_box(trak, {box_type("edts"), box_type("elst")});
    if (body.empty()) return {};
    FullBox elst = full_box(body);
    const auto count = count_of(elst.fields, elst.version == 1 ? 20 : 12);
    if (!count) return count.error();
    if (*count > kMovieEditsMax) return broken("it has too many edits");
    for (std::uint32_t k = 0; k < *count; ++k) {
        MovieEdit edit;
        edit.duration = elst.fields.time(elst.version);
        const std::uint64_t media = elst.fields.time(elst.version);
        edit.media =
            elst.version == 1 ? static_cast<std::int64_t>(media) : static_cast<std::int32_t>(media);
        elst.fields.skip(4);
        if (edit.media < -1 || edit.media > kMovieTicksMax ||
            edit.duration > static_cast<std::uint64_t>(kMovieTicksMax)) {
            return broken("an edit lies out of all times");
        }
        track.edits.push_back(edit);
    }
    return {};
}

Result<void> read_media(Bytes mdia, MovieTrack& track) {
    FullBox mdhd = full_box(find_box(mdia, box_type("mdhd")));
    mdhd.fields.skip(mdhd.version == 1 ? 16 : 8);
    track.ticks_per_second = mdhd.fields.u32();
    if (mdhd.fields.failed() || track.ticks_per_second == 0) return broken("a track has no time");
    FullBox hdlr = full_box(find_box(mdia, box_type("hdlr")));
    hdlr.fields.skip(4);
    const std::uint32_t kind = hdlr.fields.u32();
    if (kind == box_type("vide")) track.kind = MovieKind::video;
    if (kind == box_type("soun")) track.kind = MovieKind::sound;
    return {};
}

Result<void> read_descriptions(Bytes stbl, MovieTrack& track) {
    FullBox stsd = full_box(find_box(stbl, box_type("stsd")));
    stsd.fields.u32();
    if (stsd.fields.failed()) return broken("a track has no stsd");
    BoxList entries(stsd.fields.rest());
    while (const auto entry = entries.next()) {
        if (track.descriptions.size() == kDescriptionsMax) {
            return broken("it has too many sample descriptions");
        }
        track.descriptions.emplace_back(entry->whole.begin(), entry->whole.end());
    }
    if (track.descriptions.empty()) return broken("a track has no sample description");
    return {};
}

std::size_t sample_count(const Movie& movie) {
    std::size_t count = 0;
    for (const MovieTrack& track : movie.tracks) count += track.samples.size();
    return count;
}

/// Without `span` no samples.
Result<void> read_track(Bytes trak, std::uint64_t file_bytes, const MovieSpan* span, Movie& movie) {
    if (movie.tracks.size() == kMovieTracksMax) return broken("it has too many tracks");
    MovieTrack track;
    auto read = read_track_header(trak, track);
    if (read) read = read_edits(trak, track);
    const Bytes mdia = find_box(trak, box_type("mdia"));
    if (read) read = read_media(mdia, track);
    const Bytes stbl = find_box(mdia, {box_type("minf"), box_type("stbl")});
    if (read) read = read_descriptions(stbl, track);
    if (read && span != nullptr) {
        read = read_samples(stbl, file_bytes, kMovieSamplesMax - sample_count(movie), *span,
                            movie.ticks_per_second, track);
    }
    if (read) movie.tracks.push_back(std::move(track));
    return read;
}

void read_defaults(Bytes mvex, ReadMoov& into) {
    BoxList boxes(mvex);
    while (const auto box = boxes.next()) {
        if (box->type != box_type("trex") || into.defaults.size() == kMovieTracksMax) continue;
        FullBox trex = full_box(box->body);
        FragmentDefaults defaults;
        defaults.track_id = trex.fields.u32();
        defaults.description = trex.fields.u32();
        defaults.duration = trex.fields.u32();
        defaults.bytes = trex.fields.u32();
        defaults.flags = trex.fields.u32();
        into.defaults.push_back(defaults);
    }
}

// ---- fragments: 14496-12, 8.8 -----------------------------------------------------------------

constexpr std::uint32_t kIsNotSync = 0x10000;  // sample_is_non_sync_sample

/// One traf: what its runs have in common.
struct TrackFragment {
    MovieTrack* track = nullptr;
    FragmentDefaults defaults;
    std::uint64_t base = 0;  ///< what data offsets count from
    std::uint64_t next = 0;  ///< where a run without an offset begins
    std::int64_t decoded = 0;
};

Result<TrackFragment> read_tfhd(Bytes traf, std::uint64_t moof_at, ReadMoov& moov) {
    FullBox tfhd = full_box(find_box(traf, box_type("tfhd")));
    TrackFragment out;
    const std::uint32_t id = tfhd.fields.u32();
    const auto track = std::ranges::find(moov.movie.tracks, id, &MovieTrack::id);
    if (tfhd.fields.failed() || track == moov.movie.tracks.end()) {
        return broken("a fragment is of no track");
    }
    out.track = &*track;
    const auto defaults = std::ranges::find(moov.defaults, id, &FragmentDefaults::track_id);
    if (defaults != moov.defaults.end()) out.defaults = *defaults;
    out.base = (tfhd.flags & 0x1) != 0 ? tfhd.fields.u64() : moof_at;
    if ((tfhd.flags & 0x2) != 0) out.defaults.description = tfhd.fields.u32();
    if ((tfhd.flags & 0x8) != 0) out.defaults.duration = tfhd.fields.u32();
    if ((tfhd.flags & 0x10) != 0) out.defaults.bytes = tfhd.fields.u32();
    if ((tfhd.flags & 0x20) != 0) out.defaults.flags = tfhd.fields.u32();
    if (tfhd.fields.failed()) return broken("tfhd is cut short");
    if (out.defaults.description == 0 ||
        out.defaults.description > out.track->descriptions.size()) {
        return broken("a fragment names no sample description");
    }
    out.next = out.base;
    const std::vector<MovieSample>& before = out.track->samples;
    out.decoded = before.empty() ? 0 : before.back().decoded + before.back().duration;
    const Bytes body = find_box(traf, box_type("tfdt"));
    if (body.empty()) return out;
    FullBox tfdt = full_box(body);
    const std::uint64_t at = tfdt.fields.time(tfdt.version);
    if (tfdt.fields.failed() || at > static_cast<std::uint64_t>(kMovieTicksMax)) {
        return broken("tfdt lies out of all times");
    }
    if (!before.empty() && static_cast<std::int64_t>(at) < before.back().decoded) {
        return broken("a fragment goes back in time");
    }
    out.decoded = static_cast<std::int64_t>(at);
    return out;
}

/// False: it does not lie whole in the file.
Result<bool> read_trun(Bytes body, std::uint64_t file_bytes, std::size_t room, TrackFragment& in) {
    FullBox trun = full_box(body);
    const std::uint32_t count = trun.fields.u32();
    std::uint64_t at = in.next;
    // An offset may be negative: modulo 2^64, and then looked at like any other.
    if ((trun.flags & 0x1) != 0) {
        at = in.base +
             static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(trun.fields.u32())});
    }
    const bool has_first = (trun.flags & 0x4) != 0;
    const std::uint32_t first_flags = has_first ? trun.fields.u32() : 0;
    std::size_t entry = 0;
    for (const std::uint32_t flag : {0x100U, 0x200U, 0x400U, 0x800U}) {
        if ((trun.flags & flag) != 0) entry += 4;
    }
    if (trun.fields.failed() || (entry > 0 && trun.fields.left() / entry < count)) {
        return broken("trun is cut short");
    }
    if (count > room) return too_many();
    if (entry == 0 && count > 0 && in.defaults.bytes == 0) return broken("samples have no size");
    for (std::uint32_t k = 0; k < count; ++k) {
        MovieSample sample;
        sample.duration = (trun.flags & 0x100) != 0 ? trun.fields.u32() : in.defaults.duration;
        sample.bytes = (trun.flags & 0x200) != 0 ? trun.fields.u32() : in.defaults.bytes;
        std::uint32_t flags = (trun.flags & 0x400) != 0 ? trun.fields.u32() : in.defaults.flags;
        if (k == 0 && has_first) flags = first_flags;
        if ((trun.flags & 0x800) != 0) {
            sample.shown_after = static_cast<std::int32_t>(trun.fields.u32());
        }
        if (at > file_bytes || sample.bytes > file_bytes - at) return false;
        if (in.decoded > kMovieTicksMax) return broken("a sample lies out of all times");
        sample.at = at;
        sample.decoded = in.decoded;
        sample.description = static_cast<std::uint16_t>(in.defaults.description - 1);
        sample.is_sync = (flags & kIsNotSync) == 0;
        at += sample.bytes;
        in.decoded += sample.duration;
        in.track->samples.push_back(sample);
    }
    in.next = at;
    return true;
}

}  // namespace

Result<ReadMoov> read_moov(Bytes moov, std::uint64_t file_bytes, const MovieSpan* span) {
    ReadMoov out;
    FullBox mvhd = full_box(find_box(moov, box_type("mvhd")));
    mvhd.fields.skip(mvhd.version == 1 ? 16 : 8);
    out.movie.ticks_per_second = mvhd.fields.u32();
    out.duration = mvhd.fields.time(mvhd.version);
    if (mvhd.fields.failed() || out.movie.ticks_per_second == 0) return broken("it has no mvhd");
    const Bytes mvex = find_box(moov, box_type("mvex"));
    out.has_fragments = !mvex.empty();
    read_defaults(mvex, out);
    BoxList boxes(moov);
    while (const auto box = boxes.next()) {
        if (box->type != box_type("trak")) continue;
        const auto read =
            read_track(box->body, file_bytes, out.has_fragments ? nullptr : span, out.movie);
        if (!read) return read.error();
    }
    if (boxes.failed()) return broken("moov is cut short");
    return out;
}

Result<bool> read_fragment(Bytes moof, std::uint64_t at, std::uint64_t file_bytes, ReadMoov& into) {
    std::vector<std::size_t> before;
    for (const MovieTrack& track : into.movie.tracks) before.push_back(track.samples.size());
    const auto take_back = [&] {
        for (std::size_t i = 0; i < before.size(); ++i) {
            into.movie.tracks[i].samples.resize(before[i]);
        }
        return false;
    };
    BoxList boxes(moof);
    while (const auto box = boxes.next()) {
        if (box->type != box_type("traf")) continue;
        auto fragment = read_tfhd(box->body, at, into);
        if (!fragment) return fragment.error();
        BoxList runs(box->body);
        while (const auto run = runs.next()) {
            if (run->type != box_type("trun")) continue;
            const auto whole = read_trun(run->body, file_bytes,
                                         kMovieSamplesMax - sample_count(into.movie), *fragment);
            if (!whole) return whole.error();
            if (!*whole) return take_back();
        }
    }
    return true;
}

}  // namespace st::mp4
