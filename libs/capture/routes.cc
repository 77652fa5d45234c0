#include "capture/routes.h"

#include "camera/message.h"
#include "capture/camera_setup.h"
#include "capture/cameras.h"
#include "capture/jpeg_viewers.h"
#include "httpd/refusal.h"

namespace st::capture {
namespace {

constexpr std::string_view kJpegPath = "/esp";
constexpr std::string_view kConsolePath = "/dev";

/// The answer to the upgrade, which says what the camera is called here. Empty stays empty: it was
/// sent already.
std::string with_name(std::string answer, const std::string& name) {
    if (answer.size() < 2) return answer;
    // Before the empty line that ends the head.
    return answer.insert(answer.size() - 2,
                         std::string(camera::kCameraNameField) + ": " + name + "\r\n");
}

/// A connection that asked for a name, until it is given or refused. Lives on its network loop.
class NameClaim final : public httpd::Connection,
                        public loop::StreamHandler,
                        public std::enable_shared_from_this<NameClaim> {
 public:
    NameClaim(const Parts& parts, const httpd::Request& request, httpd::Handover handover)
        : parts_(parts),
          handover_(std::move(handover)),
          link_(parts.cameras.make_link(handover_.net, request.peer.text, request.shown_target())) {
        link_->is_jpeg = request.target.path == kJpegPath;
        handover_.transport->set_handler(*this);
    }

    void ask(std::optional<std::string> name, const httpd::Peer& peer) {
        CameraClaim claim;
        claim.link = link_;
        claim.name = std::move(name);
        claim.default_name = peer.camera_name;
        claim.address = peer.address;
        claim.place_of = handover_.ticket.address();
        claim.done = [&net = handover_.net, weak = weak_from_this()](const Result<void>& granted) {
            net.loop().post([weak, granted] {
                if (const auto self = weak.lock()) self->on_answer(granted);
            });
        };
        parts_.control.post(
            [&cameras = parts_.cameras, shared = std::make_shared<CameraClaim>(std::move(claim))] {
                cameras.claim(std::move(*shared));
            });
    }

    void shut_down() override { give_up(); }
    void on_data(std::span<std::uint8_t> bytes) override {
        handover_.pending.append(as_text(bytes));
        if (handover_.pending.size() > httpd::kPipelinedBytesMax) {
            handover_.transport->pause_reading();
        }
    }
    void on_end(std::string_view) override { give_up(); }

 private:
    enum class State : std::uint8_t { waiting, refused, done };

    void on_answer(const Result<void>& granted) {
        if (state_ != State::waiting) return;  // cameras were told that we gave up
        if (!granted) return refuse(granted.error());
        if (parts_.shutting_down) return give_up();
        state_ = State::done;
        handover_.transport->send(with_name(handover_.upgrade_answer, link_->name));
        auto camera = make_camera(parts_, handover_.net, std::move(handover_.ticket), link_,
                                  std::move(handover_.transport));
        handover_.net.add(camera);
        handover_.net.remove(*this);
        camera->start(as_bytes(handover_.pending));
    }

    void refuse(const Error& why) {
        state_ = State::refused;
        const bool is_upgraded = handover_.upgrade_answer.empty();
        handover_.transport->send(share(httpd::encode_refusal(why.code, why.message, is_upgraded)));
        handover_.transport->finish(httpd::kClosePatience);
    }

    void give_up() {
        if (state_ == State::done) return;
        if (state_ == State::waiting) {
            parts_.control.post(
                [&cameras = parts_.cameras, link = link_] { cameras.give_up(link); });
        }
        state_ = State::done;
        handover_.transport->close();
        handover_.net.loop().retire(
            std::shared_ptr<loop::Transport>(std::move(handover_.transport)));
        handover_.net.remove(*this);
    }

    const Parts& parts_;
    httpd::Handover handover_;
    const LinkPtr link_;
    State state_ = State::waiting;
};

std::optional<std::string> camera_name(const http::Target& target) {
    if (target.segments.size() == 2 && target.segments.front() == "ingest") {
        return target.segments.back();
    }
    const std::string* name = target.find("name");
    return name == nullptr ? std::nullopt : std::optional<std::string>(*name);
}

/// A signature is for one camera, so that must be named.
bool lacks_name(const Parts& parts, const httpd::Request& request) {
    const auto policy = parts.policy.get();
    return request.facts.sign && policy->of(auth::Role::play).mode == auth::Mode::signed_url &&
           !auth::check_access(*policy, auth::Role::play, request.facts);
}

httpd::Plan plan_console(const Parts& parts, const httpd::Request& request) {
    const std::string* name = request.target.find("name");
    if (name == nullptr && lacks_name(parts, request)) {
        return httpd::Plan::refuse(
            403, "play: a signature is for one camera; name it: /dev?name=NAME&sign=...");
    }
    httpd::Plan plan;
    plan.role = auth::Role::play;
    if (name != nullptr) plan.signed_path = "/camera/" + *name;
    plan.take_over = [&parts](const httpd::Request& asked, httpd::Handover handover) {
        httpd::NetLoop& net = handover.net;
        auto console = std::make_shared<JpegConsole>(parts, std::move(handover), asked);
        net.add(console);
        console->start();
    };
    return plan;
}

/// GET and HEAD of /mjpeg/<name>.
std::optional<httpd::Plan> plan_multipart(const Parts& parts, const httpd::Request& request) {
    const auto& segments = request.target.segments;
    if (segments.size() != 2 || segments.front() != "mjpeg") return std::nullopt;
    if (request.head.method != "GET" && request.head.method != "HEAD") {
        return httpd::Plan::refuse_method(request.head.method, "GET, HEAD");
    }
    httpd::Plan plan;
    plan.role = auth::Role::play;
    plan.signed_path = "/camera/" + segments.back();
    plan.take_over = [&parts, name = segments.back()](const httpd::Request& asked,
                                                      httpd::Handover handover) {
        httpd::NetLoop& net = handover.net;
        auto viewer = std::make_shared<MultipartViewer>(parts, std::move(handover), asked);
        net.add(viewer);
        viewer->start(name);
    };
    return plan;
}

std::optional<httpd::Plan> plan(const Parts& parts, const httpd::Request& request) {
    const http::Target& target = request.target;
    if (target.path == kConsolePath) return plan_console(parts, request);
    const auto name = camera_name(target);
    httpd::Plan plan;
    plan.role = auth::Role::camera;
    plan.signed_path = "/camera/" + name.value_or(request.peer.camera_name);
    plan.take_over = [&parts, name](const httpd::Request& asked, httpd::Handover handover) {
        httpd::NetLoop& net = handover.net;
        auto claim = std::make_shared<NameClaim>(parts, asked, std::move(handover));
        net.add(claim);
        claim->ask(name, asked.peer);
    };
    return plan;
}

}  // namespace

void add_picture_routes(httpd::Router& router, const Parts& parts) {
    router.add_request(
        [&parts](const httpd::Request& request) { return plan_multipart(parts, request); });
}

void add_routes(httpd::Router& router, const Parts& parts) {
    router.add_upgrade([&parts](const httpd::Request& request) { return plan(parts, request); });
}

}  // namespace st::capture
