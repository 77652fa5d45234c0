#include "capture/start_answers.h"

#include <utility>

#include "control/refusals.h"

namespace st::capture {

void StartAnswers::give(CameraAnswer::Kind kind, std::string error, std::uint64_t request) {
    link_.report(CameraAnswer{kind, recording_.id(), std::move(error), request});
}

void StartAnswers::refuse() {
    give(CameraAnswer::Kind::refused, refusal_.empty() ? control::kStopping : refusal_);
}

void StartAnswers::give_at_opening(CameraAnswer::Kind kind, std::uint64_t request) {
    CameraAnswer made{kind, recording_.id(), {}, request};
    // A session opened by this very transition has no folder yet.
    if (kind == CameraAnswer::Kind::already_recording && !recording_.id().empty()) {
        return link_.report(std::move(made));
    }
    at_opening_.push_back(std::move(made));
}

void StartAnswers::opened(const std::string& id) {
    for (CameraAnswer& made : std::exchange(at_opening_, {})) {
        made.session = id;
        link_.report(std::move(made));
    }
}

void StartAnswers::refuse_at_opening() {
    for (CameraAnswer& made : std::exchange(at_opening_, {})) {
        made.kind = CameraAnswer::Kind::refused;
        made.error = refusal_.empty() ? "the recording could not begin" : refusal_;
        link_.report(std::move(made));
    }
}

}  // namespace st::capture
