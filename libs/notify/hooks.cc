#include "notify/hooks.h"

#include <algorithm>
#include <random>
#include <utility>

#include "base/clock.h"
#include "base/encodings.h"
#include "base/url.h"
#include "digest/digest.h"

namespace st::notify {
namespace {

using control::ApiError;
using control::ErrorCode;

/// The same target in the same form keeps its journal, whatever else changes.
std::string journal_name(const Endpoint& endpoint) {
    const std::string text =
        (endpoint.format == Format::standard ? "standard " : "nms ") + endpoint.url;
    const digest::Sha256 digest = digest::sha256(as_bytes(text));
    return hex_encode(Bytes(digest).first(8)) + ".journal";
}

std::function<double()> random_jitter() {
    auto engine = std::make_shared<std::minstd_rand>(std::random_device{}());
    return [engine] { return std::uniform_real_distribution<double>(0, 1)(*engine); };
}

}  // namespace

/// What lives on the courier's thread. Only what is guarded may be looked at by others.
class Hooks::Desk {
 public:
    Desk(std::string folder, const std::string& user_agent, const Log& log)
        : folder_(std::move(folder)),
          courier_(user_agent,
                   [log](std::string_view what) { log.error("failed: " + std::string(what)); }),
          world_{courier_, courier_, wall_us, random_jitter(), log},
          decider_(courier_, courier_, wall_us, log) {}

    ~Desk() { courier_.stop(); }
    Desk(const Desk&) = delete;
    Desk& operator=(const Desk&) = delete;

    Courier& courier() { return courier_; }

    void configure(const Options& options) {
        {
            const Lock lock(mutex_);
            decide_ = options.decide;
            has_endpoints_ = !options.endpoints.empty();
        }
        courier_.run([this, endpoints = options.endpoints] { arrange(endpoints); });
    }
    DecideOptions decide_options() const {
        const Lock lock(mutex_);
        return decide_;
    }
    bool has_endpoints() const {
        const Lock lock(mutex_);
        return has_endpoints_;
    }
    std::vector<control::HookStatus> statuses() const {
        const Lock lock(mutex_);
        return statuses_;
    }

    // The courier's thread:
    void add(const std::string& type, const std::string& json) {
        for (const auto& [name, outbox] : outboxes_) outbox->add(type, json);
    }
    void ask(const Question& question, const Decided& done) {
        const DecideOptions options = decide_options();
        if (options.url.empty()) return done({});  // a reload came in between
        decider_.ask(options, question, done);
    }
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
    bool replay(const std::string& id) {
        return std::any_of(outboxes_.begin(), outboxes_.end(),
                           [&](const auto& one) { return one.second->replay(id); });
    }
    /// Nullptr: none has that URL, as it is configured or as it is shown.
    Outbox* find(const std::string& url) {
        for (const auto& [name, outbox] : outboxes_) {
            const std::string& its = outbox->endpoint().url;
            if (its == url || without_passwords(its) == url) return outbox.get();
        }
        return nullptr;
    }

 private:
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
        if (status.queued == 0) return;
        world_.log.warning(status.url + ": no longer configured; " + std::to_string(status.queued) +
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
    DecideOptions decide_ ST_GUARDED_BY(mutex_);
    bool has_endpoints_ ST_GUARDED_BY(mutex_) = false;
    std::vector<control::HookStatus> statuses_ ST_GUARDED_BY(mutex_);
    std::vector<std::string> order_;  ///< names of journals, as configured
    Courier courier_;
    OutboxWorld world_;
    Decider decider_;
    std::map<std::string, std::unique_ptr<Outbox>> outboxes_;
};

Hooks::Hooks(std::string folder, std::string version, const Options& options, Log log)
    : folder_(std::move(folder)), user_agent_("streamd/" + version), log_(std::move(log)) {
    reconfigure(options);
}

Hooks::~Hooks() = default;

Hooks::Desk* Hooks::desk() const {
    const Lock lock(mutex_);
    return desk_.get();
}

void Hooks::reconfigure(const Options& options) {
    if (desk() == nullptr) {
        if (!options.is_used()) return;
        auto made = std::make_unique<Desk>(folder_, user_agent_, log_);
        const Lock lock(mutex_);
        desk_ = std::move(made);
    }
    desk()->configure(options);
}

void Hooks::add(const std::string& type, const std::string& json) {
    Desk* desk = this->desk();
    if (desk == nullptr || !desk->has_endpoints()) return;
    desk->courier().run([desk, type, json] { desk->add(type, json); });
}

bool Hooks::decide(const Question& question, const Decided& done) {
    Desk* desk = this->desk();
    if (desk == nullptr || desk->decide_options().url.empty()) return false;
    desk->courier().run([desk, question, done] { desk->ask(question, done); });
    return true;
}

std::vector<control::HookStatus> Hooks::status() const {
    const Desk* desk = this->desk();
    return desk == nullptr ? std::vector<control::HookStatus>() : desk->statuses();
}

void Hooks::list(const ListDone& done) {
    Desk* desk = this->desk();
    if (desk == nullptr) return done({});
    desk->courier().run([desk, done] { done(desk->statuses()); });
}

void Hooks::failed(const FailedDone& done) {
    Desk* desk = this->desk();
    if (desk == nullptr) return done({});
    desk->courier().run([desk, done] { done(desk->failed()); });
}

void Hooks::replay(const std::string& id, const ReplayDone& done) {
    const ApiError none{ErrorCode::not_found, "no failed message \"" + id + "\"", "id"};
    Desk* desk = this->desk();
    if (desk == nullptr) return done(none);
    desk->courier().run([desk, id, done, none] {
        done(desk->replay(id) ? control::Decoded<std::string>(id) : none);
    });
}

void Hooks::test(const std::string& url, const TestDone& done) {
    const ApiError none{ErrorCode::not_found,
                        "no hook with that URL is in the configuration: " + without_passwords(url),
                        "url"};
    Desk* desk = this->desk();
    if (desk == nullptr) return done(none);
    desk->courier().run([desk, url, done, none] {
        Outbox* outbox = desk->find(url);
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
