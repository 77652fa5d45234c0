#pragma once
/// What whoever asked for a start or a stop of one camera gets to know. A start is answered when
/// its recording has a folder, or cannot have one. Lives on the camera's network loop.
#include <cstdint>
#include <string>
#include <vector>

#include "capture/camera_link.h"
#include "capture/camera_recording.h"

namespace st::capture {

class StartAnswers {
 public:
    StartAnswers(CameraLink& link, const CameraRecording& recording)
        : link_(link), recording_(recording) {}

    /// Why a start is refused, in words; "": for no reason that is known here.
    void set_refusal(std::string why) { refusal_ = std::move(why); }

    /// At once.
    void give(CameraAnswer::Kind kind, std::string error = {}, std::uint64_t request = 0);
    /// The start is refused at once, for the reason that was set.
    void refuse();
    /// Once the recording is there.
    void give_at_opening(CameraAnswer::Kind kind, std::uint64_t request);
    void opened(const std::string& id);
    /// It will not be there.
    void refuse_at_opening();

 private:
    CameraLink& link_;
    const CameraRecording& recording_;
    std::string refusal_;
    std::vector<CameraAnswer> at_opening_;
};

}  // namespace st::capture
