#pragma once
/// Carries out what libs/control names, whichever door it came through.
#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "api/configuration.h"
#include "api/parts.h"
#include "control/operations.h"

namespace st::api {

class HookOperations;
class LiveOperations;
class RecordOperations;
class StoredOperations;

class Operations {
 public:
    /// What the status says that the parts do not know by themselves.
    struct Facts {
        std::string version;
        std::int64_t started_us = 0;  ///< wall clock
        std::int64_t started_ns = 0;  ///< monotonic
        std::vector<std::string> urls;
        std::vector<const loop::BusyStats*> busy;
        std::function<std::size_t(std::size_t)> connections_of_loop;
        Configuration configuration;
    };
    /// The result as one JSON object, or why not. Called once, on any thread; perhaps not for an
    /// asker who has left.
    using Done = std::function<void(control::Decoded<std::string>)>;

    Operations(Parts& parts, Facts facts);
    ~Operations();

    /// Any thread. `asker`: requested once nobody waits for the answer; costly work for it need not
    /// be done then.
    void call(control::Call call, Done done, std::stop_token asker = {});

    const Facts& facts() const { return facts_; }

 private:
    // On the control loop:
    void on_control(const control::Call& call, const Done& done, const std::stop_token& asker);
    void start_capture(const control::Call& call, const Done& done);
    void take_snapshot(const control::Call& call, const std::stop_token& asker, const Done& done);
    bool is_camera_without_stream(const control::Call& call) const;
    /// Why not, for people.
    control::ApiError no_such_camera(const std::string& name) const;
    control::ApiError no_stream_of_camera(const control::Call& call) const;
    void list_cameras(const control::Call& call, const Done& done);
    void list_events(const control::Call& call, const Done& done);
    void get_camera(const control::Call& call, const Done& done);
    void kick_camera(const control::Call& call, const Done& done);
    void rename_camera(const control::Call& call, const Done& done);
    void show_config(const Done& done) const;
    void reload(const control::Call& call, const Done& done) const;
    std::string status(const std::optional<DiskSpace>& disk) const;

    Parts& parts_;
    const Facts facts_;
    const std::unique_ptr<HookOperations> hooks_;
    const std::unique_ptr<LiveOperations> live_;
    const std::unique_ptr<RecordOperations> record_;
    const std::unique_ptr<StoredOperations> stored_;
};

}  // namespace st::api
