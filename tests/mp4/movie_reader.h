#pragma once
/// What is in a finished segment, read with no code of the library.
#include <algorithm>
#include <string>
#include <vector>

#include "mp4/box_reader.h"

namespace st::mp4::read_back {

/// A sample as a player finds it, in the track's ticks.
struct Sample {
    std::int64_t decoded = 0;
    std::int64_t shown = 0;
    bool is_sync = true;
    std::vector<std::uint8_t> bytes;
    bool operator==(const Sample&) const = default;
};

struct TrackRead {
    std::string handler;
    std::uint32_t ticks_per_second = 0;
    std::vector<Sample> samples;
    std::vector<std::uint64_t> edits;  ///< duration and start of each
};

inline std::vector<std::uint32_t> spread(Bytes full_box) {
    const std::vector<std::uint32_t> runs = fields(full_box, 8);
    std::vector<std::uint32_t> out;
    for (std::size_t i = 0; i + 1 < runs.size(); i += 2)
        out.insert(out.end(), runs[i], runs[i + 1]);
    return out;
}

inline std::vector<std::uint64_t> chunk_places(Bytes stbl) {
    std::vector<std::uint64_t> places;
    const Bytes wide = find(stbl, {"co64"}, false);
    if (wide.empty()) {
        for (const std::uint32_t at : fields(find(stbl, {"stco"}), 8)) places.push_back(at);
    }
    for (std::size_t at = 8; at + 8 <= wide.size(); at += 8) {
        places.push_back(load_be64(wide.data() + at));
    }
    return places;
}

inline TrackRead read_track(Bytes file, Bytes trak) {
    TrackRead track;
    const Bytes hdlr = find(trak, {"mdia", "hdlr"});
    track.handler = std::string(hdlr.begin() + 8, hdlr.begin() + 12);
    track.ticks_per_second = load_be32(find(trak, {"mdia", "mdhd"}).data() + 20);
    const Bytes elst = find(trak, {"edts", "elst"}, false);
    for (std::size_t at = 8; at + 20 <= elst.size(); at += 20) {
        track.edits.push_back(load_be64(elst.data() + at));
        track.edits.push_back(load_be64(elst.data() + at + 8));
    }
    const Bytes stbl = find(trak, {"mdia", "minf", "stbl"});
    const auto sizes = fields(find(stbl, {"stsz"}), 12);
    const auto lasts = spread(find(stbl, {"stts"}));
    const Bytes ctts = find(stbl, {"ctts"}, false);
    const auto offsets = ctts.empty() ? std::vector<std::uint32_t>(sizes.size()) : spread(ctts);
    const Bytes stss = find(stbl, {"stss"}, false);
    const auto sync = stss.empty() ? std::vector<std::uint32_t>() : fields(stss, 8);
    const auto per_chunk = fields(find(stbl, {"stsc"}), 8);
    const auto places = chunk_places(stbl);
    EXPECT_EQ(lasts.size(), sizes.size());
    EXPECT_EQ(offsets.size(), sizes.size());
    std::int64_t now = 0;
    std::size_t i = 0;
    for (std::size_t chunk = 0; chunk < places.size(); ++chunk) {
        std::uint32_t count = 0;
        for (std::size_t k = 0; k + 2 < per_chunk.size(); k += 3) {
            if (per_chunk[k] <= chunk + 1) count = per_chunk[k + 1];
        }
        std::uint64_t at = places[chunk];
        for (; count > 0 && i < sizes.size(); --count, ++i) {
            Sample sample;
            sample.decoded = now;
            sample.shown = now + static_cast<std::int32_t>(offsets[i]);
            sample.is_sync = stss.empty() || std::ranges::find(sync, i + 1) != sync.end();
            const Bytes bytes = file.subspan(at, sizes[i]);
            sample.bytes.assign(bytes.begin(), bytes.end());
            track.samples.push_back(std::move(sample));
            at += sizes[i];
            now += lasts[i];
        }
    }
    EXPECT_EQ(i, sizes.size()) << "samples in no chunk";
    return track;
}

/// The tracks of a finished segment, by its last box.
inline std::vector<TrackRead> read_movie(Bytes file) {
    std::vector<TrackRead> tracks;
    const auto all = boxes(file);
    if (all.empty() || all.back().type != "moov") {
        ADD_FAILURE() << "no moov at the end";
        return tracks;
    }
    for (const Found& box : boxes(all.back().body)) {
        if (box.type == "trak") tracks.push_back(read_track(file, box.body));
    }
    return tracks;
}

}  // namespace st::mp4::read_back
