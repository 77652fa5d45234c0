#include "capture/jpeg_snapshot.h"

#include <utility>

namespace st::capture {

JpegSnapshot::JpegSnapshot(std::string camera, loop::Timers& timers, Post post, Done done)
    : camera_(std::move(camera)), timers_(timers), post_(std::move(post)), done_(std::move(done)) {}

/// The timer owns it: JpegStreams does not keep its viewers.
void JpegSnapshot::take(JpegStreams& streams, const std::string& camera, loop::Timers& timers,
                        Post post, Done done) {
    const std::shared_ptr<JpegSnapshot> self(
        new JpegSnapshot(camera, timers, std::move(post), std::move(done)));
    const auto found = streams.find(camera);
    if (!found || !streams.watch(found->camera, self)) {
        return self->finish(Error{"no stream at /camera/" + camera, 404});
    }
    self->patience_ = timers.after(kPatience, [self] {
        self->patience_ = 0;
        self->finish(Error{"no picture from /camera/" + self->camera_ + " within 10 s", 503});
    });
}

void JpegSnapshot::on_picture(const SharedBuffer& jpeg) {
    post_([self = shared_from_this(), jpeg] {
        if (self->done_) self->finish(std::string(as_text(jpeg->bytes())));
    });
}

void JpegSnapshot::on_camera_gone() {
    post_([self = shared_from_this()] {
        self->finish(Error{"no stream at /camera/" + self->camera_, 404});
    });
}

void JpegSnapshot::finish(const Result<std::string>& jpeg) {
    const auto keep = shared_from_this();  // the timer may be what holds it
    if (patience_ != 0) timers_.cancel(std::exchange(patience_, 0));
    if (const Done done = std::exchange(done_, nullptr)) done(jpeg);
}

}  // namespace st::capture
