#include "server/server.h"

#include <future>
#include <stdexcept>
#include <system_error>

#include "api/api.h"
#include "api/authority_routes.h"
#include "api/disk_room.h"
#include "api/disk_watch.h"
#include "api/event_log.h"
#include "api/operations.h"
#include "api/parts.h"
#include "api/record_operations.h"
#include "api/stored_tokens.h"
#include "api/tokens.h"
#include "archive/archive.h"
#include "base/joined.h"
#include "capture/cameras.h"
#include "capture/captures.h"
#include "capture/jpeg_streams.h"
#include "capture/parts.h"
#include "capture/routes.h"
#include "httpd/http_connection.h"
#include "httpd/pages.h"
#include "httpd/sessions.h"
#include "httpd/static_folders.h"
#include "live/live.h"
#include "live/parts.h"
#include "live/routes.h"
#include "live/sources.h"
#include "notify/hooks.h"
#include "record/room.h"
#include "record/segments.h"
#include "server/memory_trim.h"
#include "server/retention_rounds.h"
#include "server/state_file.h"
#include "takes/takes.h"

namespace st::server {
namespace {

/// For the connections to say goodbye.
constexpr std::chrono::seconds kGoodbyePatience{5};
// At the end of shut_down(), whose time may be up by then:
/// For what was received to be written, where the disk is slow.
constexpr std::chrono::milliseconds kWritePatience{1'500};
/// For each pool to end the tasks that it is at.
constexpr std::chrono::milliseconds kPoolPatience{500};
static_assert(kWritePatience + 2 * kPoolPatience == Server::kOvertime);
/// One of them is kept for what is quick.
constexpr unsigned kDiskThreads = 4;

/// C3: what comes out of a task on a loop is logged; the connections of that loop live on.
loop::OnFailure log_failure(const Log& log, const std::string& loop_name) {
    return [log = log.with(loop_name)](std::string_view what) {
        log.error("a task failed: " + std::string(what));
    };
}

/// Nobody can set it, and it goes on while the machine sleeps.
std::int64_t boot_us() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

/// Of the recording whose session.json an event stands for; "": none.
std::string id_of(const record::Event& event) {
    if (const auto* opened = std::get_if<record::Opened>(&event)) return opened->id;
    if (const auto* finalising = std::get_if<record::Finalising>(&event)) return finalising->id;
    if (const auto* finished = std::get_if<record::Finished>(&event)) return finished->summary.id;
    return "";
}

/// What the file says; nothing where there is none.
template <class State>
Result<State> decoded(const StateFile& file) {
    const auto text = file.read();
    if (text && !*text) return State();
    auto state = text ? State::decode(**text) : Result<State>(text.error());
    if (!state) return Error{file.path() + ": " + state.error().message};
    return state;
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
          movies("movies", api::ArchiveRoutes::kThreads, log_failure(log, "movies")),
          disk_room([this] { return api::disk_space(recorder->path()); }, disk,
                    [this](std::function<void()> task) { control.post(std::move(task)); }, control),
          events(log.with("event"), static_cast<std::uint64_t>(setup.started_us)),
          listeners(setup.listen, log),
          cameras(capture_options, capture_counters, control, events),
          captures(capture_options, cameras, capture_counters, control, events),
          live(*live_options.get(), control, events, &http_counters.memory) {
        http_counters.memory.set_limit(setup.options.http.memory_bytes);
        setup.recorder.memory = &http_counters.memory;
        open_recorder();
        catalogue = std::make_unique<archive::Catalogue>(recorder->path(), log.with("catalogue"));
        archive = std::make_unique<archive::Archive>(
            *catalogue, archive::DumpTimes{setup.recorder.timing, setup.recorder.max_gap});
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
        sessions = std::make_unique<httpd::Sessions>(listeners.first_port());
        make_parts();
        trim = std::make_unique<MemoryTrim>(http_counters.memory, control, disk);
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
    loop::TaskPool disk;
    loop::TaskPool movies;
    std::unique_ptr<archive::Catalogue> catalogue;
    std::unique_ptr<archive::Archive> archive;
    std::unique_ptr<archive::Retention> retention;
    std::unique_ptr<RetentionRounds> retention_rounds;
    std::unique_ptr<takes::Takes> takes;
    // For the recorder's threads:
    std::atomic<archive::Catalogue*> ready_catalogue{nullptr};
    std::atomic<takes::Takes*> ready_takes{nullptr};
    std::unique_ptr<record::Recorder> recorder;
    api::DiskRoom disk_room;
    api::EventLog events;
    Listeners listeners;
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
    std::unique_ptr<api::DiskWatch> disk_watch;
    std::unique_ptr<MemoryTrim> trim;

    void open_recorder();
    void note_take(const record::Event& event);
    void begin_hooks();
    void record_segments();
    void load_pages();
    void make_parts();
    void count_viewers(const hub::Event& event);
    void watch_disk();
    void make_retention();
    void keep_names();
    void keep_tokens();
    void apply_policy();
    Left finish_recordings(std::int64_t deadline_ns);
    /// False: tasks still run at `until`, and after the patience that each pool is given.
    bool stop_pools(std::chrono::steady_clock::time_point until);
};

Server::Left Server::Parts::finish_recordings(std::int64_t deadline_ns) {
    segments->shut_down(deadline_ns);
    Left left;
    left.recordings = recorder->finish_all(deadline_ns);
    if (left.recordings > 0) {
        recorder->hurry();
        left.recordings =
            recorder->finish_all(deadline_ns + std::chrono::nanoseconds(kWritePatience).count());
    }
    left.queued_bytes = recorder->status().queued_bytes + segments->totals().queued_bytes;
    return left;
}

bool Server::Parts::stop_pools(std::chrono::steady_clock::time_point until) {
    const auto has_ended = [until](loop::TaskPool& pool) {
        return pool.stop(std::max(until, std::chrono::steady_clock::now() + kPoolPatience));
    };
    const bool has_movies_ended = has_ended(movies);
    return has_ended(disk) && has_movies_ended;
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
    live.decide = [this](const auth::Question& question, const auth::Decided& done) {
        return hooks->decide(question, done);
    };
}

void Server::Parts::record_segments() {
    segments = std::make_unique<record::Segments>(record::Segments::Setup{
        recorder->path(), segment_options, live.hub(), log.with("segments"),
        [this](record::SegmentEvent event) {
            // Retention has to know of it, whether anybody asks for the archive or not.
            if (const auto* changed = std::get_if<record::SegmentChanged>(&event)) {
                return catalogue->segment_changed(changed->path);
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

void Server::Parts::make_parts() {
    capture_parts = std::make_unique<capture::Parts>(capture::Parts{
        .options = capture_options,
        .http_options = http_options,
        .log = log,
        .counters = capture_counters,
        .http_counters = http_counters,
        .shutting_down = shutting_down,
        .control = control,
        .events = events,
        .cameras = cameras,
        .captures = captures,
        .recorder = *recorder,
        .hub = live.hub(),
        .jpegs = jpegs,
        .disk = disk,
        .policy = policy,
        .sessions = *sessions,
        .decide = live.decide,
    });
    live_parts = std::make_unique<live::Parts>(live::Parts{
        .options = live_options,
        .http_options = http_options,
        .policy = policy,
        .sessions = *sessions,
        .log = log,
        .http_counters = http_counters,
        .wrong_tokens = wrong_tokens,
        .shutting_down = shutting_down,
        .control = control,
        .live = live,
        .run_job = setup.recorder.run_job,
    });
    api_parts = std::make_unique<api::Parts>(api::Parts{
        .http_options = http_options,
        .policy = policy,
        .log = log,
        .http_counters = http_counters,
        .capture_counters = capture_counters,
        .control = control,
        .disk = disk,
        .disk_room = disk_room,
        .events = events,
        .cameras = cameras,
        .captures = captures,
        .jpegs = jpegs,
        .archive = *archive,
        .catalogue = *catalogue,
        .recorder = *recorder,
        .takes = *takes,
        .segments = *segments,
        .live_parts = *live_parts,
        .live = live,
        .movies = movies,
        .sources = *sources,
        .sessions = *sessions,
        .wrong_tokens = wrong_tokens,
        .disk_watch = disk_options,
        .hooks = *hooks,
        .tokens = *tokens,
        .recordings_path = recorder->path(),
    });
    watch_disk();
    make_retention();
    keep_names();
}

/// Names that users gave to cameras lie beside the recordings and move with them.
void Server::Parts::keep_names() {
    auto file = std::make_shared<StateFile>(recorder->path(), "names.json");
    capture::GivenNames names;
    if (auto read = decoded<capture::GivenNames>(*file)) {
        names = std::move(*read);
    } else {
        log.warning(read.error().message +
                    "; cameras are called by their addresses until it is mended; a name that is "
                    "given before moves it to names.json.bad");
        file->set_aside();
    }
    cameras.keep_names(std::move(names), [this, file](const capture::GivenNames& given) {
        file->write_later(disk, given.encode(), [this, file](const std::string& problem) {
            if (problem.empty()) return;
            log.error(file->path() + ": " + problem + "; a restart forgets the name");
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
    auto stored = decoded<api::StoredTokens>(*file);
    // To overwrite it would revoke all of them for good.
    if (!stored) throw std::runtime_error(stored.error().message + "; mend it or move it away");
    const auto store = [this, file](const std::string& text,
                                    const std::function<void(std::string)>& done) {
        file->write_later(disk, text, [this, file, done](const std::string& problem) {
            if (!problem.empty()) log.error(file->path() + ": " + problem);
            control.post([done, problem] { done(problem); });
        });
    };
    tokens = std::make_unique<api::Tokens>(
        policy, std::move(*stored), store,
        [this](const api::StoredTokens& in_force) {
            made_tokens.clear();
            for (const api::StoredToken& one : in_force.all()) made_tokens.push_back(one.token);
            apply_policy();
        },
        events);
}

/// A camera that somebody watches may have to stream for them.
void Server::Parts::count_viewers(const hub::Event& event) {
    static constexpr std::string_view kCameras = "/camera/";
    const auto tell = [this](const std::string& path) {
        if (!path.starts_with(kCameras)) return;
        // Events of several loops may overtake each other: the hub knows how many there are.
        control.post([this, path] {
            captures.previews().on_viewers(path.substr(kCameras.size()),
                                           live.hub().viewers_at(path));
        });
    };
    if (const auto* joined = std::get_if<hub::Joined>(&event)) tell(joined->path);
    if (const auto* left = std::get_if<hub::Left>(&event)) tell(left->path);
}

void Server::Parts::watch_disk() {
    disk_watch = std::make_unique<api::DiskWatch>(
        disk_options, disk_room, [this] { return recorder->status().bytes_per_second; }, control,
        events);
}

void Server::Parts::make_retention() {
    const auto free_bytes = [this] {
        // What cannot be asked is not a reason to delete.
        const auto space = api::disk_space(recorder->path());
        return space ? space->free_bytes : ~std::uint64_t{0};
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
    const auto warn = [this](const std::string& why) {
        control.post([this, why] { events.add("server.clock", {{"warning", why}}); });
    };
    retention = std::make_unique<archive::Retention>(retention_options, *catalogue, free_bytes,
                                                     archive::Retention::Tell{tell, warn},
                                                     log.with("retention"));
    const auto look = [this] {
        archive->forget_old();
        retention->look(wall_us(), boot_us());
    };
    retention_rounds = std::make_unique<RetentionRounds>(look, control, disk, log);
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
    p.trim.reset();
    p.retention_rounds->stop();
    p.disk_watch.reset();
    p.sources.reset();  // as long as there are deliveries to tell of their end
    for (auto& net : p.nets) net->stop();
    p.hooks.reset();      // its answers go to those loops, which end with the parts
    p.listeners.close();  // on a loop of these
    // What they do is the API's. A task that shut_down() left behind is waited for here: nothing
    // that it uses goes before it.
    p.movies.stop();
    p.disk.stop();
    p.api.reset();
    p.operations.reset();  // its snapshots answer on the loops
    p.segments.reset();
}

void Server::open_control_socket(const std::string& path, mode_t mode) {
    parts_->listeners.open_control_socket(path, mode);
}

void Server::start() {
    Parts& p = *parts_;
    p.listeners.start({p.nets, p.admission, p.policy, p.certificate, *p.http_uses, *p.live_parts});
}

Ports Server::ports() const { return parts_->listeners.ports(); }

std::vector<std::string> Server::camera_urls() const { return parts_->listeners.camera_urls(); }

const std::string& Server::recordings_path() const { return parts_->recorder->path(); }

void Server::prepare(const Options& next) { parts_->hooks->prepare(next.hooks); }

void Server::reconfigure(Options next, const control::ReloadReply& what, const std::string& by) {
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
    p.hooks->reconfigure(next.hooks);
    use_certificate(std::move(next.tls), std::move(next.authority));
    EventFields fields;
    if (!by.empty()) fields.emplace_back("by", by);
    if (!what.changed.empty()) fields.emplace_back("changed", joined(what.changed));
    if (!what.needs_restart.empty())
        fields.emplace_back("needs_restart", joined(what.needs_restart));
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

Server::Left Server::shut_down(std::int64_t deadline_ns) {
    Parts& p = *parts_;
    p.shutting_down = true;
    p.archive->stop();
    p.retention->stop();
    p.sources->shut_down();
    // All loops at once; one that does not answer must not keep the recordings from being
    // finished.
    std::vector<std::future<void>> answers;
    for (auto& net : p.nets) {
        auto done = std::make_shared<std::promise<void>>();
        answers.push_back(done->get_future());
        net->loop().post([&p, &net] {
            if (net != p.nets.front()) return;
            p.listeners.stop();
        });
        net->loop().post([&net, done] {
            net->shut_down_all();
            net->loop().post([done] { done->set_value(); });  // behind what that posted
        });
    }
    using Clock = std::chrono::steady_clock;
    const Clock::time_point deadline{std::chrono::nanoseconds(deadline_ns)};
    const auto patience_end = std::min(deadline, Clock::now() + kGoodbyePatience);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        if (answers[i].wait_until(patience_end) == std::future_status::ready) continue;
        p.log.error("network loop " + std::to_string(i) + " does not answer: going on without it");
    }
    const Left left = p.finish_recordings(deadline_ns);
    // While what they tell still reaches events and hooks.
    if (!p.stop_pools(deadline)) p.log.error("the disk does not answer: going on without it");
    return left;
}

void Server::hurry() {
    parts_->segments->hurry();
    parts_->recorder->hurry();
}

}  // namespace st::server
