#include "capture/jpeg_streams.h"

#include <algorithm>
#include <iterator>

namespace st::capture {

void JpegStreams::open(std::uint64_t camera, const std::string& name, Command command) {
    const Lock lock(mutex_);
    Camera& one = cameras_[camera] = Camera{name, std::move(command), {}};
    std::erase_if(waiting_, [&](Watching& watching) {
        if (watching.viewer.expired()) return true;
        if (!watching.wanted.empty() && watching.wanted != name) return false;
        one.viewers.push_back(std::move(watching));
        return true;
    });
}

void JpegStreams::rename(std::uint64_t camera, const std::string& name) {
    const Lock lock(mutex_);
    if (const auto found = cameras_.find(camera); found != cameras_.end()) {
        found->second.name = name;
    }
}

void JpegStreams::close(std::uint64_t camera) {
    for (const auto& viewer : viewers_of(camera)) viewer->on_camera_gone();
    const Lock lock(mutex_);
    auto node = cameras_.extract(camera);
    if (node.empty()) return;
    for (Watching& watching : node.mapped().viewers) {
        if (watching.stays && !watching.viewer.expired()) waiting_.push_back(std::move(watching));
    }
}

void JpegStreams::picture(std::uint64_t camera, const SharedBuffer& jpeg) {
    for (const auto& viewer : viewers_of(camera)) viewer->on_picture(jpeg);
}

void JpegStreams::words(std::uint64_t camera, const std::string& text) {
    for (const auto& viewer : viewers_of(camera)) viewer->on_words(text);
}

/// Those that are still there; the others are forgotten.
std::vector<std::shared_ptr<JpegStreams::Viewer>> JpegStreams::viewers_of(std::uint64_t camera) {
    std::vector<std::shared_ptr<Viewer>> there;
    const Lock lock(mutex_);
    const auto found = cameras_.find(camera);
    if (found == cameras_.end()) return there;
    std::erase_if(found->second.viewers, [&](const Watching& watching) {
        auto viewer = watching.viewer.lock();
        if (!viewer) return true;
        there.push_back(std::move(viewer));
        return false;
    });
    return there;
}

JpegStreams::Cameras::const_iterator JpegStreams::find(const std::string& name) const {
    if (name.empty()) return cameras_.empty() ? cameras_.end() : std::prev(cameras_.end());
    return std::find_if(cameras_.begin(), cameras_.end(),
                        [&](const auto& one) { return one.second.name == name; });
}

bool JpegStreams::watch(const std::string& name, const std::shared_ptr<Viewer>& viewer,
                        bool stays) {
    const Lock lock(mutex_);
    const auto found = find(name);
    Watching watching{viewer, name, stays};
    if (found != cameras_.end()) {
        cameras_.at(found->first).viewers.push_back(std::move(watching));
        return true;
    }
    if (stays) {
        std::erase_if(waiting_, [](const Watching& one) { return one.viewer.expired(); });
        waiting_.push_back(std::move(watching));
    }
    return false;
}

bool JpegStreams::has(const std::string& name) const {
    const Lock lock(mutex_);
    return find(name) != cameras_.end();
}

bool JpegStreams::command(const std::string& name, std::string_view words) {
    Command command;
    {
        const Lock lock(mutex_);
        const auto found = find(name);
        if (found == cameras_.end()) return false;
        command = found->second.command;
    }
    command(words);
    return true;
}

}  // namespace st::capture
