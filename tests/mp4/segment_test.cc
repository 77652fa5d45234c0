#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "media/packets.h"
#include "mp4/memory_segment_file.h"
#include "mp4/movie.h"
#include "mp4/movie_reader.h"
#include "mp4/segment_finish.h"
#include "mp4/segment_writer.h"

namespace st::mp4 {
namespace {

using media::audio_config;
using media::Packet;
using media::PacketPtr;
using media::shared;
using media::video_config;
using read_back::boxes;
using read_back::read_movie;
using read_back::Sample;
using read_back::types;
using testing::ElementsAre;

constexpr std::uint32_t kRate = 48'000;  // of audio_config()
constexpr std::int64_t kWall = 1'769'846'400'000'000;

PacketPtr picture(std::int64_t dts_ms, std::int32_t cts_ms, bool is_key, std::uint8_t number) {
    Packet packet;
    packet.dts_ms = dts_ms;
    packet.cts_ms = cts_ms;
    packet.is_key = is_key;
    const std::array<std::uint8_t, 6> bytes = {0, 0, 0, 2, 0x41, number};
    packet.payload = Buffer(Bytes(bytes));
    return shared(std::move(packet));
}

PacketPtr sound(std::int64_t dts_ms, std::uint8_t number) {
    Packet packet;
    packet.track = media::Track::audio;
    packet.codec = media::Codec::aac;
    packet.dts_ms = dts_ms;
    const std::array<std::uint8_t, 3> bytes = {0x21, 0x10, number};
    packet.payload = Buffer(Bytes(bytes));
    return shared(std::move(packet));
}

/// So many pictures of 40 ms from `from_ms` on, with one B-frame between two others, and the sound
/// beside them from `sound_ms` on, both as they would come in.
std::vector<PacketPtr> stream(std::int64_t from_ms, unsigned count, std::int64_t sound_ms) {
    std::vector<PacketPtr> out;
    unsigned sounds = 0;
    for (unsigned i = 0; i < count; ++i) {
        // Decoding order I P B P B: a picture that others refer to is shown two places later.
        const bool is_key = i % 11 == 0;
        const std::int32_t cts = is_key ? 40 : i % 11 % 2 == 1 ? 80 : 0;
        const std::int64_t now = from_ms + i * 40;
        while (sound_ms + sounds * 1024 * 1000 / kRate < now) {
            out.push_back(
                sound(sound_ms + sounds * 1024 * 1000 / kRate, static_cast<std::uint8_t>(sounds)));
            ++sounds;
        }
        out.push_back(picture(now, cts, is_key, static_cast<std::uint8_t>(i)));
    }
    return out;
}

SegmentMark mark() { return {"/live/door", {}, {}, kWall, 3, 1}; }

/// Writes it all; returns false if the file failed.
bool record(SegmentFile& file, const std::vector<PacketPtr>& packets,
            std::optional<std::int64_t> next_ms = std::nullopt, std::int64_t fragment_ms = 200) {
    SoundClock clock(kRate, 1024);
    const SegmentTracks tracks{shared(video_config()), shared(audio_config()), &clock, 2};
    auto writer = SegmentWriter::begin(file, mark(), tracks, fragment_ms);
    EXPECT_TRUE(writer) << writer.error().message;
    try {
        for (const PacketPtr& packet : packets) writer->add(packet);
        writer->end(next_ms);
    } catch (const std::system_error&) {
        return false;
    }
    return true;
}

std::vector<Sample> samples_of(Bytes file, const char* handler) {
    for (const auto& track : read_movie(file)) {
        if (track.handler == handler) return track.samples;
    }
    return {};
}

/// Whole fragments in the first `size` bytes of a growing segment, told by their boxes alone.
std::size_t whole_fragments(Bytes file, std::size_t size) {
    std::size_t count = 0;
    for (const auto& box : boxes(file)) {
        if (box.type == "mdat" && box.at + 8 + box.body.size() <= size) ++count;
    }
    return count;
}

TEST(SegmentMark, is_read_as_it_was_written) {
    const SegmentMark said{"/live/door", "h264", "aac", kWall, 7, 2};
    const auto head = parse_segment_head(encode_segment_head(said));
    ASSERT_TRUE(head) << head.error().message;
    EXPECT_EQ(head->mark, said);
    EXPECT_FALSE(head->is_finished);
}

TEST(SegmentMark, refuses_every_truncation_and_what_is_no_segment) {
    const auto bytes = encode_segment_head(mark());
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        EXPECT_FALSE(parse_segment_head(Bytes(bytes).first(n))) << n;
    }
    auto other = bytes;
    other[32 + 8] ^= 1;
    EXPECT_EQ(parse_segment_head(other).error().message, "no segment of a live stream");
}

TEST(SegmentMark, lies_with_the_longest_names_within_one_sector) {
    SegmentMark longest = mark();
    longest.path = "/" + std::string(64, 'a') + "/" + std::string(64, 'b');
    longest.video = "h264";
    longest.audio = "aac";
    EXPECT_LE(encode_segment_head(longest).size(), kSegmentHeadBytesMax);
}

TEST(Segment, is_fragmented_while_it_grows_and_one_mdat_when_it_is_finished) {
    MemorySegmentFile file;
    ASSERT_TRUE(record(file, stream(1000, 12, 1000)));
    const auto growing = types(file.bytes());
    ASSERT_GE(growing.size(), 8U);
    EXPECT_EQ(std::vector<std::string>(growing.begin(), growing.begin() + 6),
              (std::vector<std::string>{"ftyp", "uuid", "free", "moov", "moof", "mdat"}));
    const auto before = file.bytes();

    const auto facts = finish_segment(file);
    ASSERT_TRUE(facts && *facts);
    EXPECT_THAT(types(file.bytes()), ElementsAre("ftyp", "uuid", "mdat", "moov"));
    EXPECT_EQ((*facts)->pictures, 12U);
    EXPECT_EQ((*facts)->key_frames, 2U);
    EXPECT_EQ((*facts)->cut_bytes, 0U);
    EXPECT_EQ((*facts)->duration_us, 520'000U);
    EXPECT_EQ((*facts)->bytes, file.size());
    // Of what was there only the 16 bytes have changed.
    const std::size_t free_at = parse_segment_head(before)->free_at;
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (i < free_at || i >= free_at + 16) {
            ASSERT_EQ(before[i], file.bytes()[i]) << i;
        }
    }
}

TEST(Segment, gives_each_picture_and_sound_its_exact_time) {
    MemorySegmentFile file;
    const auto packets = stream(1000, 23, 1013);
    ASSERT_TRUE(record(file, packets));
    ASSERT_TRUE(*finish_segment(file));
    const auto tracks = read_movie(file.bytes());
    ASSERT_EQ(tracks.size(), 2U);
    // The first picture is decoded at 1000 and shown at 1040; the first sound is heard at 1013.
    const auto& video = tracks[0];
    EXPECT_EQ(video.handler, "vide");
    ASSERT_EQ(video.samples.size(), 23U);
    EXPECT_THAT(video.edits, ElementsAre(27 * 90, ~std::uint64_t{0}, 23 * 3600, 40 * 90));
    std::size_t i = 0;
    for (const PacketPtr& packet : packets) {
        if (packet->track != media::Track::video) continue;
        EXPECT_EQ(video.samples[i].decoded, (packet->dts_ms - 1000) * 90) << i;
        EXPECT_EQ(video.samples[i].shown, (packet->dts_ms - 1000 + packet->cts_ms) * 90) << i;
        EXPECT_EQ(video.samples[i].is_sync, packet->is_key) << i;
        EXPECT_TRUE(std::ranges::equal(video.samples[i].bytes, packet->payload.bytes())) << i;
        ++i;
    }
    const auto& audio = tracks[1];
    EXPECT_EQ(audio.handler, "soun");
    EXPECT_EQ(audio.ticks_per_second, kRate);
    EXPECT_TRUE(audio.edits.empty());
    for (std::size_t k = 0; k < audio.samples.size(); ++k) {
        EXPECT_EQ(audio.samples[k].decoded, static_cast<std::int64_t>(k) * 1024) << k;
        EXPECT_EQ(audio.samples[k].bytes.back(), k);
    }
}

TEST(Segment, says_the_wall_clock_of_what_is_shown_first) {
    MemorySegmentFile file;
    ASSERT_TRUE(record(file, stream(1000, 3, 5000)));
    EXPECT_EQ(parse_segment_head(file.bytes())->mark.first_wall_us, kWall + 1'040'000);
    EXPECT_EQ(parse_segment_head(file.bytes())->mark.path, "/live/door");
}

TEST(Segment, has_its_last_picture_last_until_the_next_segment_begins) {
    MemorySegmentFile file;
    ASSERT_TRUE(record(file, stream(0, 5, 5000), 300));
    const auto facts = finish_segment(file);
    ASSERT_TRUE(facts && *facts);
    EXPECT_EQ((*facts)->duration_us, 300'000U);
}

TEST(Segment, leaves_out_a_track_of_which_nothing_came) {
    MemorySegmentFile file;
    ASSERT_TRUE(record(file, stream(0, 5, 5000)));
    ASSERT_TRUE(*finish_segment(file));
    EXPECT_EQ(read_movie(file.bytes()).size(), 1U);
}

TEST(Segment, takes_sound_that_begins_in_a_later_fragment) {
    MemorySegmentFile file;
    ASSERT_TRUE(record(file, stream(0, 30, 700)));
    ASSERT_TRUE(*finish_segment(file));
    const auto tracks = read_movie(file.bytes());
    ASSERT_EQ(tracks.size(), 2U);
    // Time 0 of the file is the stream's 40 ms, where its first picture is shown.
    EXPECT_THAT(tracks[1].edits, ElementsAre(660 * 90, ~std::uint64_t{0}, testing::_, 0));
}

TEST(Segment, that_is_damaged_loses_none_of_its_bytes) {
    const std::vector<std::uint8_t> unreadable(kTornBytesMax + 1, 0x55);
    const std::array<Bytes, 1> pieces = {Bytes(unreadable)};
    MemorySegmentFile file;
    ASSERT_TRUE(record(file, stream(1000, 12, 1000)));
    const std::vector<std::uint8_t> before(file.bytes().begin(), file.bytes().end());
    file.append(pieces);
    const auto facts = finish_segment(file);
    ASSERT_TRUE(facts && *facts);
    EXPECT_EQ((*facts)->pictures, 12U);
    EXPECT_EQ((*facts)->cut_bytes, 0U);
    EXPECT_EQ((*facts)->unread_bytes, unreadable.size());
    EXPECT_THAT(types(file.bytes()), ElementsAre("ftyp", "uuid", "mdat", "moov"));
    EXPECT_TRUE(std::ranges::equal(Bytes(file.bytes()).subspan(before.size(), unreadable.size()),
                                   unreadable));

    MemorySegmentFile none;
    const auto moof = std::ranges::search(before, std::string_view("moof")).begin();
    const std::array<Bytes, 2> begin = {
        Bytes(before).first(static_cast<std::size_t>(moof - before.begin()) - 4),
        Bytes(unreadable)};
    none.append(begin);
    EXPECT_FALSE(finish_segment(none).ok()) << "it is left as it is";
    EXPECT_EQ(none.size(), begin[0].size() + unreadable.size());
}

TEST(Segment, with_one_damaged_place_keeps_the_fragments_behind_it) {
    MemorySegmentFile whole;
    ASSERT_TRUE(record(whole, stream(1000, 24, 1000)));
    const std::vector<std::uint8_t>& before = whole.bytes();
    std::vector<std::size_t> moofs;
    for (const auto& box : boxes(before)) {
        if (box.type == "moof") moofs.push_back(box.at);
    }
    ASSERT_GE(moofs.size(), 3U);
    for (std::size_t i = 0; i < moofs.size(); ++i) {
        SCOPED_TRACE(i);
        std::vector<std::uint8_t> damaged = before;
        damaged[moofs[i] + 5] ^= 1;  // of its type
        MemorySegmentFile file{Bytes(damaged)};
        const auto facts = finish_segment(file);
        if (i == 0) {
            ASSERT_FALSE(facts.ok());
            EXPECT_EQ(facts.error().message, "a segment that is damaged from its beginning on");
            EXPECT_EQ(file.bytes(), damaged);
            continue;
        }
        ASSERT_TRUE(facts && *facts);
        const bool is_last = i + 1 == moofs.size();
        EXPECT_EQ((*facts)->unread_bytes, is_last ? 0 : before.size() - moofs[i]);
        EXPECT_EQ((*facts)->cut_bytes, is_last ? before.size() - moofs[i] : 0);
        const std::size_t kept = is_last ? moofs[i] : before.size();
        EXPECT_TRUE(std::equal(damaged.begin() + static_cast<std::ptrdiff_t>(moofs[1]),
                               damaged.begin() + static_cast<std::ptrdiff_t>(kept),
                               file.bytes().begin() + static_cast<std::ptrdiff_t>(moofs[1])));
        EXPECT_THAT(types(file.bytes()), ElementsAre("ftyp", "uuid", "mdat", "moov"));
    }
    // Of the moov in front, without which none of them can be read.
    std::vector<std::uint8_t> damaged = before;
    std::ranges::search(damaged, std::string_view("moov")).front() = 'x';
    MemorySegmentFile file{Bytes(damaged)};
    EXPECT_FALSE(finish_segment(file).ok()) << "it is left as it is";
    EXPECT_EQ(file.bytes(), damaged);
}

/// The sound of 1 s comes behind pictures of later, as from an encoder that was held up.
TEST(Segment, keeps_sound_that_is_from_before_its_time_0) {
    for (const std::int64_t fragment_ms : {100, 200, 1000, 3000}) {
        SCOPED_TRACE(fragment_ms);
        std::vector<PacketPtr> packets;
        for (int i = 0; i < 100; ++i) {
            packets.push_back(
                picture(7'400 + 40 * i, 0, i % 25 == 0, static_cast<std::uint8_t>(i)));
            if (i % 25 != 24) continue;
            // What lasts from 1.5 s before the last second's begin to half a second before its end.
            for (int k = 0; k < 47; ++k) {
                const std::int64_t second = i / 25;
                packets.push_back(
                    sound(5'900 + 1000 * second + k * 64 / 3, static_cast<std::uint8_t>(k)));
            }
        }
        MemorySegmentFile file;
        ASSERT_TRUE(record(file, packets, 11'400, fragment_ms));
        const auto growing = mp4::read_movie(source_of(file.bytes()));
        ASSERT_TRUE(growing) << growing.error().message;
        const auto facts = finish_segment(file);
        ASSERT_TRUE(facts && *facts);
        EXPECT_EQ((*facts)->cut_bytes, 0U);
        EXPECT_EQ((*facts)->pictures, 100U);
        EXPECT_EQ((*facts)->sounds, 188U);
        // Time 0 is the first of all that is in the first fragment.
        const std::int64_t begins_ms = fragment_ms < 1000 ? 0 : 1500;
        EXPECT_EQ((*facts)->duration_us, static_cast<std::uint64_t>(4'000 + begins_ms) * 1000);
        const auto finished = mp4::read_movie(source_of(file.bytes()));
        ASSERT_TRUE(finished) << finished.error().message;
        for (const auto& movie : {*growing, *finished}) {
            ASSERT_EQ(movie.tracks.size(), 2U);
            for (const MovieTrack& track : movie.tracks) {
                const bool is_video = track.kind == MovieKind::video;
                ASSERT_EQ(track.samples.size(), is_video ? 100U : 188U);
                const auto from_begin_ms = [&](const MovieSample& sample) {
                    const std::int64_t zero = track.zero(movie.ticks_per_second);
                    return (sample.shown() - zero) * 1000 / track.ticks_per_second - begins_ms;
                };
                EXPECT_EQ(from_begin_ms(track.samples.front()), is_video ? 0 : -1500);
                EXPECT_NEAR(static_cast<double>(from_begin_ms(track.samples.back())),
                            is_video ? 3'960 : 2'481, 1);
            }
        }
    }
}

TEST(Segment, of_one_picture_is_as_short_as_its_publisher_said) {
    for (const std::optional<std::int64_t> next_ms : {std::optional<std::int64_t>(), {5'040}}) {
        MemorySegmentFile file;
        SoundClock clock(kRate, 1024);
        auto writer = SegmentWriter::begin(
            file, mark(), {shared(video_config()), shared(audio_config()), &clock, 2}, 200);
        ASSERT_TRUE(writer);
        writer->end(5'000);  // it was to begin with a picture of then
        writer->add(picture(5'000, 0, true, 0));
        writer->end(next_ms);
        const auto facts = finish_segment(file);
        ASSERT_TRUE(facts && *facts);
        EXPECT_EQ((*facts)->duration_us, 40'000U);
    }
}

TEST(Segment, is_no_longer_for_a_pause_between_pictures_that_are_reordered) {
    std::vector<PacketPtr> packets;
    for (int i = 0; i < 12; ++i) {
        const std::int64_t pause_ms = i >= 8 ? 2'000 : 0;
        const std::int32_t cts = i == 0 ? 40 : i % 2 == 1 ? 80 : 0;
        // What waits to be shown when the pause begins is shown before it.
        packets.push_back(picture(40 * i + pause_ms, cts, i == 0, static_cast<std::uint8_t>(i)));
    }
    MemorySegmentFile file;
    ASSERT_TRUE(record(file, packets, 2'480));
    const auto growing = mp4::read_movie(source_of(file.bytes()));
    const auto facts = finish_segment(file);
    ASSERT_TRUE(growing && facts && *facts);
    // Shown last is the picture decoded at 2440, 80 ms later, and time 0 is at 40 ms.
    EXPECT_EQ((*facts)->duration_us, 2'520'000U);
    EXPECT_EQ(growing->duration_us(), 2'520'000);
    EXPECT_EQ(mp4::read_movie(source_of(file.bytes()))->duration_us(), 2'520'000);
}

TEST(Segment, keeps_a_gap_in_the_sound) {
    std::vector<PacketPtr> packets = {picture(0, 0, true, 0), sound(0, 0),
                                      sound(21, 1),           picture(400, 0, false, 1),
                                      sound(500, 2),          picture(800, 0, false, 2),
                                      sound(521, 3)};
    MemorySegmentFile file;
    ASSERT_TRUE(record(file, packets));
    ASSERT_TRUE(*finish_segment(file));
    const auto samples = samples_of(file.bytes(), "soun");
    ASSERT_EQ(samples.size(), 4U);
    EXPECT_EQ(samples[2].decoded, 24'000);
    EXPECT_EQ(samples[3].decoded, 25'024);
}

TEST(Segment, cut_anywhere_is_finished_with_every_fragment_that_was_whole) {
    MemorySegmentFile whole;
    ASSERT_TRUE(record(whole, stream(0, 24, 0)));
    const Bytes all(whole.bytes());
    MemorySegmentFile finished(all);
    ASSERT_TRUE(*finish_segment(finished));
    const auto pictures = samples_of(finished.bytes(), "vide");
    const auto sounds = samples_of(finished.bytes(), "soun");
    for (std::size_t size = 0; size < all.size(); ++size) {
        SCOPED_TRACE(size);
        MemorySegmentFile file(all.first(size));
        const auto facts = finish_segment(file);
        ASSERT_TRUE(facts) << facts.error().message;
        const std::size_t fragments = whole_fragments(all, size);
        ASSERT_EQ(facts->has_value(), fragments > 0);
        if (fragments == 0) continue;
        ASSERT_THAT(types(file.bytes()), ElementsAre("ftyp", "uuid", "mdat", "moov"));
        for (const auto& track : read_movie(file.bytes())) {
            const auto& wanted = track.handler == "vide" ? pictures : sounds;
            ASSERT_LE(track.samples.size(), wanted.size());
            for (std::size_t i = 0; i < track.samples.size(); ++i) {
                ASSERT_EQ(track.samples[i].bytes, wanted[i].bytes) << i;
                ASSERT_EQ(track.samples[i].decoded, wanted[i].decoded) << i;
                ASSERT_EQ(track.samples[i].shown, wanted[i].shown) << i;
            }
        }
    }
}

TEST(Segment, killed_at_any_byte_of_its_finishing_is_finished_the_same_afterwards) {
    MemorySegmentFile grown;
    ASSERT_TRUE(record(grown, stream(0, 16, 0)));
    MemorySegmentFile finished(grown.bytes());
    ASSERT_TRUE(*finish_segment(finished));
    const std::size_t writes = finished.written;
    ASSERT_GT(writes, 500U);
    for (std::size_t n = 0; n < writes; ++n) {
        SCOPED_TRACE(n);
        MemorySegmentFile file(grown.bytes());
        file.fail_after(n);
        EXPECT_THROW((void)finish_segment(file), std::system_error);
        const auto head = parse_segment_head(file.bytes());
        ASSERT_TRUE(head) << head.error().message;
        if (head->is_finished) {
            // The size is there, the moov too; the type may still be that of the free.
            ASSERT_EQ(types(file.bytes()).back(), "moov");
            ASSERT_EQ(samples_of(file.bytes(), "vide").size(), 16U);
            continue;
        }
        MemorySegmentFile again(file.bytes());
        ASSERT_TRUE(*finish_segment(again));
        ASSERT_EQ(again.bytes(), finished.bytes());
    }
}

TEST(Segment, has_the_disk_know_its_index_before_its_head_says_so) {
    struct Watching final : SegmentFile {
        std::uint64_t size() const override { return inner.size(); }
        void append(std::span<const Bytes> pieces) override {
            calls.emplace_back("append");
            inner.append(pieces);
        }
        void write_at(std::uint64_t at, Bytes bytes) override {
            calls.emplace_back("write_at");
            inner.write_at(at, bytes);
        }
        std::size_t read_at(std::uint64_t at, std::span<std::uint8_t> into) override {
            return inner.read_at(at, into);
        }
        void truncate(std::uint64_t bytes) override { inner.truncate(bytes); }
        void sync() override { calls.emplace_back("sync"); }
        MemorySegmentFile inner;
        std::vector<std::string> calls;
    };
    Watching file;
    ASSERT_TRUE(record(file, stream(0, 5, 0)));
    file.calls.clear();
    ASSERT_TRUE(*finish_segment(file));
    EXPECT_THAT(file.calls, ElementsAre("append", "sync", "write_at", "write_at", "sync"));
}

TEST(Segment, on_a_disk_that_is_full_keeps_what_was_whole_and_says_what_is_missing) {
    const auto packets = stream(0, 120, 0);
    MemorySegmentFile measured;
    ASSERT_TRUE(record(measured, packets));
    for (const std::size_t room : {measured.size() / 3, measured.size() / 2, measured.size() - 1}) {
        MemorySegmentFile file;
        file.fail_after(room);
        SoundClock clock(kRate, 1024);
        auto writer = SegmentWriter::begin(
            file, mark(), {shared(video_config()), shared(audio_config()), &clock, 2}, 200);
        ASSERT_TRUE(writer);
        std::size_t added = 0;
        EXPECT_THROW(
            {
                for (const PacketPtr& packet : packets) {
                    ++added;
                    writer->add(packet);
                }
                writer->end(std::nullopt);
            },
            std::system_error);
        const auto missing = writer->unwritten();
        MemorySegmentFile readable(file.bytes());
        const auto facts = finish_segment(readable);
        ASSERT_TRUE(facts && *facts);
        EXPECT_EQ((*facts)->pictures + (*facts)->sounds + missing.size(), added);
        auto from = packets.begin();
        for (const PacketPtr& packet : missing) {
            from = std::find(from, packets.end(), packet);
            ASSERT_NE(from, packets.end()) << "not in the order of their arrival";
        }
    }
}

TEST(Segment, finished_twice_stays_as_it_is) {
    MemorySegmentFile file;
    ASSERT_TRUE(record(file, stream(0, 5, 0)));
    ASSERT_TRUE(*finish_segment(file));
    const auto bytes = file.bytes();
    const auto facts = finish_segment(file);
    ASSERT_TRUE(facts && *facts);
    EXPECT_TRUE((*facts)->was_finished);
    EXPECT_EQ(file.bytes(), bytes);
}

TEST(Segment, that_is_none_is_left_as_it_is) {
    std::vector<std::uint8_t> other(4000, 0x55);
    MemorySegmentFile file{Bytes(other)};
    EXPECT_EQ(finish_segment(file).error().message, "no segment of a live stream");
    EXPECT_EQ(file.bytes(), other);
}

TEST(SoundClock, counts_samples_where_a_publisher_rounds_to_milliseconds) {
    SoundClock clock(44'100, 1024);
    for (std::int64_t i = 0; i < 5000; ++i) {
        EXPECT_EQ(clock.next(i * 1024 * 1000 / 44'100), i * 1024) << i;
    }
}

TEST(SoundClock, believes_a_publisher_whose_sound_jumps_or_drifts) {
    SoundClock clock(kRate, 1024);
    EXPECT_EQ(clock.next(0), 0);
    EXPECT_EQ(clock.next(30), 30 * 48);
    EXPECT_EQ(clock.next(30), 30 * 48 + 1) << "two frames of one time";
}

TEST(SoundClock, counts_as_the_configuration_of_the_sound_says) {
    const auto clock_of = [](media::Codec codec, Bytes config) {
        media::Packet packet;
        packet.codec = codec;
        packet.payload = Buffer(config);
        return sound_clock_of(shared(std::move(packet)));
    };
    const std::uint8_t lc[] = {0x12, 0x10};        // 44.1 kHz
    const std::uint8_t he[] = {0x2B, 0x92, 0x08};  // of 22.05 kHz, doubled
    ASSERT_TRUE(clock_of(media::Codec::aac, lc));
    EXPECT_EQ(clock_of(media::Codec::aac, lc)->rate(), 44'100);
    EXPECT_EQ(clock_of(media::Codec::aac, lc)->frame_samples(), 1024);
    ASSERT_TRUE(clock_of(media::Codec::aac, he));
    EXPECT_EQ(clock_of(media::Codec::aac, he)->rate(), 44'100);
    EXPECT_EQ(clock_of(media::Codec::aac, he)->frame_samples(), 2048);
    EXPECT_FALSE(clock_of(media::Codec::flv, lc));
    EXPECT_FALSE(clock_of(media::Codec::aac, Bytes(lc).first(1)));
    EXPECT_FALSE(sound_clock_of(nullptr));
}

}  // namespace
}  // namespace st::mp4
