#pragma once
/// Finished files read again, and decoded, by helper programs. Any thread; one conversion at a
/// time.
#include <chrono>

#include "mux/verifier.h"
#include "worker/job.h"

namespace st::record {

struct DecodingLimits {
    /// Processor time for all pictures that this verifier has decoded together.
    std::chrono::milliseconds total{30'000};
    /// Over it, or if the decoder dies: the file is still read, its picture is not decoded, and
    /// Verified::undecoded says why. Else that is an error.
    bool may_leave_undecoded = false;
};

class HelperVerifier final : public mux::Verifier {
 public:
    HelperVerifier(worker::RunJob run, DecodingLimits limits)
        : run_(std::move(run)), limits_(limits), left_(limits.total) {}

    Result<mux::Verified> verify(const mux::Verification& wanted) override;
    /// Whether a picture took too long to decode, or killed the decoder. Another try gets further
    /// with more time and may_leave_undecoded.
    bool has_given_up() const { return has_given_up_; }

 private:
    worker::JobResult check(const mux::Verification& wanted, bool decodes);
    Result<mux::Verified> without_decoding(const mux::Verification& wanted, std::string why);

    const worker::RunJob run_;
    const DecodingLimits limits_;
    std::chrono::nanoseconds left_;
    bool has_given_up_ = false;
};

}  // namespace st::record
