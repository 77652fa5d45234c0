#include "archive/retention.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <time.h>

#include "../mp4/memory_segment_file.h"
#include "archive/folder.h"
#include "record/segment_output.h"

namespace st::archive {
namespace {

using record::RecordingState;

constexpr std::int64_t kNowUs = 100 * kDayUs;
constexpr std::int64_t kBootUs = 3 * kDayUs;

class RetentionTest : public testing::Test {
 protected:
    /// What a look deletes, as "id reason", in order.
    std::vector<std::string> look(const RetentionOptions& options) {
        if (!catalogue_) catalogue_.emplace(folder_.path(), Log());
        EXPECT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
        const Current<RetentionOptions> current(options);
        std::vector<std::string> deleted;
        Retention retention(
            current, *catalogue_, [this] { return free_bytes_; },
            {[&](const Deleted& one) {
                 deleted.push_back((one.recording.empty() ? one.file : one.recording) + " " +
                                   one.reason);
                 free_bytes_ += one.bytes;
             },
             {}},
            Log());
        retention.look(kNowUs, kBootUs);
        EXPECT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
        return deleted;
    }
    /// A recording of about `bytes`.
    std::string put(const TestFolder::Recording& what, std::size_t bytes = 10'000) {
        const std::string id = folder_.put(what);
        folder_.put_file(id + "/stream.mp4", std::string(bytes, 'x'));
        return id;
    }
    std::string put_segment(const std::string& stream, const std::string& stamp,
                            std::size_t bytes = 10'000) {
        const std::string file =
            folder_.put_segment("live" + stream + "/" + stamp + "_segment_001.flv", bytes);
        folder_.set_written(file, time_of(stamp));
        return file;
    }
    static std::int64_t time_of(const std::string& stamp) {
        tm when{};
        EXPECT_NE(::strptime(stamp.c_str(), "%Y%m%d%H%M%S", &when), nullptr);
        return ::timegm(&when) * kSecondUs;
    }
    bool is_there(const std::string& name) const { return fs::exists(folder_.path() + "/" + name); }

    TestFolder folder_;
    std::optional<Catalogue> catalogue_;
    std::uint64_t free_bytes_ = 0;
};

TEST_F(RetentionTest, deletes_nothing_unless_it_is_told_to) {
    const std::string id = put({"a", kDayUs});
    EXPECT_TRUE(look({}).empty());
    EXPECT_TRUE(is_there(id));
}

TEST_F(RetentionTest, deletes_by_age_what_is_neither_open_nor_kept_nor_of_a_kept_take) {
    const std::string old = put({"a", 10 * kDayUs});
    put({"open", 10 * kDayUs, RecordingState::recording});
    put({"unfinished", 10 * kDayUs, RecordingState::finalising});
    put({"kept", 10 * kDayUs, RecordingState::done, std::nullopt, true});
    put({"t1", 10 * kDayUs, RecordingState::done, "walk", true});
    put({"t2", 10 * kDayUs, RecordingState::done, "walk"});
    const std::string other_take = put({"t3", 11 * kDayUs, RecordingState::failed, "run"});
    put({"new", 99 * kDayUs});
    RetentionOptions options;
    options.all.max_age = std::chrono::hours(48);
    EXPECT_EQ(look(options), (std::vector<std::string>{old + " age", other_take + " age"}));
    EXPECT_FALSE(is_there(old));
    EXPECT_TRUE(look(options).empty());
}

TEST_F(RetentionTest, deletes_the_oldest_until_the_rest_is_small_enough) {
    const std::string a = put({"a", 10 * kDayUs});
    const std::string kept = put({"a", 11 * kDayUs, RecordingState::done, std::nullopt, true});
    const std::string b = put({"b", 12 * kDayUs});
    const std::string c = put({"a", 13 * kDayUs});
    const std::string d = put({"b", 14 * kDayUs});
    RetentionOptions options;
    options.all.max_bytes = 40'000;  // what is kept and two others, with their session.json
    EXPECT_EQ(look(options), (std::vector<std::string>{a + " bytes", b + " bytes"}));
    EXPECT_TRUE(is_there(kept) && is_there(c) && is_there(d));
}

TEST_F(RetentionTest, makes_room_on_the_disk_and_stops) {
    const std::string a = put({"a", 10 * kDayUs}, 50'000);
    const std::string b = put({"a", 11 * kDayUs}, 50'000);
    const std::string c = put({"a", 12 * kDayUs}, 50'000);
    RetentionOptions options;
    options.keep_free = 90'000;
    free_bytes_ = 1'000;
    EXPECT_EQ(look(options), (std::vector<std::string>{a + " free", b + " free"}));
    EXPECT_TRUE(is_there(c));
    EXPECT_TRUE(look(options).empty());
}

TEST_F(RetentionTest, counts_what_the_disk_has_not_given_back_yet) {
    const std::string a = put({"a", 10 * kDayUs}, 50'000);
    const std::string b = put({"a", 11 * kDayUs}, 50'000);
    put({"a", 12 * kDayUs}, 50'000);
    catalogue_.emplace(folder_.path(), Log());
    ASSERT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
    RetentionOptions options;
    options.keep_free = 50'000;
    const Current<RetentionOptions> current(options);
    std::vector<std::string> deleted;
    Retention retention(
        current, *catalogue_, [] { return std::uint64_t{1'000}; },
        {[&](const Deleted& one) { deleted.push_back(one.recording); }, {}}, Log());
    const auto look = [&](std::int64_t after_us) {
        retention.look(kNowUs + after_us, kBootUs + after_us);
        EXPECT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
        return std::exchange(deleted, {});
    };
    // Somebody reads what was deleted: nothing becomes free.
    EXPECT_EQ(look(0), (std::vector<std::string>{a}));
    EXPECT_EQ(look(10'000'000), (std::vector<std::string>{}));
    EXPECT_EQ(look(601'000'000), (std::vector<std::string>{b})) << "it does not come";
}

TEST_F(RetentionTest, keeps_room_free_where_it_comes_back_late_and_others_take_it) {
    constexpr std::uint64_t kItem = 50'000;
    for (int i = 0; i < 4; ++i) put({"a", (10 + i) * kDayUs}, kItem);
    catalogue_.emplace(folder_.path(), Log());
    RetentionOptions options;
    options.keep_free = 100'000;
    const Current<RetentionOptions> current(options);
    std::uint64_t free = 120'000;
    std::uint64_t late = 0;
    int deleted = 0;
    Retention retention(
        current, *catalogue_, [&] { return free; },
        {[&](const Deleted& one) {
             late += one.bytes;
             ++deleted;
         },
         {}},
        Log());
    // Each 10 s as much is recorded as one of them has, and what was deleted becomes free.
    for (int i = 0; i < 30; ++i) {
        const std::string id = put({"a", (20 + i) * kDayUs}, kItem);
        free += std::exchange(late, 0) - std::min<std::uint64_t>(free, kItem + 300);
        catalogue_->changed(id);
        ASSERT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
        retention.look(kNowUs + i * 10'000'000, kBootUs + i * 10'000'000);
        ASSERT_GE(free + late, options.keep_free) << "at the look " << i;
    }
    EXPECT_LE(deleted, 31) << "more than had to go";
}

TEST_F(RetentionTest, deletes_nothing_by_age_after_the_clock_was_set_until_it_has_stood) {
    const std::string old = put({"a", 10 * kDayUs});
    const std::string next = put({"a", 99 * kDayUs});
    catalogue_.emplace(folder_.path(), Log());
    ASSERT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
    RetentionOptions options;
    options.all.max_age = std::chrono::hours(24 * 365);
    const Current<RetentionOptions> current(options);
    std::vector<std::string> deleted;
    std::vector<std::string> warnings;
    Retention retention(
        current, *catalogue_, [] { return std::uint64_t{0}; },
        {[&](const Deleted& one) { deleted.push_back(one.recording); },
         [&](const std::string& why) { warnings.push_back(why); }},
        Log());
    const auto look = [&](std::int64_t now_us, std::int64_t boot_us) {
        retention.look(now_us, boot_us);
        EXPECT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
        return std::exchange(deleted, {});
    };
    const std::vector<std::string> none;
    EXPECT_EQ(look(kNowUs, kBootUs), none);
    const std::int64_t wrong_us = kNowUs + 1024 * 7 * kDayUs;
    EXPECT_EQ(look(wrong_us, kBootUs + 10 * kSecondUs), none);
    EXPECT_EQ(look(wrong_us + 3500 * kSecondUs, kBootUs + 3510 * kSecondUs), none);
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_EQ(warnings[0],
              "the clock was set ahead by 7167 d 23 h: nothing is deleted by age for an hour");
    // It is set right; then by less than counts.
    EXPECT_EQ(look(kNowUs + 3520 * kSecondUs, kBootUs + 3520 * kSecondUs), none);
    EXPECT_EQ(warnings.size(), 2U);
    EXPECT_EQ(look(kNowUs + 9 * 3600 * kSecondUs, kBootUs + 9 * 3600 * kSecondUs), none);
    const std::int64_t later_us = 280 * kDayUs;
    EXPECT_EQ(look(kNowUs + later_us + 500 * kSecondUs, kBootUs + later_us),
              (std::vector<std::string>{old}));
    // A new time that stays is believed.
    EXPECT_EQ(look(kNowUs + 2 * later_us, kBootUs + later_us + 10 * kSecondUs), none);
    EXPECT_EQ(look(kNowUs + 2 * later_us + kDayUs / 24, kBootUs + later_us + kDayUs / 24), none);
    EXPECT_EQ(look(kNowUs + 2 * later_us + kDayUs / 12, kBootUs + later_us + kDayUs / 12),
              (std::vector<std::string>{next}));
}

TEST_F(RetentionTest, deletes_nothing_by_age_for_an_hour_while_the_clock_is_behind) {
    const std::string old = put({"a", 10 * kDayUs});
    const std::string ahead = put({"b", 120 * kDayUs});
    catalogue_.emplace(folder_.path(), Log());
    ASSERT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
    RetentionOptions options;
    options.all.max_age = std::chrono::hours(24);
    const Current<RetentionOptions> current(options);
    std::vector<std::string> deleted;
    std::vector<std::string> warnings;
    Retention retention(
        current, *catalogue_, [] { return std::uint64_t{0}; },
        {[&](const Deleted& one) { deleted.push_back(one.recording); },
         [&](const std::string& why) { warnings.push_back(why); }},
        Log());
    const auto look = [&](std::int64_t after_us) {
        retention.look(kNowUs + after_us, kBootUs + after_us);
        EXPECT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
    };
    look(0);
    look(10 * kSecondUs);
    look(3'599 * kSecondUs);
    EXPECT_EQ(deleted, std::vector<std::string>());
    EXPECT_EQ(warnings,
              (std::vector<std::string>{
                  "the newest of what is stored was recorded at 1970-05-01T00:00:00.000Z by the "
                  "clock of then, and the clock is not there yet: nothing is deleted by age for an "
                  "hour"}));
    // Whichever of the two clocks is wrong: what is too old by this one is so by the other.
    look(3'600 * kSecondUs);
    EXPECT_EQ(deleted, (std::vector<std::string>{old}));
    look(22 * kDayUs);
    EXPECT_EQ(deleted, (std::vector<std::string>{old, ahead}));
    EXPECT_EQ(warnings.size(), 1U);
}

TEST_F(RetentionTest, believes_the_clock_whatever_times_a_publisher_gives) {
    const std::string old = put({"a", 10 * kDayUs});
    const std::string segment = put_segment("/live/walk", "20990101000000");
    folder_.set_written(segment, kNowUs - kSecondUs);
    RetentionOptions options;
    options.all.max_age = std::chrono::hours(24);
    EXPECT_EQ(look(options), (std::vector<std::string>{old + " age"}));
    EXPECT_TRUE(is_there(segment));
}

TEST_F(RetentionTest, leaves_what_is_of_a_take_that_was_kept_a_moment_ago) {
    const std::string first = put({"a", 10 * kDayUs, RecordingState::done, "walk"});
    const std::string second = put({"b", 10 * kDayUs + kSecondUs, RecordingState::done, "walk"});
    const std::string other = put({"c", 9 * kDayUs});
    catalogue_.emplace(folder_.path(), Log());
    ASSERT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
    RetentionOptions options;
    options.all.max_age = std::chrono::hours(24);
    const Current<RetentionOptions> current(options);
    std::vector<std::string> deleted;
    record::Recordings recordings(folder_.path());
    Retention retention(
        current, *catalogue_, [] { return std::uint64_t{0}; },
        {[&](const Deleted& one) {
             deleted.push_back(one.recording);
             // The catalogue has not heard of it.
             EXPECT_TRUE(recordings.keep(second, true));
         },
         {}},
        Log());
    retention.look(kNowUs, kBootUs);
    EXPECT_EQ(deleted, (std::vector<std::string>{other}));
    EXPECT_TRUE(is_there(first));
}

TEST_F(RetentionTest, counts_what_is_gone_once_where_the_catalogue_is_behind) {
    const std::string a = put({"a", 10 * kDayUs});
    const std::string b = put({"a", 11 * kDayUs});
    const std::string c = put({"a", 12 * kDayUs});
    catalogue_.emplace(folder_.path(), Log());
    ASSERT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
    fs::remove_all(folder_.path() + "/" + a);
    RetentionOptions options;
    options.all.max_bytes = 25'000;
    EXPECT_TRUE(look(options).empty());
    EXPECT_TRUE(is_there(b) && is_there(c));
}

TEST_F(RetentionTest, makes_room_where_the_disk_takes_no_catalogue) {
    const std::string old = put({"a", 10 * kDayUs});
    const std::string next = put({"a", 99 * kDayUs + kDayUs / 2});
    RetentionOptions options;
    options.all.max_age = std::chrono::hours(24);
    // As a full disk: no file becomes larger.
    ::signal(SIGXFSZ, SIG_IGN);
    struct rlimit before {};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit none { 0, before.rlim_max };
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
    const auto deleted = look(options);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(deleted, (std::vector<std::string>{old + " age"}));
    const RecordingPage page = catalogue_->list({});
    EXPECT_FALSE(page.is_building);
    ASSERT_EQ(page.items.size(), 1U);
    EXPECT_EQ(page.items[0].id, next);
}

TEST_F(RetentionTest, makes_room_where_the_catalogue_of_a_crash_takes_no_more) {
    const std::string old = put({"a", 10 * kDayUs});
    catalogue_.emplace(folder_.path(), Log());
    ASSERT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
    // Who reads it keeps its log from being removed, as after a crash.
    Database reader(folder_.path() + "/" + kCatalogueName, Database::Mode::read);
    EXPECT_EQ(reader.number("SELECT count(*) FROM recordings"), 1);
    catalogue_.reset();
    ASSERT_TRUE(is_there(std::string(kCatalogueName) + "-wal"));
    put({"a", 99 * kDayUs + kDayUs / 2});
    RetentionOptions options;
    options.all.max_age = std::chrono::hours(24);
    ::signal(SIGXFSZ, SIG_IGN);
    struct rlimit before {};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit none { 0, before.rlim_max };
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
    const auto deleted = look(options);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(deleted, (std::vector<std::string>{old + " age"}));
}

TEST_F(RetentionTest, makes_room_once_the_catalogue_cannot_be_written_any_more) {
    const std::string old = put({"a", 10 * kDayUs});
    catalogue_.emplace(folder_.path(), Log());
    ASSERT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
    const std::string id = put({"b", 99 * kDayUs + kDayUs / 2});
    ::signal(SIGXFSZ, SIG_IGN);
    struct rlimit before {};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit none { 0, before.rlim_max };
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
    catalogue_->changed(id);
    EXPECT_FALSE(catalogue_->wait(std::chrono::seconds(1)));
    RetentionOptions options;
    options.all.max_age = std::chrono::hours(24);
    const Current<RetentionOptions> current(options);
    std::vector<std::string> deleted;
    Retention retention(
        current, *catalogue_, [] { return std::uint64_t{0}; },
        {[&](const Deleted& one) { deleted.push_back(one.recording); }, {}}, Log());
    retention.look(kNowUs, kBootUs);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(deleted, (std::vector<std::string>{old}));
    EXPECT_TRUE(catalogue_->list({}).is_building) << "it is behind";
    EXPECT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
}

TEST_F(RetentionTest, goes_on_behind_what_stays_with_the_next_look) {
    for (int i = 0; i < 5; ++i)
        put_segment("/live/kept", "1970010" + std::to_string(i + 1) + "000000");
    const std::string old = put_segment("/live/short", "19700120000000");
    const std::string also_old = put({"a", 20 * kDayUs});
    catalogue_.emplace(folder_.path(), Log());
    ASSERT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
    RetentionOptions options;
    options.rules.push_back({"live/short", {std::chrono::hours(24), 0}});
    options.rules.push_back({"camera/a", {std::chrono::hours(24), 0}});
    const Current<RetentionOptions> current(options);
    std::vector<std::string> deleted;
    Retention retention(
        current, *catalogue_, [] { return std::uint64_t{0}; },
        {[&](const Deleted& one) {
             deleted.push_back(one.recording.empty() ? one.file : one.recording);
         },
         {}},
        Log(), 2);
    for (int i = 0; i < 5; ++i) retention.look(kNowUs, kBootUs);
    EXPECT_EQ(deleted, (std::vector<std::string>{old, also_old}));
}

/// Counts what is warned of.
class CountedWarnings final : public LogSink {
 public:
    bool enabled(LogLevel level) const override { return level == LogLevel::warning; }
    void write(LogLevel, std::string_view, std::string_view) override { ++count; }
    int count = 0;
};

TEST_F(RetentionTest, tells_once_that_a_disk_deletes_nothing_and_ends_its_look) {
    constexpr int kItems = 5;
    for (int i = 0; i < kItems; ++i) put({"a", (10 + i) * kDayUs});
    catalogue_.emplace(folder_.path(), Log());
    ASSERT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
    RetentionOptions options;
    options.all.max_age = std::chrono::hours(24);
    const Current<RetentionOptions> current(options);
    int deleted = 0;
    const auto warnings = std::make_shared<CountedWarnings>();
    Retention retention(
        current, *catalogue_, [] { return std::uint64_t{0}; },
        {[&](const Deleted&) { ++deleted; }, {}}, Log(warnings));
    ASSERT_TRUE(catalogue_->kept_takes());  // which opens the catalogue
    // Root may delete, so that the look has to be somebody else's.
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0555), 0);
    const auto me = static_cast<uid_t>(::setfsuid(65'534));
    for (int i = 0; i < 4; ++i) retention.look(kNowUs, kBootUs);
    ::setfsuid(me);
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
    EXPECT_EQ(deleted, 0);
    EXPECT_EQ(warnings->count, 1);
    for (int i = 0; i < 2; ++i) retention.look(kNowUs, kBootUs);
    EXPECT_EQ(deleted, kItems);
}

TEST_F(RetentionTest, that_is_stopped_deletes_nothing_more) {
    for (int i = 0; i < 5; ++i) put({"a", (10 + i) * kDayUs});
    catalogue_.emplace(folder_.path(), Log());
    ASSERT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
    RetentionOptions options;
    options.all.max_age = std::chrono::hours(24);
    const Current<RetentionOptions> current(options);
    int deleted = 0;
    std::optional<Retention> retention;
    retention.emplace(
        current, *catalogue_, [] { return std::uint64_t{0}; },
        Retention::Tell{[&](const Deleted&) {
                            if (++deleted == 2) retention->stop();
                        },
                        {}},
        Log());
    retention->look(kNowUs, kBootUs);
    retention->look(kNowUs, kBootUs);
    EXPECT_EQ(deleted, 2);
}

TEST_F(RetentionTest, counts_what_is_being_written) {
    const std::string a = put({"a", 10 * kDayUs}, 50'000);
    const std::string b = put({"a", 11 * kDayUs}, 50'000);
    const std::string open = put({"b", 12 * kDayUs, RecordingState::recording}, 10);
    catalogue_.emplace(folder_.path(), Log());
    ASSERT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
    folder_.put_file(open + "/stream.fdump", std::string(60'000, 'x'));
    RetentionOptions options;
    options.all.max_bytes = 120'000;
    EXPECT_EQ(look(options), (std::vector<std::string>{a + " bytes"}));
    EXPECT_TRUE(is_there(b) && is_there(open));
}

TEST_F(RetentionTest, counts_a_segment_that_grows_by_what_its_file_has_now) {
    const std::string old = put_segment("/live/walk", "19700111000000", 50'000);
    const std::string next = put_segment("/live/walk", "19700112000000", 50'000);
    catalogue_.emplace(folder_.path(), Log());
    ASSERT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
    mp4::MemorySegmentFile written;
    const auto output =
        record::begin_flv_segment(written, {"/live/walk", {}, {}, 13 * kDayUs, 1, 1}, {}, 100);
    media::Packet picture;
    picture.codec = media::Codec::flv;
    picture.codec_tag = 4;  // VP6
    picture.is_key = true;
    std::array<std::uint8_t, 1'000> body{0x14};
    picture.payload = Buffer(Bytes(body));
    output->add(std::make_shared<const media::Packet>(std::move(picture)));
    output->end(std::nullopt);
    const std::string grows = "live/live/walk/19700114000000_segment_001.flv";
    folder_.put_file(grows + ".open", "");
    folder_.put_file(grows, std::string(as_text(written.bytes())));
    catalogue_->segment_changed(grows);
    RetentionOptions options;
    options.all.max_bytes = 120'000;
    EXPECT_TRUE(look(options).empty());
    std::ofstream(folder_.path() + "/" + grows, std::ios::app) << std::string(40'000, 'x');
    EXPECT_EQ(look(options), (std::vector<std::string>{old + " bytes"}));
    options.all.max_bytes = 1;
    EXPECT_EQ(look(options), (std::vector<std::string>{next + " bytes"}));
    EXPECT_TRUE(is_there(grows));
}

TEST_F(RetentionTest, a_pattern_has_limits_of_its_own) {
    const std::string a = put({"a", 10 * kDayUs});
    const std::string b = put({"b", 10 * kDayUs});
    const std::string first = put_segment("/live/walk", "19700120000000");
    const std::string second = put_segment("/live/walk", "19700121000000");
    const std::string kept = put_segment("/live/walk", "19700119000000");
    folder_.put_file(kept + ".keep", "");
    RetentionOptions options;
    options.rules.push_back({"live/*", {std::chrono::hours(0), 25'000}});
    options.rules.push_back({"camera/b", {std::chrono::hours(24), 0}});
    EXPECT_EQ(look(options), (std::vector<std::string>{b + " age", first + " bytes"}));
    EXPECT_TRUE(is_there(a) && is_there(second) && is_there(kept));
    options.rules[0].limits.max_bytes = 1;
    EXPECT_EQ(look(options), (std::vector<std::string>{second + " bytes"}));
    EXPECT_EQ(catalogue_->remove_segment(kept).error().code, 409);
}

TEST_F(RetentionTest, a_segment_is_only_ever_deleted_within_the_folder) {
    folder_.put_file("outside/a/b/x.mp4", "x");
    fs::create_directories(folder_.path() + "/live/live");
    fs::create_directory_symlink(folder_.path() + "/outside/a/b", folder_.path() + "/live/live/l");
    catalogue_.emplace(folder_.path(), Log());
    for (const char* file : {"live/live/l/x.mp4", "../x.mp4", "live/../outside/a/b/x.mp4", "", "/",
                             "live/live/l/", "/etc/passwd", "x.mp4/../../y.mp4"}) {
        EXPECT_EQ(catalogue_->remove_segment(file).error().code, 404) << file;
    }
    EXPECT_TRUE(is_there("outside/a/b/x.mp4"));
}

}  // namespace
}  // namespace st::archive
