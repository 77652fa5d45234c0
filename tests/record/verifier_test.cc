#include "record/verifier.h"

#include <gtest/gtest.h>

namespace st::record {
namespace {

using namespace std::chrono_literals;
using worker::Fault;

worker::JobResult fails(Fault fault, std::chrono::nanoseconds cpu = {}) {
    return {worker::JobError{fault, "why"}, cpu};
}

/// Reads every file; `decoding` says what becomes of those that shall be decoded.
worker::RunJob helper_that(std::function<worker::JobResult(const worker::Job&)> decoding) {
    return [decoding = std::move(decoding)](const worker::Job& job) -> worker::JobResult {
        const auto check = *media::from_bytes<media::MovieCheck>(job.request);
        if (check.decodes != 0) return decoding(job);
        media::MovieAnswer answer;
        answer.facts.pictures = 7;
        return {media::to_bytes(answer), {}};
    };
}

worker::JobResult decoded(std::chrono::nanoseconds cpu) {
    media::MovieAnswer answer;
    answer.facts.pictures = 7;
    answer.has_decoded = 1;
    return {media::to_bytes(answer), cpu};
}

mux::Verification wanted() {
    mux::Verification wanted;
    wanted.name = "cam.mp4";
    wanted.fd = 0;
    return wanted;
}

TEST(HelperVerifier, pictures_share_the_time_for_decoding) {
    std::vector<std::chrono::milliseconds> given;
    HelperVerifier verifier(helper_that([&](const worker::Job& job) {
                                given.push_back(job.limits.cpu);
                                return decoded(400ms);
                            }),
                            {1000ms, false});
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(verifier.verify(wanted()));
    EXPECT_EQ(given, (std::vector<std::chrono::milliseconds>{1000ms, 600ms, 200ms}));
    EXPECT_FALSE(verifier.has_given_up());
    const auto late = verifier.verify(wanted());
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, 74);
    EXPECT_TRUE(verifier.has_given_up());
}

TEST(HelperVerifier, what_takes_too_long_or_kills_the_decoder_may_stay_undecoded) {
    for (const Fault fault : {Fault::too_slow, Fault::died}) {
        HelperVerifier patient(helper_that([&](const worker::Job&) { return fails(fault); }),
                               {1000ms, true});
        const auto verified = patient.verify(wanted());
        ASSERT_TRUE(verified) << verified.error().message;
        EXPECT_EQ(verified->facts.pictures, 7U) << "it was read all the same";
        EXPECT_EQ(verified->undecoded, "why");
        HelperVerifier strict(helper_that([&](const worker::Job&) { return fails(fault); }),
                              {1000ms, false});
        const auto refused = strict.verify(wanted());
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().message, "cam.mp4: cannot be checked: why");
        EXPECT_TRUE(strict.has_given_up());
    }
}

TEST(HelperVerifier, no_helper_is_no_verdict) {
    HelperVerifier verifier([](const worker::Job&) { return fails(Fault::unavailable); },
                            {1000ms, true});
    const auto failed = verifier.verify(wanted());
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, 74);
    EXPECT_FALSE(verifier.has_given_up());
}

TEST(HelperVerifier, a_file_that_cannot_be_read_and_one_that_cannot_be_decoded_are_told_apart) {
    HelperVerifier unreadable([](const worker::Job&) { return fails(Fault::refused); }, {});
    EXPECT_EQ(unreadable.verify(wanted()).error().code, 74);
    HelperVerifier undecodable(helper_that([](const worker::Job&) -> worker::JobResult {
                                   return {media::to_bytes(media::MovieAnswer{}) + "all grey", {}};
                               }),
                               {});
    const auto verdict = undecodable.verify(wanted());
    EXPECT_EQ(verdict.error().code, 65);
    EXPECT_EQ(verdict.error().message, "cam.mp4: no decodable picture: all grey");
    HelperVerifier cancelled([](const worker::Job&) { return fails(Fault::cancelled); }, {});
    EXPECT_EQ(cancelled.verify(wanted()).error().code, 130);
}

TEST(HelperVerifier, an_answer_that_is_too_short_is_a_failure) {
    HelperVerifier verifier(
        [](const worker::Job&) -> worker::JobResult {
            return {std::string("x"), {}};
        },
        {});
    EXPECT_EQ(verifier.verify(wanted()).error().code, 74);
}

}  // namespace
}  // namespace st::record
