#include "capture/camera_setup.h"

#include "base/clock.h"
#include "capture/jpeg_dialect.h"
#include "capture/jpeg_feed.h"
#include "httpd/websocket.h"
#include "record/recorder.h"

namespace st::capture {
namespace {

/// What a JPEG camera speaks, with its pictures on their way to files and viewers.
std::unique_ptr<JpegDialect> jpeg_dialect(const Parts& parts, httpd::NetLoop& net,
                                          const LinkPtr& link, CameraConnection& camera) {
    JpegStreams& streams = parts.jpegs;
    const auto ring_of = [&parts](const std::string& name) {
        return std::make_shared<ImageRing>(parts.options->images, name, parts.disk,
                                           parts.log.with("images"));
    };
    loop::EventLoop& loop = net.loop();
    const auto feed = std::make_shared<JpegFeed>(streams, loop, link->id, ring_of(link->name));
    auto dialect = std::make_unique<JpegDialect>(
        camera, loop,
        JpegDialect::Listeners{
            // Counted once, for as long as a viewer of it has it.
            [feed, &memory = parts.hub.memory()](const SharedBuffer& jpeg) {
                feed->picture(memory.keep(jpeg), wall_us());
            },
            [feed](const std::string& words) { feed->words(words, wall_us()); }});
    const std::weak_ptr<CameraConnection> weak = camera.weak_from_this();
    streams.open(link->id, link->name, [weak, &loop, self = dialect.get()](std::string_view words) {
        loop.post([weak, self, text = std::string(words)] {
            const auto there = weak.lock();
            if (there && there->state() != camera::State::gone) self->command(text);
        });
    });
    const std::weak_ptr<JpegFeed> fed = feed;
    camera.on_named = [&streams, id = link->id, ring_of, fed](const std::string& name) {
        streams.rename(id, name);
        if (const auto there = fed.lock()) there->write_to(ring_of(name));
    };
    return dialect;
}

}  // namespace

std::shared_ptr<CameraConnection> make_camera(const Parts& parts, httpd::NetLoop& net,
                                              httpd::Admission::Ticket ticket, const LinkPtr& link,
                                              std::unique_ptr<loop::Transport> stream) {
    CameraConnection::Uses uses{parts.options,
                                parts.log,
                                parts.counters,
                                parts.shutting_down,
                                parts.hub,
                                [&recorder = parts.recorder](record::SessionStart start) {
                                    return recorder.open(std::move(start));
                                }};
    auto camera =
        std::make_shared<CameraConnection>(std::move(uses), net.loop(), link, std::move(ticket));
    const auto make_socket = [&](httpd::WebSocketHandler& handler) {
        return std::make_unique<httpd::WebSocket>(
            std::move(stream),
            ws::Limits{parts.options->frame_bytes_max + camera::kHeaderBytes,
                       camera::kTextBytesMax},
            httpd::WebSocket::Times{parts.http_options->ping_interval,
                                    parts.http_options->ping_timeout},
            parts.http_counters, camera->log(), handler);
    };
    std::unique_ptr<httpd::MessageSocket> socket;
    if (link->is_jpeg) {
        auto dialect = jpeg_dialect(parts, net, link, *camera);
        dialect->set_socket(make_socket(*dialect));
        socket = std::move(dialect);
    } else {
        socket = make_socket(*camera);
    }
    camera->set_socket(std::move(socket), [&net, self = camera.get()] { net.remove(*self); });
    link->connection = camera;
    return camera;
}

}  // namespace st::capture
