#pragma once
/// Viewers and publishers over their three transports, without sockets; time is the test's.
#include <Poco/Net/SocketAddress.h>

#include <memory>
#include <string>

#include "base/event_sink.h"
#include "flv/amf.h"
#include "flv/tag.h"
#include "httpd/fake_transport.h"
#include "live/http_flv_publisher.h"
#include "live/http_flv_viewer.h"
#include "live/live.h"
#include "live/parts.h"
#include "live/rtmp_connection.h"
#include "live/ws_flv_publisher.h"
#include "live/ws_flv_viewer.h"
#include "rtmp/chunk_writer.h"
#include "rtmp/handshake.h"

namespace st::live {

class NoEvents final : public EventSink {
 public:
    void add(std::string_view, const EventFields&, LogLevel) override {}
};

struct ConnectionsWorld {
    ConnectionsWorld() {
        live.add(net);
        auth::Policy open;
        open.of(auth::Role::publish).mode = open.of(auth::Role::play).mode = auth::Mode::open;
        policy.replace(open);
    }
    /// Connections leave streams that must still be there.
    ~ConnectionsWorld() { net.stop(); }
    static constexpr char kPath[] = "/live/x";

    std::unique_ptr<httpd::FakeTransport> transport(const std::shared_ptr<httpd::Wire>& wire) {
        return std::make_unique<httpd::FakeTransport>(loop, wire);
    }
    std::shared_ptr<httpd::Wire> http_viewer(bool has_half_ended = false) {
        auto wire = std::make_shared<httpd::Wire>();
        auto viewer = std::make_shared<HttpFlvViewer>(parts, net, httpd::Admission::Ticket(),
                                                      transport(wire));
        net.add(viewer);
        HttpFlvViewer::Request request;
        request.is_last = has_half_ended;
        viewer->start(kPath, {"http-flv", "viewer", ""}, request);
        return wire;
    }
    std::shared_ptr<httpd::Wire> ws_viewer() {
        auto wire = std::make_shared<httpd::Wire>();
        auto viewer = std::make_shared<WsFlvViewer>(parts, net, httpd::Admission::Ticket(),
                                                    transport(wire), "101");
        net.add(viewer);
        viewer->start({.path = kPath}, {"ws-flv", "viewer", ""}, "");
        return wire;
    }
    std::shared_ptr<httpd::Wire> http_publisher(const std::string& path) {
        auto wire = std::make_shared<httpd::Wire>();
        http::RequestHead head;
        head.method = "POST";
        head.version_minor = 0;  // the body is what comes until the end
        auto publisher = std::make_shared<HttpFlvPublisher>(
            parts, net, httpd::Admission::Ticket(), transport(wire),
            *http::BodyReader::of_publisher(head), "publisher");
        net.add(publisher);
        publisher->start(path, {"http-flv", "publisher", ""}, {});
        return wire;
    }
    std::shared_ptr<httpd::Wire> ws_publisher(const std::string& path) {
        auto wire = std::make_shared<httpd::Wire>();
        auto publisher = std::make_shared<WsFlvPublisher>(parts, net, httpd::Admission::Ticket(),
                                                          transport(wire), "101", "publisher");
        net.add(publisher);
        publisher->start(path, {"ws-flv", "publisher", ""}, "");
        return wire;
    }
    /// After the handshake.
    std::shared_ptr<httpd::Wire> rtmp() {
        auto wire = std::make_shared<httpd::Wire>();
        auto connection = std::make_shared<RtmpConnection>(
            parts, net, httpd::Admission::Ticket(), Poco::Net::SocketAddress("10.0.0.7", 1024));
        net.add(connection);
        auto made = transport(wire);
        made->set_handler(*connection);
        connection->start(std::move(made));
        wire->receive("\x03" + std::string(2 * rtmp::Handshake::kPartBytes, '\0'));
        wire->take();
        return wire;
    }
    template <class... Values>
    static void command(httpd::Wire& wire, std::uint32_t stream_id, const Values&... values) {
        Buffer out;
        rtmp::append_message(out, rtmp::MessageType::command, 3, 0, stream_id,
                             flv::encode_amf0(values...).bytes(), rtmp::kDefaultChunkBytes);
        wire.receive(as_text(out.bytes()));
    }
    static void connect(httpd::Wire& wire) {
        flv::AmfObject object;
        object.add("app", std::string("live"));
        object.add("tcUrl", std::string("rtmp://localhost/live"));
        command(wire, 0, "connect", 1.0, object);
        command(wire, 0, "createStream", 2.0, flv::AmfNull{});
    }
    std::shared_ptr<httpd::Wire> rtmp_viewer() {
        auto wire = rtmp();
        connect(*wire);
        command(*wire, 1, "play", 3.0, flv::AmfNull{}, "x");
        wire->take();
        return wire;
    }
    std::shared_ptr<httpd::Wire> rtmp_publisher(const std::string& name) {
        auto wire = rtmp();
        connect(*wire);
        command(*wire, 1, "publish", 3.0, flv::AmfNull{}, name, "live");
        loop.run_once();
        wire->take();
        return wire;
    }
    void advance(std::chrono::milliseconds by) { httpd::ManualClock::advance(loop, by); }

    loop::EventLoop loop{httpd::ManualClock::now};
    httpd::NetLoop net{loop};
    Current<Options> options{Options{}};
    Current<httpd::Options> http_options{httpd::Options{}};
    Current<auth::Policy> policy{auth::Policy{}};
    httpd::Sessions sessions{50001};
    httpd::Counters counters;
    std::atomic<bool> shutting_down{false};
    httpd::TokenGuard wrong_tokens{Log()};
    NoEvents events;
    Live live{*options.get(), loop, events, &counters.memory};
    worker::RunJob run_job;
    Parts parts{options,      http_options,  policy, sessions, Log(),  counters,
                wrong_tokens, shutting_down, loop,   live,     run_job};
};

}  // namespace st::live
