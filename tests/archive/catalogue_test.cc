#include "archive/catalogue.h"

#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>

#include <array>
#include <fstream>
#include <iterator>
#include <set>

#include "../mp4/memory_segment_file.h"
#include "archive/folder.h"
#include "record/segment_output.h"

namespace st::archive {
namespace {

using record::RecordingState;
using Ids = std::vector<std::string>;

constexpr std::chrono::minutes kLong{1};

class CatalogueTest : public testing::Test {
 protected:
    void open() { catalogue_.emplace(folder_.path(), Log()); }
    /// As after a restart.
    void open_again() {
        catalogue_.reset();
        open();
        ASSERT_TRUE(catalogue_->wait(kLong));
    }
    Ids ids(const RecordingQuery& query) {
        EXPECT_TRUE(catalogue_->wait(kLong));
        Ids found;
        for (const auto& entry : catalogue_->list(query).items) found.push_back(entry.id);
        return found;
    }
    std::string file() const { return folder_.path() + "/" + kCatalogueName; }

    TestFolder folder_;
    std::optional<Catalogue> catalogue_;
};

TEST_F(CatalogueTest, lists_the_newest_first_and_filters) {
    const std::string a = folder_.put({"a", 10 * kDayUs, RecordingState::done, "one"});
    const std::string b = folder_.put({"b", 11 * kDayUs, RecordingState::failed});
    const std::string c = folder_.put({"a", 12 * kDayUs, RecordingState::recording, "one"});
    folder_.put_file("live/notes.txt", "not a recording");
    open();
    EXPECT_EQ(ids({}), (Ids{c, b, a}));
    RecordingQuery query;
    query.camera = "[az]";
    EXPECT_EQ(ids(query), (Ids{c, a}));
    query.since_us = 11 * kDayUs;
    EXPECT_EQ(ids(query), (Ids{c}));
    query = {};
    query.until_us = 12 * kDayUs;
    EXPECT_EQ(ids(query), (Ids{b, a}));
    query = {};
    query.state = RecordingState::failed;
    EXPECT_EQ(ids(query), (Ids{b}));
    query = {};
    query.take = "one";
    EXPECT_EQ(ids(query), (Ids{c, a}));
    query.take = "o*";
    EXPECT_EQ(ids(query), (Ids{c, a}));
    query.camera = "b";
    EXPECT_EQ(ids(query), Ids{});
    query = {};
    query.id = "a_*";
    EXPECT_EQ(ids(query), (Ids{c, a}));
    query.id = "*_*";
    query.camera = "?";
    EXPECT_EQ(ids(query), (Ids{c, b, a}));
    query = {};
    query.id = b;
    EXPECT_EQ(ids(query), (Ids{b}));
    query.camera = "a";
    EXPECT_EQ(ids(query), Ids{});
}

TEST_F(CatalogueTest, pages_neither_repeat_nor_miss_one_whatever_they_are_read_by) {
    std::set<std::string> all;
    for (int n = 0; n < 23; ++n) {
        all.insert(folder_.put({"c" + std::to_string(n), kDayUs * (10 + n / 5)}));
    }
    open();
    for (const auto& camera : {std::optional<std::string>(), std::optional<std::string>("c*")}) {
        Ids seen;
        RecordingQuery query;
        query.camera = camera;
        query.limit = 5;
        for (;;) {
            ASSERT_TRUE(catalogue_->wait(kLong));
            const RecordingPage page = catalogue_->list(query);
            for (const auto& entry : page.items) seen.push_back(entry.id);
            if (!page.next) break;
            EXPECT_TRUE(is_cursor(*page.next));
            query.cursor = *page.next;
        }
        EXPECT_EQ(seen.size(), all.size());
        EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()), all);
    }
}

TEST_F(CatalogueTest, ends_a_page_of_long_recordings_early) {
    const std::string pad(Catalogue::kPageBytesMax / 3, 'x');
    Ids all;
    for (int n = 0; n < 7; ++n) {
        const std::string id = folder_.put({"c" + std::to_string(n), kDayUs * (10 + n)});
        std::ifstream there(folder_.path() + "/" + id + "/session.json");
        std::string json{std::istreambuf_iterator<char>(there), std::istreambuf_iterator<char>()};
        json.insert(json.find('{') + 1, "\"pad\":\"" + pad + "\",");
        folder_.put_file(id + "/session.json", json);
        all.insert(all.begin(), id);
    }
    open();
    ASSERT_TRUE(catalogue_->wait(kLong));
    Ids seen;
    std::vector<std::size_t> pages;
    RecordingQuery query;
    for (;;) {
        const RecordingPage page = catalogue_->list(query);
        for (const auto& entry : page.items) seen.push_back(entry.id);
        pages.push_back(page.items.size());
        if (!page.next) break;
        query.cursor = *page.next;
    }
    EXPECT_EQ(seen, all);
    EXPECT_EQ(pages, (std::vector<std::size_t>{3, 3, 1}));
}

TEST_F(CatalogueTest, sees_what_others_put_into_the_folder_or_take_away) {
    const std::string a = folder_.put({"a", kDayUs});
    open();
    EXPECT_EQ(ids({}), Ids{a});
    const std::string b = folder_.put({"b", 2 * kDayUs});
    EXPECT_EQ(ids({}), (Ids{b, a}));
    fs::create_directories(folder_.path() + "/c_20260101_000000");
    EXPECT_EQ(ids({}), (Ids{b, a})) << "a copy that has just begun";
    fs::copy(folder_.path() + "/" + a + "/session.json", folder_.path() + "/c_20260101_000000");
    EXPECT_EQ(ids({}), (Ids{b, "c_20260101_000000", a}));
    fs::remove_all(folder_.path() + "/" + b);
    fs::remove_all(folder_.path() + "/c_20260101_000000");
    EXPECT_EQ(ids({}), Ids{a});
}

TEST_F(CatalogueTest, is_told_what_changes_in_a_recording) {
    folder_.put({"a", kDayUs, RecordingState::recording});
    open();
    RecordingQuery query;
    query.state = RecordingState::done;
    EXPECT_EQ(ids(query), Ids{});
    const std::string id = folder_.put({"a", kDayUs, RecordingState::done});
    catalogue_->changed(id);
    EXPECT_EQ(ids(query), Ids{id});
    ASSERT_TRUE(catalogue_->keep(id, true));
    EXPECT_EQ(catalogue_->remove(id).error().code, 409);
    ASSERT_TRUE(catalogue_->keep(id, false));
    ASSERT_TRUE(catalogue_->remove(id));
    EXPECT_EQ(ids(query), Ids{});
}

TEST_F(CatalogueTest, remembers_over_a_restart_and_finds_what_changed_meanwhile) {
    const std::string a = folder_.put({"a", kDayUs});
    const std::string b = folder_.put({"b", 2 * kDayUs});
    open();
    EXPECT_EQ(ids({}), (Ids{b, a}));
    catalogue_.reset();
    folder_.put({"a", kDayUs, RecordingState::failed});
    fs::remove_all(folder_.path() + "/" + b);
    const std::string c = folder_.put({"c", 3 * kDayUs});
    open_again();
    EXPECT_EQ(ids({}), (Ids{c, a}));
    RecordingQuery query;
    query.state = RecordingState::failed;
    EXPECT_EQ(ids(query), Ids{a});
}

/// All that the catalogue knows, in order.
struct Known {
    std::vector<RecordingRow> recordings;
    std::vector<MediaRow> media;
    bool operator==(const Known&) const = default;
};

Known known(const std::string& file) {
    Store store(file, Database::Mode::read);
    RecordingQuery query;
    query.limit = 1000;
    Known all{store.recordings(query), {}};
    for (const RecordingRow& row : all.recordings) {
        for (MediaRow& media : store.media("/camera/" + row.camera, 0, 1LL << 60, 1000)) {
            all.media.push_back(std::move(media));
        }
    }
    return all;
}

TEST_F(CatalogueTest, made_anew_it_is_what_it_was_whatever_became_of_its_file) {
    Ids all;
    for (int n = 0; n < 40; ++n) {
        const RecordingState state = n % 3 == 0 ? RecordingState::failed : RecordingState::done;
        all.insert(
            all.begin(),
            folder_.put({"c" + std::to_string(n % 4), kDayUs * (1 + n), state,
                         n % 5 == 0 ? std::optional<std::string>("t") : std::nullopt, n % 7 == 0}));
    }
    open_again();
    EXPECT_EQ(ids({}), all);
    catalogue_.reset();
    const Known before = known(file());
    ASSERT_EQ(before.recordings.size(), 40U);
    const auto size = fs::file_size(file());
    const auto damages = {
        std::function<void()>([&] { fs::remove(file()); }),
        std::function<void()>([&] { fs::resize_file(file(), size / 2); }),
        std::function<void()>([&] { fs::resize_file(file(), 0); }),
        std::function<void()>([&] { std::ofstream(file()) << std::string(20'000, 'x'); }),
        std::function<void()>(
            [&] { Database(file(), Database::Mode::write).run("PRAGMA user_version=999"); }),
        std::function<void()>(
            [&] { Database(file(), Database::Mode::write).run("DROP TABLE media"); }),
    };
    for (const auto& damage : damages) {
        damage();
        open_again();
        EXPECT_EQ(ids({}), all);
        EXPECT_FALSE(catalogue_->is_building());
        catalogue_.reset();
        EXPECT_EQ(known(file()), before);
    }
}

TEST_F(CatalogueTest, where_the_folder_takes_no_files_it_is_in_memory_and_the_file_stays) {
    const std::string a = folder_.put({"a", kDayUs});
    open();
    EXPECT_EQ(ids({}), Ids{a});
    catalogue_.reset();
    const auto inode = [&] {
        struct stat status {};
        EXPECT_EQ(::stat(file().c_str(), &status), 0);
        return status.st_ino;
    };
    const auto before = inode();
    const std::string b = folder_.put({"b", 2 * kDayUs});
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0555), 0);
    // Root may write there, so that the catalogue's thread has to be somebody else for files.
    const auto me = static_cast<uid_t>(::setfsuid(65'534));
    open();
    EXPECT_EQ(ids({}), (Ids{b, a}));
    EXPECT_FALSE(catalogue_->is_building());
    ::setfsuid(me);
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
    EXPECT_EQ(inode(), before);
}

TEST_F(CatalogueTest, damage_that_is_met_while_it_is_used_is_mended) {
    const std::string a = folder_.put({"a", kDayUs});
    open();
    EXPECT_EQ(ids({}), Ids{a});
    Database(file(), Database::Mode::write).run("DROP TABLE recordings");
    catalogue_->list({});  // meets it
    while (catalogue_->list({}).is_building) {
    }
    EXPECT_EQ(ids({}), Ids{a});
}

TEST_F(CatalogueTest, finds_the_media_of_a_camera_by_time) {
    folder_.put_file(folder_.put({"a", kDayUs, RecordingState::recording}) + "/stream.fdump", "");
    folder_.put({"b", kDayUs, RecordingState::done});  // neither an MP4 nor a dump
    open();
    ASSERT_TRUE(catalogue_->wait(kLong));
    const auto media = catalogue_->media("/camera/a", 0, 2 * kDayUs, 10);
    ASSERT_EQ(media.rows.size(), 1U);
    EXPECT_EQ(media.rows[0].form, MediaForm::dump);
    EXPECT_EQ(media.rows[0].start_us, kDayUs);
    EXPECT_EQ(media.rows[0].end_us, 0);
    EXPECT_TRUE(catalogue_->media("/camera/a", 0, kDayUs, 10).rows.empty());
    EXPECT_EQ(catalogue_->media("/camera/a", kDayUs + 1, 2 * kDayUs, 10).rows.size(), 1U)
        << "it still grows";
    EXPECT_TRUE(catalogue_->media("/camera/b", 0, 2 * kDayUs, 10).rows.empty());
    for (const char* other : {"/camera/..", "", "/", "/../..", "/camera/a/b", "camera/a"}) {
        EXPECT_TRUE(catalogue_->media(other, 0, 2 * kDayUs, 10).rows.empty()) << other;
    }
}

TEST_F(CatalogueTest, looks_at_the_one_segment_that_it_is_told_of) {
    open();
    ASSERT_TRUE(catalogue_->wait(kLong));
    const std::string a = folder_.put_segment("live/live/x/20200101000000_segment_001.flv");
    const std::string b = folder_.put_segment("live/live/x/20200101000001_segment_002.flv");
    const auto files = [&] {
        EXPECT_TRUE(catalogue_->wait(kLong));
        Ids found;
        for (const MediaRow& row : Store(file(), Database::Mode::read).segments("/live/x"))
            found.push_back(row.file);
        return found;
    };
    catalogue_->segment_changed(a);
    EXPECT_EQ(files(), Ids{a});
    // Who asks gets what others put there as well.
    EXPECT_EQ(catalogue_->segments({"/live/x", 10, ""}).items.size(), 2U);
    EXPECT_EQ(files(), (Ids{a, b}));
    fs::remove(folder_.path() + "/" + a);
    catalogue_->segment_changed(a);
    EXPECT_EQ(files(), Ids{b});
    for (const char* other : {"", "/", "a.flv", "live/x", "../x/y/z.flv", "live/live/x/y/z.flv"})
        catalogue_->segment_changed(other);
    EXPECT_EQ(files(), Ids{b});
}

TEST_F(CatalogueTest, has_a_segment_in_other_codecs_grow_while_it_is_marked_open) {
    mp4::MemorySegmentFile written;
    const auto output =
        record::begin_flv_segment(written, {"/live/x", {}, {}, kDayUs, 1, 1}, {}, 100);
    media::Packet picture;
    picture.codec = media::Codec::flv;
    picture.codec_tag = 4;  // VP6
    picture.is_key = true;
    const std::array<std::uint8_t, 3> body{0x14, 0, 0};
    picture.payload = Buffer(Bytes(body));
    output->add(std::make_shared<const media::Packet>(std::move(picture)));
    output->end(std::nullopt);
    const std::string segment = "live/live/x/19700102000000_segment_001.flv";
    folder_.put_file(segment, std::string(as_text(written.bytes())));
    folder_.put_file(segment + ".open", "");
    open();
    const auto form = [&] {
        EXPECT_TRUE(catalogue_->wait(kLong));
        const SegmentPage page = catalogue_->segments({"/live/x", 10, ""});
        return page.items.empty() ? MediaForm::movie : page.items[0].form;
    };
    EXPECT_EQ(form(), MediaForm::growing_foreign);
    EXPECT_EQ(catalogue_->remove_segment(segment).error().code, 409);
    fs::remove(folder_.path() + "/" + segment + ".open");
    catalogue_->segment_changed(segment);
    EXPECT_EQ(form(), MediaForm::foreign);
    EXPECT_TRUE(catalogue_->remove_segment(segment));
}

TEST_F(CatalogueTest, counts_what_there_is_of_each_stream) {
    Store store(file(), Database::Mode::write);
    ASSERT_TRUE(store.prepare());
    const auto media = [](const std::string& name, const std::string& stream, std::uint64_t bytes,
                          const std::string& recording = "") {
        MediaRow row;
        row.file = name;
        row.stream = stream;
        row.bytes = bytes;
        row.recording = recording;
        return row;
    };
    const auto recording = [](const std::string& id, std::uint64_t bytes) {
        RecordingRow row;
        row.id = id;
        row.camera = "door";
        row.bytes = bytes;
        return row;
    };
    using Bytes = std::vector<std::pair<std::string, std::uint64_t>>;
    store.put(media("x1", "/live/x", 100));
    store.put(media("x2", "/live/x", 10));
    store.put(media("x2", "/live/x", 20));  // it grew
    store.put(media("y1", "/live/y", 7));
    store.put(recording("d1", 1'000));
    store.put(recording("d1", 2'000));
    store.put(media("d1/stream.mp4", "/camera/door", 5, "d1"));
    EXPECT_EQ(store.bytes_by_stream(),
              (Bytes{{"/camera/door", 2'000}, {"/live/x", 120}, {"/live/y", 7}}));
    store.drop_file("x1");
    store.drop_file("y1");
    store.drop_file("none");
    store.drop_recording("d1");
    EXPECT_EQ(store.bytes_by_stream(), (Bytes{{"/live/x", 20}}));
    const auto totals = store.segment_totals();
    ASSERT_EQ(totals.size(), 1U);
    EXPECT_EQ(totals[0].files, 1U);
    EXPECT_EQ(totals[0].bytes, 20U);
}

TEST_F(CatalogueTest, gives_the_segments_of_a_stream_by_pages_in_whichever_layout_they_lie) {
    std::vector<std::string> all;
    for (int n = 0; n < 12; ++n) {
        const std::string stamp = std::to_string(20'200'101'000'000 + n / 2);
        const std::string layout = n % 2 == 0 ? "live/x/" : "live/live/x/";
        all.push_back(folder_.put_segment(layout + stamp + "_segment_001.flv"));
    }
    // The same moment twice, in two folders; of another stream; no segment.
    std::swap(all[0], all[1]);
    for (std::size_t n = 2; n < all.size(); n += 2) std::swap(all[n], all[n + 1]);
    folder_.put_segment("live/live/y/20200101000000_segment_001.flv");
    folder_.put_file("live/live/x/notes.txt", "x");
    folder_.put_file("live/live/x/broken.flv", "x");
    folder_.put_file(all[3] + ".keep", "");
    open();
    for (const std::size_t limit : {1, 5, 12, 100}) {
        std::vector<std::string> seen;
        SegmentQuery query{"/live/x", limit, ""};
        for (;;) {
            ASSERT_TRUE(catalogue_->wait(kLong));
            const SegmentPage page = catalogue_->segments(query);
            EXPECT_FALSE(page.is_building);
            for (const MediaRow& row : page.items) {
                EXPECT_EQ(row.kept, row.file == all[3]) << row.file;
                seen.push_back(row.file);
            }
            if (!page.next) break;
            EXPECT_TRUE(is_cursor(*page.next));
            query.cursor = *page.next;
        }
        EXPECT_EQ(seen, all) << limit;
    }
    for (const char* other : {"/live/z", "", "/", "/../..", "/live/x/y", "live/x"}) {
        EXPECT_TRUE(catalogue_->segments({other, 10, ""}).items.empty()) << other;
    }
    EXPECT_TRUE(catalogue_->remove_segment(all[0]));
    ASSERT_TRUE(catalogue_->wait(kLong));
    EXPECT_EQ(catalogue_->segments({"/live/x", 1, ""}).items.at(0).file, all[1]);
}

}  // namespace
}  // namespace st::archive
