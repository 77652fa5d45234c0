#include "server/server.h"

#include <Poco/Exception.h>
#include <malloc.h>
#include <sys/socket.h>
#include <sys/statvfs.h>

#include <future>
#include <stdexcept>
#include <system_error>

#include "api/api.h"
#include "api/authority_routes.h"
#include "api/disk_watch.h"
#include "api/event_log.h"
#include "api/operations.h"
#include "api/parts.h"
#include "api/record_operations.h"
#include "api/stored_tokens.h"
#include "api/tokens.h"
#include "archive/archive.h"
#include "auth/forwarded.h"
#include "capture/cameras.h"
#include "capture/captures.h"
#include "capture/jpeg_streams.h"
#include "capture/parts.h"
#include "capture/routes.h"
#include "httpd/answers.h"
#include "httpd/http_connection.h"
#include "httpd/pages.h"
#include "httpd/peer.h"
#include "httpd/sessions.h"
#include "httpd/static_folders.h"
#include "live/live.h"
#include "live/parts.h"
#include "live/routes.h"
#include "live/rtmp_connection.h"
#include "live/sources.h"
#include "loop/tcp_stream.h"
#include "notify/hooks.h"
#include "record/room.h"
#include "record/segments.h"
#include "server/addresses.h"
#include "server/state_file.h"
#include "takes/takes.h"

namespace st::server {
namespace {

/// For the connections to say goodbye.
constexpr std::chrono::seconds kGoodbyePatience{5};
/// What was freed is given back to the system in portions of at least this.
constexpr std::size_t kTrimBytes = std::size_t{32} << 20;
/// The rest of a flood, once it is over.
constexpr std::size_t kTrimRestBytes = std::size_t{1} << 20;
constexpr std::chrono::seconds kTrimInterval{1};
/// One of them is kept for what is quick.
constexpr unsigned kDiskThreads = 4;
constexpr std::chrono::seconds kRetentionInterval{10};

std::unique_ptr<loop::Listener> listen_on(const ListenAddress& at) {
    const std::string where = at.address + " port " + std::to_string(at.port);
    const std::string option = at.is_rtmp ? (at.is_secure ? "--rtmps-port" : "--rtmp-port")
                                          : (at.is_secure ? "--tls-port" : "--port");
    try {
        return std::make_unique<loop::Listener>(at.address, at.port);
    } catch (const Poco::Exception& e) {
        std::string next;
        if (e.code() == EADDRINUSE) {
            next = ": the port is in use; stop the other program, or choose another with " + option;
        } else if (e.code() == EACCES) {
            next = ": no right to that port; choose one above 1023 with " + option;
        } else {
            next = ": " + e.displayText() + "; choose an address of this machine with --bind";
        }
        throw std::runtime_error("cannot listen on " + where + next);
    }
}

/// C3: what comes out of a task on a loop is logged; the connections of that loop live on.
loop::OnFailure log_failure(const Log& log, const std::string& loop_name) {
    return [log = log.with(loop_name)](std::string_view what) {
        log.error("a task failed: " + std::string(what));
    };
}

/// Of the recording whose session.json an event stands for; "": none.
std::string id_of(const record::Event& event) {
    if (const auto* opened = std::get_if<record::Opened>(&event)) return opened->id;
    if (const auto* finalising = std::get_if<record::Finalising>(&event)) return finalising->id;
    if (const auto* finished = std::get_if<record::Finished>(&event)) return finished->summary.id;
    return "";
}

std::string join(const std::vector<std::string>& words) {
    std::string all;
    for (const std::string& word : words) all += (all.empty() ? "" : " ") + word;
    return all;
}

EventFields fields_of(const takes::Manifest& made) {
    std::uint64_t recordings = 0;
    std::uint64_t pictures = 0;
    for (const takes::Camera& camera : made.cameras) {
        for (const takes::Part& part : camera.parts) {
            ++recordings;
            pictures += part.pictures;
        }
    }
    EventFields fields{{"take", made.take},
                       {"verdict", std::string(takes::to_string(made.verdict))},
                       {"cameras", std::uint64_t{made.cameras.size()}},
                       {"recordings", recordings},
                       {"pictures", pictures}};
    if (!made.why.empty()) {
        std::string why;
        for (const std::string& sentence : made.why) why += (why.empty() ? "" : "; ") + sentence;
        fields.emplace_back("why", why);
    }
    return fields;
}

}  // namespace

struct Server::Parts {
    Parts(Setup given, Log given_log, loop::EventLoop& its_control)
        : setup(std::move(given)),
          log(std::move(given_log)),
          control(its_control),
          http_options(setup.options.http),
          capture_options(setup.options.capture),
          live_options(setup.options.live),
          disk_options(setup.options.disk),
          retention_options(setup.options.retention),
          segment_options(setup.options.segments),
          policy(setup.options.policy),
          certificate(setup.options.tls),
          authority(setup.options.authority),
          admission(http_options, http_counters),
          wrong_tokens(log),
          disk("disk", kDiskThreads, log_failure(log, "disk")),
          events(log.with("event")),
          cameras(capture_options, capture_counters, control, events),
          captures(capture_options, cameras, capture_counters, control, events),
          live(*live_options.get(), control, events, &http_counters.memory) {
        http_counters.memory.set_limit(setup.options.http.memory_bytes);
        setup.recorder.memory = &http_counters.memory;
        listen();
        open_recorder();
        catalogue = std::make_unique<archive::Catalogue>(recorder->path(), log.with("catalogue"));
        archive = std::make_unique<archive::Archive>(*catalogue);
        ready_catalogue = catalogue.get();
        takes =
            std::make_unique<takes::Takes>(*catalogue, recorder->path(), setup.version,
                                           log.with("takes"), [this](const takes::Manifest& made) {
                                               control.post([this, fields = fields_of(made)] {
                                                   events.add("take.finished", fields);
                                               });
                                           });
        ready_takes = takes.get();
        begin_hooks();
        keep_tokens();
        cameras.report = [this](const capture::LinkPtr& link, capture::FromConnection message) {
            control.post(
                [this, link, what = std::move(message)] { captures.on_report(link, what); });
        };
        sources =
            std::make_unique<live::Sources>(setup.sources, setup.source_worker, live.hub(), log);
        live.on_event = [this](const hub::Event& event) {
            sources->on_event(event);
            count_viewers(event);
        };
        record_segments();
        live.is_source = [this](const std::string& path) { return sources->has(path); };
        live.is_coming = [this](const std::string& path) { return sources->is_coming(path); };
        sessions = std::make_unique<httpd::Sessions>(listeners.empty() ? std::uint16_t{0}
                                                                       : listeners.front()->port());
        make_parts();
        trim_later();
    }

    Setup setup;
    Log log;
    loop::EventLoop& control;
    httpd::Counters http_counters;
    capture::Counters capture_counters;
    Current<httpd::Options> http_options;
    Current<capture::Options> capture_options;
    Current<live::Options> live_options;
    Current<api::DiskOptions> disk_options;
    Current<archive::RetentionOptions> retention_options;
    Current<record::SegmentOptions> segment_options;
    Current<auth::Policy> policy;
    Current<loop::TlsContextPtr> certificate;
    Current<api::AuthorityPtr> authority;
    httpd::Admission admission;
    httpd::TokenGuard wrong_tokens;
    std::unique_ptr<httpd::Sessions> sessions;
    std::vector<std::unique_ptr<loop::Listener>> listeners;
    std::unique_ptr<loop::UnixListener> control_socket;
    loop::TaskPool disk;
    std::unique_ptr<archive::Catalogue> catalogue;
    std::unique_ptr<archive::Archive> archive;
    std::unique_ptr<archive::Retention> retention;
    loop::TimerId retention_timer = 0;
    std::atomic<bool> is_deleting{false};
    std::unique_ptr<takes::Takes> takes;
    // For the recorder's threads:
    std::atomic<archive::Catalogue*> ready_catalogue{nullptr};
    std::atomic<takes::Takes*> ready_takes{nullptr};
    std::unique_ptr<record::Recorder> recorder;
    api::EventLog events;
    std::unique_ptr<notify::Hooks> hooks;
    auth::Policy configured_policy;  ///< without the tokens that were made here
    std::vector<auth::Token> made_tokens;
    std::unique_ptr<api::Tokens> tokens;
    capture::Cameras cameras;
    capture::Captures captures;
    capture::JpegStreams jpegs;
    std::atomic<bool> shutting_down{false};
    std::unique_ptr<capture::Parts> capture_parts;
    std::unique_ptr<live::Parts> live_parts;
    std::unique_ptr<api::Parts> api_parts;
    std::unique_ptr<api::Operations> operations;
    std::unique_ptr<api::Api> api;
    httpd::Pages pages;
    std::unique_ptr<httpd::StaticFolders> static_folders;
    httpd::Router router;
    std::unique_ptr<httpd::HttpConnection::Uses> http_uses;
    live::Live live;
    std::unique_ptr<live::Sources> sources;
    std::unique_ptr<record::Segments> segments;
    std::vector<std::unique_ptr<httpd::NetLoop>> nets;
    std::size_t next_net = 0;
    std::unique_ptr<api::DiskWatch> disk_watch;
    loop::TimerId trim_timer = 0;
    std::size_t freed_bytes = 0;
    bool trims_again = false;

    void listen();
    void open_recorder();
    void note_take(const record::Event& event);
    void begin_hooks();
    void record_segments();
    void load_pages();
    void make_parts();
    void count_viewers(const hub::Event& event);
    void watch_disk();
    void make_retention();
    void delete_later();
    void keep_names();
    void keep_tokens();
    void apply_policy();
    void trim_later();
    std::string counted_as(const Poco::Net::SocketAddress& peer) const;
    void accept(loop::SocketPtr socket, const ListenAddress& at);
    template <class Made>
    void place(httpd::NetLoop& net, std::shared_ptr<Made> connection, loop::SocketPtr socket,
               loop::TlsContextPtr tls);
    void accept_local(loop::SocketPtr socket, const loop::PeerCredentials& who);
    void refuse(const Poco::Net::StreamSocket& socket, const Error& why);
};

void Server::Parts::listen() {
    std::vector<ListenAddress> bound;
    for (const ListenAddress& at : setup.listen) {
        try {
            listeners.push_back(listen_on(at));
            bound.push_back(at);
        } catch (const std::runtime_error& e) {
            if (!at.is_optional) throw;
            log.warning(std::string(e.what()) + "; going on without");
        }
    }
    setup.listen = std::move(bound);
}

void Server::Parts::open_recorder() {
    try {
        recorder = std::make_unique<record::Recorder>(
            setup.recorder, log.with("recorder"), [this](const record::Event& event) {
                const std::uint64_t serial =
                    std::visit([](const auto& told) { return told.serial; }, event);
                auto session = serial == 0 ? nullptr : recorder->session(serial);
                // Before anybody who hears of the event can ask. One that comes before there is a
                // catalogue is seen when that looks for the first time.
                archive::Catalogue* known = ready_catalogue;
                if (const std::string id = id_of(event); known != nullptr && !id.empty()) {
                    known->changed(id);
                }
                control.post([this, event, session = std::move(session)] {
                    captures.on_event(event, session);
                });
                note_take(event);
            });
    } catch (const std::system_error& e) {
        throw std::runtime_error("recordings folder " + setup.recorder.path + ": " +
                                 e.code().message() + "; choose another with --recordings");
    }
}

/// On a recorder's thread. A recording of an earlier run may be finished before we are.
void Server::Parts::note_take(const record::Event& event) {
    const auto* finished = std::get_if<record::Finished>(&event);
    if (finished == nullptr || !finished->summary.take) return;
    if (takes::Takes* ready = ready_takes) return ready->recording_ended(*finished->summary.take);
    control.post([this, take = *finished->summary.take] { takes->recording_ended(take); });
}

/// Events are told in the order they happened, before any other part begins.
void Server::Parts::begin_hooks() {
    hooks = std::make_unique<notify::Hooks>(recorder->path() + "/.streamd/hooks", setup.version,
                                            setup.options.hooks, log.with("hook"));
    events.subscribe({{},
                      [this](std::uint64_t, const std::string& type, const std::string& json) {
                          if (hooks) hooks->add(type, json);
                      }},
                     std::nullopt);
    live.decide = [this](const live::Question& question, live::Decided done) {
        return hooks->decide(
            {question.is_publish, question.path, question.protocol, question.query, question.peer},
            std::move(done));
    };
}

void Server::Parts::record_segments() {
    segments = std::make_unique<record::Segments>(record::Segments::Setup{
        recorder->path(), segment_options, live.hub(), log.with("segments"),
        [this](record::SegmentEvent event) {
            // Retention has to know of it, whether anybody asks for the archive or not.
            if (const auto* done = std::get_if<record::SegmentDone>(&event)) {
                catalogue->stream_changed(done->stream);
            }
            control.post([this, told = std::move(event)] { api::add_record_event(told, events); });
        },
        &http_counters.memory, [this](std::uint64_t bytes) { recorder->note_written(bytes); },
        setup.recorder.writers});
    live.on_published = [this](const std::string& path) { segments->on_published(path); };
}

void Server::Parts::load_pages() {
    auto loaded = httpd::Pages::load(setup.pages_folder);
    if (!loaded) return log.warning("pages: " + loaded.error().message + "; going on without");
    pages = std::move(*loaded);
    if (pages.empty()) log.info("pages: none, this build left them out (see docs/pages.md)");
}

/// glibc keeps what is freed: after a flood of large messages that is most of the memory.
void Server::Parts::trim_later() {
    trim_timer = control.after(kTrimInterval, [this] {
        const std::size_t freed = http_counters.memory.take_freed();
        freed_bytes += freed;
        // What a peer held is counted before its connection goes, so once more when all is quiet.
        const bool is_over = freed == 0 && (freed_bytes >= kTrimRestBytes || trims_again);
        if (is_over || freed_bytes >= kTrimBytes) {
            trims_again = !is_over;
            freed_bytes = 0;
            disk.post(loop::Effort::slow, [] { ::malloc_trim(0); });
        }
        trim_later();
    });
}

void Server::Parts::make_parts() {
    capture_parts = std::make_unique<capture::Parts>(capture::Parts{
        capture_options, http_options, log, capture_counters, http_counters, shutting_down, control,
        events, cameras, captures, *recorder, live.hub(), jpegs, disk, policy});
    live_parts = std::make_unique<live::Parts>(
        live::Parts{live_options, http_options, policy, log, http_counters, wrong_tokens,
                    shutting_down, control, live, setup.recorder.run_job});
    api_parts = std::make_unique<api::Parts>(
        api::Parts{http_options, policy,     log,       http_counters,   capture_counters,
                   control,      disk,       events,    cameras,         captures,
                   *archive,     *catalogue, *recorder, *takes,          *segments,
                   *live_parts,  live,       *sources,  *sessions,       wrong_tokens,
                   disk_options, *hooks,     *tokens,   recorder->path()});
    watch_disk();
    make_retention();
    keep_names();
}

/// Names that users gave to cameras lie beside the recordings and move with them.
void Server::Parts::keep_names() {
    auto file = std::make_shared<StateFile>(recorder->path(), "names.json");
    capture::GivenNames names;
    if (const auto text = file->read()) {
        auto decoded = capture::GivenNames::decode(*text);
        if (decoded) {
            names = std::move(*decoded);
        } else {
            log.warning(file->path() + ": " + decoded.error().message +
                        "; cameras are called by their addresses until it is mended");
        }
    }
    cameras.keep_names(std::move(names), [this, file](const capture::GivenNames& given) {
        const std::uint64_t turn = file->next_turn();
        disk.post(loop::Effort::quick, [this, file, turn, text = given.encode()] {
            try {
                file->write(turn, text);
            } catch (const std::exception& e) {  // C3: a thread of the pool
                log.error(file->path() + ": " + e.what() + "; a restart forgets the name");
            }
        });
    });
}

/// The policy of the configuration and the tokens that were made beside it.
void Server::Parts::apply_policy() {
    auth::Policy next = configured_policy;
    next.tokens.insert(next.tokens.end(), made_tokens.begin(), made_tokens.end());
    policy.replace(std::move(next));
}

/// They lie beside the recordings, as digests.
void Server::Parts::keep_tokens() {
    configured_policy = setup.options.policy;
    auto file = std::make_shared<StateFile>(recorder->path(), "tokens.json");
    api::StoredTokens stored;
    if (const auto text = file->read()) {
        auto decoded = api::StoredTokens::decode(*text);
        if (!decoded) {
            // To overwrite it would revoke all of them for good.
            throw std::runtime_error(file->path() + ": " + decoded.error().message +
                                     "; mend it or move it away");
        }
        stored = std::move(*decoded);
    }
    const auto store = [this, file](const std::string& text,
                                    const std::function<void(std::string)>& done) {
        const std::uint64_t turn = file->next_turn();
        disk.post(loop::Effort::quick, [this, file, turn, text, done] {
            std::string problem;
            try {
                file->write(turn, text);
            } catch (const std::exception& e) {  // C3: a thread of the pool
                problem = e.what();
                log.error(file->path() + ": " + problem);
            }
            control.post([done, problem] { done(problem); });
        });
    };
    tokens = std::make_unique<api::Tokens>(policy, std::move(stored), store,
                                           [this](const api::StoredTokens& in_force) {
                                               made_tokens.clear();
                                               for (const api::StoredToken& one : in_force.all())
                                                   made_tokens.push_back(one.token);
                                               apply_policy();
                                           });
}

/// A camera that somebody watches may have to stream for them.
void Server::Parts::count_viewers(const hub::Event& event) {
    static constexpr std::string_view kCameras = "/camera/";
    const auto tell = [this](const std::string& path) {
        if (!path.starts_with(kCameras)) return;
        // Events of several loops may overtake each other: the hub knows how many there are.
        control.post([this, path] {
            const hub::StreamPtr stream = live.hub().find(path);
            captures.previews().on_viewers(path.substr(kCameras.size()),
                                           stream ? stream->status().viewers : 0);
        });
    };
    if (const auto* joined = std::get_if<hub::Joined>(&event)) tell(joined->path);
    if (const auto* left = std::get_if<hub::Left>(&event)) tell(left->path);
}

void Server::Parts::watch_disk() {
    const auto look = [this] {
        api::DiskState state;
        struct statvfs facts {};
        if (::statvfs(recorder->path().c_str(), &facts) == 0) {
            state.free_bytes = std::uint64_t{facts.f_bavail} * facts.f_frsize;
            state.room_min = record::room_to_begin(std::uint64_t{facts.f_blocks} * facts.f_frsize);
        }
        state.bytes_per_second = recorder->status().bytes_per_second;
        return state;
    };
    disk_watch = std::make_unique<api::DiskWatch>(
        disk_options, look, disk,
        [this](std::function<void()> task) { control.post(std::move(task)); }, control, events);
}

void Server::Parts::make_retention() {
    const auto free_bytes = [this] {
        struct statvfs facts {};
        // What cannot be asked is not a reason to delete.
        if (::statvfs(recorder->path().c_str(), &facts) != 0) return ~std::uint64_t{0};
        return std::uint64_t{facts.f_bavail} * facts.f_frsize;
    };
    const auto tell = [this](const archive::Deleted& deleted) {
        control.post([this, deleted] {
            EventFields fields;
            if (deleted.recording.empty()) {
                fields = {{"stream", deleted.stream}, {"file", deleted.file}};
            } else {
                fields = {{"camera", deleted.stream.substr(deleted.stream.rfind('/') + 1)},
                          {"session", deleted.recording}};
            }
            fields.emplace_back("reason", deleted.reason);
            fields.emplace_back("bytes", deleted.bytes);
            events.add("recording.deleted", fields);
        });
    };
    retention = std::make_unique<archive::Retention>(retention_options, *catalogue, free_bytes,
                                                     tell, log.with("retention"));
    delete_later();
}

/// Looks again and again; one look at a time, however long it takes.
void Server::Parts::delete_later() {
    retention_timer = control.after(kRetentionInterval, [this] {
        delete_later();
        if (is_deleting.exchange(true)) return;
        disk.post(loop::Effort::slow, [this] {
            try {
                retention->look(wall_us());
            } catch (const std::exception& e) {  // C3: a thread of the pool
                log.error(std::string("retention: ") + e.what());
            }
            is_deleting = false;
        });
    });
}

Server::Server(Setup setup, Log log, loop::EventLoop& control)
    : parts_(std::make_unique<Parts>(std::move(setup), std::move(log), control)) {
    Parts& p = *parts_;
    for (unsigned i = 0; i < std::max(1U, p.setup.threads); ++i) {
        const std::string name = "net-" + std::to_string(i);
        p.nets.push_back(std::make_unique<httpd::NetLoop>(name, log_failure(p.log, name)));
        p.live.add(*p.nets.back());
    }
    api::Operations::Facts facts;
    facts.version = p.setup.version;
    facts.started_us = p.setup.started_us;
    facts.started_ns = monotonic_ns();
    facts.urls = camera_urls();
    facts.configuration = p.setup.configuration;
    for (const auto& net : p.nets) facts.busy.push_back(&net->busy());
    facts.connections_of_loop = [&p](std::size_t i) { return p.nets[i]->size(); };
    p.operations = std::make_unique<api::Operations>(*p.api_parts, std::move(facts));
    p.api = std::make_unique<api::Api>(*p.api_parts, *p.operations);
    p.http_uses = std::make_unique<httpd::HttpConnection::Uses>(
        httpd::HttpConnection::Uses{p.router, p.policy, p.http_counters, p.shutting_down, p.disk,
                                    p.wrong_tokens, *p.sessions, p.log});
    p.load_pages();
    p.pages.add_route(p.router);
    // In this order: the API takes what is left of requests, cameras what is left of upgrades.
    live::add_routes(p.router, *p.live_parts);
    api::add_authority_routes(p.router, p.authority, ports().https);
    p.static_folders = std::make_unique<httpd::StaticFolders>(p.setup.static_folders);
    p.static_folders->add_route(p.router, p.disk);
    capture::add_picture_routes(p.router, *p.capture_parts);
    p.api->add_routes(p.router);
    capture::add_routes(p.router, *p.capture_parts);
}

Server::~Server() {
    Parts& p = *parts_;
    p.control.cancel(p.trim_timer);
    p.control.cancel(p.retention_timer);
    p.disk_watch.reset();
    p.sources.reset();  // as long as there are deliveries to tell of their end
    for (auto& net : p.nets) net->stop();
    p.hooks.reset();      // its answers go to those loops, which end with the parts
    p.listeners.clear();  // they are on a loop of these
    p.control_socket.reset();
    p.api.reset();
    p.operations.reset();  // its snapshots answer on the loops
    p.disk.stop();
    p.segments.reset();
}

void Server::open_control_socket(const std::string& path, mode_t mode) {
    try {
        parts_->control_socket = std::make_unique<loop::UnixListener>(path, mode);
    } catch (const std::system_error& e) {
        throw std::runtime_error("control socket " + path + ": " + e.code().message() +
                                 "; choose another with control.socket");
    }
}

void Server::start() {
    Parts& p = *parts_;
    loop::EventLoop& first = p.nets.front()->loop();
    const auto warn = [&p](const std::string& trouble) { p.log.warning(trouble); };
    first.post([&p, &first, warn] {
        for (std::size_t i = 0; i < p.listeners.size(); ++i) {
            p.listeners[i]->start(
                first,
                [&p, i](loop::SocketPtr socket) { p.accept(std::move(socket), p.setup.listen[i]); },
                warn);
        }
        if (!p.control_socket) return;
        p.control_socket->start(
            first,
            [&p](loop::SocketPtr socket, const loop::PeerCredentials& who) {
                p.accept_local(std::move(socket), who);
            },
            warn);
    });
}

void Server::Parts::refuse(const Poco::Net::StreamSocket& socket, const Error& why) {
    http::Response response = httpd::error_response(503, why.message);
    response.fields.push_back({"Retry-After", "5"});
    const std::string text = http::encode_response(response, false);
    // A fresh socket takes this much at once, or the peer is gone already.
    [[maybe_unused]] const auto sent =
        ::send(socket.impl()->sockfd(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/// A trusted proxy has no limit of its own: its clients have.
std::string Server::Parts::counted_as(const Poco::Net::SocketAddress& peer) const {
    std::string address = httpd::peer_address_text(peer);
    const auto parsed = auth::parse_address(address);
    const bool is_proxy = parsed && auth::is_trusted(policy->trusted_proxies, *parsed);
    return is_proxy ? std::string() : address;
}

void Server::Parts::accept(loop::SocketPtr socket, const ListenAddress& at) {
    Poco::Net::SocketAddress peer;
    try {
        peer = socket->peerAddress();
    } catch (const Poco::Exception&) {
        return;  // gone before we looked
    }
    auto ticket = admission.enter(counted_as(peer));
    if (!ticket) {
        log.warning("connection from " + httpd::peer_text(peer) +
                    " refused: " + ticket.error().message);
        // A handshake, to say why, would cost what the limit is to save.
        if (!at.is_rtmp && !at.is_secure) refuse(*socket, ticket.error());
        return;
    }
    const loop::TlsContextPtr tls = at.is_secure ? *certificate.get() : loop::TlsContextPtr();
    httpd::NetLoop& net = *nets[next_net++ % nets.size()];
    if (at.is_rtmp) {
        return place(
            net, std::make_shared<live::RtmpConnection>(*live_parts, net, std::move(*ticket), peer),
            std::move(socket), tls);
    }
    place(net,
          std::make_shared<httpd::HttpConnection>(*http_uses, net, std::move(*ticket),
                                                  httpd::peer_of(peer), at.default_stream),
          std::move(socket), tls);
}

void Server::Parts::accept_local(loop::SocketPtr socket, const loop::PeerCredentials& who) {
    const httpd::Peer peer = httpd::peer_of(who);
    log.info("control socket: opened by " + peer.text);
    auto ticket = admission.enter("");
    if (!ticket) {
        log.warning("control socket: " + peer.text + " refused: " + ticket.error().message);
        return refuse(*socket, ticket.error());
    }
    httpd::NetLoop& net = *nets[next_net++ % nets.size()];
    place(net,
          std::make_shared<httpd::HttpConnection>(*http_uses, net, std::move(*ticket), peer, ""),
          std::move(socket), nullptr);
}

template <class Made>
void Server::Parts::place(httpd::NetLoop& net, std::shared_ptr<Made> connection,
                          loop::SocketPtr socket, loop::TlsContextPtr tls) {
    net.loop().post([this, &net, connection = std::move(connection), socket = std::move(socket),
                     tls = std::move(tls)]() mutable {
        try {
            connection->start(std::make_unique<loop::TcpStream>(net.loop(), *socket, *connection,
                                                                tls ? tls->accept() : nullptr));
            net.add(connection);
        } catch (const std::exception& e) {  // C3: the kernel refused this one; the others go on
            log.warning(std::string("connection dropped: ") + e.what());
        }
    });
}

Ports Server::ports() const {
    Ports ports;
    for (std::size_t i = 0; i < parts_->listeners.size(); ++i) {
        const ListenAddress& at = parts_->setup.listen[i];
        auto& port = at.is_rtmp ? (at.is_secure ? ports.rtmps : ports.rtmp)
                                : (at.is_secure ? ports.https : ports.http);
        if (!port) port = parts_->listeners[i]->port();
    }
    return ports;
}

std::vector<std::string> Server::camera_urls() const {
    std::vector<std::string> urls;
    for (std::size_t i = 0; i < parts_->listeners.size(); ++i) {
        const ListenAddress& at = parts_->setup.listen[i];
        if (at.is_rtmp) continue;
        for (const std::string& address : reachable_addresses(at.address)) {
            const bool is_v6 = address.find(':') != std::string::npos;
            urls.push_back((at.is_secure ? "wss://" : "ws://") +
                           (is_v6 ? "[" + address + "]" : address) + ":" +
                           std::to_string(parts_->listeners[i]->port()) + "/ingest/NAME");
        }
    }
    return urls;
}

const std::string& Server::recordings_path() const { return parts_->recorder->path(); }

void Server::reconfigure(Options next, const control::ReloadReply& what) {
    Parts& p = *parts_;
    p.http_counters.memory.set_limit(next.http.memory_bytes);
    p.http_options.replace(next.http);
    p.capture_options.replace(std::move(next.capture));
    p.live_options.replace(next.live);
    p.disk_options.replace(next.disk);
    p.retention_options.replace(std::move(next.retention));
    p.segment_options.replace(std::move(next.segments));
    p.configured_policy = std::move(next.policy);
    p.apply_policy();
    try {
        p.hooks->reconfigure(next.hooks);
    } catch (const std::exception& e) {  // C3: a control command; all else applies
        p.log.error("hooks: not applied: " + std::string(e.what()));
    }
    use_certificate(std::move(next.tls), std::move(next.authority));
    EventFields fields;
    if (!what.changed.empty()) fields.emplace_back("changed", join(what.changed));
    if (!what.needs_restart.empty()) fields.emplace_back("needs_restart", join(what.needs_restart));
    p.events.add("server.reloaded", fields);
}

void Server::use_certificate(loop::TlsContextPtr tls, api::AuthorityPtr authority) {
    parts_->certificate.replace(std::move(tls));
    parts_->authority.replace(std::move(authority));
}

void Server::ask_loops(const std::function<void()>& done) {
    Parts& p = *parts_;
    const auto left = std::make_shared<std::atomic<std::size_t>>(p.nets.size());
    for (auto& net : p.nets) {
        net->loop().post([&control = p.control, left, done] {
            if (--*left == 0) control.post(done);
        });
    }
}

std::size_t Server::shut_down(std::int64_t deadline_ns) {
    Parts& p = *parts_;
    p.shutting_down = true;
    p.sources->shut_down();
    // All loops at once; one that does not answer must not keep the recordings from being
    // finished.
    std::vector<std::future<void>> answers;
    for (auto& net : p.nets) {
        auto done = std::make_shared<std::promise<void>>();
        answers.push_back(done->get_future());
        net->loop().post([&p, &net] {
            if (net != p.nets.front()) return;
            for (auto& listener : p.listeners) listener->stop();
        });
        net->loop().post([&net, done] {
            net->shut_down_all();
            net->loop().post([done] { done->set_value(); });  // behind what that posted
        });
    }
    using Clock = std::chrono::steady_clock;
    const auto patience_end = std::min(Clock::time_point(std::chrono::nanoseconds(deadline_ns)),
                                       Clock::now() + kGoodbyePatience);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        if (answers[i].wait_until(patience_end) == std::future_status::ready) continue;
        p.log.error("network loop " + std::to_string(i) + " does not answer: going on without it");
    }
    p.segments->shut_down(deadline_ns);
    return p.recorder->finish_all(deadline_ns);
}

void Server::hurry() {
    parts_->segments->hurry();
    parts_->recorder->hurry();
}

}  // namespace st::server
