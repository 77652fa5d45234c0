#pragma once
/// The operations on live streams, their viewers and their sources. The control loop's thread.
#include "api/operations.h"
#include "live/snapshots.h"

namespace st::api {

class LiveOperations {
 public:
    explicit LiveOperations(Parts& parts) : parts_(parts), snapshots_(parts.live_parts) {}

    void list_streams(const control::Call& call, const Operations::Done& done) const;
    void get_stream(const std::string& path, const Operations::Done& done) const;
    void kick_publisher(const std::string& path, const std::string& by,
                        const Operations::Done& done) const;
    void take_snapshot(const std::string& path, std::stop_token asker, bool is_coming,
                       const Operations::Done& done);
    void list_viewers(const control::Call& call, const Operations::Done& done) const;
    void kick_viewer(std::uint64_t id, const std::string& by, const Operations::Done& done) const;
    void list_sources(const control::Call& call, const Operations::Done& done) const;
    void restart_source(const std::string& path, const std::string& by,
                        const Operations::Done& done) const;

 private:
    Parts& parts_;
    live::Snapshots snapshots_;
};

}  // namespace st::api
