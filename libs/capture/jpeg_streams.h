#pragma once
/// The pictures of JPEG cameras on their way to whoever watches. Any thread. Spec: docs/camera.md,
/// "JPEG cameras".
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/sync.h"

namespace st::capture {

class JpegStreams {
 public:
    /// Called on the camera's loop: it posts to its own. Nothing is called back from there.
    class Viewer {
     public:
        virtual ~Viewer() = default;
        virtual void on_picture(const SharedBuffer& jpeg) = 0;
        /// What the camera says, and how fast its pictures come.
        virtual void on_words(const std::string& text) = 0;
        virtual void on_camera_gone() = 0;
    };
    /// Tells the camera something in its own words; any thread.
    using Command = std::function<void(std::string_view words)>;

    // Of a camera, by the number of its connection.
    void open(std::uint64_t camera, const std::string& name, Command command) ST_EXCLUDES(mutex_);
    void rename(std::uint64_t camera, const std::string& name) ST_EXCLUDES(mutex_);
    void close(std::uint64_t camera) ST_EXCLUDES(mutex_);
    void picture(std::uint64_t camera, const SharedBuffer& jpeg) ST_EXCLUDES(mutex_);
    void words(std::uint64_t camera, const std::string& text) ST_EXCLUDES(mutex_);

    /// From now on `viewer` gets what that camera sends; "": the one that came last. False: there
    /// is none; one that `stays` gets the next that comes then, also when its own has gone. A
    /// viewer that is destroyed has left.
    bool watch(const std::string& name, const std::shared_ptr<Viewer>& viewer, bool stays)
        ST_EXCLUDES(mutex_);
    bool has(const std::string& name) const ST_EXCLUDES(mutex_);
    /// False: there is no such camera.
    bool command(const std::string& name, std::string_view words) ST_EXCLUDES(mutex_);

 private:
    struct Watching {
        std::weak_ptr<Viewer> viewer;
        std::string wanted;
        bool stays = false;
    };
    struct Camera {
        std::string name;
        Command command;
        std::vector<Watching> viewers;
    };
    using Cameras = std::map<std::uint64_t, Camera>;  ///< the newest is last

    Cameras::const_iterator find(const std::string& name) const ST_REQUIRES(mutex_);
    std::vector<std::shared_ptr<Viewer>> viewers_of(std::uint64_t camera) ST_EXCLUDES(mutex_);

    mutable Mutex mutex_;
    Cameras cameras_ ST_GUARDED_BY(mutex_);
    std::vector<Watching> waiting_ ST_GUARDED_BY(mutex_);  ///< for a camera to come
};

}  // namespace st::capture
