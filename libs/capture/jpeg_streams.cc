#include "capture/jpeg_streams.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace st::capture {

void JpegStreams::open(std::uint64_t camera, const std::string& name, Command command) {
    Viewers waited;
    {
        const Lock lock(mutex_);
        cameras_[camera] = Camera{name, std::move(command), {}};
        waited = awaiting(name);
    }
    for (const auto& viewer : waited) viewer->on_camera({camera, name});
}

void JpegStreams::rename(std::uint64_t camera, const std::string& name) {
    Viewers waited;
    {
        const Lock lock(mutex_);
        const auto found = cameras_.find(camera);
        if (found == cameras_.end() || found->second.name == name) return;
        found->second.name = name;
        waited = awaiting(name);
    }
    for (const auto& viewer : viewers_of(camera)) viewer->on_renamed(name);
    for (const auto& viewer : waited) viewer->on_camera({camera, name});
}

void JpegStreams::close(std::uint64_t camera) {
    const Viewers viewers = viewers_of(camera);
    {
        const Lock lock(mutex_);
        cameras_.erase(camera);
    }
    for (const auto& viewer : viewers) viewer->on_camera_gone();
}

void JpegStreams::picture(std::uint64_t camera, const SharedBuffer& jpeg) {
    for (const auto& viewer : viewers_of(camera)) viewer->on_picture(jpeg);
}

void JpegStreams::words(std::uint64_t camera, const std::string& text) {
    for (const auto& viewer : viewers_of(camera)) viewer->on_words(text);
}

/// Those that are still there; the others are forgotten.
JpegStreams::Viewers JpegStreams::viewers_of(std::uint64_t camera) {
    Viewers there;
    const Lock lock(mutex_);
    const auto found = cameras_.find(camera);
    if (found == cameras_.end()) return there;
    std::erase_if(found->second.viewers, [&](const std::weak_ptr<Viewer>& weak) {
        auto viewer = weak.lock();
        if (!viewer) return true;
        there.push_back(std::move(viewer));
        return false;
    });
    return there;
}

/// Those that wait for a camera of that name, who wait no longer.
JpegStreams::Viewers JpegStreams::awaiting(const std::string& name) {
    Viewers there;
    std::erase_if(awaiting_, [&](const Awaiting& one) {
        auto viewer = one.viewer.lock();
        if (!viewer) return true;
        if (!one.wanted.empty() && one.wanted != name) return false;
        there.push_back(std::move(viewer));
        return true;
    });
    return there;
}

std::optional<JpegStreams::Found> JpegStreams::find_among(const std::string& name) const {
    const auto is_it = [&](const auto& one) { return name.empty() || one.second.name == name; };
    const auto found = std::find_if(cameras_.rbegin(), cameras_.rend(), is_it);
    if (found == cameras_.rend()) return std::nullopt;
    return Found{found->first, found->second.name};
}

std::optional<JpegStreams::Found> JpegStreams::find(const std::string& name) const {
    const Lock lock(mutex_);
    return find_among(name);
}

std::optional<JpegStreams::Found> JpegStreams::find_or_await(
    const std::string& name, const std::shared_ptr<Viewer>& viewer) {
    const Lock lock(mutex_);
    auto found = find_among(name);
    if (!found) {
        std::erase_if(awaiting_, [](const Awaiting& one) { return one.viewer.expired(); });
        awaiting_.push_back({viewer, name});
    }
    return found;
}

std::optional<std::string> JpegStreams::watch(std::uint64_t camera,
                                              const std::shared_ptr<Viewer>& viewer) {
    const Lock lock(mutex_);
    const auto found = cameras_.find(camera);
    if (found == cameras_.end()) return std::nullopt;
    found->second.viewers.push_back(viewer);
    return found->second.name;
}

bool JpegStreams::command(std::uint64_t camera, std::string_view words) {
    Command command;
    {
        const Lock lock(mutex_);
        const auto found = cameras_.find(camera);
        if (found == cameras_.end()) return false;
        command = found->second.command;
    }
    command(words);
    return true;
}

}  // namespace st::capture
