#pragma once
/// The pictures of JPEG cameras on their way to whoever watches. Any thread. Spec: docs/camera.md,
/// "JPEG cameras".
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/sync.h"

namespace st::capture {

class JpegStreams {
 public:
    /// A camera, by the number of its connection, which stays while names change.
    struct Found {
        std::uint64_t camera = 0;
        std::string name;
    };

    /// Called on the camera's loop: it posts to its own. Nothing is called back from there. One
    /// that is destroyed has left.
    class Viewer {
     public:
        virtual ~Viewer() = default;
        virtual void on_picture(const SharedBuffer& jpeg) = 0;
        /// What the camera says, and how fast its pictures come.
        virtual void on_words(const std::string& text) = 0;
        virtual void on_camera_gone() = 0;
        /// What it watches is called so from now on.
        virtual void on_renamed(const std::string& /*name*/) {}
        /// What it waited for is there; it is not watching yet.
        virtual void on_camera(const Found& /*camera*/) {}
    };
    /// Tells the camera something in its own words; any thread.
    using Command = std::function<void(std::string_view words)>;

    // Of a camera:
    void open(std::uint64_t camera, const std::string& name, Command command) ST_EXCLUDES(mutex_);
    void rename(std::uint64_t camera, const std::string& name) ST_EXCLUDES(mutex_);
    void close(std::uint64_t camera) ST_EXCLUDES(mutex_);
    void picture(std::uint64_t camera, const SharedBuffer& jpeg) ST_EXCLUDES(mutex_);
    void words(std::uint64_t camera, const std::string& text) ST_EXCLUDES(mutex_);

    /// "": the one that came last. Nullopt: there is none.
    std::optional<Found> find(const std::string& name) const ST_EXCLUDES(mutex_);
    /// Likewise; if there is none, `viewer` is told of the next that comes, once.
    std::optional<Found> find_or_await(const std::string& name,
                                       const std::shared_ptr<Viewer>& viewer) ST_EXCLUDES(mutex_);
    /// From now on `viewer` gets what that camera sends. What it is called now; nullopt: it has
    /// gone.
    std::optional<std::string> watch(std::uint64_t camera, const std::shared_ptr<Viewer>& viewer)
        ST_EXCLUDES(mutex_);
    /// False: it has gone.
    bool command(std::uint64_t camera, std::string_view words) ST_EXCLUDES(mutex_);

 private:
    using Viewers = std::vector<std::shared_ptr<Viewer>>;
    struct Awaiting {
        std::weak_ptr<Viewer> viewer;
        std::string wanted;
    };
    struct Camera {
        std::string name;
        Command command;
        std::vector<std::weak_ptr<Viewer>> viewers;
    };
    using Cameras = std::map<std::uint64_t, Camera>;  ///< the newest is last

    std::optional<Found> find_among(const std::string& name) const ST_REQUIRES(mutex_);
    Viewers awaiting(const std::string& name) ST_REQUIRES(mutex_);
    Viewers viewers_of(std::uint64_t camera) ST_EXCLUDES(mutex_);

    mutable Mutex mutex_;
    Cameras cameras_ ST_GUARDED_BY(mutex_);
    std::vector<Awaiting> awaiting_ ST_GUARDED_BY(mutex_);
};

}  // namespace st::capture
