#include "mp4/segment_finish.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "mp4/box_fields.h"
#include "mp4/boxes.h"
#include "mp4/segment_movie.h"
#include "mp4/track_boxes.h"

namespace st::mp4 {
namespace {

constexpr std::size_t kBoxHeadBytes = 8;
constexpr std::size_t kMoovBytesMax = std::size_t{1} << 20;  ///< of one without tables
constexpr std::size_t kMoofBytesMax = std::size_t{1} << 20;  ///< more than kFragmentSamplesMax need
constexpr std::uint32_t kNotSync = 0x0001'0000;

struct BoxHead {
    std::array<char, 4> type{};
    std::uint64_t bytes = 0;

    bool is(std::string_view wanted) const {
        return std::string_view(type.data(), type.size()) == wanted;
    }
};

/// nullopt: not all of such a box is there.
std::optional<BoxHead> box_at(SegmentFile& file, std::uint64_t at) {
    std::array<std::uint8_t, kBoxHeadBytes> bytes{};
    if (file.read_at(at, bytes) < bytes.size()) return std::nullopt;
    BoxHead head;
    head.bytes = load_be32(bytes.data());
    std::copy_n(bytes.begin() + 4, 4, head.type.begin());
    if (head.bytes < kBoxHeadBytes || head.bytes > file.size() - at) return std::nullopt;
    return head;
}

/// The body of a box of at most that much; empty if it is none such.
std::vector<std::uint8_t> body_at(SegmentFile& file, std::uint64_t at, std::string_view type,
                                  std::size_t bytes_max) {
    const auto head = box_at(file, at);
    if (!head || !head->is(type) || head->bytes > bytes_max) return {};
    std::vector<std::uint8_t> body(static_cast<std::size_t>(head->bytes) - kBoxHeadBytes);
    body.resize(file.read_at(at + kBoxHeadBytes, body));
    return body;
}

/// Whether a fragment is there with all its bytes, whatever it says.
bool is_fragment_at(SegmentFile& file, std::uint64_t at) {
    const std::vector<std::uint8_t> moof = body_at(file, at, "moof", kMoofBytesMax);
    if (find_box(find_box(moof, box_type("traf")), box_type("trun")).empty()) return false;
    const auto mdat = box_at(file, at + kBoxHeadBytes + moof.size());
    return mdat && mdat->is("mdat");
}

/// Whether such a one begins anywhere from there on: then what is unreadable there is damage, and
/// no torn end.
bool has_fragment_behind(SegmentFile& file, std::uint64_t from) {
    constexpr std::string_view kMoof = "moof";
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(file.size() - from));
    bytes.resize(file.read_at(from, bytes));
    const std::string_view text = as_text(bytes);
    for (std::size_t at = text.find(kMoof, 4); at != text.npos; at = text.find(kMoof, at + 1)) {
        if (is_fragment_at(file, from + at - 4)) return true;
    }
    return false;
}

/// The tables of one track, as they grow fragment by fragment.
struct Growing {
    SegmentTables tables;
    std::int64_t first_ticks = 0;  ///< decoding time of the first sample
    std::int64_t next_ticks = 0;   ///< where the last sample ends, as its fragment says
};

/// One fragment's samples of one track.
struct Run {
    std::size_t track = 0;
    std::int64_t begins = 0;
    std::uint64_t at = 0;  ///< in the file
    std::vector<SegmentSample> samples;
};

class Walk {
 public:
    Walk(SegmentFile& file, const SegmentMovie& movie)
        : file_(file), movie_(movie), tracks_(movie.tracks.size()) {}

    /// From there on, fragment by fragment, up to the end of the last whole one.
    std::uint64_t go(std::uint64_t at) {
        while (const auto next = fragment(at)) at = *next;
        return at;
    }
    std::vector<Growing>& tracks() { return tracks_; }
    /// There are more samples than an index is made of.
    bool is_too_long() const { return is_too_long_; }

 private:
    /// Where the fragment ends that begins there; nullopt: it is not whole.
    std::optional<std::uint64_t> fragment(std::uint64_t at) {
        const std::vector<std::uint8_t> moof = body_at(file_, at, "moof", kMoofBytesMax);
        if (moof.empty()) return std::nullopt;
        const std::uint64_t mdat_at = at + kBoxHeadBytes + moof.size();
        const auto mdat = box_at(file_, mdat_at);
        if (!mdat || !mdat->is("mdat")) return std::nullopt;
        std::vector<Run> runs;
        BoxList boxes{Bytes(moof)};
        while (const auto box = boxes.next()) {
            if (box->type != box_type("traf")) continue;
            auto run = parse_traf(box->body, at);
            if (!run) return std::nullopt;
            std::uint64_t bytes = 0;
            for (const SegmentSample& sample : run->samples) bytes += sample.bytes;
            const std::uint64_t end = mdat_at + mdat->bytes;
            if (run->at < mdat_at || run->at > end || bytes > end - run->at) return std::nullopt;
            runs.push_back(*std::move(run));
        }
        if (runs.empty()) return std::nullopt;
        for (Run& run : runs) take(run);
        return mdat_at + mdat->bytes;
    }

    std::optional<Run> parse_traf(Bytes traf, std::uint64_t moof_at) {
        constexpr std::size_t kTrunHead = 12;
        constexpr std::size_t kSampleFields = 16;
        const Bytes tfhd = find_box(traf, box_type("tfhd"));
        const Bytes tfdt = find_box(traf, box_type("tfdt"));
        const Bytes trun = find_box(traf, box_type("trun"));
        if (tfhd.size() < 8 || tfdt.size() < 12 || trun.size() < kTrunHead) return std::nullopt;
        Run run;
        const auto track =
            std::ranges::find(movie_.tracks, load_be32(tfhd.data() + 4), &SegmentTrack::id);
        if (track == movie_.tracks.end()) return std::nullopt;
        run.track = static_cast<std::size_t>(track - movie_.tracks.begin());
        run.begins =
            static_cast<std::int64_t>(load_be64(tfdt.data() + 4) & (~std::uint64_t{0} >> 2));
        const std::size_t count = load_be32(trun.data() + 4);
        run.at = moof_at + load_be32(trun.data() + 8);
        if (count == 0 || (trun.size() - kTrunHead) / kSampleFields < count) return std::nullopt;
        const Growing& so_far = tracks_[run.track];
        if (count > kSegmentSamplesMax - so_far.tables.samples.size()) {
            is_too_long_ = true;
            return std::nullopt;
        }
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint8_t* const fields = trun.data() + kTrunHead + i * kSampleFields;
            run.samples.push_back({load_be32(fields + 4), load_be32(fields),
                                   static_cast<std::int32_t>(load_be32(fields + 12)),
                                   (load_be32(fields + 8) & kNotSync) == 0});
        }
        // Decoding times rise by what 32 bits hold. What says otherwise is media all the same.
        if (!so_far.tables.samples.empty()) {
            const std::int64_t last = last_begins(so_far);
            run.begins =
                std::clamp<std::int64_t>(run.begins, last + 1, last + std::int64_t{kU32Max});
        }
        return run;
    }

    static std::int64_t last_begins(const Growing& track) {
        return track.next_ticks - track.tables.samples.back().ticks;
    }

    void take(Run& run) {
        Growing& track = tracks_[run.track];
        std::vector<SegmentSample>& samples = track.tables.samples;
        if (samples.empty()) {
            track.first_ticks = run.begins;
        } else {
            samples.back().ticks = static_cast<std::uint32_t>(run.begins - last_begins(track));
        }
        track.tables.chunks.push_back({run.at, static_cast<std::uint32_t>(run.samples.size())});
        track.next_ticks = run.begins;
        for (const SegmentSample& sample : run.samples) track.next_ticks += sample.ticks;
        samples.insert(samples.end(), run.samples.begin(), run.samples.end());
    }

    SegmentFile& file_;
    const SegmentMovie& movie_;
    std::vector<Growing> tracks_;
    bool is_too_long_ = false;
};

/// The sample tables begin at 0: what a fragment's own time said before goes into the edit list.
/// The first sample is what is shown first; of sound that is from before the file's time 0 what
/// lies there is in the file, and not heard.
void place(SegmentTrack& track, Growing& growing) {
    std::vector<SegmentSample>& samples = growing.tables.samples;
    if (const std::int32_t early = samples.front().offset; early < 0) {
        // Shown before it is decoded: a table that begins at 0 has that of all of them instead.
        growing.first_ticks += early;
        for (SegmentSample& sample : samples) sample.offset -= early;
    }
    const std::int64_t offset = samples.front().offset;
    const std::int64_t shown = growing.first_ticks + offset - track.start_ticks;
    track.empty_ticks = std::max<std::int64_t>(shown, 0) * kMovieTicks / track.ticks_per_second;
    track.start_ticks = std::max<std::int64_t>(offset, 0) + std::max<std::int64_t>(-shown, 0);
}

/// What the whole fragments of a segment hold.
struct SegmentContents {
    SegmentHead head;
    SegmentMovie movie;
    std::vector<SegmentTables> tables;  ///< of each track
    std::uint64_t end = 0;              ///< of the last whole fragment
    bool is_too_long = false;           ///< there are more than kSegmentSamplesMax
};

SegmentFacts facts_of(const SegmentContents& contents) {
    SegmentFacts facts;
    facts.mark = contents.head.mark;
    facts.duration_us = duration_ticks(contents.movie, contents.tables) * 100 / 9;
    for (std::size_t i = 0; i < contents.movie.tracks.size(); ++i) {
        const SegmentTrack& track = contents.movie.tracks[i];
        const std::vector<SegmentSample>& samples = contents.tables[i].samples;
        if (!track.is_video()) {
            facts.sounds = samples.size();
            continue;
        }
        facts.pictures = samples.size();
        facts.key_frames =
            static_cast<std::uint64_t>(std::ranges::count_if(samples, &SegmentSample::is_sync));
    }
    return facts;
}

/// The free becomes the head of an mdat over everything up to `end`: its size first, which means
/// nothing until the rest is there, so that the file can be read whichever bytes reach the disk.
void turn_free_into_mdat(SegmentFile& file, std::uint64_t free_at, std::uint64_t end) {
    std::array<std::uint8_t, 16> head{};
    store_be32(head.data(), 1);
    std::copy_n("mdat", 4, head.begin() + 4);
    store_be64(head.data() + 8, end - free_at);
    file.write_at(free_at + 8, Bytes(head).subspan(8));
    file.write_at(free_at, Bytes(head).first(8));
}

Result<SegmentHead> read_head(SegmentFile& file) {
    std::array<std::uint8_t, kSegmentHeadBytesMax> bytes{};
    return parse_segment_head(Bytes(bytes).first(file.read_at(0, bytes)));
}

std::optional<SegmentContents> read_behind(SegmentFile& file, const SegmentHead& head) {
    const std::uint64_t moov_at = head.free_at + 16;
    const std::vector<std::uint8_t> moov = body_at(file, moov_at, "moov", kMoovBytesMax);
    auto movie = parse_segment_moov(moov);
    if (!movie) return std::nullopt;
    SegmentContents contents{head, *std::move(movie), {}, 0, false};
    // The mark may have been moved since.
    contents.movie.created = seconds_since_1904(head.mark.first_wall_us);
    Walk walk(file, contents.movie);
    contents.end = walk.go(moov_at + kBoxHeadBytes + moov.size());
    contents.is_too_long = walk.is_too_long();
    // A track of which nothing came is none.
    std::vector<SegmentTrack> used;
    for (std::size_t i = 0; i < walk.tracks().size(); ++i) {
        Growing& growing = walk.tracks()[i];
        if (growing.tables.samples.empty()) continue;
        used.push_back(contents.movie.tracks[i]);
        place(used.back(), growing);
        contents.tables.push_back(std::move(growing.tables));
    }
    contents.movie.tracks = std::move(used);
    if (contents.tables.empty()) return std::nullopt;
    return contents;
}

}  // namespace

Result<std::optional<SegmentFacts>> finish_segment(SegmentFile& file) {
    const auto head = read_head(file);
    if (!head) {
        // Less than its head: nothing was recorded.
        if (file.size() < kSegmentHeadBytesMax) return std::optional<SegmentFacts>();
        return head.error();
    }
    if (head->is_finished) {
        SegmentFacts facts;
        facts.mark = head->mark;
        facts.bytes = file.size();
        facts.was_finished = true;
        return std::optional(facts);
    }
    const auto contents = read_behind(file, *head);
    if (!contents) {
        const std::uint64_t behind = file.size() - std::min(file.size(), head->free_at + 16);
        if (behind > kTornBytesMax || has_fragment_behind(file, file.size() - behind)) {
            return Error{"a segment that is damaged from its beginning on"};
        }
        return std::optional<SegmentFacts>();
    }
    SegmentFacts facts = facts_of(*contents);
    if (contents->is_too_long) {
        file.sync();
        facts.bytes = file.size();
        return std::optional(facts);
    }
    const std::uint64_t behind = file.size() - contents->end;
    const bool is_damage = behind > kTornBytesMax || has_fragment_behind(file, contents->end);
    (is_damage ? facts.unread_bytes : facts.cut_bytes) = behind;
    if (facts.cut_bytes > 0) file.truncate(contents->end);
    const std::uint64_t end = file.size();
    Boxes out;
    write_segment_moov(out, contents->movie, contents->tables);
    const std::vector<std::uint8_t> moov = out.take();
    const std::array<Bytes, 1> pieces = {Bytes(moov)};
    try {
        file.append(pieces);
    } catch (const std::system_error& e) {
        if (e.code().value() != EFBIG) throw;
        // Its file takes no index of it: it stays one of fragments, which is whole as well.
        file.truncate(end);
        file.sync();
        facts.bytes = file.size();
        return std::optional(facts);
    }
    file.sync();
    turn_free_into_mdat(file, head->free_at, end);
    file.sync();
    facts.bytes = file.size();
    return std::optional(facts);
}

}  // namespace st::mp4
