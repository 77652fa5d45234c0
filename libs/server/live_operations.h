#pragma once
/// The operations on live streams and their viewers. The control loop's thread.
#include "server/operations.h"
#include "server/snapshots.h"

namespace st::server {

class LiveOperations {
 public:
    explicit LiveOperations(Services& services) : services_(services), snapshots_(services) {}

    void list_streams(const control::Call& call, const Operations::Done& done) const;
    void get_stream(const std::string& path, const Operations::Done& done) const;
    void kick_publisher(const std::string& path, const Operations::Done& done) const;
    void take_snapshot(const std::string& path, const Operations::Done& done);
    void list_viewers(const control::Call& call, const Operations::Done& done) const;
    void kick_viewer(std::uint64_t id, const Operations::Done& done) const;

 private:
    Services& services_;
    Snapshots snapshots_;
};

}  // namespace st::server
