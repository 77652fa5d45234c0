#include "streamctl-push/fleet.h"

#include <Poco/Exception.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <optional>
#include <vector>

#include "base/name.h"
#include "base/random.h"
#include "cli/exit_codes.h"
#include "streamctl-push/camera.h"
#include "streamctl-push/statistics.h"
#include "streamctl/client/connection.h"
#include "streamctl/client/interrupt.h"
#include "streamctl/client/printable.h"

namespace st::streamctl {
namespace {

using OptionalEncode = std::optional<av::EncodeOptions>;

/// A moving picture with the seconds and milliseconds since it began in it.
constexpr const char* kTestPicture = "testsrc=size=640x360:rate=30:decimals=3";

/// A lamp before a grey wall that is lit for 4 ms now and then, as a sensor with a rolling shutter
/// sees it: T is the time of the first row, a row is exposed for 8 ms from its own time on. Of the
/// light it gets what it is exposed to. One column is drawn, which is the same all over.
std::string flashing_lamp(const PushOptions& options) {
    const auto seconds = [](milliseconds time) {
        return std::to_string(std::chrono::duration<double>(time).count());
    };
    const std::string rate = options.framerate.empty() ? "30" : options.framerate;
    return "color=c=0x404040:size=16x240:rate=" + rate + ",geq=lum='st(0,T+Y/H*" +
           seconds(options.fault.readout) + ");st(1," + seconds(options.fault.flash) +
           "*floor((ld(0)+0.008)/" + seconds(options.fault.flash) +
           "));64+150*gt(ld(1),0)*clip((min(ld(0)+0.008,ld(1)+0.004)-max(ld(0),ld(1)))/0.004,0,1)'"
           ":cb=128:cr=128,scale=320:240";
}

/// "lavfi:testsrc2" -> the device and what it is to open, as in the server's sources.
std::optional<std::pair<std::string, std::string>> device_of(const PushOptions& options) {
    if (!options.format.empty()) return std::nullopt;
    if (options.fault.flash.count() > 0) return std::pair("lavfi", flashing_lamp(options));
    if (options.input == "test:") return std::pair<std::string, std::string>("lavfi", kTestPicture);
    for (const char* device : {"lavfi", "v4l2"}) {
        const std::string prefix = std::string(device) + ":";
        if (options.input.starts_with(prefix)) {
            return std::pair(std::string(device), options.input.substr(prefix.size()));
        }
    }
    return std::nullopt;
}

std::string url_of(const PushOptions& options) {
    if (const auto device = device_of(options)) return device->second;
    return options.input == "-" ? "pipe:0" : options.input;
}

av::InputOptions input_options(const PushOptions& options) {
    const auto device = device_of(options);
    return {device ? device->first : options.format, options.size, options.framerate};
}

/// What FFmpeg makes is made as fast as it is taken.
bool is_made_here(const PushOptions& options) { return input_options(options).format == "lavfi"; }

/// What is opened may keep us waiting for ever, and no camera has anything to say yet: signals end
/// us as if nobody had blocked them.
OpenedInput open_input(const PushOptions& options) {
    const SignalsPass let_through;
    auto stop = std::make_unique<std::atomic<bool>>(false);
    av::Input input(url_of(options), input_options(options), *stop);
    return {std::move(stop), std::move(input)};
}

Poco::Net::SocketAddress address_of(const ServerUrl& server) {
    using Address = Poco::Net::SocketAddress;
    if (!server.socket.empty()) return {Address::UNIX_LOCAL, server.socket};
    const SignalsPass let_through;  // a name may take long to look up
    return {server.host, server.port};
}

/// What can be read only once, or has been connected to us, is kept open until it is wanted.
bool can_be_opened_again(const PushOptions& options) {
    const std::string url = url_of(options);
    struct stat there {};
    const bool is_fifo = ::stat(url.c_str(), &there) == 0 && S_ISFIFO(there.st_mode);
    return !is_fifo && !url.starts_with("pipe:") && !url.starts_with("fd:") &&
           url.find("listen") == std::string::npos;
}

/// More cameras than descriptors would fail halfway: take what the system gives.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

class Fleet final : public PushFleet, public loop::Pollable {
 public:
    Fleet(const Options& options, const ServerUrl& server, std::string token, OpenedInput first,
          Interrupt& interrupt)
        : interrupt_(interrupt),
          options_(options.push),
          quiet_(options.quiet),
          talkative_(options.verbose || options.push.count <= PushStatistics::kCamerasShownMax),
          counts_(options.verbose || options.json),
          statistics_(options.json, std::chrono::steady_clock::now()),
          first_(std::move(first)),
          is_h264_(first_->input.is_h264()),
          // The lamp flashes by the time since the beginning: every camera begins there.
          source_{url_of(options_), input_options(options_),
                  first_->input.is_live() && options_.fault.flash.count() == 0,
                  first_->input.fps()} {
        PushTarget target;
        target.address = address_of(server);
        target.host_field = server.host_field();
        target.host = server.host;
        target.tls = server.tls;
        target.token = std::move(token);
        target.realtime = options_.realtime || is_made_here(options_);
        target.loops = options_.loop;
        target.resumes = options_.resume;
        target.fault = options_.fault;
        const auto& input = first_->input;
        camera::CapabilitiesOffer offer{
            "streamctl push", 0, {{{input.width(), input.height()}, "external"}}};
        offer.is_paced = target.realtime || source_.is_live;
        offer.clock = camera::ClockAbilities{camera::TimeUnit::us, true, 0};
        offer.starts_at = true;
        offer.resumes = options_.resume;
        target.capabilities = camera::encode_capabilities(offer);
        for (std::uint32_t i = 1; i <= options_.count; ++i) {
            const std::string name = camera_name(i);
            const bool is_unnamed = options_.name.empty() && options_.count == 1;
            target.path = server.prefix + (is_unnamed ? "/android-cam" : "/ingest/" + name);
            cameras_.push_back(std::make_unique<PushCamera>(loop_, *this, name, target));
        }
        // A live input that nobody reads would give at the first start what it holds from now.
        if (source_.is_live && can_be_opened_again(options_)) first_.reset();
        open_ = cameras_.size();
        loop_.add(interrupt_.fd(), *this, EPOLLIN);
    }
    ~Fleet() override { loop_.remove(interrupt_.fd(), *this); }

    int run() {
        for (const auto& camera : cameras_) {
            camera->open();
        }
        if (counts_) count_on();
        if (open_ > 0) loop_.run();
        return interrupted_ ? cli::kInterrupted : exit_code_;
    }

    std::shared_ptr<Clip> clip_for(const camera::StartParameters& parameters) override {
        const OptionalEncode encode = encode_options(parameters);
        const Key key = key_of(encode);
        std::shared_ptr<Clip>& kept = files_[key];
        if (kept && kept->is_whole()) return kept;
        kept.reset();
        // What was encoded for other wishes goes, unless somebody is still sending it.
        std::erase_if(files_, [&](const auto& entry) {
            return entry.first != key && entry.second.use_count() <= 1;
        });
        if (auto live = live_[key].lock()) return live;
        auto clip = std::make_shared<Clip>(source_, std::exchange(first_, std::nullopt), encode,
                                           [this] { loop_.post([this] { wake_all(); }); });
        if (source_.is_live)
            live_[key] = clip;
        else
            kept = clip;
        return clip;
    }

    ws::MaskKey next_mask() override {
        if (mask_at_ + 4 > masks_.size()) {
            fill_random(masks_);
            mask_at_ = 0;
        }
        ws::MaskKey key{};
        std::copy_n(masks_.data() + mask_at_, key.size(), key.begin());
        mask_at_ += key.size();
        return key;
    }

    void say(const PushCamera& camera, std::string_view text, bool is_trouble) override {
        if (!is_trouble && (quiet_ || !talkative_)) return;
        std::cerr << camera.name() << ": " << printable(text) << std::endl;
    }

    void on_done(PushCamera& camera, int exit_code, bool may_pass) override {
        const bool comes_back = options_.reconnect || options_.resume;
        if (comes_back && may_pass && !finishing_) return connect_again(camera);
        if (exit_code_ == 0) exit_code_ = exit_code;
        if (--open_ == 0) loop_.stop();
    }

    void on_lost(PushCamera& camera) override {
        if (finishing_) return camera.finish("push was stopped");
        connect_again(camera);
    }

 private:
    using Key = std::array<std::uint64_t, 6>;

    std::string camera_name(std::uint32_t number) const {
        std::string base = options_.name.empty() ? "push" : options_.name;
        if (options_.count == 1) return base;
        std::string digits = std::to_string(number);
        const std::size_t width = std::to_string(options_.count).size();
        digits.insert(0, width - digits.size(), '0');
        return base + "-" + digits;
    }

    OptionalEncode encode_options(const camera::StartParameters& parameters) const {
        if (is_h264_ && !options_.encode) return std::nullopt;
        av::EncodeOptions encode;
        if (parameters.resolution) {
            encode.width = parameters.resolution->width;
            encode.height = parameters.resolution->height;
        } else if (parameters.aspect) {
            encode.aspect_width = parameters.aspect->width;
            encode.aspect_height = parameters.aspect->height;
        }
        encode.bitrate_bps = parameters.bitrate_bps;
        encode.fps = parameters.fps;
        encode.b_frames = options_.b_frames;
        return encode;
    }

    static Key key_of(const OptionalEncode& encode) {
        if (!encode) return {};
        return {encode->width,         encode->height,      encode->aspect_width,
                encode->aspect_height, encode->bitrate_bps, encode->fps};
    }

    /// Once a second from now on.
    void count_on() {
        loop_.after(std::chrono::seconds(1), [this] {
            statistics_.print(cameras_, std::chrono::steady_clock::now());
            count_on();
        });
    }

    /// After a pause. Without a capture that goes on it is made anew: nothing else of a connection
    /// outlives it.
    void connect_again(const PushCamera& camera) {
        const auto found =
            std::find_if(cameras_.begin(), cameras_.end(),
                         [&](const auto& candidate) { return candidate.get() == &camera; });
        const auto place = static_cast<std::size_t>(found - cameras_.begin());
        milliseconds& pause = pauses_[place];
        if (camera.was_connected()) pause = milliseconds(0);
        pause = std::clamp(pause * 2, milliseconds(500), milliseconds(10'000));
        say(camera, "connecting again in " + std::to_string(pause.count()) + " ms", false);
        const std::size_t is_done = camera.is_done() ? 1 : 0;
        waiting_ += is_done;
        loop_.after(pause, [this, place, is_done] {
            std::unique_ptr<PushCamera>& old = cameras_[place];
            if (finishing_) return;
            waiting_ -= is_done;
            if (!old->keeps_capture()) {
                PushTarget target = old->target();
                target.was_connected = target.was_connected || old->was_connected();
                old = std::make_unique<PushCamera>(loop_, *this, old->name(), target);
            }
            old->open();
        });
    }

    void wake_all() {
        for (const auto& camera : cameras_) camera->wake();
    }

    /// A signal: the cameras say goodbye; a second one does not wait for answers.
    void on_ready(std::uint32_t) override {
        if (!interrupt_.take()) return;
        interrupted_ = interrupted_ || interrupt_.last() == SIGINT;
        if (std::exchange(finishing_, true)) return loop_.stop();
        open_ -= std::exchange(waiting_, 0);
        if (open_ == 0) return loop_.stop();
        for (const auto& camera : cameras_) camera->finish("push was stopped");
    }

    Interrupt& interrupt_;
    const PushOptions options_;
    const bool quiet_;
    const bool talkative_;
    const bool counts_;
    PushStatistics statistics_;
    std::optional<OpenedInput> first_;  ///< opened at the start, for the first clip
    const bool is_h264_;
    const ClipInput source_;
    loop::EventLoop loop_;
    bool finishing_ = false;
    bool interrupted_ = false;
    int exit_code_ = 0;
    std::size_t open_ = 0;
    std::size_t waiting_ = 0;  ///< of them, to be made anew
    std::array<std::uint8_t, 4096> masks_{};
    std::size_t mask_at_ = 4096;
    std::map<Key, std::shared_ptr<Clip>> files_;
    std::map<Key, std::weak_ptr<Clip>> live_;
    std::map<std::size_t, milliseconds> pauses_;        ///< before the next try of a camera
    std::vector<std::unique_ptr<PushCamera>> cameras_;  ///< last: they use all of the above
};

bool looks_like_a_path(const PushOptions& options) {
    return options.format.empty() && options.input != "-" &&
           options.input.find(':') == std::string::npos;
}

}  // namespace

int run_fleet(const Options& options, const ServerUrl& server, const std::string& token,
              Interrupt& interrupt) {
    av::set_log_verbose(options.verbose);
    raise_descriptor_limit();
    struct stat unused {};
    if (looks_like_a_path(options.push) && ::stat(options.push.input.c_str(), &unused) != 0) {
        std::cerr << "streamctl: " << options.push.input << ": there is no such file\n";
        return cli::kNoInput;
    }
    std::optional<OpenedInput> input;
    try {
        input = open_input(options.push);
    } catch (const av::NoInput& error) {
        std::cerr << "streamctl: " << error.what() << '\n';
        return cli::kNoInput;
    } catch (const av::Error& error) {
        std::cerr << "streamctl: " << error.what() << '\n';
        return cli::kBadInput;
    }
    if (const int turned = input->input.rotation(); turned != 0) {
        std::cerr << "streamctl: " << options.push.input << ": a player turns it by " << turned
                  << " degrees, which the camera protocol cannot say; h264mux --rotate turns a "
                     "recording\n";
    }
    if (options.push.loop && input->input.is_live()) {
        std::cerr << "streamctl: --loop: a live input has no beginning to go back to\n";
        return cli::kUsage;
    }
    try {
        return Fleet(options, server, token, std::move(*input), interrupt).run();
    } catch (const Poco::Exception& error) {
        std::cerr << "streamctl: " << server.text << ": " << error.displayText() << '\n';
        return cli::kUnreachable;
    }
}

}  // namespace st::streamctl
