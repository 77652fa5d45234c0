#include "notify/hooks.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "base/clock.h"
#include "base/encodings.h"
#include "base/secrets.h"
#include "digest/digest.h"
#include "loop/task_pool.h"

namespace st::notify {
namespace {

using auth::Decided;
using auth::Question;
using control::ApiError;
using control::ErrorCode;

/// The same target in the same form keeps its journal, whatever else changes.
std::string journal_name(const Endpoint& endpoint) {
    const std::string text =
        (endpoint.format == Format::standard ? "standard " : "nms ") + endpoint.url;
    const digest::Sha256 digest = digest::sha256(as_bytes(text));
    return hex_encode(Bytes(digest).first(8)) + ".journal";
}

/// What may wait for the thread that writes it down.
constexpr std::size_t kPostedBytesMax = std::size_t{16} << 20;
constexpr std::size_t kPostBytes = 256;  ///< of one, beside its text
/// One writes journals anew, the other is kept for syncs.
constexpr unsigned kDiskThreads = 2;

ApiError no_failed_message(const std::string& id) {
    return {ErrorCode::not_found, "no failed message \"" + id + "\"", "id"};
}

std::function<double()> random_jitter() {
    auto engine = std::make_shared<std::minstd_rand>(std::random_device{}());
    return [engine] { return std::uniform_real_distribution<double>(0, 1)(*engine); };
}

loop::OnFailure tell(const Log& log) {
    return [log](std::string_view what) { log.error("failed: " + std::string(what)); };
}

}  // namespace

/// Posts to a courier for who may outlive it.
class CourierPost {
 public:
    explicit CourierPost(Courier& courier) : courier_(&courier) {}
    void post(loop::Task task) ST_EXCLUDES(mutex_) {
        const Lock lock(mutex_);
        if (courier_ != nullptr) courier_->run(std::move(task));
    }
    void close() ST_EXCLUDES(mutex_) {
        const Lock lock(mutex_);
        courier_ = nullptr;
    }

 private:
    Mutex mutex_;
    Courier* courier_ ST_GUARDED_BY(mutex_);
};

/// Everything that is told, on a thread of its own. What it waits for is that an event is in the
/// journal of each endpoint; syncs and the like are done on a pool: its own, since a sync that
/// waits for the deletions and listings of others comes too late. Only what is guarded may be
/// looked at by others.
class Hooks::Deliveries {
 public:
    Deliveries(std::string folder, const std::string& user_agent, const Log& log)
        : folder_(std::move(folder)),
          disk_("hooks-disk", kDiskThreads, tell(log)),
          courier_("hooks", user_agent, tell(log)),
          world_{courier_, courier_, wall_us, random_jitter(), log, aside()} {}

    ~Deliveries() {
        post_->close();
        courier_.stop();
        disk_.stop(std::chrono::steady_clock::now());  // a rewrite need not begin any more
    }
    Deliveries(const Deliveries&) = delete;
    Deliveries& operator=(const Deliveries&) = delete;

    Courier& courier() { return courier_; }

    /// An event, to be written down by the courier. While it waits for a disk that hangs, what
    /// comes is kept up to a limit and counted beyond it.
    void post(const std::string& type, const std::string& json) {
        const std::size_t bytes = kPostBytes + type.size() + json.size();
        if (!reserve(type, bytes)) return;
        courier_.run([this, type, json, bytes] {
            release(bytes);
            for (const auto& [name, outbox] : outboxes_) outbox->add(type, json);
        });
    }

    void configure(const std::vector<Endpoint>& endpoints) {
        {
            const Lock lock(mutex_);
            has_endpoints_ = !endpoints.empty();
        }
        courier_.run([this, endpoints] { arrange(endpoints); });
    }
    std::vector<control::HookStatus> statuses() const {
        const Lock lock(mutex_);
        return statuses_;
    }

    // The courier's thread:
    std::vector<control::FailedHook> failed() {
        std::vector<control::FailedHook> list;
        for (const auto& [name, outbox] : outboxes_) {
            for (const auto& message : outbox->failed_messages()) {
                list.push_back({message.id, without_passwords(outbox->endpoint().url), message.type,
                                rfc3339(message.at_us), message.attempts, message.why});
            }
        }
        return list;
    }
    control::Decoded<std::string> replay(const std::string& id) {
        ApiError refusal = no_failed_message(id);
        for (const auto& [name, outbox] : outboxes_) {
            auto made = outbox->replay(id);
            if (made) return made;
            if (made.error().code != ErrorCode::not_found) refusal = made.error();
        }
        return refusal;
    }
    /// Nullptr: none has that URL, as it is configured or listed, or that id.
    Outbox* find(const std::string& target) {
        for (const auto& [name, outbox] : outboxes_) {
            const std::string& its = outbox->endpoint().url;
            if (its == target || without_passwords(its) == target ||
                outbox->status().id == target) {
                return outbox.get();
            }
        }
        return nullptr;
    }

 private:
    decltype(OutboxWorld::aside) aside() {
        return [&disk = disk_, courier = post_](loop::Effort effort, std::function<void()> work,
                                                OutboxWorld::Done done) {
            disk.post(effort, [courier, work = std::move(work), done = std::move(done)] {
                std::string problem;
                try {
                    work();
                } catch (const std::exception& e) {  // C3: a thread of the pool
                    problem = e.what();
                }
                courier->post([done, problem] { done(problem); });
            });
        };
    }
    bool reserve(const std::string& type, std::size_t bytes) {
        {
            const Lock lock(mutex_);
            if (!has_endpoints_) return false;
            if (posted_bytes_ + bytes <= kPostedBytesMax) {
                posted_bytes_ += bytes;
                return true;
            }
            const bool is_said = !lost_.empty();
            ++lost_[type];
            if (is_said) return false;
        }
        world_.log.error("the disk of the journals does not answer: events are lost");
        return false;
    }
    /// On the courier's thread.
    void release(std::size_t bytes) {
        std::map<std::string, std::uint64_t> lost;
        {
            const Lock lock(mutex_);
            posted_bytes_ -= bytes;
            lost.swap(lost_);
        }
        for (const auto& [type, count] : lost) {
            for (const auto& [name, outbox] : outboxes_) outbox->note_lost(type, count);
        }
    }
    void arrange(const std::vector<Endpoint>& endpoints) {
        std::map<std::string, std::unique_ptr<Outbox>> before = std::move(outboxes_);
        outboxes_.clear();
        order_.clear();
        for (const Endpoint& endpoint : endpoints) {
            const std::string name = journal_name(endpoint);
            const auto known = before.find(name);
            if (known != before.end()) {
                outboxes_[name] = std::move(known->second);
                before.erase(known);
            } else {
                outboxes_[name] = std::make_unique<Outbox>(world_, endpoint, folder_ + "/" + name,
                                                           [this] { show(); });
            }
            order_.push_back(name);
        }
        for (const auto& [name, gone] : before) tell_left(*gone, folder_ + "/" + name);
        before.clear();
        for (std::size_t i = 0; i < endpoints.size(); ++i) {
            outboxes_[order_[i]]->reconfigure(endpoints[i]);
        }
        show();
    }
    void tell_left(const Outbox& outbox, const std::string& path) {
        const control::HookStatus status = outbox.status();
        if (status.queued == 0) return;  // or it has no journal
        world_.log.warning(without_path(status.url) + " " + *status.id +
                           ": no longer configured; " + std::to_string(status.queued) +
                           " messages stay in " + path + " and go out if it is configured again");
    }
    void show() {
        std::vector<control::HookStatus> now;
        for (const std::string& name : order_) now.push_back(outboxes_.at(name)->status());
        const Lock lock(mutex_);
        statuses_ = std::move(now);
    }

    const std::string folder_;
    mutable Mutex mutex_;
    bool has_endpoints_ ST_GUARDED_BY(mutex_) = false;
    std::size_t posted_bytes_ ST_GUARDED_BY(mutex_) = 0;
    std::map<std::string, std::uint64_t> lost_ ST_GUARDED_BY(mutex_);  ///< events, by type
    std::vector<control::HookStatus> statuses_ ST_GUARDED_BY(mutex_);
    std::vector<std::string> order_;  ///< names of journals, as configured
    loop::TaskPool disk_;             ///< each outbox has at most one task there
    Courier courier_;
    const std::shared_ptr<CourierPost> post_ = std::make_shared<CourierPost>(courier_);
    OutboxWorld world_;
    std::map<std::string, std::unique_ptr<Outbox>> outboxes_;
};

/// Everything that is asked, on a thread that no disk holds up.
class Hooks::Questions {
 public:
    Questions(const std::string& user_agent, const Log& log)
        : courier_("decide", user_agent, tell(log)), decider_(courier_, courier_, wall_us, log) {}

    ~Questions() { courier_.stop(); }
    Questions(const Questions&) = delete;
    Questions& operator=(const Questions&) = delete;

    void configure(const DecideOptions& options) {
        const Lock lock(mutex_);
        options_ = options;
    }
    /// False: nobody is to be asked.
    bool ask(const Question& question, const Decided& done) {
        if (options().url.empty()) return false;
        courier_.run([this, question, done] {
            const DecideOptions now = options();
            if (now.url.empty()) return done({});  // a reload came in between
            decider_.ask(now, question, done);
        });
        return true;
    }

 private:
    DecideOptions options() const {
        const Lock lock(mutex_);
        return options_;
    }

    mutable Mutex mutex_;
    DecideOptions options_ ST_GUARDED_BY(mutex_);
    Courier courier_;
    Decider decider_;
};

Hooks::Hooks(std::string folder, std::string version, const Options& options, Log log)
    : folder_(std::move(folder)), user_agent_("streamd/" + version), log_(std::move(log)) {
    prepare(options);
    reconfigure(options);
}

Hooks::~Hooks() = default;

Hooks::Deliveries* Hooks::deliveries() const {
    const Lock lock(mutex_);
    return deliveries_.get();
}

Hooks::Questions* Hooks::questions() const {
    const Lock lock(mutex_);
    return questions_.get();
}

void Hooks::prepare(const Options& options) {
    if (deliveries() == nullptr && !options.endpoints.empty()) {
        auto made = std::make_unique<Deliveries>(folder_, user_agent_, log_);
        const Lock lock(mutex_);
        deliveries_ = std::move(made);
    }
    if (questions() == nullptr && !options.decide.url.empty()) {
        auto made = std::make_unique<Questions>(user_agent_, log_);
        const Lock lock(mutex_);
        questions_ = std::move(made);
    }
}

void Hooks::reconfigure(const Options& options) {
    if (Deliveries* deliveries = this->deliveries()) deliveries->configure(options.endpoints);
    if (Questions* questions = this->questions()) questions->configure(options.decide);
}

void Hooks::add(const std::string& type, const std::string& json) {
    if (Deliveries* deliveries = this->deliveries()) deliveries->post(type, json);
}

bool Hooks::decide(const Question& question, const Decided& done) {
    Questions* questions = this->questions();
    return questions != nullptr && questions->ask(question, done);
}

std::vector<control::HookStatus> Hooks::status() const {
    const Deliveries* deliveries = this->deliveries();
    return deliveries == nullptr ? std::vector<control::HookStatus>() : deliveries->statuses();
}

void Hooks::list(const ListDone& done) {
    Deliveries* deliveries = this->deliveries();
    if (deliveries == nullptr) return done({});
    deliveries->courier().run([deliveries, done] { done(deliveries->statuses()); });
}

void Hooks::failed(const FailedDone& done) {
    Deliveries* deliveries = this->deliveries();
    if (deliveries == nullptr) return done({});
    deliveries->courier().run([deliveries, done] { done(deliveries->failed()); });
}

void Hooks::replay(const std::string& id, const ReplayDone& done) {
    Deliveries* deliveries = this->deliveries();
    if (deliveries == nullptr) return done(no_failed_message(id));
    deliveries->courier().run([deliveries, id, done] { done(deliveries->replay(id)); });
}

void Hooks::test(const std::string& url, const TestDone& done) {
    const ApiError none{ErrorCode::not_found,
                        "no hook in the configuration has that URL or id: " + without_path(url),
                        "url"};
    Deliveries* deliveries = this->deliveries();
    if (deliveries == nullptr) return done(none);
    deliveries->courier().run([deliveries, url, done, none] {
        Outbox* outbox = deliveries->find(url);
        if (outbox == nullptr) return done(none);
        outbox->test([done, began_ns = monotonic_ns()](const HttpResult& result) {
            control::HookTestReply reply;
            reply.ok = result.is_good();
            reply.status = static_cast<std::uint64_t>(result.status);
            if (!result.error.empty()) reply.error = result.error;
            reply.took_ms = static_cast<std::uint64_t>((monotonic_ns() - began_ns) / 1'000'000);
            done(reply);
        });
    });
}

}  // namespace st::notify
