#pragma once
/// Time and targets that a test moves by hand, and folders that go with it.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "loop/manual_timers.h"
#include "notify/http_client.h"
#include "notify/outbox.h"
#include "support/largest_file.h"
#include "support/temporary_folder.h"

namespace st::notify {

class FakeHttp final : public HttpClient {
 public:
    struct Open {
        RequestId id;
        std::function<void(HttpResult)> done;
    };

    RequestId post(HttpPost request, std::function<void(HttpResult)> done) override {
        requests.push_back(std::move(request));
        open.push_back({requests.size(), std::move(done)});
        return requests.size();
    }
    void give_up(RequestId request) override {
        std::erase_if(open, [request](const Open& one) { return one.id == request; });
    }
    /// Of the oldest request that has none.
    void answer(HttpResult result) {
        const auto done = open.front().done;
        open.erase(open.begin());
        done(result);
    }
    void answer(int status) { answer({status, {}, {}}); }
    std::string header(std::size_t request, const std::string& name) const {
        for (const std::string& header : requests.at(request).headers) {
            if (header.starts_with(name + ": ")) return header.substr(name.size() + 2);
        }
        return "";
    }
    std::string last_id() const { return header(requests.size() - 1, "webhook-id"); }

    std::vector<HttpPost> requests;
    std::vector<Open> open;
};

class Folder {
 public:
    std::string file(const std::string& name) const { return folder_.path() + "/hooks/" + name; }

 private:
    test::TemporaryFolder folder_;
};

using test::LargestFile;

/// 2026-01-31T08:15:30Z, moved by the timers, and by hand.
struct World {
    static constexpr std::int64_t kStartUs = 1'769'847'330'000'000;

    loop::ManualTimers timers;
    FakeHttp http;
    Folder folder;
    std::int64_t wall_offset_us = 0;
    OutboxWorld uses{
        http,
        timers,
        [this] {
            const std::int64_t passed_ns = timers.clock_ns() - loop::ManualTimers::kStartNs;
            return kStartUs + wall_offset_us + passed_ns / 1000;
        },
        [] { return 0.0; },
        Log(),
        [this](loop::Effort effort, std::function<void()> work, OutboxWorld::Done done) {
            aside.push_back({effort, std::move(work), std::move(done)});
            if (!is_disk_slow) finish_aside();
        }};
    bool is_disk_slow = false;
    struct Aside {
        loop::Effort effort;
        std::function<void()> work;
        OutboxWorld::Done done;
    };
    std::vector<Aside> aside;  ///< under way

    void finish_aside() {
        for (const auto& [effort, work, done] : std::exchange(aside, {})) {
            std::string problem;
            try {
                work();
            } catch (const std::exception& e) {
                problem = e.what();
            }
            done(problem);
        }
    }
};

}  // namespace st::notify
