#include "record/verifier.h"

#include <algorithm>
#include <array>
#include <utility>

namespace st::record {
namespace {

constexpr int kCodeData = 65;
constexpr int kCodeIo = 74;
constexpr int kCodeInterrupted = 130;
/// Reading the index of a film of many hours.
constexpr std::chrono::milliseconds kReading{30'000};
constexpr std::chrono::milliseconds kElapsedMax{60'000};

Error error_of(const mux::Verification& wanted, const worker::JobError& error) {
    if (error.fault == worker::Fault::cancelled) return {"interrupted", kCodeInterrupted};
    if (error.fault == worker::Fault::refused) return {wanted.name + ": " + error.message, kCodeIo};
    return {wanted.name + ": cannot be checked: " + error.message, kCodeIo};
}

}  // namespace

worker::JobResult HelperVerifier::check(const mux::Verification& wanted, bool decodes) {
    const media::MovieCheck check{wanted.pixels_max, wanted.is_indexed, decodes};
    const std::array<int, 2> fds{wanted.fd, wanted.jpeg_fd};
    const bool has_jpeg = decodes && wanted.jpeg_fd >= 0;
    worker::Job job;
    job.name = media::kCheckJob;
    job.request = media::to_bytes(check);
    job.fds = std::span(fds).first(has_jpeg ? 2 : 1);
    job.limits.cpu = kReading;
    if (decodes) job.limits.cpu = std::chrono::ceil<std::chrono::milliseconds>(left_);
    job.limits.elapsed = kElapsedMax;
    job.cancel = wanted.cancel;
    return run_(job);
}

Result<mux::Verified> HelperVerifier::verify(const mux::Verification& wanted) {
    using worker::Fault;
    if (!wanted.decodes) return without_decoding(wanted, "");
    if (left_ <= left_.zero()) {
        has_given_up_ = true;
        if (limits_.may_leave_undecoded) {
            return without_decoding(wanted, "decoding takes too long");
        }
        return Error{wanted.name + ": cannot be checked: decoding takes too long", kCodeIo};
    }
    const auto result = check(wanted, true);
    left_ -= result.cpu;
    if (!result.answer) {
        const worker::JobError& error = result.answer.error();
        const bool is_decoders = error.fault == Fault::too_slow || error.fault == Fault::died;
        has_given_up_ = has_given_up_ || is_decoders;
        if (is_decoders && limits_.may_leave_undecoded) {
            return without_decoding(wanted, error.message);
        }
        return error_of(wanted, error);
    }
    const auto answer = media::from_bytes<media::MovieAnswer>(*result.answer);
    if (!answer) return Error{wanted.name + ": a helper's answer makes no sense", kCodeIo};
    const std::string why = result.answer->substr(sizeof *answer);
    if (answer->has_decoded == 0) {
        return Error{wanted.name + ": no decodable picture: " + why, kCodeData};
    }
    if (wanted.jpeg_fd >= 0 && answer->has_jpeg == 0) return Error{why, kCodeIo};
    return mux::Verified{answer->facts, ""};
}

Result<mux::Verified> HelperVerifier::without_decoding(const mux::Verification& wanted,
                                                       std::string why) {
    const auto result = check(wanted, false);
    if (!result.answer) return error_of(wanted, result.answer.error());
    const auto answer = media::from_bytes<media::MovieAnswer>(*result.answer);
    if (!answer) return Error{wanted.name + ": a helper's answer makes no sense", kCodeIo};
    return mux::Verified{answer->facts, std::move(why)};
}

}  // namespace st::record
