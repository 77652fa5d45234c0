#pragma once
/// takes.judge: what somebody found out about a take. Pure. Spec: docs/http-api.md, "Takes".
/// PATCH /api/v1/takes/NAME.
#include <string>
#include <string_view>
#include <vector>

#include "control/error.h"

namespace st::control {

struct Judgement {
    std::string verdict;           ///< "ok", "check" or "failed"
    std::string about;             ///< who judges: what it found earlier is replaced
    std::vector<std::string> why;  ///< sentences
    std::string client;
};
constexpr std::size_t kReasonsMax = 100;
constexpr std::size_t kReasonBytesMax = 500;

std::string encode(const Judgement& judgement);
/// Texts are made clean.
Decoded<Judgement> decode_judgement(std::string_view body);

}  // namespace st::control
