#include "archive/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "../mp4/memory_segment_file.h"
#include "archive/folder.h"
#include "base/when.h"
#include "record/segment_output.h"

namespace {

std::atomic<int> disk_refuses_with{0};  ///< errno; 0: it deletes
std::atomic<int> unlinks{0};

}  // namespace

/// In place of the C library's: the disk of these tests.
extern "C" int unlinkat(int folder, const char* name, int flags) noexcept {
    ++unlinks;
    if (const int error = disk_refuses_with) {
        errno = error;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_unlinkat, folder, name, flags));
}

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

/// What is warned of.
class Warnings final : public LogSink {
 public:
    bool enabled(LogLevel level) const override { return level == LogLevel::warning; }
    void write(LogLevel, std::string_view, std::string_view text) override {
        all.emplace_back(text);
    }
    std::vector<std::string> all;
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
    const auto warnings = std::make_shared<Warnings>();
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
    EXPECT_EQ(warnings->all.size(), 1U);
    constexpr std::int64_t kLaterUs = Undeletable::kLeaveForUs;
    for (int i = 0; i < 2; ++i) retention.look(kNowUs + kLaterUs, kBootUs + kLaterUs);
    EXPECT_EQ(deleted, kItems);
}

/// Segments of several streams, and looks by somebody who may not delete all of them.
class UndeletableTest : public RetentionTest {
 protected:
    ~UndeletableTest() override {
        disk_refuses_with = 0;
        for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
            if (entry.is_directory()) fs::permissions(entry.path(), fs::perms(0755));
        }
    }
    /// So many seconds after the first day of 1970.
    std::string put_at(const std::string& stream, int second) {
        const std::int64_t us = kDayUs + second * kSecondUs;
        std::string stamp = utc_stamp(us);
        stamp.erase(8, 1);
        return put_segment("/live/" + stream, stamp, 10);
    }
    void set_mode(const std::string& stream, unsigned mode) const {
        fs::permissions(folder_.path() + "/live/live/" + stream, fs::perms(mode));
    }
    /// What a look deletes, so long after the first one.
    std::vector<std::string> look_after(std::int64_t after_us) {
        if (!retention_) {
            fs::permissions(folder_.path(), fs::perms(0755));
            catalogue_.emplace(folder_.path(), Log());
            EXPECT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
            options_.all.max_age = std::chrono::hours(24);
            current_.replace(options_);
            retention_.emplace(
                current_, *catalogue_, [] { return std::uint64_t{0}; },
                Retention::Tell{[this](const Deleted& one) { deleted_.push_back(one.file); }, {}},
                Log(warnings_));
            EXPECT_TRUE(catalogue_->kept_takes());  // which opens the catalogue
        }
        unlinks = 0;
        const auto me = static_cast<uid_t>(::setfsuid(65'534));
        retention_->look(kNowUs + after_us, kBootUs + after_us);
        ::setfsuid(me);
        EXPECT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
        return std::exchange(deleted_, {});
    }

    RetentionOptions options_;
    Current<RetentionOptions> current_{RetentionOptions{}};
    std::vector<std::string> deleted_;
    std::shared_ptr<Warnings> warnings_ = std::make_shared<Warnings>();
    std::optional<Retention> retention_;
};

TEST_F(UndeletableTest, thousands_of_the_oldest_do_not_keep_the_rest_from_being_deleted) {
    constexpr int kMany = 3'000;
    for (int i = 0; i < kMany; ++i) put_at("closed", i);
    std::vector<std::string> rest;
    for (int i = 0; i < 5; ++i) rest.push_back(put_at("open", kMany + i));
    set_mode("closed", 0555);
    set_mode("open", 0777);
    EXPECT_EQ(look_after(0), rest);
    EXPECT_EQ(warnings_->all,
              (std::vector<std::string>{
                  "delete live/live/closed/19700102000000_segment_001.flv: Permission denied; "
                  "nothing in its folder can be deleted"}));
    EXPECT_EQ(unlinks, 1 + 5);
}

TEST_F(UndeletableTest, thousands_that_are_each_refused_do_not_either) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
    constexpr int kMany = 3'000;
    for (int i = 0; i < kMany; ++i) put_at("walk", i);
    std::vector<std::string> rest;
    for (int i = 0; i < 5; ++i) {
        rest.push_back(put_at("walk", kMany + i));
        ASSERT_EQ(::chown((folder_.path() + "/" + rest.back()).c_str(), 65'534, 65'534), 0);
    }
    // Whoever owns a file may delete it, and nobody else.
    set_mode("walk", 01777);
    EXPECT_TRUE(look_after(0).empty());
    EXPECT_EQ(unlinks, static_cast<int>(Undeletable::kTriesMax)) << "no look goes on for ever";
    EXPECT_EQ(look_after(10 * kSecondUs), rest);
    EXPECT_EQ(warnings_->all,
              (std::vector<std::string>{
                  "delete live/live/walk/19700102000000_segment_001.flv: Operation not permitted; "
                  "1999 more like it"}));
    EXPECT_TRUE(look_after(20 * kSecondUs).empty());
    EXPECT_EQ(unlinks, 0) << "they are left alone for now";
}

TEST_F(UndeletableTest, those_among_others_are_tried_again_and_told_of_once) {
    std::vector<std::string> closed;
    std::vector<std::string> open;
    for (int i = 0; i < 40; ++i) {
        closed.push_back(put_at("closed" + std::to_string(i % 20), 2 * i));
        open.push_back(put_at("open", 2 * i + 1));
    }
    for (int i = 0; i < 20; ++i) set_mode("closed" + std::to_string(i), 0555);
    set_mode("open", 0777);
    EXPECT_EQ(look_after(0), open);
    EXPECT_EQ(unlinks, 20 + 40);
    EXPECT_EQ(warnings_->all.size(), 1U);
    EXPECT_THAT(warnings_->all[0], testing::EndsWith("; 19 more like it"));
    EXPECT_TRUE(look_after(Undeletable::kLeaveForUs).empty());
    EXPECT_EQ(unlinks, 20);
    EXPECT_EQ(warnings_->all.size(), 1U);
    for (int i = 0; i < 20; ++i) set_mode("closed" + std::to_string(i), 0777);
    EXPECT_EQ(look_after(2 * Undeletable::kLeaveForUs), closed);
}

TEST_F(UndeletableTest, a_disk_that_deletes_nothing_ends_the_look) {
    for (int i = 0; i < 30; ++i) {
        put_at("s" + std::to_string(i), i);
        set_mode("s" + std::to_string(i), 0777);
    }
    for (const int error : {EROFS, EIO}) {
        disk_refuses_with = error;
        EXPECT_TRUE(look_after(0).empty());
        EXPECT_EQ(unlinks, 1) << error;
    }
    disk_refuses_with = EUCLEAN;
    EXPECT_TRUE(look_after(10 * kSecondUs).empty());
    EXPECT_EQ(unlinks, static_cast<int>(Undeletable::kFoldersMax));
    disk_refuses_with = 0;
    std::size_t deleted = 0;
    for (int i = 2; i < 4; ++i) deleted += look_after(i * 10 * kSecondUs).size();
    EXPECT_EQ(deleted, 30 - 2 - Undeletable::kFoldersMax);
    EXPECT_EQ(look_after(60 * kSecondUs + Undeletable::kLeaveForUs).size(),
              2 + Undeletable::kFoldersMax);
    EXPECT_EQ(warnings_->all.size(), 3U);
}

TEST_F(UndeletableTest, failures_between_which_something_goes_do_not_end_the_look) {
    Undeletable undeletable;
    undeletable.begin_look(kBootUs);
    const record::RemoveError broken({"delete x: Structure needs cleaning", 500}, EUCLEAN);
    for (std::size_t i = 0; i < 10 * Undeletable::kFoldersMax; ++i) {
        EXPECT_TRUE(undeletable.add("live/live/" + std::to_string(i), std::to_string(i), broken));
        if (i % 3 == 0) undeletable.note_deleted();
    }
    // Nor do those in one folder.
    for (std::size_t i = 0; i < 10 * Undeletable::kFoldersMax; ++i)
        EXPECT_TRUE(undeletable.add("live/live/x", "x" + std::to_string(i), broken));
}

TEST_F(UndeletableTest, no_more_are_remembered_or_tried_in_one_look_than_a_limit) {
    Undeletable undeletable;
    const record::RemoveError refused({"delete x: Operation not permitted", 500}, EPERM);
    for (std::size_t i = 1; i <= Undeletable::kMax; ++i) {
        const bool is_first = i % Undeletable::kTriesMax == 1;
        if (is_first) undeletable.begin_look(kBootUs);
        const bool is_last = i % Undeletable::kTriesMax == 0;
        ASSERT_EQ(undeletable.add("live/live/x", std::to_string(i), refused), !is_last) << i;
    }
    undeletable.begin_look(kBootUs + kSecondUs);
    EXPECT_TRUE(undeletable.leaves_alone("live/live/x", "1"));
    EXPECT_TRUE(undeletable.add("live/live/x", "one more", refused));
    EXPECT_FALSE(undeletable.leaves_alone("live/live/x", "1"));
    EXPECT_TRUE(undeletable.leaves_alone("live/live/x", "2"));
    EXPECT_FALSE(undeletable.leaves_alone("live/live/x", "another"));
    undeletable.begin_look(kBootUs + Undeletable::kLeaveForUs);
    EXPECT_FALSE(undeletable.leaves_alone("live/live/x", "2"));
    EXPECT_TRUE(undeletable.leaves_alone("live/live/x", "one more"));
}

TEST_F(UndeletableTest, a_program_that_can_open_nothing_more_ends_the_look_and_remembers_nothing) {
    Undeletable undeletable;
    undeletable.begin_look(kBootUs);
    EXPECT_FALSE(undeletable.add("live/live/x", "a", {{"delete a: Too many open files", 503}}));
    EXPECT_FALSE(undeletable.leaves_alone("live/live/x", "a"));
    EXPECT_EQ(undeletable.end_look().size(), 1U);
    EXPECT_TRUE(undeletable.end_look().empty());
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
