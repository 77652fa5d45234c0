#include "mp4/sample_tables.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "mp4/box_fields.h"
#include "mp4/movie_tables.h"

namespace st::mp4 {
namespace {

/// Runs of samples that have the same value: stts, ctts.
class Runs {
 public:
    Runs() = default;
    Runs(BoxFields fields, std::uint32_t runs) : fields_(fields), runs_(runs) {}

    /// Of all runs.
    std::uint64_t samples() const {
        BoxFields fields = fields_;
        std::uint64_t sum = 0;
        for (std::uint32_t i = 0; i < runs_; ++i) {
            sum += fields.u32();
            fields.skip(4);
        }
        return sum;
    }
    /// Of the next sample; behind the last run 0.
    std::uint32_t next() {
        for (; left_ == 0 && runs_ > 0; --runs_) {
            left_ = fields_.u32();
            value_ = fields_.u32();
        }
        if (left_ == 0) return 0;
        --left_;
        return value_;
    }

 private:
    BoxFields fields_{Bytes()};
    std::uint32_t runs_ = 0;
    std::uint32_t left_ = 0;  ///< of the run at work
    std::uint32_t value_ = 0;
};

Result<Runs> runs_of(Bytes body) {
    FullBox box = full_box(body);
    const auto count = count_of(box.fields, 8);
    if (!count) return count.error();
    return Runs(box.fields, *count);
}

/// Sizes: all the same, or one for each.
class Sizes {
 public:
    static Result<Sizes> of(Bytes stbl, std::uint64_t file_bytes) {
        FullBox stsz = full_box(find_box(stbl, box_type("stsz")));
        Sizes sizes;
        sizes.all_ = stsz.fields.u32();
        sizes.count_ = stsz.fields.u32();
        sizes.fields_ = stsz.fields;
        if (stsz.fields.failed()) return broken("a track has no stsz");
        if (sizes.count_ > kTrackSamplesMax) return too_many();
        if (sizes.all_ == 0 && stsz.fields.left() / 4 < sizes.count_)
            return broken("stsz is cut short");
        if (sizes.all_ != 0 && sizes.count_ > file_bytes / sizes.all_)
            return broken("a sample lies behind the end of the file");
        return sizes;
    }
    std::uint32_t count() const { return count_; }
    std::uint32_t next() { return all_ != 0 ? all_ : fields_.u32(); }

 private:
    BoxFields fields_{Bytes()};
    std::uint32_t all_ = 0;  ///< 0: each has its own
    std::uint32_t count_ = 0;
};

/// Numbers of the samples at which decoding may begin.
class SyncSamples {
 public:
    static Result<SyncSamples> of(Bytes stbl, std::uint32_t samples) {
        SyncSamples out;
        const Bytes body = find_box(stbl, box_type("stss"));
        out.are_all_ = body.empty();
        if (out.are_all_) return out;
        FullBox stss = full_box(body);
        const auto count = count_of(stss.fields, 4);
        if (!count) return count.error();
        out.fields_ = stss.fields;
        out.left_ = *count;
        std::uint32_t before = 0;
        for (std::uint32_t k = 0; k < *count; ++k) {
            const std::uint32_t number = stss.fields.u32();
            if (number == 0 || number > samples) return broken("stss names no sample");
            if (number <= before) return broken("stss is out of order");
            before = number;
        }
        out.load();
        return out;
    }
    bool next() {
        ++number_;
        if (are_all_) return true;
        if (number_ != sync_) return false;
        load();
        return true;
    }

 private:
    void load() {
        sync_ = left_ > 0 ? fields_.u32() : 0;
        left_ -= left_ > 0 ? 1 : 0;
    }

    BoxFields fields_{Bytes()};
    bool are_all_ = false;
    std::uint32_t left_ = 0;
    std::uint32_t sync_ = 0;    ///< the next one; 0: there is none
    std::uint32_t number_ = 0;  ///< of the sample at work, from 1
};

struct ChunkRun {
    std::uint32_t first = 0;
    std::uint32_t samples = 0;
    std::uint32_t description = 0;
};

Result<std::vector<ChunkRun>> read_chunk_runs(Bytes stbl, std::size_t descriptions) {
    FullBox stsc = full_box(find_box(stbl, box_type("stsc")));
    const auto count = count_of(stsc.fields, 12);
    if (!count) return count.error();
    std::vector<ChunkRun> runs;
    runs.reserve(*count);
    for (std::uint32_t k = 0; k < *count; ++k) {
        ChunkRun run;
        run.first = stsc.fields.u32();
        run.samples = stsc.fields.u32();
        run.description = stsc.fields.u32();
        const std::uint32_t after = runs.empty() ? 0 : runs.back().first;
        if (run.first <= after || (runs.empty() && run.first != 1) || run.samples == 0) {
            return broken("stsc is out of order");
        }
        if (run.description == 0 || run.description > descriptions) {
            return broken("stsc names no sample description");
        }
        runs.push_back(run);
    }
    return runs;
}

/// Where samples lie: one behind the other in chunks.
class Places {
 public:
    static Result<Places> of(Bytes stbl, std::uint64_t file_bytes, std::size_t descriptions) {
        auto runs = read_chunk_runs(stbl, descriptions);
        if (!runs) return runs.error();
        const Bytes narrow = find_box(stbl, box_type("stco"));
        FullBox chunks = full_box(narrow.empty() ? find_box(stbl, box_type("co64")) : narrow);
        Places places;
        places.is_wide_ = narrow.empty();
        const auto count = count_of(chunks.fields, places.is_wide_ ? 8 : 4);
        if (!count) return count.error();
        places.runs_ = std::move(*runs);
        places.fields_ = chunks.fields;
        places.chunks_ = *count;
        places.file_bytes_ = file_bytes;
        return places;
    }
    /// Puts a sample, whose size is known, into its place. What is wrong; nullptr: nothing.
    const char* next(MovieSample& sample) {
        if (left_ == 0) {
            if (chunk_ == chunks_) return "samples have no chunk";
            if (runs_.empty()) return "it has no stsc";
            ++chunk_;
            while (run_ + 1 < runs_.size() && runs_[run_ + 1].first <= chunk_) ++run_;
            left_ = runs_[run_].samples;
            at_ = fields_.time(is_wide_ ? 1 : 0);
        }
        --left_;
        if (at_ > file_bytes_ || sample.bytes > file_bytes_ - at_)
            return "a sample lies behind the end of the file";
        sample.at = at_;
        sample.description = static_cast<std::uint16_t>(runs_[run_].description - 1);
        at_ += sample.bytes;
        return nullptr;
    }

 private:
    std::vector<ChunkRun> runs_;
    BoxFields fields_{Bytes()};
    bool is_wide_ = false;
    std::uint32_t chunks_ = 0;
    std::uint64_t file_bytes_ = 0;
    std::uint32_t chunk_ = 0;  ///< at work, from 1
    std::size_t run_ = 0;
    std::uint32_t left_ = 0;  ///< samples of the chunk
    std::uint64_t at_ = 0;
};

/// Keeps of a track's samples those that a span needs.
class Keeping {
 public:
    Keeping(const MovieSpan& span, std::size_t room, std::uint32_t movie_ticks_per_second,
            MovieTrack& track)
        : room_(room), track_(track), is_part_(!span.is_all()) {
        const std::int64_t zero = track.zero(movie_ticks_per_second);
        const auto ticks = [&](std::int64_t us) {
            const double at = static_cast<double>(us) / 1e6 * track.ticks_per_second;
            constexpr auto kMost = static_cast<double>(kMovieTicksMax);
            return zero + static_cast<std::int64_t>(std::clamp(at, -kMost, kMost));
        };
        // Of sound nobody knows here with which picture it is heard: all from its beginning.
        from_ = track.kind == MovieKind::video ? ticks(span.from_us) - 1 : kNever;
        to_ = is_part_ ? ticks(span.to_us) + 1 : std::numeric_limits<std::int64_t>::max();
    }

    /// False: there is no room.
    bool add(const MovieSample& sample) {
        extent_.from = std::min(extent_.from, sample.shown());
        extent_.until = std::max(extent_.until, sample.shown());
        last_duration_ = sample.duration;
        if (is_over()) return true;
        auto& kept = track_.samples;
        // What is shown at `from_` may be decoded before the key frame that is shown then.
        if (sample.is_sync && sample.shown() <= from_) {
            if (key_) kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(*key_));
            key_ = kept.size();
        }
        if (kept.size() == room_) return false;
        kept.push_back(sample);
        has_key_ = has_key_ || sample.is_sync;
        if (sample.decoded >= to_) ++behind_;
        return true;
    }
    void finish() {
        if (!is_part_ || track_.samples.empty()) return;
        extent_.until += last_duration_;
        track_.whole = extent_;
    }

 private:
    static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
    /// Samples that are decoded behind the end and may be shown before it, and those that a decoder
    /// needs to give out what is before them.
    static constexpr std::size_t kBehind = 64;

    bool is_over() const { return behind_ >= kBehind && has_key_; }

    const std::size_t room_;
    MovieTrack& track_;
    const bool is_part_;
    std::int64_t from_ = kNever;
    std::int64_t to_ = 0;
    std::optional<std::size_t> key_;  ///< the last one shown by then, of those kept
    bool has_key_ = false;
    std::size_t behind_ = 0;
    MovieTrack::Extent extent_{std::numeric_limits<std::int64_t>::max(), kNever};
    std::uint32_t last_duration_ = 0;
};

}  // namespace

Result<void> read_samples(Bytes stbl, std::uint64_t file_bytes, std::size_t room,
                          const MovieSpan& span, std::uint32_t movie_ticks_per_second,
                          MovieTrack& track) {
    auto sizes = Sizes::of(stbl, file_bytes);
    if (!sizes) return sizes.error();
    auto durations = runs_of(find_box(stbl, box_type("stts")));
    if (!durations) return durations.error();
    if (durations->samples() > sizes->count()) return broken("stts tells of samples there are not");
    if (durations->samples() < sizes->count()) return broken("stts leaves samples out");
    const Bytes ctts = find_box(stbl, box_type("ctts"));
    auto shown_after = ctts.empty() ? Result<Runs>(Runs()) : runs_of(ctts);
    if (!shown_after) return shown_after.error();
    if (shown_after->samples() > sizes->count())
        return broken("ctts tells of samples there are not");
    auto syncs = SyncSamples::of(stbl, sizes->count());
    if (!syncs) return syncs.error();
    auto places = Places::of(stbl, file_bytes, track.descriptions.size());
    if (!places) return places.error();
    if (span.is_all()) track.samples.reserve(std::min<std::size_t>(sizes->count(), room));
    Keeping keeping(span, room, movie_ticks_per_second, track);
    MovieSample sample;
    for (std::uint32_t i = 0; i < sizes->count(); ++i) {
        sample.decoded += sample.duration;
        sample.duration = durations->next();
        // Version 0 has it unsigned; nobody means 13 hours by that.
        sample.shown_after = static_cast<std::int32_t>(shown_after->next());
        sample.bytes = sizes->next();
        sample.is_sync = syncs->next();
        if (const char* const wrong = places->next(sample)) return broken(wrong);
        if (!keeping.add(sample)) return too_many();
    }
    keeping.finish();
    return {};
}

}  // namespace st::mp4
