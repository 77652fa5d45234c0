#include "live/rtmp_publisher.h"

#include "live/live.h"
#include "live/parts.h"

namespace st::live {

RtmpPublisher::RtmpPublisher(RtmpConnection& connection, std::uint32_t stream_id)
    : connection_(connection),
      stream_id_(stream_id),
      publisher_(connection.live().hub(), connection.delivery().executor(),
                 connection.takeover_after(), connection.log(), *this) {}

void RtmpPublisher::start(const std::string& path, const hub::PublisherInfo& info) {
    connection_.pause_reading();  // packets are not to be lost, nor kept for long
    publisher_.start(path, info, connection_.live().decide);
}

void RtmpPublisher::accept() { connection_.accept_publish(stream_id_); }

void RtmpPublisher::refuse(const Error& why) { connection_.refuse_publish(stream_id_, why); }

void RtmpPublisher::probe() { connection_.ping(); }

void RtmpPublisher::finish(PublisherEnd why, const std::string& reason) {
    // Encoders understand BadName as: another one has the name.
    const char* code =
        why == PublisherEnd::replaced ? "NetStream.Publish.BadName" : "NetStream.Publish.Rejected";
    connection_.session().end_publish(stream_id_, code, reason);
    connection_.flush();
    connection_.end_publisher(stream_id_, reason);
    connection_.close_if_unused(reason);
}

}  // namespace st::live
