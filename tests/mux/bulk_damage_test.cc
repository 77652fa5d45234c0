/// Every kind of damage at random places, thousands of times: nothing crashes, every output reads
/// back (convert() opens it with libavformat), and what the damage left whole is in it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "mux/convert.h"
#include "mux/recording.h"
#include "mux/wrecked.h"
#include "support/cases.h"

namespace st::mux {
namespace {

constexpr std::size_t kPictures = 24;
constexpr std::size_t kBetweenKeys = 6;

/// Every key frame brings its parameter sets, so that a decoder may begin at any of them; every
/// slice ends in bytes that no other one has.
std::vector<Sent> make_restartable(std::uint8_t mark) {
    const media::SpsSpec sps{.poc_type = 2};
    std::vector<Sent> messages;
    for (std::size_t i = 0; i < kPictures; ++i) {
        const bool is_key = i % kBetweenKeys == 0;
        Sent sent{8'000'000 + 40 * i, {}};
        if (is_key) {
            add_nal(sent.payload, make_sps(sps));
            add_nal(sent.payload, media::make_pps(0, sps.id));
        }
        media::SliceSpec slice;
        slice.idr = is_key;
        slice.kind = is_key ? 7 : 5;
        slice.frame_num = static_cast<std::uint32_t>(i % kBetweenKeys);
        slice.idr_pic_id = static_cast<std::uint32_t>(i / kBetweenKeys % 2);
        Octets nal = make_slice(sps, slice);
        nal.insert(nal.end(), 60 + 3 * i, std::uint8_t{0x5A});
        add(nal, Octets{mark, static_cast<std::uint8_t>(i + 1), mark, 0x77});
        add_nal(sent.payload, nal);
        messages.push_back(std::move(sent));
    }
    return messages;
}

Octets last_nal(const Sent& sent) {
    const Octets code = {0, 0, 0, 1};
    const auto at =
        std::find_end(sent.payload.begin(), sent.payload.end(), code.begin(), code.end());
    return {at + 4, sent.payload.end()};
}

Octets noise(std::mt19937& random, std::size_t size) {
    Octets bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    return bytes;
}

class BulkDamage : public Muxing {
 protected:
    std::size_t any(std::size_t below) { return random_() % below; }
    std::size_t place() { return any(wreck_->size()); }

    /// One damage; its name is what a failure is told with.
    std::string harm(const Recorded& whole) {
        Wrecked& wreck = *wreck_;
        switch (any(9)) {
            case 0: {
                const std::size_t at = place();
                wreck.flip(at, static_cast<unsigned>(any(8)));
                return "flipped bit at " + std::to_string(at);
            }
            case 1: {
                // Within a record's head, where a byte decides about all that follows.
                const std::size_t at = whole.at[any(kPictures)] + any(dump::kRecordHeaderBytes);
                if (at < wreck.size()) wreck.flip(at, static_cast<unsigned>(any(8)));
                return "flipped bit in a head at " + std::to_string(at);
            }
            case 2: {
                const std::size_t at = place();
                wreck.erase(at, wreck.size());
                return "torn at " + std::to_string(at);
            }
            case 3: {
                const std::size_t at = place();
                wreck.erase(at, 1 + any(500));
                return "missing from " + std::to_string(at);
            }
            case 4: {
                const std::size_t at = place();
                wreck.fill(at, 1 + any(300), 0);
                return "zeros from " + std::to_string(at);
            }
            case 5:
                wreck.insert(wreck.size(), Octets(1 + any(5000), 0));
                return "zeros at the end";
            case 6: {
                const std::size_t at = place();
                wreck.insert(at, noise(random_, 1 + any(400)));
                return "noise at " + std::to_string(at);
            }
            case 7: {
                // A dump that lay in the same file, whole or a piece of it.
                const std::size_t at = place();
                Octets other =
                    recorded_dump(make_restartable(0x22),
                                  {.uuid = static_cast<std::uint8_t>(0x80U | ++strange_)})
                        .bytes;
                other.resize(1 + any(other.size()));
                wreck.insert(at, other);
                return "a foreign dump at " + std::to_string(at);
            }
            default: {
                const std::size_t at = place();
                wreck.fill(at, 1 + any(600), 0xFF);
                return "erased flash from " + std::to_string(at);
            }
        }
    }

    /// Pictures of `messages` that must be in the output: whole, and behind a whole key frame.
    std::vector<std::size_t> expected(const Recorded& whole) const {
        std::vector<std::size_t> pictures;
        bool has_key = false;
        for (std::size_t i = 0; i < kPictures; ++i) {
            if (!wreck_->has(whole.at[i], whole.at[i + 1])) continue;
            has_key = has_key || i % kBetweenKeys == 0;
            if (has_key) pictures.push_back(i);
        }
        return pictures;
    }

    /// Always the same cases; others with --gtest_shuffle --gtest_random_seed=N.
    std::mt19937 random_{20'260'131U + static_cast<unsigned>(GTEST_FLAG_GET(random_seed))};
    std::uint8_t strange_ = 99;  ///< UUID of the last foreign dump
    std::optional<Wrecked> wreck_;
};

TEST_F(BulkDamage, what_is_whole_in_a_recorded_dump_is_in_the_output) {
    const auto messages = make_restartable(0x11);
    const Recorded whole = recorded_dump(messages);
    std::map<std::size_t, int> outcomes;
    const int rounds = test::cases(2000, 200);
    for (int round = 0; round < rounds; ++round) {
        wreck_.emplace(whole.bytes);
        std::string what;
        for (std::size_t i = 0; i <= any(3) && wreck_->size() > 0; ++i) what += harm(whole) + "; ";
        SCOPED_TRACE("round " + std::to_string(round) + ": " + what);
        const auto pictures = expected(whole);
        const auto report = convert(job(wreck_->bytes()));
        if (!report) {
            ASSERT_EQ(report.error().code, 65) << report.error().message;
            ASSERT_TRUE(pictures.empty()) << "these could have been kept";
            ++outcomes[0];
            continue;
        }
        ++outcomes[1];
        ASSERT_GE(report->pictures, pictures.size());
        const Octets mp4 = read_file(path("out.mp4"));
        auto at = mp4.begin();
        for (const std::size_t i : pictures) {
            const Octets nal = last_nal(messages[i]);
            at = std::search(at, mp4.end(), nal.begin(), nal.end());
            ASSERT_NE(at, mp4.end()) << "picture " << i << " is lost, or not in its place";
        }
        // What is lost between two that are there is seen and said.
        const std::size_t reached = pictures.empty() ? 0 : pictures.back() + 1;
        std::size_t whole_before = 0;
        for (std::size_t i = 0; i < reached; ++i)
            whole_before += wreck_->has(whole.at[i], whole.at[i + 1]) ? 1 : 0;
        if (whole_before < reached) {
            ASSERT_EQ(report->exit_code(), 3);
            ASSERT_GT(report->damage_count + report->seq_missing, 0U);
        }
        ++outcomes[report->exit_code() == 3 ? 2 : 3];
    }
    EXPECT_GT(outcomes[0], rounds / 200) << "nothing was ever too much";
    EXPECT_GT(outcomes[2], rounds * 3 / 5);
    EXPECT_EQ(files(), (std::vector<std::string>{"input", "out.mp4"}));
}

TEST_F(BulkDamage, inspecting_says_the_same_and_writes_nothing) {
    const Recorded whole = recorded_dump(make_restartable(0x11));
    const int rounds = test::cases(300, 50);
    for (int round = 0; round < rounds; ++round) {
        wreck_.emplace(whole.bytes);
        const std::string what = harm(whole);
        SCOPED_TRACE("round " + std::to_string(round) + ": " + what);
        Job one = job(wreck_->bytes());
        const auto converted = convert(one);
        std::filesystem::remove(path("out.mp4"));
        const auto inspected = inspect(one);
        EXPECT_EQ(files(), std::vector<std::string>{"input"});
        if (!converted) {
            EXPECT_TRUE(!inspected || inspected->pictures == 0);
            continue;
        }
        ASSERT_TRUE(inspected);
        EXPECT_EQ(inspected->pictures, converted->pictures);
        EXPECT_EQ(inspected->damage_count, converted->damage_count);
        EXPECT_EQ(inspected->damage_bytes, converted->damage_bytes);
        EXPECT_EQ(inspected->exit_code(), converted->exit_code());
    }
}

TEST_F(BulkDamage, any_input_in_any_format_ends_in_a_file_that_reads_back_or_in_none) {
    const auto messages = make_restartable(0x11);
    const Recorded recorded = recorded_dump(messages);
    const std::vector<Octets> sources = {recorded.bytes, plain_dump(messages),
                                         bare_stream(messages)};
    constexpr std::array<OutputFormat, 5> kFormats = {OutputFormat::mp4, OutputFormat::fmp4,
                                                      OutputFormat::flv, OutputFormat::h264,
                                                      OutputFormat::dump};
    int kept = 0;
    const int rounds = test::cases(1500, 200);
    for (int round = 0; round < rounds; ++round) {
        wreck_.emplace(sources[any(sources.size())]);
        std::string what;
        for (std::size_t i = 0; i <= any(4) && wreck_->size() > 0; ++i)
            what += harm(recorded) + "; ";
        SCOPED_TRACE("round " + std::to_string(round) + ": " + what);
        Job one = job(wreck_->bytes());
        one.format = kFormats[any(kFormats.size())];
        one.index_in_front = one.format == OutputFormat::mp4 && any(2) == 0;
        one.split = any(2) == 0;
        // libavformat reads every output before it gets its name.
        const auto report = convert(one);
        if (!report) {
            ASSERT_EQ(report.error().code, 65) << report.error().message;
        }
        kept += report ? 1 : 0;
        for (const auto& name : files()) ASSERT_FALSE(name.ends_with(".part")) << name;
    }
    EXPECT_GT(kept, rounds * 2 / 3);
}

}  // namespace
}  // namespace st::mux
